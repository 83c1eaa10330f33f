// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every number that bounds what a peer, or an operator, can make the daemon hold, send or compute, and why it is
 * that number. A limit that only one file needs still lives here, so that they can be read together.
 */
#ifndef BGPVPN_BASE_LIMITS_H
#define BGPVPN_BASE_LIMITS_H

/* --- wire ------------------------------------------------------------------------------------------------ */

/* UDP payload at most; IKE's own length field could say 4 GiB. */
#define LIMIT_IKE_MSG 65507

/*
 * What we build never comes near it: one value of a key exchange of 1568 bytes, 9 proposals in two halves (3744 bytes), IDs of 256
 * bytes; or a chain of certificates.
 */
#define LIMIT_IKE_MSG_OUT 8192

/* The same sealed, and split: fragments of 256 bytes, smaller than can be configured, carry 111 of content at least. */
#define LIMIT_IKE_SEALED_OUT (2 * LIMIT_IKE_MSG_OUT)

/* Payloads of one message. strongSwan sends about 20 with certificates; beyond 64 somebody is playing. */
#define LIMIT_PAYLOADS 64

/* Proposals of one SA payload and transforms of one proposal (FortiGate and Azure offer up to about 30). */
#define LIMIT_PROPOSALS	 32
#define LIMIT_TRANSFORMS 32

/* Traffic selectors of one TS payload; we narrow to at most one per family. */
#define LIMIT_TS 16

/* RFC 7296 2.10: nonces are 16 to 256 bytes, and at least half the PRF's key size. */
#define LIMIT_NONCE_MIN 16
#define LIMIT_NONCE_MAX 256
#define LIMIT_NONCE_OUT 32

/* RFC 7296 2.6: a cookie is 1 to 64 bytes. */
#define LIMIT_COOKIE_MAX 64

/* An identity longer than this cannot be configured, so it cannot match either. */
#define LIMIT_ID 256

/* SPIs of one DELETE payload. We have one Child SA a tunnel, and a few dying ones. */
#define LIMIT_DELETE_SPIS 64

/*
 * Fragments of one message (RFC 7383), and bytes of content that are kept of them: one message in each direction of an IKE
 * SA. Chains of certificates stay below 16 kB, and in fragments of 576 bytes, the smallest that can be configured, that is 40 of
 * them. Who makes a half-open SA hold that much has done a Diffie-Hellman first.
 */
#define LIMIT_FRAGMENTS	     64
#define LIMIT_FRAGMENT_BYTES 16384

/* What no new fragment came for in this time is forgotten: longer than any pause between retransmissions. */
#define LIMIT_FRAGMENTS_S 30

/*
 * Certificates of one message, or of one file of ours: a peer's own, two or three intermediates, and the root that some send too.
 * Each may cost us one signature check.
 */
#define LIMIT_CERT_CHAIN 8

/* All of our own chain, in bytes: with the largest signature and the rest of IKE_AUTH it still fits LIMIT_IKE_MSG_OUT. */
#define LIMIT_CERT_BYTES 6144

/* Authorities that a CERTREQ names. It goes to addresses that proved nothing, so it must stay small: 160 bytes. */
#define LIMIT_CERTREQ 8

/* Public value of a key exchange: MODP-4096 is 512 bytes, key and ciphertext of ML-KEM-1024 are 1568. */
#define LIMIT_KE_PUBLIC 1568

/* Additional key exchanges of one SA: RFC 9370 has transform types for seven. As many IKE_INTERMEDIATE does a half-open SA get, at most. */
#define LIMIT_ADDKE 7

/* RFC 9370 2.2.4: 5 to 20 seconds for the next IKE_FOLLOWUP_KE, then what was begun is forgotten. */
#define LIMIT_FOLLOWUP_S 20

/* --- engine ---------------------------------------------------------------------------------------------- */

/*
 * Half-open responder SAs. From COOKIE_AT on, only initiators that return a cookie get one (RFC 7296 2.6); at MAX
 * the oldest half-open SA makes room. One costs about 2 kB, so that a flood is bounded to about 2 MB; with a large KEM, 6 kB each.
 * IKE_INTERMEDIATE makes it neither larger nor live longer, and who sends one has done a key exchange first.
 */
#define LIMIT_HALF_OPEN_COOKIE_AT 64
#define LIMIT_HALF_OPEN_MAX	  1024

/* A responder waits this long for IKE_AUTH; six retransmissions of ours fit. */
#define LIMIT_HALF_OPEN_S 30

/* The cookie secret is replaced this often; the previous one is accepted for as long again. */
#define LIMIT_COOKIE_SECRET_S 60

/* IKE_SA_INIT restarts on COOKIE, INVALID_KE_PAYLOAD: more than these in one attempt is a loop. */
#define LIMIT_INIT_RESTARTS 5

/* Answers to unknown SPIs, wrong versions and the like, per second over all peers. */
#define LIMIT_UNAUTH_ANSWERS_PER_S 100

/* Child SAs of one IKE SA: one usable, one or two being made, the others leaving. */
#define LIMIT_CHILDREN 8

/* --- configuration --------------------------------------------------------------------------------------- */

#define LIMIT_NAME	      63
#define LIMIT_PROPOSALS_CFG   8
#define LIMIT_INSIDE_PREFIXES 4
#define LIMIT_PSK	      256

/*
 * A post-quantum pre-shared key, RFC 8784: 256 bits of entropy at least are what its section 6 asks for, and fewer than 32 bytes cannot
 * have them. Its identity is a word that people write into two configurations.
 */
#define LIMIT_PPK_MIN 32
#define LIMIT_PPK_ID  64

/* A file of certificates or revocation lists: a hundred authorities, or some ten thousand revoked certificates. */
#define LIMIT_PEM (1024 * 1024)

/* --- user-space data plane ------------------------------------------------------------------------------- */

/* IKE datagrams that wait between the worker and the main thread; more are dropped and counted. */
#define LIMIT_PLANE_EVENTS 1024

/*
 * ESP packets that came before their SA are kept (tun_early.h): what a peer sends at some ten thousand packets a second while its answer is
 * on the way and being checked, each of an ordinary MTU. Half a megabyte in all.
 */
#define LIMIT_EARLY_PACKETS 256
#define LIMIT_EARLY_BYTES   2048
#define LIMIT_EARLY_MS	    1000

/* RFC 4303 3.4.3; the kernel's largest window too. */
#define LIMIT_REPLAY_WINDOW 4096

#endif
