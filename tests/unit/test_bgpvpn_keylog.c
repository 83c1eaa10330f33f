// SPDX-License-Identifier: GPL-2.0-or-later
/* `vpn capture-keys`: rows as Wireshark has them, and which files it makes and which it leaves alone. */
#include <zebra.h>

#include <sys/stat.h>

#include "tests/helpers/cmocka_all.h"
#include "tests/helpers/exact.h"

#include "bgpvpnd/bgpvpn_keylog.h"

/* --- rows ------------------------------------------------------------------------------------------------ */

static struct ike_key_log ike_gcm(void)
{
	return (struct ike_key_log){
		.spi_i = 0x0102030405060708,
		.spi_r = 0xf1f2f3f4f5f6f7f8,
		.encr = IKE_ENCR_AES_GCM_16,
		.encr_key_bits = 256,
		.integ = IKE_INTEG_NONE,
		.ei = bytes_str("abc"),
		.er = bytes_str("xyz"),
	};
}

static void test_ike_aead(void **state)
{
	struct ike_key_log keys = ike_gcm();
	char line[BGPVPN_KEYLOG_LINE];

	bgpvpn_keylog_ike_line(&keys, line);
	assert_string_equal(line, "0102030405060708,f1f2f3f4f5f6f7f8,616263,78797a,"
				  "\"AES-GCM-256 with 16 octet ICV [RFC5282]\",,,\"NONE [RFC4306]\"\n");
}

static void test_ike_cbc(void **state)
{
	struct ike_key_log keys = ike_gcm();
	char line[BGPVPN_KEYLOG_LINE];

	keys.encr = IKE_ENCR_AES_CBC;
	keys.encr_key_bits = 128;
	keys.integ = IKE_INTEG_HMAC_SHA2_256_128;
	keys.ai = bytes_str("1");
	keys.ar = bytes_str("2");
	bgpvpn_keylog_ike_line(&keys, line);
	assert_string_equal(line, "0102030405060708,f1f2f3f4f5f6f7f8,616263,78797a,"
				  "\"AES-CBC-128 [RFC3602]\",31,32,\"HMAC_SHA2_256_128 [RFC4868]\"\n");
}

/* One name that Wireshark does not know, and it does not read what comes after it. No key is in a line that serves nobody. */
static void test_ike_without_a_name(void **state)
{
	struct ike_key_log keys = ike_gcm();
	char line[BGPVPN_KEYLOG_LINE];

	keys.encr = IKE_ENCR_CHACHA20_POLY1305;
	keys.encr_key_bits = 0;
	bgpvpn_keylog_ike_line(&keys, line);
	assert_int_equal(line[0], '#');
	assert_non_null(strstr(line, "0102030405060708,f1f2f3f4f5f6f7f8\n"));
	assert_null(strstr(line, "616263"));
}

static void test_the_longest_keys_fit(void **state)
{
	struct ike_key_log keys = ike_gcm();
	uint8_t key[64];
	char line[BGPVPN_KEYLOG_LINE];

	memset(key, 0xff, sizeof(key));
	keys.integ = IKE_INTEG_HMAC_SHA2_512_256;
	keys.ei = keys.er = keys.ai = keys.ar = bytes_make(key, sizeof(key));
	bgpvpn_keylog_ike_line(&keys, line);
	assert_int_equal(line[strlen(line) - 1], '\n');
}

static void esp(struct child_sa_params *child, uint16_t encr, uint16_t integ, const char *remote)
{
	*child = (struct child_sa_params){.encr = encr, .encr_key_bits = 128, .integ = integ};
	str2ipaddr(remote, &child->remote.addr);
	child->in.spi = 0x01020304;
	child->out.spi = 0xf1020304;
	secret_set(&child->in.encr_key, bytes_str("in"));
	secret_set(&child->out.encr_key, bytes_str("out"));
	if (integ == IKE_INTEG_NONE)
		return;
	secret_set(&child->in.integ_key, bytes_str("IN"));
	secret_set(&child->out.integ_key, bytes_str("OUT"));
}

static void test_esp(void **state)
{
	struct child_sa_params child;
	char line[BGPVPN_KEYLOG_LINE];

	esp(&child, IKE_ENCR_AES_GCM_16, IKE_INTEG_NONE, "192.0.2.1");
	bgpvpn_keylog_esp_line(&child, true, line);
	assert_string_equal(
		line,
		"\"IPv4\",\"*\",\"*\",\"0x01020304\",\"AES-GCM with 16 octet ICV [RFC4106]\",\"0x696e\",\"NULL\",\"\"\n");
	child_sa_params_fini(&child);
	esp(&child, IKE_ENCR_AES_CBC, IKE_INTEG_HMAC_SHA2_384_192, "2001:db8::1");
	bgpvpn_keylog_esp_line(&child, false, line);
	assert_string_equal(line, "\"IPv6\",\"*\",\"*\",\"0xf1020304\",\"AES-CBC [RFC3602]\",\"0x6f7574\","
				  "\"HMAC-SHA-384-192 [RFC4868]\",\"0x4f5554\"\n");
	child_sa_params_fini(&child);
	esp(&child, IKE_ENCR_CHACHA20_POLY1305, IKE_INTEG_NONE, "192.0.2.1");
	bgpvpn_keylog_esp_line(&child, false, line);
	assert_int_equal(line[0], '#');
	child_sa_params_fini(&child);
}

/* --- files ----------------------------------------------------------------------------------------------- */

struct place {
	char dir[64];
	char file[96];
	struct ike_host host;
	char err[MAXPATHLEN + 256];
};

static int setup(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	strlcpy(place->dir, "/tmp/bgpvpn-keylog.XXXXXX", sizeof(place->dir));
	assert_non_null(mkdtemp(place->dir));
	snprintf(place->file, sizeof(place->file), "%s/keys", place->dir);
	*state = place;
	return 0;
}

static int teardown(void **state)
{
	struct place *place = *state;

	bgpvpn_keylog_stop(&place->host);
	unlink(place->file);
	rmdir(place->dir);
	free(place);
	return 0;
}

static bool start(struct place *place, const char *path)
{
	place->err[0] = '\0';
	return bgpvpn_keylog_start(&place->host, path, place->err, sizeof(place->err));
}

static char *content(const struct place *place)
{
	static char text[8192];
	FILE *file = fopen(place->file, "r");

	assert_non_null(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	return text;
}

static int lines(const char *text)
{
	int n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static void put(const struct place *place, const char *text, mode_t mode)
{
	FILE *file = fopen(place->file, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	assert_int_equal(chmod(place->file, mode), 0);
}

static void show_keys(const struct place *place)
{
	struct ike_key_log keys = ike_gcm();

	place->host.key_log(place->host.arg, &keys);
}

static void test_on_and_off(void **state)
{
	struct place *place = *state;
	struct child_sa_params child;
	struct stat st;

	assert_null(bgpvpn_keylog_path());
	assert_false(bgpvpn_keylog_stop(&place->host));
	assert_true(start(place, place->file));
	assert_string_equal(bgpvpn_keylog_path(), place->file);
	show_keys(place);
	esp(&child, IKE_ENCR_AES_GCM_16, IKE_INTEG_NONE, "192.0.2.1");
	bgpvpn_keylog_child(&place->host, &child);
	assert_int_equal(stat(place->file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_true(bgpvpn_keylog_stop(&place->host));
	assert_null(bgpvpn_keylog_path());
	assert_null(place->host.key_log);
	bgpvpn_keylog_child(&place->host, &child);
	child_sa_params_fini(&child);
	assert_non_null(strstr(content(place), "\n0102030405060708,"));
	assert_non_null(strstr(content(place), "\"0x01020304\""));
	assert_non_null(strstr(content(place), "\"0xf1020304\""));
	assert_int_equal(lines(content(place)), 1 + 1 + 2);
}

/* Its own file of an earlier time is begun anew. */
static void test_again(void **state)
{
	struct place *place = *state;

	assert_true(start(place, place->file));
	show_keys(place);
	assert_true(bgpvpn_keylog_stop(&place->host));
	assert_true(start(place, place->file));
	assert_null(strstr(content(place), "0102030405060708"));
	show_keys(place);
	assert_non_null(strstr(content(place), "0102030405060708"));
}

/* What is refused leaves what was on as it was. */
static void refused(struct place *place, const char *path, const char *words)
{
	assert_false(start(place, path));
	if (!strstr(place->err, words))
		fail_msg("%s: %s", path, place->err);
	assert_null(place->host.key_log);
}

static void test_paths_that_are_refused(void **state)
{
	struct place *place = *state;
	char path[256];

	refused(place, "keys", "absolute path");
	refused(place, "", "absolute path");
	refused(place, "/tmp/keys", "written by everybody");
	refused(place, "/no/such/place", "No such file");
	snprintf(path, sizeof(path), "%s/", place->dir);
	refused(place, path, "cannot be made");
	assert_int_equal(chmod(place->dir, 0777), 0);
	refused(place, place->file, "written by everybody");
	assert_int_equal(access(place->file, F_OK), -1);
}

/* A key or the configuration, however it may look: stays what it is. */
static void test_files_of_others(void **state)
{
	struct place *place = *state;
	char other[128], head[256];

	put(place, "a pre-shared key\n", 0600);
	refused(place, place->file, "is there already");
	assert_string_equal(content(place), "a pre-shared key\n");
	put(place, "", 0600);
	refused(place, place->file, "is there already");
	unlink(place->file);
	assert_true(start(place, place->file));
	assert_true(bgpvpn_keylog_stop(&place->host));
	strlcpy(head, content(place), sizeof(head));
	assert_int_equal(chmod(place->file, 0640), 0);
	refused(place, place->file, "is there already");
	assert_int_equal(chmod(place->file, 0600), 0);
	snprintf(other, sizeof(other), "%s/other", place->dir);
	assert_int_equal(link(place->file, other), 0);
	refused(place, place->file, "is there already");
	unlink(place->file);
	assert_int_equal(symlink(other, place->file), 0);
	refused(place, place->file, "is there already");
	assert_string_equal(content(place), head);
	unlink(other);
	refused(place, place->file, "is there already");
	unlink(place->file);
	assert_int_equal(mkfifo(place->file, 0600), 0);
	refused(place, place->file, "is there already");
}

/* Strangers can have rows written: it ends somewhere, by itself. */
static void test_it_does_not_grow_for_ever(void **state)
{
	struct place *place = *state;
	struct stat st;

	assert_true(start(place, place->file));
	for (int i = 0; i < LIMIT_CAPTURE_KEYS / 64 && place->host.key_log; i++)
		show_keys(place);
	assert_null(place->host.key_log);
	assert_null(bgpvpn_keylog_path());
	assert_int_equal(stat(place->file, &st), 0);
	assert_in_range(st.st_size, LIMIT_CAPTURE_KEYS - 1024, LIMIT_CAPTURE_KEYS + 1024);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ike_aead),
		cmocka_unit_test(test_ike_cbc),
		cmocka_unit_test(test_ike_without_a_name),
		cmocka_unit_test(test_the_longest_keys_fit),
		cmocka_unit_test(test_esp),
		cmocka_unit_test_setup_teardown(test_on_and_off, setup, teardown),
		cmocka_unit_test_setup_teardown(test_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_paths_that_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_files_of_others, setup, teardown),
		cmocka_unit_test_setup_teardown(test_it_does_not_grow_for_ever, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
