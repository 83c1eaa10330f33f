// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Floor 2: the IKEv2 engine, RFC 7296. The folder's only public header, and the whole seam.
 *
 * The engine is pure: it is told the time, given datagrams and commands, and gives outputs that the caller pulls until
 * there are none. It reads no clock, opens no socket, starts no timer, logs nothing and calls nobody back but the
 * few small functions of struct ike_host. So thousands of engines can run in one process against a simulated network.
 *
 *	ike_engine_input / ike_engine_expire / a command      (each with `now`)
 *	while (ike_engine_output(e, &out)) ...                (until false)
 *	arm one timer at ike_engine_next_expiry(e)
 *
 * Main thread only. Outputs and infos are values; what they borrow says so.
 */
#ifndef BGPVPN_IKE_IKE_H
#define BGPVPN_IKE_IKE_H

#include "bgpvpnd/base/base.h"
#include "bgpvpnd/proto/ike_reason.h"

struct ike_engine;
struct crypto_creds;
struct crypto_trust;

/*
 * What decrypts the messages of an IKE SA, RFC 7296 2.14; borrowed for the call. SPIs as they are printed: the first byte on the wire is the
 * highest. With an AEAD the salt is the end of SK_e*, and SK_a* are empty.
 */
struct ike_key_log {
	uint64_t spi_i;
	uint64_t spi_r;
	uint16_t encr;
	uint16_t encr_key_bits;
	uint16_t integ; /* IKE_INTEG_NONE with an AEAD */
	struct bytes ei, er, ai, ar;
};

/* What the engine needs from outside, synchronously. Borrowed; outlives the engine. */
struct ike_host {
	void *arg;
	void (*random)(void *arg, uint8_t *to, size_t n);
	uint32_t (*spi_reserve)(void *arg); /* an ESP SPI for our inbound side; 0: none to be had */
	void (*spi_release)(void *arg, uint32_t spi); /* one that came to nothing */
	/* Seconds since 1970, for the validity of certificates. Needed where a connection has `trust`. */
	int64_t (*wall_clock_s)(void *arg);
	/*
	 * NULL: keys are shown to nobody. Else called when an IKE SA gets keys, before its first message under them: again for one that is
	 * rekeyed, and after each additional key exchange of IKE_INTERMEDIATE (the same SPIs, other keys).
	 */
	void (*key_log)(void *arg, const struct ike_key_log *keys);
};

/* --- configuration of one connection --------------------------------------------------------------------- */

struct ike_id_cfg {
	uint8_t type; /* enum ike_id_type; 0: not configured */
	uint16_t len;
	uint8_t value[LIMIT_ID];
};

/* One proposal as configured: at most a handful of transforms of each type, in order of preference. */
#define IKE_CFG_TRANSFORMS 16
struct ike_transform_cfg {
	uint8_t type; /* enum ike_transform_type */
	uint16_t id;
	uint16_t key_bits;
};
struct ike_proposal_cfg {
	uint8_t num;
	struct ike_transform_cfg transforms[IKE_CFG_TRANSFORMS];
};

/*
 * Parses strongSwan's spelling ("aes256gcm16-prfsha384-ecp384") into a proposal for IKE or ESP (enum ike_proto). What may
 * be left out is filled in: an IKE proposal without a PRF takes the PRF of its integrity algorithm, or prfsha256 with
 * an AEAD. On failure returns false with the operator's words in err: which word, and what would be right.
 */
bool ike_proposal_parse(uint8_t proto, const char *text, struct ike_proposal_cfg *out, char *err, size_t err_len);

/* The same spelling back, canonical; returns buf. */
const char *ike_proposal_format(uint8_t proto, const struct ike_proposal_cfg *proposal, char *buf, size_t len);

/* Parses an identity: kind is "address", "fqdn", "email", "dn", "key-id". False with words in err. */
bool ike_id_parse(const char *kind, const char *value, struct ike_id_cfg *out, char *err, size_t err_len);

/* "10.0.0.1", "vpn.example.org", "a@example.org", key ids as text or 0x-hex. Returns buf. */
const char *ike_id_format(const struct ike_id_cfg *id, char *buf, size_t len);

/* A post-quantum pre-shared key, RFC 8784. */
struct ike_ppk_cfg {
	struct secret secret; /* empty: there is none */
	uint16_t id_len;
	uint8_t id[LIMIT_PPK_ID];
	bool required; /* without it there is no IKE SA */
};

/* The same key, by the same name, and as necessary? */
static inline bool ike_ppk_same(const struct ike_ppk_cfg *a, const struct ike_ppk_cfg *b)
{
	return secret_equal(secret_view(&a->secret), secret_view(&b->secret)) && a->required == b->required &&
	       bytes_equal(bytes_make(a->id, a->id_len), bytes_make(b->id, b->id_len));
}

/*
 * Immutable once handed over, counted: running IKE SAs keep the one that they were negotiated under.
 * ike_conn_cfg_new() gives defaults; the caller fills it and then gives it to ike_conn_set().
 */
struct ike_conn_cfg {
	uint32_t refs;
	char name[LIMIT_NAME + 1];
	struct ipaddr local;  /* IPADDR_NONE: whatever address the kernel chooses */
	struct ipaddr remote; /* IPADDR_NONE: any (only answers) */
	struct ike_id_cfg local_id;  /* type 0: the local address */
	struct ike_id_cfg remote_id; /* type 0: the remote address */
	struct secret psk;
	struct crypto_creds *creds; /* ours to give up: we sign; NULL: we prove psk */
	bool rsa_pkcs1;		    /* our RSA key signs with PKCS#1 v1.5 under RFC 7427; else with PSS */
	struct crypto_trust *trust; /* ours to give up: the peer must sign; NULL: it must prove psk */
	struct ike_ppk_cfg ppk;
	uint8_t num_ike;
	struct ike_proposal_cfg ike[LIMIT_PROPOSALS_CFG];
	uint8_t num_esp;
	struct ike_proposal_cfg esp[LIMIT_PROPOSALS_CFG];
	struct ts_list ts_local;
	struct ts_list ts_remote;
	bool transport;	    /* RFC 7296 1.3.1, USE_TRANSPORT_MODE: asked for and insisted on; else tunnel mode, and a peer that asks is declined */
	/*
	 * Not 0: the selectors are the IKE SA's own addresses with this protocol, whatever ts_* say; with `transport`. Such a connection does
	 * without MOBIKE: another address is another IKE SA, and another one of a NAT's another Child SA.
	 */
	uint8_t hosts_proto;
	bool many;	    /* each peer that proves an identity gets a connection of its own: IKE_OUTPUT_SPAWN */
	uint32_t ike_lifetime_s;
	uint32_t esp_lifetime_s;
	uint64_t esp_bytes; /* each direction of a Child SA carries no more; 0: no limit */
	uint64_t esp_packets;
	bool nat_force;	    /* our NAT detection payload differs from our address, so that the peer encapsulates too */
	uint16_t fragmentation; /* RFC 7383: bytes of the largest IP datagram that a sealed message makes; 0: off */
	bool mobike;		/* RFC 4555: goes on when an address changes, where the peer does so too */
	bool passive;	    /* never initiates by itself */
	uint32_t detect_ms; /* liveness detect: bounds the fast phase of a liveness exchange */
};

struct ike_conn_cfg *ike_conn_cfg_new(void);
struct ike_conn_cfg *ike_conn_cfg_ref(struct ike_conn_cfg *cfg);
void ike_conn_cfg_unref(struct ike_conn_cfg *cfg);

/* The same certificate, authorities and revocation lists? */
bool ike_certs_same(const struct ike_conn_cfg *a, const struct ike_conn_cfg *b);

/* Do they differ in nothing that the peer would see? Then what it begins may belong to either (ike_alike.h). */
bool ike_conns_alike(const struct ike_conn_cfg *a, const struct ike_conn_cfg *b);

/*
 * Connections that the engine makes itself, for the peers of one with `many`, have numbers from here on; the caller's are below. Such a
 * one goes on under its parent's configuration of then until ike_conn_del(), which its owner calls when its last IKE SA has gone down.
 */
#define IKE_CONN_SPAWNED 0x80000000u

/* Likewise of Child SAs: the engine's have numbers below, from here on they are free for those that the caller installs by itself. */
#define IKE_CHILD_FOREIGN 0x80000000u

/* --- life ------------------------------------------------------------------------------------------------ */

struct ike_engine *ike_engine_new(const struct ike_host *host, struct instant now);
void ike_engine_free(struct ike_engine *engine);

/*
 * The secret of quick crash detection tokens (RFC 6290), copied: the same after every restart. Without one, no peer of ours is told
 * quickly that we have restarted; ours are believed anyway.
 */
void ike_engine_set_qcd_secret(struct ike_engine *engine, struct bytes secret);

/*
 * Adds the connection `conn` (a number of the caller's, not 0), or replaces its configuration: takes a reference. What runs keeps the
 * old one; ike_terminate() and ike_initiate() make a change effective. ike_conn_del() forgets it and everything it
 * has, silently; terminate first to tell the peer.
 */
void ike_conn_set(struct ike_engine *engine, uint32_t conn, struct ike_conn_cfg *cfg);
void ike_conn_del(struct ike_engine *engine, uint32_t conn);

/* --- commands -------------------------------------------------------------------------------------------- */

/* Starts IKE_SA_INIT unless the connection has an IKE SA or an attempt already (then nothing happens: false). */
bool ike_initiate(struct ike_engine *engine, uint32_t conn, struct instant now);

/*
 * Closes all that the connection has: CHILD_DELETE outputs at once, a DELETE to the peer where there is an IKE SA, IKE_DOWN
 * with `reason` (usually IKE_R_DELETED_BY_US).
 */
void ike_terminate(struct ike_engine *engine, uint32_t conn, enum ike_reason reason, struct instant now);

/*
 * Asks the peer for a sign of life (RFC 7296 2.4): starts a liveness exchange, or, when a request is outstanding
 * already, retransmits that one at once. Retransmissions follow the measured round-trip time for as long as detect_ms allows,
 * then back off, capped at a few seconds, until minutes have passed and the IKE SA is given up (IKE_DOWN, TIMEOUT).
 * False when there is no established IKE SA.
 */
bool ike_probe(struct ike_engine *engine, uint32_t conn, struct instant now);

/*
 * Rekeys the connection's Child SA or its IKE SA now, as a lifetime would: a new one first, then the old one is deleted.
 * False when there is none, or one of the two is being rekeyed already.
 */
bool ike_rekey_child(struct ike_engine *engine, uint32_t conn, struct instant now);
bool ike_rekey_ike(struct ike_engine *engine, uint32_t conn, struct instant now);

/*
 * The address that packets to the peer leave from by themselves is `local` now; `gone`: the one that the connection uses is not ours any
 * more. For connections that leave the choice to the kernel. With MOBIKE what runs moves there; without it nothing happens while the
 * old address is there, and then a new IKE SA is begun at once.
 */
void ike_local_moved(struct ike_engine *engine, uint32_t conn, const struct ipaddr *local, bool gone,
		     struct instant now);

/* What the data plane made of a CHILD_ADD: 0, or a negative errno (then the engine tells the peer). */
void ike_child_result(struct ike_engine *engine, uint32_t child_id, int result, struct instant now);

/*
 * The newest ESP packet of this child came from there. RFC 7296 2.23: a peer behind a NAT is followed, with all its children, unless
 * we are behind one too. False: it is not.
 */
bool ike_child_peer_moved(struct ike_engine *engine, uint32_t child_id, const struct endpoint *remote);

/* --- world in, world out --------------------------------------------------------------------------------- */

/* A datagram without the non-ESP marker. Port 4500 on either side is told by the endpoints. */
void ike_engine_input(struct ike_engine *engine, const struct endpoint *local, const struct endpoint *remote,
		      struct bytes datagram, struct instant now);
void ike_engine_expire(struct ike_engine *engine, struct instant now);
struct instant ike_engine_next_expiry(const struct ike_engine *engine);

enum ike_output_type {
	IKE_OUTPUT_DATAGRAM,
	IKE_OUTPUT_SPAWN,	 /* a peer has proved itself to the connection `parent`: what it has is `conn`, made by the engine */
	IKE_OUTPUT_CHILD_ADD,	 /* install; answer with ike_child_result() before anything else */
	IKE_OUTPUT_CHILD_USE,	 /* from now on this one sends: it was added receive_only */
	IKE_OUTPUT_CHILD_MOVE,	 /* its packets go between these endpoints from now on */
	IKE_OUTPUT_CHILD_DELETE, /* remove child_id */
	IKE_OUTPUT_EVENT,
};

enum ike_event_type {
	IKE_EVENT_IKE_UP,     /* authenticated both ways; ike_conn_info() has the rest */
	IKE_EVENT_IKE_DOWN,   /* reason says why; also for an attempt that failed */
	IKE_EVENT_CHILD_UP,   /* installed and agreed */
	IKE_EVENT_CHILD_DOWN, /* reason; no pair is usable, its CHILD_DELETE came or comes soon */
	IKE_EVENT_HEARD,      /* an authenticated message from the peer on an established IKE SA */
};

/*
 * Pulled one by one, in order. `datagram` and `child` are valid until the next call into the engine; the keys in `child` belong to the
 * engine and are wiped then.
 */
struct ike_output {
	enum ike_output_type type;
	uint32_t conn; /* 0: a datagram that belongs to no connection */
	uint32_t parent; /* SPAWN */
	const struct ike_id_cfg *peer_id; /* SPAWN: valid until the next call into the engine */
	struct endpoint local; /* CHILD_MOVE; DATAGRAM: port 4500 wants the non-ESP marker; the address may be IPADDR_NONE */
	struct endpoint remote;
	struct bytes datagram;
	const struct child_sa_params *child; /* CHILD_ADD */
	uint32_t child_id;		     /* CHILD_ADD, CHILD_USE, CHILD_MOVE, CHILD_DELETE, CHILD_UP, CHILD_DOWN */
	enum ike_event_type event;
	enum ike_reason reason;
};

bool ike_engine_output(struct ike_engine *engine, struct ike_output *out);

/* --- looking in, by value -------------------------------------------------------------------------------- */

enum ike_phase {
	IKE_PHASE_NONE, /* nothing runs */
	IKE_PHASE_SA_INIT,
	IKE_PHASE_AUTH,
	IKE_PHASE_ESTABLISHED,
};

struct ike_conn_info {
	enum ike_phase phase;
	bool initiator;
	struct endpoint local;
	struct endpoint remote;
	uint64_t spi_i;
	uint64_t spi_r;
	char ike_proposal[192]; /* negotiated, in the operator's spelling; "" before */
	char esp_proposal[192];
	bool nat_local;	 /* we are behind a NAT */
	bool nat_remote; /* the peer is */
	bool ppk;	 /* the keys hold a post-quantum pre-shared key */
	bool childless;	 /* up without a Child SA; the engine, or the peer, asks for one by itself */
	bool childless_by_peer; /* it left it out of IKE_AUTH, RFC 6023 */
	bool mobike;		/* both ends do RFC 4555 */
	uint32_t child_id; /* the usable Child SA; 0: none */
	uint32_t child_spi_in;
	uint32_t child_spi_out;
	struct instant established; /* IKE SA */
	struct instant child_since;
	int64_t srtt_us; /* smoothed round-trip time, RFC 6298; 0: not measured */
	int64_t rto_us;	 /* retransmission time-out that a liveness exchange begins with */
	bool request_outstanding;
	struct instant request_since; /* when the outstanding request was first sent */
	uint32_t request_tries;	      /* how often it was sent */
	enum ike_reason last_failure; /* of the last attempt or IKE SA that ended; IKE_R_OK: none */
	char last_failure_detail[256]; /* both proposals, both identities, ...: the operator's words; "" */
};

/* False when there is no such connection. */
bool ike_conn_info(const struct ike_engine *engine, uint32_t conn, struct ike_conn_info *info);

struct ike_counters {
	uint64_t reasons[IKE_R_MAX]; /* messages dropped or refused, by reason */
	uint64_t datagrams_in;
	uint64_t datagrams_out;
	uint64_t bytes_in;
	uint64_t bytes_out;
	uint64_t retransmissions;
	uint64_t half_open; /* now */
	uint64_t ike_sas;   /* now, half-open ones included */
	uint64_t cookies_sent;
	uint64_t qcd_shown; /* tokens shown to peers whose IKE SAs we have lost */
};
void ike_engine_counters(const struct ike_engine *engine, struct ike_counters *counters);

#endif
