// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Floor 1: IKEv2 messages on the wire, RFC 7296 3. The folder's public header.
 *
 * Decoders take a cursor over one payload's body (behind the generic payload header), return an enum
 * ike_reason, and touch their out parameter only on success; what they give out borrows from the datagram and
 * dies with it.
 * Every payload is read to its last byte. Encoders write a whole payload body through a builder. Which payloads an
 * exchange needs is not known here: that is in the rows of ike/.
 */
#ifndef BGPVPN_PROTO_PROTO_H
#define BGPVPN_PROTO_PROTO_H

#include "bgpvpnd/base/base.h"
#include "bgpvpnd/proto/ike_reason.h"

/* --- the message: ike_msg.c (RFC 7296 3.1, 3.2) ---------------------------------------------------------- */

#define IKE_HDR_LEN	    28
#define IKE_PAYLOAD_HDR_LEN 4
#define IKE_VERSION	    0x20
#define IKE_FLAG_INITIATOR  0x08 /* sent by the original initiator of the IKE SA */
#define IKE_FLAG_VERSION    0x10
#define IKE_FLAG_RESPONSE   0x20

struct ike_hdr {
	uint64_t spi_i; /* kept as the big-endian number of its 8 bytes */
	uint64_t spi_r;
	uint8_t next_payload;
	uint8_t version; /* major << 4 | minor */
	uint8_t exchange;
	uint8_t flags;
	uint32_t message_id;
	uint32_t length;
};

struct ike_payload {
	uint8_t type; /* enum ike_payload_type, or any other number */
	bool critical;
	struct rd body;	   /* behind the generic header */
	uint8_t next_type; /* for SK and SKF: type of the first payload inside */
};

/* A walked chain of payloads. */
struct ike_payloads {
	struct ike_payload list[LIMIT_PAYLOADS];
	uint8_t n;
};

struct ike_msg {
	struct ike_hdr hdr;
	struct bytes datagram;
	struct ike_payloads outer;
};

/*
 * The fixed header only: TRUNCATED, BAD_VERSION (major other than 2; *hdr is filled nevertheless, as the
 * answer needs it), BAD_LENGTH (hdr.length is not the datagram's).
 */
enum ike_reason ike_hdr_decode(struct bytes datagram, struct ike_hdr *hdr) ike_must_check;

/*
 * Walks a chain that begins with a payload of type `first`. An SK or SKF payload ends it (RFC 7296 3.14).
 * Unknown types are kept in the list when not critical (handlers skip them); a critical unknown one gives
 * CRITICAL_UNKNOWN and its type in *bad_type. Reserved bits are ignored, as RFC 7296 2.5 asks.
 */
enum ike_reason ike_payloads_walk(uint8_t first, struct rd rd, struct ike_payloads *out,
				  uint8_t *bad_type) ike_must_check;

/*
 * Header and outer chain of a whole datagram. msg->hdr is filled as soon as the header could be read, also
 * when the version or the chain is refused, as the answer needs it; the rest of *msg only on success.
 */
enum ike_reason ike_msg_decode(struct bytes datagram, struct ike_msg *msg, uint8_t *bad_type) ike_must_check;

/* The first payload of this type, or NULL. Whether there may be more of them is for the caller to check before. */
const struct ike_payload *ike_payloads_find(const struct ike_payloads *list, uint8_t type);

/* --- building a message ---------------------------------------------------------------------------------- */

/*
 * ike_build_start() writes the header and keeps the place of its length and first next-payload; each
 * ike_build_payload() opens a payload of that type, closing the one before; ike_build_end() closes all.
 * Inside an SK payload ike/ uses ike_build_chain() on a buffer of its own: the same without a header.
 */
struct ike_build {
	struct wr *wr;
	size_t hdr_at;	   /* SIZE_MAX: a chain without header */
	size_t next_at;	   /* where the type of the next payload must be patched; SIZE_MAX: nowhere */
	size_t payload_at; /* start of the open payload; SIZE_MAX: none */
	uint8_t first;	   /* type of the first payload (for a chain) */
};

void ike_build_start(struct ike_build *build, struct wr *wr, const struct ike_hdr *hdr);
void ike_build_chain(struct ike_build *build, struct wr *wr);
void ike_build_payload(struct ike_build *build, uint8_t type, bool critical);
void ike_build_end(struct ike_build *build);

/* --- SA payload: ike_payload_sa.c (RFC 7296 3.3) --------------------------------------------------------- */

struct ike_transform {
	uint8_t type; /* enum ike_transform_type */
	uint16_t id;
	uint16_t key_bits;	/* Key Length attribute; 0: absent */
	bool unknown_attribute; /* has one that we do not know: cannot be chosen (3.3.6) */
};

struct ike_proposal {
	uint8_t num;
	uint8_t proto;	 /* enum ike_proto */
	uint8_t spi_len; /* 0, 4 or 8 */
	uint64_t spi;
	uint8_t num_transforms;
	struct ike_transform transforms[LIMIT_TRANSFORMS];
};

struct ike_sa_payload {
	struct ike_proposal proposals[LIMIT_PROPOSALS];
	uint8_t n;
};

/*
 * Decodes all proposals. More transforms of one proposal, or more proposals, than the limits: TOO_MANY.
 * Proposal numbers must go 1, 2, 3... (a single proposal may have any but 0: an answer repeats the number it
 * chose); "last" markers and transform counts must be true, SPIs of the size their protocol has: else
 * BAD_SYNTAX.
 *
 * The encoder refuses (wr->failed) a transform with unknown_attribute, which cannot be written back.
 */
enum ike_reason ike_sa_payload_decode(struct rd rd, struct ike_sa_payload *sa) ike_must_check;
void ike_sa_payload_encode(struct wr *wr, const struct ike_sa_payload *sa);

/* --- KE (3.4), Nonce (3.9), Identification (3.5), Authentication (3.8) ----------------------------------- */

struct ike_ke {
	uint16_t method;
	struct bytes value;
};
enum ike_reason ike_ke_decode(struct rd rd, struct ike_ke *ke) ike_must_check;
void ike_ke_encode(struct wr *wr, const struct ike_ke *ke);

/* BAD_NONCE: not 16 to 256 bytes. */
enum ike_reason ike_nonce_decode(struct rd rd, struct bytes *nonce) ike_must_check;
void ike_nonce_encode(struct wr *wr, struct bytes nonce);

struct ike_id {
	uint8_t type; /* enum ike_id_type */
	struct bytes value;
	struct bytes raw; /* the whole body, RestOfInitIDPayload of 2.15; set by decode */
};

/* BAD_SYNTAX: an address of a wrong length. */
enum ike_reason ike_id_decode(struct rd rd, struct ike_id *id) ike_must_check;
void ike_id_encode(struct wr *wr, const struct ike_id *id);

struct ike_auth {
	uint8_t method; /* enum ike_auth_method */
	struct bytes value;
};
enum ike_reason ike_auth_decode(struct rd rd, struct ike_auth *auth) ike_must_check;
void ike_auth_encode(struct wr *wr, const struct ike_auth *auth);

/* RFC 7427 3: the value of method DIGITAL_SIGNATURE, a DER AlgorithmIdentifier and the signature. */
struct ike_auth_sig {
	struct bytes alg;
	struct bytes value;
};
enum ike_reason ike_auth_sig_decode(struct rd rd, struct ike_auth_sig *sig) ike_must_check;
void ike_auth_sig_encode(struct wr *wr, const struct ike_auth_sig *sig);

/* --- Certificate (3.6), Certificate Request (3.7): ike_payload_cert.c ------------------------------------ */

struct ike_cert {
	uint8_t encoding; /* enum ike_cert_encoding, or any other number */
	struct bytes data;
};
/* BAD_SYNTAX: an empty one. */
enum ike_reason ike_cert_decode(struct rd rd, struct ike_cert *cert) ike_must_check;
void ike_cert_encode(struct wr *wr, const struct ike_cert *cert);

struct ike_certreq {
	uint8_t encoding;
	struct bytes authorities; /* of X509_SIGNATURE: SHA-1 hashes of 20 bytes; none: any authority */
};
/* BAD_SYNTAX: hashes of X509_SIGNATURE that are not of 20 bytes. */
enum ike_reason ike_certreq_decode(struct rd rd, struct ike_certreq *req) ike_must_check;
void ike_certreq_encode(struct wr *wr, const struct ike_certreq *req);

/*
 * Data of N(SIGNATURE_HASH_ALGORITHMS), RFC 7427 4: a set with bit n for hash algorithm n (enum ike_sig_hash). Numbers that we do
 * not know are skipped. BAD_SYNTAX: none at all, or half a number.
 */
enum ike_reason ike_sig_hashes_decode(struct bytes data, uint32_t *hashes) ike_must_check;
void ike_sig_hashes_encode(struct wr *wr, uint32_t hashes);

/* --- Notify (3.10), Delete (3.11) ------------------------------------------------------------------------ */

struct ike_notify {
	uint8_t proto; /* 0 when no SPI is named: sent as zero (but RFC 6290 4.1), ignored on receipt (3.10) */
	uint8_t spi_len; /* 0, 4 or 8 */
	uint64_t spi;
	uint16_t type; /* enum ike_notify_type, or any other number */
	struct bytes data;
};
enum ike_reason ike_notify_decode(struct rd rd, struct ike_notify *notify) ike_must_check;
void ike_notify_encode(struct wr *wr, const struct ike_notify *notify);

struct ike_delete {
	uint8_t proto; /* IKE: no SPIs; ESP, AH: 4-byte SPIs of the sender's inbound SAs */
	uint8_t num_spis;
	uint32_t spis[LIMIT_DELETE_SPIS];
};
enum ike_reason ike_delete_decode(struct rd rd, struct ike_delete *del) ike_must_check;
void ike_delete_encode(struct wr *wr, const struct ike_delete *del);

/* --- Traffic selectors (3.13) ---------------------------------------------------------------------------- */

/*
 * Selectors of types that we do not know are skipped (they cannot be chosen); start after end is kept as it
 * stands: an empty selector that intersects with nothing. ICMP type and code count as ports, as in 3.13.1.
 */
enum ike_reason ike_ts_decode(struct rd rd, struct ts_list *list) ike_must_check;
void ike_ts_encode(struct wr *wr, const struct ts_list *list);

/* --- Encrypted payload (3.14): only its outline, opening it is ike/'s ------------------------------------ */

/* iv || ciphertext || icv of an SK body for a cipher with these lengths. TRUNCATED when it cannot be. */
struct ike_sk_parts {
	struct bytes iv;
	struct bytes text;
	struct bytes icv;
};
enum ike_reason ike_sk_split(struct rd rd, size_t iv_len, size_t block_len, size_t icv_len,
			     struct ike_sk_parts *parts) ike_must_check;

/* --- Encrypted Fragment payload (RFC 7383 2.5): one part of what an SK payload would have held ----------- */

#define IKE_SKF_OUTLINE 4 /* what it has more than an SK payload, behind the generic header */

struct ike_skf {
	uint16_t number; /* from 1 */
	uint16_t total;
	struct bytes sealed; /* what ike_sk_split() takes; not checked here */
};

/* TRUNCATED; BAD_FRAGMENT: numbers that 2.6 forbids. */
enum ike_reason ike_skf_decode(struct rd rd, struct ike_skf *skf) ike_must_check;
void ike_skf_encode(struct wr *wr, const struct ike_skf *skf);

#endif
