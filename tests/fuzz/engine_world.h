// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The world of fuzz_engine and of the program that makes its corpus: one engine whose randomness is a counter, and a connection with the
 * null suite, so that what follows IKE_SA_INIT is readable and writable for a fuzzer.
 */
#ifndef BGPVPN_TESTS_ENGINE_WORLD_H
#define BGPVPN_TESTS_ENGINE_WORLD_H

#include "bgpvpnd/crypto/crypto.h"
#include "bgpvpnd/ike/ike.h"

#define WORLD_CONN 1

/*
 * Opcodes of an input: a role byte (1: initiator, 2: messages in fragments, 4: with a PPK, 8: with additional key
 * exchanges, 16: MOBIKE, 32: transport mode between the two hosts, 64: a responder for many peers), then these with their operands.
 */
enum world_op {
	WORLD_DATAGRAM = 0, /* u16 length, bytes */
	WORLD_SLEEP = 1,    /* u8: tenths of a second */
	WORLD_PROBE = 2,
	WORLD_TERMINATE = 3,
	WORLD_REFUSE = 4, /* the data plane refuses Child SAs from here on */
	WORLD_REKEY_CHILD,
	WORLD_REKEY_IKE,
	WORLD_MOVE, /* u8: last byte of an address; the lowest bit: the peer's, else ours */
	WORLD_OPS,
};

enum world_role {
	WORLD_ROLE_INITIATOR = 1,
	WORLD_ROLE_FRAGMENTS = 2,
	WORLD_ROLE_PPK = 4,
	WORLD_ROLE_ADDKE = 8,
	WORLD_ROLE_MOBIKE = 16,
	WORLD_ROLE_TRANSPORT = 32,
	WORLD_ROLE_MANY = 64,
};

struct world {
	uint32_t random;
	uint32_t spi;
};

static void world_random(void *arg, uint8_t *to, size_t n)
{
	struct world *w = arg;

	for (size_t i = 0; i < n; i++)
		to[i] = (uint8_t)(w->random++ * 7 + 3);
}

static uint32_t world_spi_reserve(void *arg)
{
	struct world *w = arg;

	return ++w->spi + 0x10000;
}

static void world_spi_release(void *arg, uint32_t spi)
{
}

static int64_t world_wall_clock(void *arg)
{
	return 1893456000; /* 2030-01-01 */
}

static inline struct endpoint world_endpoint(bool initiator, uint16_t port)
{
	struct endpoint e = {.addr.ipa_type = IPADDR_V4, .port = port};

	e.addr.ipaddr_v4.s_addr = htonl(initiator ? 0x0a000001 : 0x0a000002);
	return e;
}

static inline void world_move(struct endpoint *e, uint8_t host)
{
	e->addr.ipaddr_v4.s_addr = htonl(0x0a000000 | host);
}

static inline void world_transform(struct ike_proposal_cfg *cfg, uint8_t type, uint16_t id)
{
	cfg->transforms[cfg->num++] = (struct ike_transform_cfg){.type = type, .id = id};
}

/* Fragments so small that IKE_AUTH is split. */
#define WORLD_FRAGMENTATION 200

#define WORLD_PROTO 47 /* GRE */

static inline struct ike_engine *world_engine(const struct ike_host *host, uint8_t role, struct instant now)
{
	struct ike_engine *engine = ike_engine_new(host, now);
	struct ike_conn_cfg *cfg = ike_conn_cfg_new();
	bool initiator = role & WORLD_ROLE_INITIATOR;

	cfg->local = world_endpoint(initiator, 0).addr;
	cfg->remote = world_endpoint(!initiator, 0).addr;
	secret_set(&cfg->psk, bytes_str("secret"));
	cfg->mobike = role & WORLD_ROLE_MOBIKE;
	cfg->transport = role & WORLD_ROLE_TRANSPORT;
	cfg->hosts_proto = cfg->transport ? WORLD_PROTO : 0;
	cfg->many = !initiator && role & WORLD_ROLE_MANY;
	if (cfg->many)
		cfg->remote.ipa_type = IPADDR_NONE;
	if (role & WORLD_ROLE_FRAGMENTS)
		cfg->fragmentation = WORLD_FRAGMENTATION;
	if (role & WORLD_ROLE_PPK) {
		secret_set(&cfg->ppk.secret, bytes_str("a post-quantum pre-shared secret"));
		cfg->ppk.id_len = 1;
		cfg->ppk.id[0] = 'k';
	}
	cfg->num_ike = cfg->num_esp = 1;
	world_transform(&cfg->ike[0], IKE_TRANSFORM_ENCR, IKE_ENCR_NULL);
	world_transform(&cfg->ike[0], IKE_TRANSFORM_PRF, IKE_PRF_HMAC_SHA2_256);
	world_transform(&cfg->ike[0], IKE_TRANSFORM_KE, CRYPTO_KE_NULL);
	world_transform(&cfg->esp[0], IKE_TRANSFORM_ENCR, IKE_ENCR_NULL);
	if (role & WORLD_ROLE_ADDKE) {
		world_transform(&cfg->ike[0], IKE_TRANSFORM_ADDKE1, CRYPTO_KEM_NULL);
		world_transform(&cfg->esp[0], IKE_TRANSFORM_KE, CRYPTO_KE_NULL);
		world_transform(&cfg->esp[0], IKE_TRANSFORM_ADDKE2, CRYPTO_KEM_NULL);
	}
	ike_engine_set_qcd_secret(engine, bytes_str("survives"));
	ike_conn_set(engine, WORLD_CONN, cfg);
	ike_conn_cfg_unref(cfg);
	return engine;
}

#endif
