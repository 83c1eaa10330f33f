// SPDX-License-Identifier: GPL-2.0-or-later
/* The file of `vpn capture-keys`, see bgpvpn_keylog.h. Main thread. */
#include <zebra.h>

#include <pwd.h>
#include <sys/stat.h>

#include "lib/log.h"
#include "lib/network.h"

#include "bgpvpnd/bgpvpn_errors.h"
#include "bgpvpnd/bgpvpn_keylog.h"

/* The first line: only a file that begins so is one that we may overwrite. */
static const char head[] =
	"# bgpvpnd: keys of IKE and ESP SAs. Whoever has them reads the traffic; remove this file after use.\n";

static char current[MAXPATHLEN];
static int fd = -1;
static size_t written;

const char *bgpvpn_keylog_path(void)
{
	return fd >= 0 ? current : NULL;
}

/* --- opening --------------------------------------------------------------------------------------------- */

static bool refuse(char *err, size_t err_len, const char *path, const char *why)
{
	snprintf(err, err_len, "%s %s", path, why);
	return false;
}

static bool refuse_errno(char *err, size_t err_len, const char *path, int error)
{
	struct passwd *me = getpwuid(geteuid());

	snprintf(err, err_len, "%s cannot be made by user %s: %s", path, me ? me->pw_name : "of bgpvpnd",
		 safe_strerror(error));
	return false;
}

/* Where everybody may write, somebody else may be the one who makes or moves the file. */
static bool directory_ok(const char *path, char *err, size_t err_len)
{
	char directory[MAXPATHLEN];
	struct stat st;

	if (path[0] != '/')
		return refuse(err, err_len, path, "is no absolute path: it has to begin with /");
	if (strlcpy(directory, path, sizeof(directory)) >= sizeof(directory))
		return refuse(err, err_len, "the path", "is too long");
	strrchr(directory, '/')[1] = '\0';
	if (stat(directory, &st) != 0)
		return refuse_errno(err, err_len, path, errno);
	if (st.st_mode & S_IWOTH)
		return refuse(
			err, err_len, directory,
			"can be written by everybody: choose a directory that belongs to root or to the daemon");
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return refuse(err, err_len, directory, "belongs neither to root nor to the daemon");
	return true;
}

/* Ours, and of an earlier time. */
static bool is_own(int file)
{
	char begin[sizeof(head) - 1];
	struct stat st;

	return fstat(file, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() && st.st_nlink == 1 &&
	       !(st.st_mode & (S_IRWXG | S_IRWXO)) &&
	       pread(file, begin, sizeof(begin), 0) == (ssize_t)sizeof(begin) &&
	       memcmp(begin, head, sizeof(begin)) == 0;
}

static int open_again(const char *path, char *err, size_t err_len)
{
	int file = open(path, O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (file >= 0 && is_own(file) && ftruncate(file, 0) == 0)
		return file;
	if (file >= 0)
		close(file);
	refuse(err, err_len, path,
	       "is there already, and not from an earlier vpn capture-keys: choose another name");
	return -1;
}

static int open_file(const char *path, char *err, size_t err_len)
{
	int file;

	if (!directory_ok(path, err, err_len))
		return -1;
	file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
	if (file < 0 && errno == EEXIST)
		file = open_again(path, err, err_len);
	else if (file < 0)
		refuse_errno(err, err_len, path, errno);
	if (file >= 0 && write(file, head, strlen(head)) != (ssize_t)strlen(head)) {
		refuse_errno(err, err_len, path, ENOSPC);
		close(file);
		return -1;
	}
	return file;
}

/* --- writing --------------------------------------------------------------------------------------------- */

static void give_up(struct ike_host *host, const char *why)
{
	flog_warn(EC_BGPVPN_CAPTURE_KEYS, "no more keys are written to %s: %s", current, why);
	bgpvpn_keylog_stop(host);
}

static void write_line(struct ike_host *host, char *line)
{
	size_t n = strlen(line);

	if (written + n > LIMIT_CAPTURE_KEYS)
		give_up(host, "it is as long as it may become");
	else if (write(fd, line, n) != (ssize_t)n)
		give_up(host, "it cannot be written, is the disk full?");
	else
		written += n;
	secret_wipe(line, BGPVPN_KEYLOG_LINE);
}

static struct ike_host *writes_for;

static void key_log(void *arg, const struct ike_key_log *keys)
{
	char line[BGPVPN_KEYLOG_LINE];

	bgpvpn_keylog_ike_line(keys, line);
	write_line(writes_for, line);
}

void bgpvpn_keylog_child(struct ike_host *host, const struct child_sa_params *child)
{
	char line[BGPVPN_KEYLOG_LINE];

	for (int in = 0; in < 2 && fd >= 0; in++) {
		bgpvpn_keylog_esp_line(child, in, line);
		write_line(host, line);
	}
}

/* --- on and off ------------------------------------------------------------------------------------------ */

bool bgpvpn_keylog_start(struct ike_host *host, const char *path, char *err, size_t err_len)
{
	int file = open_file(path, err, err_len);

	if (file < 0)
		return false;
	bgpvpn_keylog_stop(host);
	fd = file;
	written = 0;
	writes_for = host;
	host->key_log = key_log;
	strlcpy(current, path, sizeof(current));
	flog_warn(EC_BGPVPN_CAPTURE_KEYS,
		  "the keys of all SAs made from now on are written to %s, until no vpn capture-keys",
		  current);
	return true;
}

bool bgpvpn_keylog_stop(struct ike_host *host)
{
	if (fd < 0)
		return false;
	host->key_log = NULL;
	close(fd);
	fd = -1;
	zlog_notice("keys are not written to %s any more; the file is still there", current);
	return true;
}
