// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reads and checks pre-shared keys and the files of certificates. Called by the northbound, once to validate and once to build a
 * tunnel's snapshot.
 */
#include <zebra.h>

#include <pwd.h>
#include <sys/stat.h>

#include "lib/network.h"

#include "bgpvpnd/bgpvpn_secret.h"

static bool length_ok(size_t n, const char *what, char *err, size_t err_len)
{
	if (n == 0) {
		snprintf(err, err_len, "%s is empty", what);
		return false;
	}
	if (n > LIMIT_PSK) {
		snprintf(err, err_len, "%s is longer than %d bytes", what, LIMIT_PSK);
		return false;
	}
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* `out` is as long as the digits say. */
static bool hex_read(const char *digits, uint8_t *out)
{
	for (; digits[0]; digits += 2) {
		int high = hex_digit(digits[0]);
		int low = high < 0 ? -1 : hex_digit(digits[1]);

		if (low < 0)
			return false;
		*out++ = (uint8_t)(high << 4 | low);
	}
	return true;
}

/* RFC 7296 2.15: a secret can be given in hexadecimal digits as well. */
static bool secret_from_hex(const char *digits, struct secret *out, char *err, size_t err_len)
{
	struct secret key = {};
	bool ok = length_ok(strlen(digits) / 2, "the pre-shared key", err, err_len);

	if (!ok)
		return false;
	secret_alloc(&key, strlen(digits) / 2);
	ok = strlen(digits) % 2 == 0 && hex_read(digits, key.key);
	if (ok)
		secret_move(out, &key);
	else
		snprintf(
			err, err_len,
			"after 0x there must be pairs of hexadecimal digits; a text that begins so can stand in a file");
	secret_fini(&key);
	return ok;
}

bool bgpvpn_secret_from_text(const char *text, struct secret *out, char *err, size_t err_len)
{
	struct bytes b = bytes_str(text);

	if (strncmp(text, "0x", 2) == 0)
		return secret_from_hex(text + 2, out, err, err_len);
	if (!length_ok(b.n, "the pre-shared key", err, err_len))
		return false;
	secret_set(out, b);
	return true;
}

/* A file that everybody may read holds no secret, and one that everybody may write holds anybody's. */
static bool file_ok(int fd, const char *path, mode_t forbidden, char *err, size_t err_len)
{
	struct stat st;

	if (fstat(fd, &st) != 0) {
		snprintf(err, err_len, "%s: %s", path, safe_strerror(errno));
		return false;
	}
	if (!S_ISREG(st.st_mode)) {
		snprintf(err, err_len, "%s is not a plain file", path);
		return false;
	}
	if (!(st.st_mode & forbidden))
		return true;
	if (forbidden & S_IROTH)
		snprintf(err, err_len, "%s can be read or written by everybody: chmod o-rw", path);
	else
		snprintf(err, err_len, "%s can be written by everybody: chmod o-w", path);
	return false;
}

static void cannot_open(const char *path, int error, char *err, size_t err_len)
{
	struct passwd *me = error == EACCES ? getpwuid(geteuid()) : NULL;

	if (me)
		snprintf(err, err_len, "%s cannot be opened by user %s: %s", path, me->pw_name,
			 safe_strerror(error));
	else
		snprintf(err, err_len, "%s cannot be opened: %s", path, safe_strerror(error));
}

/* Bytes read, at most len; -1 with errno. */
static ssize_t read_all(int fd, uint8_t *buf, size_t len)
{
	size_t have = 0;

	while (have < len) {
		ssize_t n = read(fd, buf + have, len - have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		have += n;
	}
	return have;
}

static bool read_secret(int fd, const char *path, struct secret *out, char *err, size_t err_len)
{
	uint8_t buf[LIMIT_PSK + 2]; /* room for a newline, and to see that it is too long */
	ssize_t n = read_all(fd, buf, sizeof(buf));
	bool ok = false;

	if (n < 0) {
		snprintf(err, err_len, "%s cannot be read: %s", path, safe_strerror(errno));
	} else {
		if (n > 0 && buf[n - 1] == '\n')
			n--;
		if (n > 0 && buf[n - 1] == '\r')
			n--;
		ok = length_ok(n, path, err, err_len);
	}
	if (ok)
		secret_set(out, bytes_make(buf, n));
	secret_wipe(buf, sizeof(buf));
	return ok;
}

bool bgpvpn_secret_from_file(const char *path, struct secret *out, char *err, size_t err_len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	bool ok;

	if (fd < 0) {
		cannot_open(path, errno, err, err_len);
		return false;
	}
	ok = file_ok(fd, path, S_IROTH | S_IWOTH, err, err_len) && read_secret(fd, path, out, err, err_len);
	close(fd);
	return ok;
}

static bool read_whole(int fd, const char *path, struct secret *out, char *err, size_t err_len)
{
	struct secret text = {};
	ssize_t n;

	secret_alloc(&text, LIMIT_PEM + 1);
	n = read_all(fd, text.key, text.len);
	if (n < 0)
		snprintf(err, err_len, "%s cannot be read: %s", path, safe_strerror(errno));
	else if (n > LIMIT_PEM)
		snprintf(err, err_len, "%s is longer than %d bytes", path, LIMIT_PEM);
	else
		secret_set(out, bytes_make(text.key, n));
	secret_fini(&text);
	return n >= 0 && n <= LIMIT_PEM;
}

bool bgpvpn_file_read(const char *path, bool private, struct secret *out, char *err, size_t err_len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	bool ok;

	if (fd < 0) {
		cannot_open(path, errno, err, err_len);
		return false;
	}
	ok = file_ok(fd, path, private ? S_IROTH | S_IWOTH : S_IWOTH, err, err_len) &&
	     read_whole(fd, path, out, err, err_len);
	close(fd);
	return ok;
}
