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
 * the oldest of the address that has most makes room, so that no address takes it from others. One costs about 4 kB, so that a
 * flood is bounded to about 4 MB; with a large KEM, 8 kB each. IKE_INTERMEDIATE makes it neither larger nor live longer, and who
 * sends one has done a key exchange first.
 */
#define LIMIT_HALF_OPEN_COOKIE_AT 64
#define LIMIT_HALF_OPEN_MAX	  1024

/* A responder waits this long for IKE_AUTH; six retransmissions of ours fit. */
#define LIMIT_HALF_OPEN_S 30

/*
 * IKE_SA_INIT of one address (an IPv4 address, an IPv6 /64), and of all, that are answered without a cookie: each costs a Diffie-Hellman
 * key pair, 20 to 100 us. Beyond, a cookie is asked for: one round trip. So a hub with a hundred tunnels behind one NAT comes up
 * without, and ten thousand sites after a power cut with cookies for most; and addresses that are not theirs make us spend
 * a tenth of a core at most.
 */
#define LIMIT_INIT_PER_S_ADDR 50
#define LIMIT_INIT_BURST_ADDR 100
#define LIMIT_INIT_PER_S      1000
#define LIMIT_INIT_BURST      1000

/* The same of an address that returns cookies; beyond, they are dropped, and come again. Ten thousand tunnels behind one take ten seconds. */
#define LIMIT_INIT_PROVED_PER_S_ADDR 1000

/*
 * Bytes that an address which proved nothing gets for each that it sent. Ours are 0.7 to 1.5 times as long as the request of a real
 * peer; an answer that would be longer than this waits for a cookie.
 */
#define LIMIT_AMPLIFICATION 2

/* How often IKE_SA_INIT is answered again: a peer repeats it 4 to 7 times. */
#define LIMIT_INIT_REPEATS 8

/*
 * How often a sealed answer is repeated, and how often to another address than the peer's. A liveness exchange of ours goes out
 * about a hundred times before the peer counts as gone; a NAT may give the peer a new port in between.
 */
#define LIMIT_REPEATS	     200
#define LIMIT_REPEATS_ASTRAY 8

/* The cookie secret is replaced this often; the previous one is accepted for as long again. */
#define LIMIT_COOKIE_SECRET_S 60

/* IKE_SA_INIT restarts on COOKIE, INVALID_KE_PAYLOAD: more than these in one attempt is a loop. */
#define LIMIT_INIT_RESTARTS 5

/*
 * Answers to one IKE_SA_INIT of ours that are tried, because each could be the true one: anybody who sees the request can answer it.
 * Each costs a Diffie-Hellman and an IKE_AUTH; without an attacker there is one, and seldom two.
 */
#define LIMIT_INIT_RIVALS 8

/* IKE_AUTH for an answer that leads to the keys of another waits so long for the answer to the other's: a retransmission. */
#define LIMIT_TWIN_HOLD_MS 500

/*
 * A refusal that nobody vouches for gets this long to be contradicted (RFC 7296 2.21.1): two retransmissions of our request, and
 * the operator sees its reason meanwhile.
 */
#define LIMIT_REFUSAL_GRACE_MS 2000

/*
 * A cookie is returned after this, or after the round-trip time where that is known: the true answer to the request without it,
 * should the cookie be forged, is here by then. It is when the request would be repeated anyway.
 */
#define LIMIT_COOKIE_HOLD_MS 500

/* Answers to unknown SPIs, wrong versions and the like, per second over all peers. */
#define LIMIT_UNAUTH_ANSWERS_PER_S 100

/*
 * Addresses of a peer that MOBIKE remembers (RFC 4555 3.4), its present one included: two uplinks in both families, and as many
 * again. One more datagram goes to one of them with each repetition, never more.
 */
#define LIMIT_MOBIKE_ADDRESSES 8

/*
 * How often a request of ours is sent at once to where the peer says to have moved (RFC 4555 3.5) before it answers; then it goes there at
 * its pace. It may be many times as long as what the peer has to say for that.
 */
#define LIMIT_MOBIKE_CHASES 8

/* Quick crash detection tokens: RFC 6290 5 asks for 16 to 128 bytes. */
#define LIMIT_QCD_TOKEN_MIN 16
#define LIMIT_QCD_TOKEN_MAX 128

/*
 * The smallest sealed request there is: header, an IV of 8, nothing but the pad length, an ICV of 16. For less no token is shown
 * (60 bytes of clear text, out of the ration above), so that nobody can make us say more than he said himself.
 */
#define LIMIT_QCD_REQUEST 57

/*
 * IKE SAs of one connection that are up: the one in use, those that it took over from, and what several attempts at once leave. Beyond, a peer
 * begins anew without an end, and the oldest goes.
 */
#define LIMIT_CONN_SAS 8

/*
 * Peers that a connection for any of them has at a time: a hub's sites. Each costs some 10 kB here and an interface above, and has proved to be
 * somebody; but whoever holds a group's secret may say to be as many as he likes.
 */
#define LIMIT_SPAWNED 4096

/* Child SAs of one IKE SA: one usable, one or two being made, the others leaving. */
#define LIMIT_CHILDREN 8

/* --- configuration --------------------------------------------------------------------------------------- */

#define LIMIT_NAME	      63

/* A tunnel's name, and of each peer that it made an instance for the identity behind a slash: of a long one, the beginning. */
#define LIMIT_TUNNEL_NAME     127
#define LIMIT_PROPOSALS_CFG   8
#define LIMIT_INSIDE_PREFIXES 4

/* Prefixes that a peer who dials in may have routed to it: as many as it may have selectors. */
#define LIMIT_LINK_ROUTES LIMIT_TS
#define LIMIT_PSK	      256

/*
 * A post-quantum pre-shared key, RFC 8784: 256 bits of entropy at least are what its section 6 asks for, and fewer than 32 bytes cannot
 * have them. Its identity is a word that people write into two configurations.
 */
#define LIMIT_PPK_MIN 32
#define LIMIT_PPK_ID  64

/* A file of certificates or revocation lists: a hundred authorities, or some ten thousand revoked certificates. */
#define LIMIT_PEM (1024 * 1024)

/* Bytes of the file of `vpn capture-keys`, about 30000 IKE SAs: strangers who only begin one have a line in it too. */
#define LIMIT_CAPTURE_KEYS (16 * 1024 * 1024)

/* --- user-space data plane ------------------------------------------------------------------------------- */

/* IKE datagrams that wait between the worker and the main thread; more are dropped and counted. */
#define LIMIT_PLANE_EVENTS 1024

/*
 * How often a second the main thread is told that the peer of a Child SA sends from another place; going back to the place before is told
 * always. A NAT has a new mapping once in minutes; a peer that takes another port for each packet would keep the main thread from all else.
 */
#define LIMIT_PEER_MOVES_PER_S 10

/*
 * ESP packets that came before their SA are kept (tun_early.h): what a peer sends at some ten thousand packets a second while its answer is
 * on the way and being checked, each of an ordinary MTU. Half a megabyte in all.
 */
#define LIMIT_EARLY_PACKETS 256
#define LIMIT_EARLY_BYTES   2048
#define LIMIT_EARLY_MS	    1000

/*
 * SPIs that the kernel plane waits with for such packets: Child SAs being negotiated at once, of which each lasts a round trip. Of more the
 * first packets may be lost; each costs an instruction for every UDP and ESP packet to us meanwhile.
 */
#define LIMIT_EARLY_SPIS 64

/*
 * Packets of ours that wait in one interface for a Child SA, and how long: what a few connections send before they wait themselves, TCP's
 * initial window is ten segments. Of an ordinary MTU that is 48 kB, and no more than this many bytes; later than this they would only be repetitions of what was given up.
 */
#define LIMIT_TRAP_PACKETS 32
#define LIMIT_TRAP_MS	   10000
#define LIMIT_TRAP_BYTES   65536

/* RFC 4303 3.4.3; the kernel's largest window too. */
#define LIMIT_REPLAY_WINDOW 4096

#endif
