// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A pair of ESP SAs as the user-space plane uses them (RFC 4303 2.2, 3.3.3; RFC 4106, 7634, 3602): keys,
 * counters, window, selectors. Pure: no clock, no socket. Made on the main thread, then owned by the tun
 * thread.
 */
#ifndef BGPVPN_TUN_ESP_SA_H
#define BGPVPN_TUN_ESP_SA_H

#include "bgpvpnd/base/base.h"
#include "bgpvpnd/crypto/crypto.h"
#include "bgpvpnd/dplane/tun/esp_replay.h"
#include "bgpvpnd/dplane/tun/inner_ip.h"

/* RFC 4303 3.3.3: the counter must not cycle, 32 bits of it or, with ESN, 64. From SOFT on the SA should be rekeyed. */
#define ESP_SEQ_MAX  UINT64_C(0xffffffff)
#define ESP_SEQ_SOFT UINT64_C(0xe0000000)

/* Unpredictable IVs for CBC, drawn this many bytes at a time. */
#define ESP_IV_POOL 256

/* What the cipher adds, looked up once. */
struct esp_lens {
	size_t iv;
	size_t icv;
	size_t block;
};

struct esp_out {
	uint32_t spi;
	uint64_t seq; /* last one used */
	uint64_t seq_max;
	uint64_t seq_soft;
	bool esn;
	struct crypto_box *box;
	struct esp_lens lens;
	bool counter_iv; /* AEADs: the IV is the sequence number; else from the pool */
	size_t pool_left;
	uint8_t pool[ESP_IV_POOL];
};

struct esp_in {
	uint32_t spi;
	bool esn;
	bool aead;
	struct crypto_box *box;
	struct esp_lens lens;
	struct esp_replay replay;
};

struct esp_pair {
	struct esp_in in;
	struct esp_out out;
	struct inner_selectors selectors;
};

/* 0; -EOPNOTSUPP for algorithms (or ESN) that we don't have; -EINVAL for keys of a wrong length. */
int esp_pair_init(struct esp_pair *pair, const struct child_sa_params *params, uint16_t replay_window);
void esp_pair_fini(struct esp_pair *pair);

/*
 * The next IV, out->lens.iv bytes. For AEADs it belongs to out->seq, so it comes after the number was taken.

 */
void esp_out_iv(struct esp_out *out, uint8_t *iv);

#endif
