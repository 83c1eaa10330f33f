// SPDX-License-Identifier: GPL-2.0-or-later
/* The secret of quick crash detection in its file, see bgpvpn_qcd.h. Called once, when the engine is made. */
#include <zebra.h>

#include <sys/stat.h>

#include "lib/libfrr.h"
#include "lib/network.h"

#include "bgpvpnd/bgpvpn_qcd.h"
#include "bgpvpnd/bgpvpn_secret.h"
#include "bgpvpnd/crypto/crypto.h"

#define FILE_NAME "bgpvpnd.qcd"
#define LASTING	  "/var/lib/frr"

void bgpvpn_qcd_path(char *path, size_t len)
{
	char run[sizeof(frr_vtydir)];
	bool alone;

	snprintf(run, sizeof(run), DAEMON_VTY_DIR, "", "");
	/* With -N there are several of us on this host. */
	alone = strmatch(run, frr_vtydir);
	if (alone && faccessat(AT_FDCWD, LASTING, W_OK | X_OK, AT_EACCESS) == 0)
		snprintf(path, len, "%s/%s", LASTING, FILE_NAME);
	else
		snprintf(path, len, "%s/%s", frr_vtydir, FILE_NAME);
}

/* Whole and on the disk before it has its name: a crash now must not leave half a secret. */
static int write_new(const char *path, const char *fresh, struct bytes secret)
{
	int fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
	int error = 0;

	if (fd < 0)
		return errno;
	errno = EIO; /* of a short write */
	if (write(fd, secret.p, secret.n) != (ssize_t)secret.n || fsync(fd) != 0)
		error = errno;
	close(fd);
	if (!error && rename(fresh, path) != 0)
		error = errno;
	if (error)
		unlink(fresh);
	return error;
}

static bool make_secret(const char *path, struct secret *out, char *err, size_t err_len)
{
	struct secret secret = {};
	char fresh[PATH_MAX];
	int error;

	snprintf(fresh, sizeof(fresh), "%s.new", path);
	unlink(fresh);
	secret_alloc(&secret, BGPVPN_QCD_SECRET_LEN);
	crypto_random(secret.key, secret.len);
	error = write_new(path, fresh, secret_view(&secret));
	if (error)
		snprintf(err, err_len, "%s cannot be written: %s", path, safe_strerror(error));
	else
		secret_move(out, &secret);
	secret_fini(&secret);
	return !error;
}

bool bgpvpn_qcd_secret(const char *path, struct secret *out, char *err, size_t err_len)
{
	struct secret secret = {};
	struct stat st;
	bool whole;

	if (lstat(path, &st) != 0 && errno == ENOENT)
		return make_secret(path, out, err, err_len);
	if (!bgpvpn_file_read(path, true, &secret, err, err_len))
		return false;
	whole = secret.len == BGPVPN_QCD_SECRET_LEN;
	if (whole)
		secret_move(out, &secret);
	secret_fini(&secret);
	/* What somebody has damaged is of no use to anybody. */
	return whole || make_secret(path, out, err, err_len);
}
