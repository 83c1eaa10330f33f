// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The words that floors share: endpoints, traffic selectors, and what a Child SA is to a data plane. The engine
 * makes struct child_sa_params, the tunnel passes it on, the data plane installs it.
 */
#ifndef BGPVPN_BASE_IPSEC_TYPES_H
#define BGPVPN_BASE_IPSEC_TYPES_H

#include <zebra.h>

#include "lib/ipaddr.h"

#include "bgpvpnd/base/limits.h"
#include "bgpvpnd/base/secret.h"

#define IKE_PORT      500
#define IKE_NATT_PORT 4500

/* An address and a UDP port in host order. */
struct endpoint {
	struct ipaddr addr;
	uint16_t port;
};

/* One traffic selector, RFC 7296 3.13.1. start and end have the same family. proto 0 and ports 0-65535: any. */
struct ts {
	struct ipaddr start;
	struct ipaddr end;
	uint8_t proto;
	uint16_t port_start;
	uint16_t port_end;
};

/* A list of them, bounded (LIMIT_TS). */
struct ts_list {
	struct ts ts[LIMIT_TS];
	uint8_t n;
};

/* One direction of a Child SA. */
struct child_sa_half {
	uint32_t spi;		/* host order */
	struct secret encr_key; /* AEAD: key and salt, RFC 4106 8.1, RFC 7634 2 */
	struct secret integ_key;
};

/*
 * How much each direction of a pair may carry, RFC 4301 4.4.2.1: from `soft` on it should be rekeyed, at `hard` it carries no more. Bytes
 * are those of the inner packets. 0: no limit; with a hard one goes a soft one that is lower.
 */
struct child_sa_limits {
	uint64_t bytes_soft;
	uint64_t bytes_hard;
	uint64_t packets_soft;
	uint64_t packets_hard;
};

enum child_sa_wear {
	CHILD_SA_FRESH,
	CHILD_SA_WORN,	/* the soft limit is reached */
	CHILD_SA_SPENT, /* the hard one */
};

enum child_sa_wear child_sa_wear(const struct child_sa_limits *limits, uint64_t packets, uint64_t bytes);

/*
 * A pair of ESP SAs. `encr` and `integ` are IANA numbers; encr_key_bits counts the key without the salt. Endpoints
 * are the IKE SA's: with encapsulation, ESP goes between these very ports.
 */
struct child_sa_params {
	uint32_t child_id; /* the engine's name for it, unique for its lifetime */
	uint16_t encr;
	uint16_t encr_key_bits;
	uint16_t integ; /* IKE_INTEG_NONE with an AEAD */
	bool esn;
	bool udp_encap;
	bool transport; /* mode as agreed with the peer, RFC 4301 4.1; else tunnel mode */
	bool receive_only; /* another child sends until it is told otherwise */
	struct child_sa_limits limits;
	struct endpoint local;
	struct endpoint remote;
	struct child_sa_half in;  /* the peer sends with it */
	struct child_sa_half out; /* we send with it */
	struct ts_list ts_local;
	struct ts_list ts_remote;
};

void child_sa_params_fini(struct child_sa_params *params);
void child_sa_params_copy(struct child_sa_params *to, const struct child_sa_params *from);

bool ipaddr_equal(const struct ipaddr *a, const struct ipaddr *b);
/* For containers: IPv4 before IPv6, each by its octets. Less than, equal to, or greater than 0. */
int ipaddr_order(const struct ipaddr *a, const struct ipaddr *b);
bool endpoint_equal(const struct endpoint *a, const struct endpoint *b);

/* IPADDR_NONE, 0.0.0.0 and :: are all "not given". */
bool ipaddr_is_unspecified(const struct ipaddr *a);

/* The raw address, 4 or 16 bytes, borrowed from *a. */
struct bytes ipaddr_bytes(const struct ipaddr *a);

/* An address from 4 or 16 bytes; IPADDR_NONE for any other length. */
struct ipaddr ipaddr_of(struct bytes b);

/* 0.0.0.0/0 and ::/0, any protocol, any port. */
void ts_list_any(struct ts_list *list);

#endif
