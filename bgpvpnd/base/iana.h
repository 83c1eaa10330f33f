// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IANA's "Internet Key Exchange Version 2 (IKEv2) Parameters": the numbers and their names, once.
 *
 * Each registry is one X-macro list of X(enum suffix, number, printed name); the enums and the name
 * functions come from the lists and cannot drift apart. Numbers that we only name and never use are left out.
 */
#ifndef BGPVPN_BASE_IANA_H
#define BGPVPN_BASE_IANA_H

#include <stdint.h>

/* clang-format off */

/* RFC 7296 3.1 exchange types */
#define IANA_EXCHANGE(X)                                                                           \
	X(SA_INIT, 34, "IKE_SA_INIT")                                                              \
	X(AUTH, 35, "IKE_AUTH")                                                                    \
	X(CREATE_CHILD_SA, 36, "CREATE_CHILD_SA")                                                  \
	X(INFORMATIONAL, 37, "INFORMATIONAL")                                                      \
	X(INTERMEDIATE, 43, "IKE_INTERMEDIATE")                                                    \
	X(FOLLOWUP_KE, 44, "IKE_FOLLOWUP_KE")

/* RFC 7296 3.2 payload types */
#define IANA_PAYLOAD(X)                                                                            \
	X(NONE, 0, "none")                                                                         \
	X(SA, 33, "SA")                                                                            \
	X(KE, 34, "KE")                                                                            \
	X(IDI, 35, "IDi")                                                                          \
	X(IDR, 36, "IDr")                                                                          \
	X(CERT, 37, "CERT")                                                                        \
	X(CERTREQ, 38, "CERTREQ")                                                                  \
	X(AUTH, 39, "AUTH")                                                                        \
	X(NONCE, 40, "Nonce")                                                                      \
	X(NOTIFY, 41, "N")                                                                         \
	X(DELETE, 42, "D")                                                                         \
	X(VENDOR, 43, "V")                                                                         \
	X(TSI, 44, "TSi")                                                                          \
	X(TSR, 45, "TSr")                                                                          \
	X(SK, 46, "SK")                                                                            \
	X(CP, 47, "CP")                                                                            \
	X(EAP, 48, "EAP")                                                                          \
	X(SKF, 53, "SKF")

/* RFC 7296 3.3.1 security protocol identifiers */
#define IANA_PROTO(X)                                                                              \
	X(NONE, 0, "none")                                                                         \
	X(IKE, 1, "IKE")                                                                           \
	X(AH, 2, "AH")                                                                             \
	X(ESP, 3, "ESP")

/* RFC 7296 3.3.2 transform types */
#define IANA_TRANSFORM(X)                                                                          \
	X(ENCR, 1, "encryption")                                                                   \
	X(PRF, 2, "PRF")                                                                           \
	X(INTEG, 3, "integrity")                                                                   \
	X(KE, 4, "key exchange")                                                                   \
	X(ESN, 5, "ESN")                                                                           \
	X(ADDKE1, 6, "additional key exchange 1")                                                  \
	X(ADDKE2, 7, "additional key exchange 2")                                                  \
	X(ADDKE3, 8, "additional key exchange 3")                                                  \
	X(ADDKE4, 9, "additional key exchange 4")                                                  \
	X(ADDKE5, 10, "additional key exchange 5")                                                 \
	X(ADDKE6, 11, "additional key exchange 6")                                                 \
	X(ADDKE7, 12, "additional key exchange 7")

#define IANA_ENCR(X)                                                                               \
	X(NULL, 11, "NULL")                                                                        \
	X(AES_CBC, 12, "AES_CBC")                                                                  \
	X(AES_GCM_16, 20, "AES_GCM_16")                                                            \
	X(CHACHA20_POLY1305, 28, "CHACHA20_POLY1305")

#define IANA_PRF(X)                                                                                \
	X(HMAC_SHA1, 2, "PRF_HMAC_SHA1")                                                           \
	X(HMAC_SHA2_256, 5, "PRF_HMAC_SHA2_256")                                                   \
	X(HMAC_SHA2_384, 6, "PRF_HMAC_SHA2_384")                                                   \
	X(HMAC_SHA2_512, 7, "PRF_HMAC_SHA2_512")

#define IANA_INTEG(X)                                                                              \
	X(NONE, 0, "NONE")                                                                         \
	X(HMAC_SHA1_96, 2, "HMAC_SHA1_96")                                                         \
	X(HMAC_SHA2_256_128, 12, "HMAC_SHA2_256_128")                                              \
	X(HMAC_SHA2_384_192, 13, "HMAC_SHA2_384_192")                                              \
	X(HMAC_SHA2_512_256, 14, "HMAC_SHA2_512_256")

#define IANA_KE(X)                                                                                 \
	X(NONE, 0, "NONE")                                                                         \
	X(MODP_2048, 14, "MODP_2048")                                                              \
	X(MODP_3072, 15, "MODP_3072")                                                              \
	X(MODP_4096, 16, "MODP_4096")                                                              \
	X(ECP_256, 19, "ECP_256")                                                                  \
	X(ECP_384, 20, "ECP_384")                                                                  \
	X(ECP_521, 21, "ECP_521")                                                                  \
	X(CURVE25519, 31, "CURVE25519")                                                            \
	X(ML_KEM_512, 35, "ML_KEM_512")                                                            \
	X(ML_KEM_768, 36, "ML_KEM_768")                                                            \
	X(ML_KEM_1024, 37, "ML_KEM_1024")

#define IANA_ESN(X)                                                                                \
	X(NONE, 0, "NO_ESN")                                                                       \
	X(ESN, 1, "ESN")

/* RFC 7296 3.5 identification types */
#define IANA_ID(X)                                                                                 \
	X(IPV4_ADDR, 1, "ID_IPV4_ADDR")                                                            \
	X(FQDN, 2, "ID_FQDN")                                                                      \
	X(RFC822_ADDR, 3, "ID_RFC822_ADDR")                                                        \
	X(IPV6_ADDR, 5, "ID_IPV6_ADDR")                                                            \
	X(DER_ASN1_DN, 9, "ID_DER_ASN1_DN")                                                        \
	X(DER_ASN1_GN, 10, "ID_DER_ASN1_GN")                                                       \
	X(KEY_ID, 11, "ID_KEY_ID")

/* RFC 7296 3.8 authentication methods */
#define IANA_AUTH_METHOD(X)                                                                        \
	X(RSA_SIGNATURE, 1, "RSA digital signature")                                               \
	X(SHARED_KEY, 2, "shared key")                                                             \
	X(DSS_SIGNATURE, 3, "DSS digital signature")                                               \
	X(ECDSA_256, 9, "ECDSA P-256")                                                             \
	X(ECDSA_384, 10, "ECDSA P-384")                                                            \
	X(ECDSA_521, 11, "ECDSA P-521")                                                            \
	X(DIGITAL_SIGNATURE, 14, "digital signature")

/* RFC 7427 7 and RFC 8420 5: hash algorithms of digital signatures */
#define IANA_SIG_HASH(X)                                                                           \
	X(SHA1, 1, "SHA1")                                                                         \
	X(SHA2_256, 2, "SHA2-256")                                                                 \
	X(SHA2_384, 3, "SHA2-384")                                                                 \
	X(SHA2_512, 4, "SHA2-512")                                                                 \
	X(IDENTITY, 5, "Identity")

/* RFC 8784 5.1: what the identity of a post-quantum pre-shared key begins with */
#define IANA_PPK_ID(X)                                                                             \
	X(OPAQUE, 1, "PPK_ID_OPAQUE")                                                              \
	X(FIXED, 2, "PPK_ID_FIXED")

/* RFC 7296 3.6 certificate encodings */
#define IANA_CERT(X)                                                                               \
	X(X509_SIGNATURE, 4, "X.509 certificate for signatures")

/* RFC 7296 3.13.1 traffic selector types */
#define IANA_TS(X)                                                                                 \
	X(IPV4_ADDR_RANGE, 7, "TS_IPV4_ADDR_RANGE")                                                \
	X(IPV6_ADDR_RANGE, 8, "TS_IPV6_ADDR_RANGE")

/* RFC 7296 3.10.1 and later: below 16384 errors, above status */
#define IANA_NOTIFY(X)                                                                             \
	X(UNSUPPORTED_CRITICAL_PAYLOAD, 1, "UNSUPPORTED_CRITICAL_PAYLOAD")                         \
	X(INVALID_IKE_SPI, 4, "INVALID_IKE_SPI")                                                   \
	X(INVALID_MAJOR_VERSION, 5, "INVALID_MAJOR_VERSION")                                       \
	X(INVALID_SYNTAX, 7, "INVALID_SYNTAX")                                                     \
	X(INVALID_MESSAGE_ID, 9, "INVALID_MESSAGE_ID")                                             \
	X(INVALID_SPI, 11, "INVALID_SPI")                                                          \
	X(NO_PROPOSAL_CHOSEN, 14, "NO_PROPOSAL_CHOSEN")                                            \
	X(INVALID_KE_PAYLOAD, 17, "INVALID_KE_PAYLOAD")                                            \
	X(AUTHENTICATION_FAILED, 24, "AUTHENTICATION_FAILED")                                      \
	X(SINGLE_PAIR_REQUIRED, 34, "SINGLE_PAIR_REQUIRED")                                        \
	X(NO_ADDITIONAL_SAS, 35, "NO_ADDITIONAL_SAS")                                              \
	X(INTERNAL_ADDRESS_FAILURE, 36, "INTERNAL_ADDRESS_FAILURE")                                \
	X(FAILED_CP_REQUIRED, 37, "FAILED_CP_REQUIRED")                                            \
	X(TS_UNACCEPTABLE, 38, "TS_UNACCEPTABLE")                                                  \
	X(INVALID_SELECTORS, 39, "INVALID_SELECTORS")                                              \
	X(TEMPORARY_FAILURE, 43, "TEMPORARY_FAILURE")                                              \
	X(CHILD_SA_NOT_FOUND, 44, "CHILD_SA_NOT_FOUND")                                            \
	X(STATE_NOT_FOUND, 47, "STATE_NOT_FOUND")                                                  \
	X(INITIAL_CONTACT, 16384, "INITIAL_CONTACT")                                               \
	X(SET_WINDOW_SIZE, 16385, "SET_WINDOW_SIZE")                                               \
	X(ADDITIONAL_TS_POSSIBLE, 16386, "ADDITIONAL_TS_POSSIBLE")                                 \
	X(IPCOMP_SUPPORTED, 16387, "IPCOMP_SUPPORTED")                                             \
	X(NAT_DETECTION_SOURCE_IP, 16388, "NAT_DETECTION_SOURCE_IP")                               \
	X(NAT_DETECTION_DESTINATION_IP, 16389, "NAT_DETECTION_DESTINATION_IP")                     \
	X(COOKIE, 16390, "COOKIE")                                                                 \
	X(USE_TRANSPORT_MODE, 16391, "USE_TRANSPORT_MODE")                                         \
	X(REKEY_SA, 16393, "REKEY_SA")                                                             \
	X(ESP_TFC_PADDING_NOT_SUPPORTED, 16394, "ESP_TFC_PADDING_NOT_SUPPORTED")                   \
	X(NON_FIRST_FRAGMENTS_ALSO, 16395, "NON_FIRST_FRAGMENTS_ALSO")                             \
	X(MOBIKE_SUPPORTED, 16396, "MOBIKE_SUPPORTED")                                             \
	X(CHILDLESS_IKEV2_SUPPORTED, 16418, "CHILDLESS_IKEV2_SUPPORTED")                           \
	X(QUICK_CRASH_DETECTION, 16419, "QUICK_CRASH_DETECTION")                                   \
	X(IKEV2_FRAGMENTATION_SUPPORTED, 16430, "IKEV2_FRAGMENTATION_SUPPORTED")                   \
	X(SIGNATURE_HASH_ALGORITHMS, 16431, "SIGNATURE_HASH_ALGORITHMS")                           \
	X(USE_PPK, 16435, "USE_PPK")                                                               \
	X(PPK_IDENTITY, 16436, "PPK_IDENTITY")                                                     \
	X(NO_PPK_AUTH, 16437, "NO_PPK_AUTH")                                                       \
	X(INTERMEDIATE_EXCHANGE_SUPPORTED, 16438, "INTERMEDIATE_EXCHANGE_SUPPORTED")               \
	X(ADDITIONAL_KEY_EXCHANGE, 16441, "ADDITIONAL_KEY_EXCHANGE")

#define X(s, n, t) IKE_EXCHANGE_##s = n,
enum ike_exchange_type { IANA_EXCHANGE(X) };
#undef X
#define X(s, n, t) IKE_PAYLOAD_##s = n,
enum ike_payload_type { IANA_PAYLOAD(X) };
#undef X
#define X(s, n, t) IKE_PROTO_##s = n,
enum ike_proto { IANA_PROTO(X) };
#undef X
#define X(s, n, t) IKE_TRANSFORM_##s = n,
enum ike_transform_type { IANA_TRANSFORM(X) };
#undef X
#define X(s, n, t) IKE_ENCR_##s = n,
enum ike_encr { IANA_ENCR(X) };
#undef X
#define X(s, n, t) IKE_PRF_##s = n,
enum ike_prf { IANA_PRF(X) };
#undef X
#define X(s, n, t) IKE_INTEG_##s = n,
enum ike_integ { IANA_INTEG(X) };
#undef X
#define X(s, n, t) IKE_KE_##s = n,
enum ike_ke_method { IANA_KE(X) };
#undef X
#define X(s, n, t) IKE_ESN_##s = n,
enum ike_esn { IANA_ESN(X) };
#undef X
#define X(s, n, t) IKE_ID_##s = n,
enum ike_id_type { IANA_ID(X) };
#undef X
#define X(s, n, t) IKE_AUTH_##s = n,
enum ike_auth_method { IANA_AUTH_METHOD(X) };
#undef X
#define X(s, n, t) IKE_SIG_HASH_##s = n,
enum ike_sig_hash { IANA_SIG_HASH(X) };
#undef X
#define X(s, n, t) IKE_PPK_ID_##s = n,
enum ike_ppk_id_type { IANA_PPK_ID(X) };
#undef X
#define X(s, n, t) IKE_CERT_##s = n,
enum ike_cert_encoding { IANA_CERT(X) };
#undef X
#define X(s, n, t) IKE_TS_##s = n,
enum ike_ts_type { IANA_TS(X) };
#undef X
#define X(s, n, t) IKE_NOTIFY_##s = n,
enum ike_notify_type { IANA_NOTIFY(X) };
#undef X

/* clang-format on */

/* IKE_NOTIFY types below this one are errors, RFC 7296 3.10.1. */
#define IKE_NOTIFY_STATUS_FIRST 16384

/* RFC 7296 3.3.5, the only transform attribute there is: key length in bits. */
#define IKE_ATTRIBUTE_KEY_LENGTH 14

/* Printed names; "unknown" for a number that is not in the list. Never NULL. */
const char *iana_exchange_name(unsigned int n);
const char *iana_payload_name(unsigned int n);
const char *iana_proto_name(unsigned int n);
const char *iana_transform_name(unsigned int n);
const char *iana_encr_name(unsigned int n);
const char *iana_prf_name(unsigned int n);
const char *iana_integ_name(unsigned int n);
const char *iana_ke_name(unsigned int n);
const char *iana_esn_name(unsigned int n);
const char *iana_id_name(unsigned int n);
const char *iana_auth_method_name(unsigned int n);
const char *iana_sig_hash_name(unsigned int n);
const char *iana_cert_name(unsigned int n);
const char *iana_ts_name(unsigned int n);
const char *iana_notify_name(unsigned int n);

#endif
