// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ML-KEM: accumulated known answers, C2SP's CCTV (c2sp.org/CCTV/ML-KEM, CC0) as of FIPS 203's final text. SHAKE-128 of nothing
 * gives d, z, m and a ciphertext that fits no key, for one round after the other; what comes of each round is hashed:
 * ek || dk || ct || K || K of the ciphertext that fits no key. For 10 000 rounds CCTV prints the hash itself; for 100, which
 * is quick, the hash is of an implementation that gives CCTV's for 10 000 (and ours gives both).
 */
#ifndef BGPVPN_TESTS_VECTORS_CRYPTO_KEM_H
#define BGPVPN_TESTS_VECTORS_CRYPTO_KEM_H

#include "tests/vectors/hex.h"

static const struct {
	uint16_t id;
	const char *type; /* OpenSSL's name */
	uint16_t public_len, reply_len;
	const char *after_100, *after_10000;
} kem_vectors[] = {
	{IKE_KE_ML_KEM_512, "ML-KEM-512", 800, 768,
	 "449120c6e320ef3e9fbfa2316e5f2d2e1e6dd37d8ff5d086d5d2db7d42aff0a1",
	 "705dcffc87f4e67e35a09dcaa31772e86f3341bd3ccf1e78a5fef99ae6a35a13"},
	{IKE_KE_ML_KEM_768, "ML-KEM-768", 1184, 1088,
	 "8d65b902f28edc683cebee2872962fd165a4d197c9e24ec74caa4470270df0b7",
	 "f959d18d3d1180121433bf0e05f11e7908cf9d03edc150b2b07cb90bef5bc1c1"},
	{IKE_KE_ML_KEM_1024, "ML-KEM-1024", 1568, 1568,
	 "c3ffe9ebecfa479c142656cbfbc6417efa05b77e994fe538eef4daed166363df",
	 "e3bf82b013307b2e9d47dde791ff6dfc82e694e6382404abdb948b908b75bad5"},
};

#endif
