// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Outcomes of the protocol: why a message, an exchange or an SA did not go on. One closed list; each row says what
 * the engine does about it, which counter it raises, and how the operator reads it. System errors are -errno and
 * never mix with these.
 */
#ifndef BGPVPN_PROTO_IKE_REASON_H
#define BGPVPN_PROTO_IKE_REASON_H

#include "bgpvpnd/base/iana.h"

/*
 * DROP: the message is counted and forgotten. ANSWER: an error notify goes back (in clear only before keys exist and
 * rate limited; else encrypted) and the exchange ends. FATAL: the answer goes back and the IKE SA ends.
 */
enum ike_disposition {
	IKE_DROP,
	IKE_ANSWER,
	IKE_FATAL,
};

/* clang-format off */
/* X(suffix, notify or 0, disposition, key for JSON counters, the operator's words) */
#define IKE_REASONS(X)                                                                                       \
	X(OK, 0, DROP, "ok", "ok")                                                                           \
	X(TRUNCATED, IKE_NOTIFY_INVALID_SYNTAX, DROP, "truncated", "message is cut off")                     \
	X(TRAILING_BYTES, IKE_NOTIFY_INVALID_SYNTAX, DROP, "trailingBytes", "bytes after the end of a payload") \
	X(BAD_LENGTH, IKE_NOTIFY_INVALID_SYNTAX, DROP, "badLength", "a length field contradicts the datagram") \
	X(BAD_SYNTAX, IKE_NOTIFY_INVALID_SYNTAX, FATAL, "badSyntax", "payload content is not valid")         \
	X(TOO_MANY, IKE_NOTIFY_INVALID_SYNTAX, DROP, "tooMany", "more payloads, proposals, selectors or fragments than are accepted") \
	X(BAD_VERSION, IKE_NOTIFY_INVALID_MAJOR_VERSION, ANSWER, "badVersion", "major version is not 2")     \
	X(CRITICAL_UNKNOWN, IKE_NOTIFY_UNSUPPORTED_CRITICAL_PAYLOAD, ANSWER, "criticalUnknown", "unknown payload marked critical") \
	X(PAYLOAD_MISSING, IKE_NOTIFY_INVALID_SYNTAX, FATAL, "payloadMissing", "a payload that the exchange needs is missing") \
	X(PAYLOAD_UNEXPECTED, IKE_NOTIFY_INVALID_SYNTAX, DROP, "payloadUnexpected", "a payload that the exchange does not allow, or twice") \
	X(UNKNOWN_SPI, IKE_NOTIFY_INVALID_IKE_SPI, DROP, "unknownSpi", "no IKE SA has this SPI")             \
	X(UNEXPECTED_EXCHANGE, 0, DROP, "unexpectedExchange", "exchange does not fit the state of the IKE SA") \
	X(OUTSIDE_WINDOW, 0, DROP, "outsideWindow", "message ID is outside the window")                      \
	X(NOT_ENCRYPTED, 0, DROP, "notEncrypted", "clear-text message where an encrypted one is required")   \
	X(INTEGRITY, 0, DROP, "integrity", "integrity check failed")                                         \
	X(BAD_FRAGMENT, 0, DROP, "badFragment", "a fragment that does not fit the others, or fragments were not agreed on") \
	X(FRAGMENT_REPEATED, 0, DROP, "fragmentRepeated", "a fragment that was there already")              \
	X(FRAGMENTS_LOST, 0, DROP, "fragmentsLost", "fragments of a message did not all arrive")             \
	X(NO_CONNECTION, IKE_NOTIFY_NO_PROPOSAL_CHOSEN, ANSWER, "noConnection", "no tunnel is configured for this peer") \
	X(NO_PROPOSAL, IKE_NOTIFY_NO_PROPOSAL_CHOSEN, ANSWER, "noProposal", "no common proposal")            \
	X(INVALID_KE, IKE_NOTIFY_INVALID_KE_PAYLOAD, ANSWER, "invalidKe", "key exchange with another group than chosen") \
	X(BAD_KE, IKE_NOTIFY_INVALID_SYNTAX, DROP, "badKe", "public value of the key exchange is not acceptable") \
	X(BAD_NONCE, IKE_NOTIFY_INVALID_SYNTAX, DROP, "badNonce", "nonce is too short or too long")          \
	X(COOKIE_REQUIRED, IKE_NOTIFY_COOKIE, ANSWER, "cookieRequired", "a cookie was asked for")            \
	X(COOKIE_WRONG, IKE_NOTIFY_COOKIE, ANSWER, "cookieWrong", "cookie is not ours or too old")           \
	X(RIVALS, 0, DROP, "rivals", "more answers to one IKE_SA_INIT than are tried")                       \
	X(HALF_OPEN_LIMIT, 0, DROP, "halfOpenLimit", "too many half-open IKE SAs")                           \
	X(AUTH_FAILED, IKE_NOTIFY_AUTHENTICATION_FAILED, FATAL, "authFailed", "authentication failed: pre-shared keys differ") \
	X(ID_MISMATCH, IKE_NOTIFY_AUTHENTICATION_FAILED, FATAL, "idMismatch", "the peer's identity is not the configured one") \
	X(AUTH_METHOD, IKE_NOTIFY_AUTHENTICATION_FAILED, FATAL, "authMethod", "the peer authenticates in a way that is not configured") \
	X(CERT_MISSING, IKE_NOTIFY_AUTHENTICATION_FAILED, FATAL, "certMissing", "the peer sent no certificate") \
	X(CERT_INVALID, IKE_NOTIFY_AUTHENTICATION_FAILED, FATAL, "certInvalid", "the peer's certificate is not acceptable") \
	X(CERT_EXPIRED, IKE_NOTIFY_AUTHENTICATION_FAILED, FATAL, "certExpired", "the peer's certificate has expired or is not valid yet") \
	X(CERT_UNKNOWN_CA, IKE_NOTIFY_AUTHENTICATION_FAILED, FATAL, "certUnknownCa", "the peer's certificate is from an authority that is not configured") \
	X(CERT_REVOKED, IKE_NOTIFY_AUTHENTICATION_FAILED, FATAL, "certRevoked", "the peer's certificate is revoked") \
	X(CERT_NO_CRL, IKE_NOTIFY_AUTHENTICATION_FAILED, FATAL, "certNoCrl", "the revocation list is out of date, or is another authority's") \
	X(CERT_ID, IKE_NOTIFY_AUTHENTICATION_FAILED, FATAL, "certId", "the peer's identity is not in its certificate") \
	X(SIGNATURE, IKE_NOTIFY_AUTHENTICATION_FAILED, FATAL, "signature", "the peer's signature is wrong")  \
	X(SIGNATURE_HASH, IKE_NOTIFY_AUTHENTICATION_FAILED, FATAL, "signatureHash", "signature with a hash algorithm that was not offered") \
	X(SIGNATURE_ALGORITHM, IKE_NOTIFY_AUTHENTICATION_FAILED, FATAL, "signatureAlgorithm", "signature of an unknown kind, or not of the certificate's key") \
	X(CANNOT_SIGN, IKE_NOTIFY_AUTHENTICATION_FAILED, FATAL, "cannotSign", "we cannot sign with a hash algorithm that the peer offers") \
	X(PPK_REQUIRED, IKE_NOTIFY_AUTHENTICATION_FAILED, FATAL, "ppkRequired", "our post-quantum pre-shared key is required, and the peer does not use it") \
	X(PPK_UNKNOWN, IKE_NOTIFY_AUTHENTICATION_FAILED, FATAL, "ppkUnknown", "the peer wants a post-quantum pre-shared key that is not configured here") \
	X(PEERS_LIMIT, IKE_NOTIFY_TEMPORARY_FAILURE, FATAL, "peersLimit", "more peers have dialed in than a tunnel takes") \
	X(PEER_AUTH_FAILED, 0, FATAL, "peerAuthFailed", "the peer refused our authentication (AUTHENTICATION_FAILED)") \
	X(PEER_NO_PROPOSAL, 0, FATAL, "peerNoProposal", "the peer found no common proposal (NO_PROPOSAL_CHOSEN)") \
	X(PEER_TS_UNACCEPTABLE, 0, FATAL, "peerTsUnacceptable", "the peer refused the traffic selectors (TS_UNACCEPTABLE)") \
	X(PEER_ERROR, 0, FATAL, "peerError", "the peer answered with an error")                              \
	X(PEER_CHANGED_PROPOSAL, IKE_NOTIFY_NO_PROPOSAL_CHOSEN, FATAL, "peerChangedProposal", "the peer answered with a proposal that was not offered") \
	X(TS_UNACCEPTABLE, IKE_NOTIFY_TS_UNACCEPTABLE, ANSWER, "tsUnacceptable", "traffic selectors have nothing in common") \
	X(TUNNEL_MODE, IKE_NOTIFY_NO_PROPOSAL_CHOSEN, ANSWER, "tunnelMode", "the peer wants tunnel mode, transport mode is configured") \
	X(NO_ADDITIONAL_SAS, IKE_NOTIFY_NO_ADDITIONAL_SAS, ANSWER, "noAdditionalSas", "no further SA is accepted") \
	X(STATE_NOT_FOUND, IKE_NOTIFY_STATE_NOT_FOUND, ANSWER, "stateNotFound", "an additional key exchange that nothing waits for") \
	X(CHILD_NOT_FOUND, IKE_NOTIFY_CHILD_SA_NOT_FOUND, ANSWER, "childNotFound", "no such Child SA")       \
	X(TEMPORARY, IKE_NOTIFY_TEMPORARY_FAILURE, ANSWER, "temporary", "another exchange is in the way")    \
	X(DATAPLANE, IKE_NOTIFY_NO_ADDITIONAL_SAS, ANSWER, "dataplane", "the data plane could not install the Child SA") \
	X(TIMEOUT, 0, FATAL, "timeout", "the peer does not answer")                                          \
	X(PEER_RESTARTED, 0, FATAL, "peerRestarted", "the peer has lost the IKE SA, as after a restart, and proves it (quick crash detection)") \
	X(QCD_WRONG, 0, DROP, "qcdWrong", "a quick crash detection token that is not the peer's")           \
	X(INIT_LOOP, 0, FATAL, "initLoop", "the peer keeps asking for another IKE_SA_INIT")                  \
	X(DELETED_BY_PEER, 0, FATAL, "deletedByPeer", "the peer deleted the IKE SA")                         \
	X(CHILD_DELETED_BY_PEER, 0, FATAL, "childDeletedByPeer", "the peer deleted the Child SA")            \
	X(DELETED_BY_US, 0, FATAL, "deletedByUs", "closed by the operator")                                  \
	X(REPLACED, 0, FATAL, "replaced", "replaced by a newer IKE SA (INITIAL_CONTACT)")                    \
	X(CHILDLESS, 0, FATAL, "childless", "the IKE SA has no Child SA and is of no use")\
	X(CONFIG_CHANGED, 0, FATAL, "configChanged", "configuration changed")                                \
	X(INTERFACE_REMOVED, 0, FATAL, "interfaceRemoved", "somebody removed the tunnel interface")            \
	X(EXPIRED, 0, FATAL, "expired", "lifetime is over")                                                  \
	X(LOCAL_GONE, 0, FATAL, "localGone", "our own address is not there any more")                        \
	X(COOKIE2_WRONG, 0, FATAL, "cookie2Wrong", "the peer returned another COOKIE2 than we sent (MOBIKE)") \
	X(NAT_UNEXPECTED, IKE_NOTIFY_UNEXPECTED_NAT_DETECTED, FATAL, "natUnexpected", "the peer allows no NAT, and there is one") \
	X(RATE_LIMIT, 0, DROP, "rateLimit", "answer suppressed by the rate limit")                           \
	X(INTERNAL, 0, FATAL, "internal", "internal failure")

enum ike_reason {
#define X(suffix, notify, disposition, key, words) IKE_R_##suffix,
	IKE_REASONS(X)
#undef X
	IKE_R_MAX
};
/* clang-format on */

#define ike_must_check __attribute__((warn_unused_result))

struct ike_reason_info {
	const char *name; /* "TRUNCATED" */
	uint16_t notify;  /* 0: nothing to send */
	enum ike_disposition disposition;
	const char *key;   /* camelCase, for JSON */
	const char *words; /* for the operator */
};

const struct ike_reason_info *ike_reason_info(enum ike_reason reason);

#endif
