// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A hub, B, and sites that dial in, all of them behind A: its connections from PAIR_CONN on are site 0, 1, ... Who has proved an identity
 * has a connection of its own at the hub; who has not has made nothing there.
 */
#include <zebra.h>

#include "tests/helpers/cmocka_all.h"
#include "tests/helpers/ike_pair.h"
#include "tests/helpers/mem_live.h"
#include "tests/helpers/test_certs.h"

#include "bgpvpnd/ike/ike_engine.h"

#define IKE_DEFAULT "aes128gcm16-prfsha256-curve25519"
#define ESP_DEFAULT "aes128gcm16"
#define HUB	    "hub.example"

static size_t live_before;

static int setup(void **state)
{
	live_before = mem_live();
	return 0;
}

static int teardown(void **state)
{
	assert_int_equal(mem_live(), live_before);
	return 0;
}

/* --- hub and sites --------------------------------------------------------------------------------------- */

static void id_of(const char *kind, const char *text, struct ike_id_cfg *id)
{
	char err[256];

	if (!ike_id_parse(kind, text, id, err, sizeof(err)))
		fail_msg("%s", err);
}

static struct ike_conn_cfg *hub_cfg(struct pair *p)
{
	struct ike_conn_cfg *cfg = pair_cfg(&p->b, &p->a, IKE_DEFAULT, ESP_DEFAULT);

	cfg->remote = (struct ipaddr){.ipa_type = IPADDR_NONE};
	cfg->passive = true;
	cfg->many = true;
	cfg->mobike = true;
	id_of("fqdn", HUB, &cfg->local_id);
	return cfg;
}

static struct ike_conn_cfg *site_cfg(struct pair *p, const char *name)
{
	struct ike_conn_cfg *cfg = pair_cfg(&p->a, &p->b, IKE_DEFAULT, ESP_DEFAULT);

	id_of("fqdn", name, &cfg->local_id);
	id_of("fqdn", HUB, &cfg->remote_id);
	return cfg;
}

static void set(struct pair_side *side, uint32_t conn, struct ike_conn_cfg *cfg)
{
	ike_conn_set(side->engine, conn, cfg);
	ike_conn_cfg_unref(cfg);
}

static void init(struct pair *p)
{
	pair_init(p, IKE_DEFAULT, ESP_DEFAULT);
	set(&p->b, PAIR_CONN, hub_cfg(p));
	set(&p->a, PAIR_CONN, site_cfg(p, "site0.example"));
	set(&p->a, PAIR_CONN + 1, site_cfg(p, "site1.example"));
}

static void dial(struct pair *p, unsigned int site)
{
	assert_true(ike_initiate(p->a.engine, PAIR_CONN + site, p->now));
	pair_drain(p, &p->a);
	pair_run(p);
}

static struct ike_conn_info info_of(const struct pair_side *side, uint32_t conn)
{
	struct ike_conn_info info;

	assert_true(ike_conn_info(side->engine, conn, &info));
	return info;
}

/* Their IKE SA and Child SA are one, and the only one of either. */
static void assert_joined(const struct pair *p, unsigned int site, uint32_t conn)
{
	struct ike_conn_info a = info_of(&p->a, PAIR_CONN + site), b = info_of(&p->b, conn);

	assert_int_equal(a.phase, IKE_PHASE_ESTABLISHED);
	assert_int_equal(b.phase, IKE_PHASE_ESTABLISHED);
	assert_int_equal(a.spi_i, b.spi_i);
	assert_int_equal(a.spi_r, b.spi_r);
	assert_int_not_equal(a.child_id, 0);
	assert_int_equal(a.child_spi_in, b.child_spi_out);
	assert_int_equal(a.child_spi_out, b.child_spi_in);
	assert_int_equal(ike_conn_sas_count(&ike_conn_find(p->b.engine, conn)->sas), 1);
}

static void pass(struct pair *p, struct pair_side *from, struct pair_side *to, uint8_t exchange,
		 bool response)
{
	struct pair_datagram d = pair_taken(from, exchange, response);

	pair_give(p, to, &d);
}

/* --- proved ---------------------------------------------------------------------------------------------- */

/* --> HDR, SK {IDi, AUTH, ...}: first of all the hub is told whose connection it is. */
static void test_told_first(void **state)
{
	struct pair_datagram d;
	struct ike_output out;
	struct ike_id_cfg id = {};
	struct pair p;
	uint32_t conn;

	init(&p);
	id_of("fqdn", "site0.example", &id);
	pair_initiate(&p, &p.a);
	pass(&p, &p.a, &p.b, IKE_EXCHANGE_SA_INIT, false);
	pass(&p, &p.b, &p.a, IKE_EXCHANGE_SA_INIT, true);
	assert_int_equal(p.b.spawned, 0);
	d = pair_taken(&p.a, IKE_EXCHANGE_AUTH, false);
	ike_engine_input(p.b.engine, &d.to, &d.from, bytes_make(d.data, d.len), p.now);
	assert_true(ike_engine_output(p.b.engine, &out));
	assert_int_equal(out.type, IKE_OUTPUT_SPAWN);
	conn = out.conn;
	assert_true(conn >= IKE_CONN_SPAWNED);
	assert_int_equal(out.parent, PAIR_CONN);
	assert_memory_equal(out.peer_id, &id, sizeof(id));
	assert_true(ike_engine_output(p.b.engine, &out));
	assert_int_equal(out.type, IKE_OUTPUT_CHILD_ADD);
	assert_int_equal(out.conn, conn);
	p.b.spis_out--;
	ike_child_result(p.b.engine, out.child_id, 0, p.now);
	while (ike_engine_output(p.b.engine, &out))
		assert_true(out.conn == conn || out.type == IKE_OUTPUT_DATAGRAM);
	assert_int_equal(pair_info(&p.b).phase, IKE_PHASE_NONE);
	assert_int_equal(info_of(&p.b, conn).phase, IKE_PHASE_ESTABLISHED);
	pair_fini(&p);
}

static void test_each_has_its_own(void **state)
{
	uint32_t conns[2];
	struct pair p;

	init(&p);
	for (unsigned int i = 0; i < 2; i++) {
		dial(&p, i);
		conns[i] = p.b.spawned_conn;
	}
	assert_int_equal(p.b.spawned, 2);
	assert_int_not_equal(conns[0], conns[1]);
	assert_joined(&p, 0, conns[0]);
	assert_joined(&p, 1, conns[1]);
	/* One goes: the other stays, and the owner hears which. */
	ike_terminate(p.a.engine, PAIR_CONN, IKE_R_DELETED_BY_US, p.now);
	pair_drain(&p, &p.a);
	pair_run(&p);
	assert_int_equal(p.b.ike_down, 1);
	assert_int_equal(info_of(&p.b, conns[0]).phase, IKE_PHASE_NONE);
	ike_conn_del(p.b.engine, conns[0]);
	pair_drain(&p, &p.b);
	assert_joined(&p, 1, conns[1]);
	/* It comes again, as somebody new. */
	dial(&p, 0);
	assert_int_equal(p.b.spawned, 3);
	assert_joined(&p, 0, p.b.spawned_conn);
	pair_fini(&p);
}

/* RFC 7296 2.4: INITIAL_CONTACT speaks of the IKE SAs of its sender, not of all that came to the hub. */
static void test_restarted_site(void **state)
{
	uint32_t conns[2];
	struct pair p;

	init(&p);
	for (unsigned int i = 0; i < 2; i++) {
		dial(&p, i);
		conns[i] = p.b.spawned_conn;
	}
	pair_sleep(&p, 20 * USEC_PER_S, true);
	/* Forgets all, says nothing, and dials. */
	ike_conn_del(p.a.engine, PAIR_CONN);
	pair_drain(&p, &p.a);
	set(&p.a, PAIR_CONN, site_cfg(&p, "SITE0.example"));
	dial(&p, 0);
	assert_int_equal(p.b.spawned, 2);
	assert_int_equal(p.b.ike_down, 0);
	assert_joined(&p, 0, conns[0]);
	assert_joined(&p, 1, conns[1]);
	pair_fini(&p);
}

static struct ike_sa *sa_of(const struct pair_side *side, uint32_t conn)
{
	return ike_conn_up(ike_conn_find(side->engine, conn));
}

/* A new IKE SA beside the old one, begun by either end: it is the same peer's. */
static void test_reauthentication(void **state)
{
	struct pair p;
	uint32_t conn;

	for (int by_hub = 0; by_hub < 2; by_hub++) {
		init(&p);
		dial(&p, 0);
		conn = p.b.spawned_conn;
		pair_sleep(&p, 20 * USEC_PER_S, true);
		if (by_hub) {
			struct ike_sa *sa = sa_of(&p.b, conn);

			/* A passive one does not, whoever asks it. */
			ike_sa_reauthenticate(sa, p.now);
			assert_null(ike_conn_attempt(sa->conn));
			sa->cfg->passive = false;
			ike_sa_reauthenticate(sa, p.now);
			pair_drain(&p, &p.b);
		} else {
			ike_sa_reauthenticate(sa_of(&p.a, PAIR_CONN), p.now);
			pair_drain(&p, &p.a);
		}
		pair_run(&p);
		pair_sleep(&p, 20 * USEC_PER_S, true);
		assert_int_equal(p.b.spawned, 1);
		assert_int_equal(p.a.ike_down + p.b.ike_down, 0);
		assert_joined(&p, 0, conn);
		pair_fini(&p);
	}
}

static void test_rekeys(void **state)
{
	struct ike_conn_info before, after;
	struct pair p;
	uint32_t conn;

	init(&p);
	dial(&p, 0);
	conn = p.b.spawned_conn;
	before = info_of(&p.b, conn);
	pair_sleep(&p, 2 * USEC_PER_S, true);
	assert_true(ike_rekey_child(p.b.engine, conn, p.now));
	pair_drain(&p, &p.b);
	pair_run(&p);
	assert_true(ike_rekey_ike(p.b.engine, conn, p.now));
	pair_drain(&p, &p.b);
	pair_run(&p);
	assert_true(ike_rekey_ike(p.a.engine, PAIR_CONN, p.now));
	pair_drain(&p, &p.a);
	pair_run(&p);
	pair_sleep(&p, 20 * USEC_PER_S, true);
	after = info_of(&p.b, conn);
	assert_int_not_equal(before.spi_i, after.spi_i);
	assert_int_not_equal(before.child_spi_in, after.child_spi_in);
	assert_int_equal(p.b.spawned, 1);
	assert_int_equal(p.b.ike_down + p.b.child_down, 0);
	assert_joined(&p, 0, conn);
	/* It is probed, and closed from here. */
	assert_true(ike_probe(p.b.engine, conn, p.now));
	pair_drain(&p, &p.b);
	pair_run(&p);
	ike_terminate(p.b.engine, conn, IKE_R_DELETED_BY_US, p.now);
	ike_conn_del(p.b.engine, conn);
	pair_drain(&p, &p.b);
	pair_run(&p);
	assert_int_equal(p.a.ike_down, 1);
	pair_fini(&p);
}

static void test_moves(void **state)
{
	struct ike_conn_cfg *cfg;
	struct ike_conn_info info;
	struct ipaddr there;
	struct pair p;
	uint32_t conn;

	init(&p);
	cfg = site_cfg(&p, "site0.example");
	cfg->local = (struct ipaddr){.ipa_type = IPADDR_NONE};
	cfg->mobike = true;
	set(&p.a, PAIR_CONN, cfg);
	dial(&p, 0);
	conn = p.b.spawned_conn;
	assert_true(info_of(&p.b, conn).mobike);
	assert_int_equal(str2ipaddr("10.0.0.99", &there), 0);
	p.a.addr = there;
	ike_local_moved(p.a.engine, PAIR_CONN, &there, true, p.now);
	pair_drain(&p, &p.a);
	pair_run(&p);
	info = info_of(&p.b, conn);
	assert_true(ipaddr_equal(&info.remote.addr, &there));
	assert_joined(&p, 0, conn);
	assert_int_equal(p.b.spawned, 1);
	pair_fini(&p);
}

/* RFC 6290: the hub restarts, and shows the token that it gave under the connection which it does not have any more. */
static void test_hub_restarts(void **state)
{
	const struct bytes secret = bytes_str("what a crash does not take");
	struct pair p;

	init(&p);
	ike_engine_set_qcd_secret(p.b.engine, secret);
	dial(&p, 0);
	ike_engine_free(p.b.engine);
	p.b.children = 0;
	memset(p.b.plane, 0, sizeof(p.b.plane));
	p.b.engine = ike_engine_new(&p.b.host, p.now);
	ike_engine_set_qcd_secret(p.b.engine, secret);
	set(&p.b, PAIR_CONN, hub_cfg(&p));
	assert_true(ike_probe(p.a.engine, PAIR_CONN, p.now));
	pair_drain(&p, &p.a);
	pair_run(&p);
	assert_int_equal(p.a.down_reason, IKE_R_PEER_RESTARTED);
	dial(&p, 0);
	assert_joined(&p, 0, p.b.spawned_conn);
	pair_fini(&p);
}

/* --- the parent ------------------------------------------------------------------------------------------ */

/* What was spawned is its owner's. The parent's new configuration is that of what comes from then on. */
static void test_parent_changes(void **state)
{
	struct ike_conn_cfg *cfg;
	struct pair p;
	uint32_t conn;

	init(&p);
	dial(&p, 0);
	conn = p.b.spawned_conn;
	ike_conn_del(p.b.engine, PAIR_CONN);
	pair_drain(&p, &p.b);
	assert_joined(&p, 0, conn);
	pair_sleep(&p, 20 * USEC_PER_S, true);
	cfg = hub_cfg(&p);
	secret_set(&cfg->psk, bytes_str("another secret"));
	cfg->esp_lifetime_s = 777;
	set(&p.b, PAIR_CONN, cfg);
	assert_joined(&p, 0, conn);
	assert_int_equal(ike_conn_find(p.b.engine, conn)->cfg->esp_lifetime_s, 3600);
	ike_conn_del(p.a.engine, PAIR_CONN);
	pair_drain(&p, &p.a);
	cfg = site_cfg(&p, "site0.example");
	secret_set(&cfg->psk, bytes_str("another secret"));
	set(&p.a, PAIR_CONN, cfg);
	dial(&p, 0);
	assert_int_equal(p.b.spawned, 1);
	assert_joined(&p, 0, conn);
	assert_int_equal(ike_conn_find(p.b.engine, conn)->cfg->esp_lifetime_s, 777);
	pair_fini(&p);
}

/* --- not proved ------------------------------------------------------------------------------------------ */

static void test_unproved_makes_nothing(void **state)
{
	struct ike_conn_cfg *cfg;
	struct pair p;

	init(&p);
	cfg = site_cfg(&p, "site0.example");
	secret_set(&cfg->psk, bytes_str("a guess"));
	set(&p.a, PAIR_CONN, cfg);
	dial(&p, 0);
	assert_int_equal(pair_counted(&p.b, IKE_R_AUTH_FAILED), 1);
	assert_int_equal(p.b.spawned, 0);
	assert_int_equal(ike_spawns_count(&p.b.engine->spawns), 0);
	pair_fini(&p);
}

/* Proved, but nothing to go by: no name at all, one that cannot be read. */
static void test_no_identities(void **state)
{
	static const struct ike_id_cfg ids[] = {
		{.type = IKE_ID_KEY_ID},
		{.type = IKE_ID_DER_ASN1_DN, .len = 3, .value = "abc"},
	};
	struct ike_conn_cfg *cfg;
	struct pair p;

	for (size_t i = 0; i < array_size(ids); i++) {
		init(&p);
		cfg = site_cfg(&p, "site0.example");
		cfg->local_id = ids[i];
		set(&p.a, PAIR_CONN, cfg);
		dial(&p, 0);
		assert_int_equal(p.b.spawned, 0);
		assert_int_equal(p.b.added, 0);
		assert_true(pair_counted(&p.b, IKE_R_ID_MISMATCH) + pair_counted(&p.b, IKE_R_BAD_SYNTAX) +
				    pair_counted(&p.b, IKE_R_BAD_LENGTH) >
			    0);
		pair_fini(&p);
	}
}

static void fill(struct pair *p, unsigned int num)
{
	struct ike_conn *parent = ike_conn_find(p->b.engine, PAIR_CONN), *conn;
	struct ike_id id = {.type = IKE_ID_KEY_ID};
	char name[32];

	for (unsigned int i = 0; i < num; i++) {
		snprintf(name, sizeof(name), "%u", i);
		id.value = bytes_str(name);
		assert_int_equal(ike_spawn(parent, &id, &conn), IKE_R_OK);
	}
	pair_drain(p, &p->b);
}

/* <-- HDR, SK {N(TEMPORARY_FAILURE)}: who is in already gets in again, and anybody when another has left. */
static void test_limit(void **state)
{
	uint32_t first;
	struct pair p;

	init(&p);
	dial(&p, 0);
	first = p.b.spawned_conn;
	fill(&p, LIMIT_SPAWNED - 1);
	assert_int_equal(p.b.spawned, LIMIT_SPAWNED);
	dial(&p, 1);
	assert_int_equal(pair_counted(&p.b, IKE_R_PEERS_LIMIT), 1);
	assert_int_equal(pair_info(&p.b).last_failure, IKE_R_PEERS_LIMIT);
	assert_int_equal(p.b.spawned, LIMIT_SPAWNED);
	pair_sleep(&p, 60 * USEC_PER_S, true);
	assert_int_equal(info_of(&p.a, PAIR_CONN + 1).last_failure, IKE_R_PEER_ERROR);
	assert_non_null(strstr(info_of(&p.a, PAIR_CONN + 1).last_failure_detail, "TEMPORARY_FAILURE"));
	assert_joined(&p, 0, first);
	ike_conn_del(p.a.engine, PAIR_CONN);
	pair_drain(&p, &p.a);
	set(&p.a, PAIR_CONN, site_cfg(&p, "site0.example"));
	dial(&p, 0);
	assert_joined(&p, 0, first);
	ike_conn_del(p.b.engine, first + 1);
	pair_drain(&p, &p.b);
	dial(&p, 1);
	assert_joined(&p, 1, p.b.spawned_conn);
	pair_fini(&p);
}

/* --- who is who ------------------------------------------------------------------------------------------ */

static void test_certificates(void **state)
{
	static const char *const names[] = {"a", "b"};
	struct ike_conn_cfg *cfg;
	struct pair p;

	init(&p);
	cfg = hub_cfg(&p);
	cfg->trust = test_certs_trust("ca.pem", NULL);
	set(&p.b, PAIR_CONN, cfg);
	for (unsigned int i = 0; i < 2; i++) {
		cfg = site_cfg(&p, "site.example");
		cfg->creds = test_certs_creds(names[i]);
		id_of("fqdn", i ? "b.example.org" : "a.example.org", &cfg->local_id);
		set(&p.a, PAIR_CONN + i, cfg);
		dial(&p, i);
		assert_int_equal(p.b.spawned, i + 1);
		assert_joined(&p, i, p.b.spawned_conn);
	}
	/* A certificate that says another name proves nothing. */
	cfg = site_cfg(&p, "site.example");
	cfg->creds = test_certs_creds("a");
	id_of("fqdn", "c.example.org", &cfg->local_id);
	set(&p.a, PAIR_CONN + 2, cfg);
	dial(&p, 2);
	assert_int_equal(pair_counted(&p.b, IKE_R_CERT_ID), 1);
	assert_int_equal(p.b.spawned, 2);
	pair_fini(&p);
}

static void hub_knows(struct pair *p, uint32_t conn, const char *name, const char *secret)
{
	struct ike_conn_cfg *cfg = hub_cfg(p);

	cfg->many = false;
	id_of("fqdn", name, &cfg->remote_id);
	secret_set(&cfg->psk, bytes_str(secret));
	set(&p->b, conn, cfg);
}

static void site_says(struct pair *p, unsigned int site, const char *name, const char *secret)
{
	struct ike_conn_cfg *cfg = site_cfg(p, name);

	secret_set(&cfg->psk, bytes_str(secret));
	set(&p->a, PAIR_CONN + site, cfg);
}

/* Each of them from anywhere, each with a secret of its own: told apart by IDi, and who is named is not taken for anybody. */
static void test_told_apart(void **state)
{
	struct pair p;

	init(&p);
	hub_knows(&p, PAIR_CONN + 1, "site1.example", "of site 1");
	hub_knows(&p, PAIR_CONN + 2, "site2.example", "of site 2");
	site_says(&p, 1, "site1.example", "of site 1");
	site_says(&p, 2, "site2.example", "of site 2");
	for (unsigned int i = 3; i-- > 0;)
		dial(&p, i);
	assert_int_equal(p.b.spawned, 1);
	assert_joined(&p, 0, p.b.spawned_conn);
	assert_joined(&p, 1, PAIR_CONN + 1);
	assert_joined(&p, 2, PAIR_CONN + 2);
	/* The group's secret does not prove to be somebody with one of his own; nor does another's. */
	site_says(&p, 3, "site1.example", "a shared secret");
	dial(&p, 3);
	site_says(&p, 4, "site1.example", "of site 2");
	dial(&p, 4);
	assert_int_equal(pair_counted(&p.b, IKE_R_AUTH_FAILED), 2);
	assert_joined(&p, 1, PAIR_CONN + 1);
	assert_int_equal(p.b.spawned, 1);
	pair_fini(&p);
}

#define T(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_told_first),
		T(test_each_has_its_own),
		T(test_restarted_site),
		T(test_reauthentication),
		T(test_rekeys),
		T(test_moves),
		T(test_hub_restarts),
		T(test_parent_changes),
		T(test_unproved_makes_nothing),
		T(test_no_identities),
		T(test_limit),
		T(test_certificates),
		T(test_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
