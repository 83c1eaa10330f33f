// SPDX-License-Identifier: GPL-2.0-or-later
/* One persistent TUN device, see tun_dev.h. */
#include <zebra.h>

#include <fcntl.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>

#include "lib/log.h"

#include "bgpvpnd/dplane/rtnl.h"
#include "bgpvpnd/dplane/tun/tun_dev.h"

/* Kernel 6.1; the name is missing in older headers. */
#ifndef IFF_NO_CARRIER
#define IFF_NO_CARRIER 0x0040
#endif

#define TUN_PATH "/dev/net/tun"

static int path_open(void)
{
	int fd = open(TUN_PATH, O_RDWR | O_NONBLOCK | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static const char *path_words(int err)
{
	switch (err) {
	case ENOENT:
	case ENODEV:
	case ENXIO:
		return "no TUN on this system: `modprobe tun`, or a kernel with CONFIG_TUN";
	case EACCES:
	case EPERM:
		return "no permission: give the daemon CAP_NET_ADMIN and make the device accessible (mode 0666)";
	default: /* an errno, not an enum of ours */
		return safe_strerror(err);
	}
}

void tun_dev_probe(struct dplane *dp)
{
	int fd = path_open();

	if (fd < 0)
		dplane_note(dp, "cannot open " TUN_PATH ": %s", path_words(-fd));
	else
		close(fd);
}

/* The kernel says "tun" of a TAP too, and of a TUN that was made for several queues. */
static bool kind_is_plain(const struct rtnl_link *link)
{
	return strcmp(link->kind, "tun") != 0;
}

static const char *kind_words(const struct rtnl_link *link)
{
	if (kind_is_plain(link))
		return link->kind[0] ? "of kind " : "a hardware interface";
	return link->ethernet ? "a TAP (Ethernet inside)" : "a TUN made for several queues";
}

static int attach_fail(struct dplane *dp, const char *name, int err)
{
	struct rtnl_link link = {};

	if (err == EBUSY)
		return dplane_fail(
			dp, err,
			"interface %s is in use by another program: stop it, or name another interface",
			name);
	if (err == EPERM)
		return dplane_fail(
			dp, err,
			"no permission to create interface %s: the daemon lacks CAP_NET_ADMIN, or the "
			"device belongs to another user",
			name);
	if (err == EINVAL && rtnl_link_find(RTNL_HERE, name, &link) == 0)
		return dplane_fail(dp, EEXIST,
				   "interface %s exists already and is %s%s, not a TUN we can adopt: remove "
				   "it (`ip link del %s`), or name another interface",
				   name, kind_words(&link), kind_is_plain(&link) ? link.kind : "", name);
	return dplane_fail(dp, err, "cannot create interface %s: %s", name, safe_strerror(err));
}

/*
 * A kernel that does not know IFF_NO_CARRIER sets the carrier on when somebody attaches. A device that is up
 * from an earlier run goes down first there: losing its IPv6 link-local address is better than a tunnel that
 * looks running.
 */
static void adopt_quietly(const char *name)
{
	struct rtnl_link link;

	if (rtnl_link_find(RTNL_HERE, name, &link) == 0 && strcmp(link.kind, "tun") == 0 && link.up)
		rtnl_link_set_up(RTNL_HERE, link.ifindex, false);
}

static int attach(struct dplane *dp, int fd, const char *name)
{
	struct ifreq ifr = {};
	unsigned int features = 0;

	if (ioctl(fd, TUNGETFEATURES, &features) < 0)
		features = 0;
	ifr.ifr_flags = IFF_TUN | IFF_NO_PI;
	if (features & IFF_NO_CARRIER)
		ifr.ifr_flags |= IFF_NO_CARRIER;
	else
		adopt_quietly(name);
	strlcpy(ifr.ifr_name, name, sizeof(ifr.ifr_name));
	if (ioctl(fd, TUNSETIFF, &ifr) < 0)
		return attach_fail(dp, name, errno);
	if (tun_dev_set_carrier(fd, false) < 0 || ioctl(fd, TUNSETPERSIST, 1) < 0)
		return dplane_fail(dp, errno,
				   "interface %s: cannot control its carrier (kernel older than 5.0?): %s",
				   name, safe_strerror(errno));
	return 0;
}

int tun_dev_open(struct dplane *dp, const char *name)
{
	int fd = path_open();
	int err;

	if (fd < 0)
		return dplane_fail(dp, -fd, "interface %s: cannot open " TUN_PATH ": %s", name,
				   path_words(-fd));
	err = attach(dp, fd, name);
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

int tun_dev_set_carrier(int fd, bool on)
{
	int carrier = on;

	return ioctl(fd, TUNSETCARRIER, &carrier) < 0 ? -errno : 0;
}

int tun_dev_set_transient(int fd)
{
	return ioctl(fd, TUNSETPERSIST, 0) < 0 ? -errno : 0;
}
