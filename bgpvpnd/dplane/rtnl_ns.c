// SPDX-License-Identifier: GPL-2.0-or-later
/* Other network namespaces, see rtnl.h. Nobody else of this process ever leaves its own. */
#include <zebra.h>

#include <fcntl.h>
#include <linux/net_namespace.h>
#include <sched.h>
#include <sys/inotify.h>

#include "bgpvpnd/dplane/rtnl_talk.h"

/* Where ip-netns(8) keeps them. */
#define NETNS_DIR "/run/netns"

#define OUR_NETNS "/proc/thread-self/ns/net"

static int path_of(const char *name, char *path, size_t len)
{
	if (name[0] == '\0' || name[0] == '.' || strchr(name, '/'))
		return -EINVAL;
	snprintf(path, len, NETNS_DIR "/%s", name);
	return 0;
}

int rtnl_ns_open(const char *name)
{
	char path[PATH_MAX];
	int fd, err = path_of(name, path, sizeof(path));

	if (err)
		return err;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

bool rtnl_ns_is(int ns, const char *name)
{
	char path[PATH_MAX];
	struct stat held, named;

	return path_of(name, path, sizeof(path)) == 0 && fstat(ns, &held) == 0 && stat(path, &named) == 0 &&
	       held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

int rtnl_ns_names_watch(void)
{
	int err, fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (inotify_add_watch(fd, NETNS_DIR, IN_DELETE | IN_MOVE) >= 0)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

bool rtnl_ns_names_changed(int fd)
{
	_Alignas(struct inotify_event) char buf[4096];
	bool any = false;

	while (read(fd, buf, sizeof(buf)) > 0)
		any = true;
	return any;
}

int rtnl_ns_enter(int ns, int *home)
{
	int err;

	*home = RTNL_HERE;
	if (ns == RTNL_HERE)
		return 0;
	*home = open(OUR_NETNS, O_RDONLY | O_CLOEXEC);
	if (*home < 0)
		return -errno;
	if (setns(ns, CLONE_NEWNET) == 0)
		return 0;
	err = -errno;
	close(*home);
	return err;
}

/* A daemon that is lost in another namespace must not go on. */
void rtnl_ns_leave(int home)
{
	if (home == RTNL_HERE)
		return;
	if (setns(home, CLONE_NEWNET) < 0)
		abort();
	close(home);
}

int rtnl_ns_socket(int ns, int domain, int type, int protocol)
{
	int home, fd, err = rtnl_ns_enter(ns, &home);

	if (err)
		return err;
	fd = socket(domain, type, protocol);
	err = fd < 0 ? -errno : fd;
	rtnl_ns_leave(home);
	return err;
}

static int nsid_attr(const struct nlattr *attr, void *arg)
{
	int *nsid = arg;

	if (mnl_attr_get_type(attr) == NETNSA_NSID && mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
		*nsid = (int)mnl_attr_get_u32(attr);
	return MNL_CB_OK;
}

static int nsid_message(const struct nlmsghdr *nlh, void *arg)
{
	return mnl_attr_parse(nlh, sizeof(struct rtgenmsg), nsid_attr, arg);
}

int rtnl_ns_number_of_ours(int ns)
{
	int ours = open(OUR_NETNS, O_RDONLY | O_CLOEXEC);
	int nsid = NETNSA_NSID_NOT_ASSIGNED;
	struct nlmsghdr *nlh;
	struct rtnl rtnl;
	int err;

	if (ours < 0)
		return -errno;
	err = rtnl_open(&rtnl, ns);
	if (!err) {
		nlh = rtnl_request(&rtnl, RTM_GETNSID, 0);
		mnl_nlmsg_put_extra_header(nlh, sizeof(struct rtgenmsg));
		mnl_attr_put_u32(nlh, NETNSA_FD, (uint32_t)ours);
		err = rtnl_once(&rtnl, nlh, nsid_message, &nsid);
	}
	close(ours);
	return err ? err : nsid;
}

int rtnl_sysctl(const char *path, const char *value)
{
	char file[PATH_MAX];
	int fd, err = 0;

	snprintf(file, sizeof(file), "/proc/sys/net/%s", path);
	fd = open(file, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, value, strlen(value)) < 0)
		err = -errno;
	close(fd);
	return err;
}
