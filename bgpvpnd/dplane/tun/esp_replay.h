// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Anti-replay window, RFC 4303 3.4.3: pure. A sequence number is checked before the packet is authenticated
 * and the window moves only after it, so that a forged packet can't push honest ones out.
 */
#ifndef BGPVPN_TUN_ESP_REPLAY_H
#define BGPVPN_TUN_ESP_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "bgpvpnd/base/limits.h"

/* A power of two that holds the largest window plus the word being filled and the word being left. */
#define ESP_REPLAY_WORDS 128

struct esp_replay {
	uint64_t top;			 /* highest authenticated sequence number; 0: none yet */
	uint32_t window;		 /* packets; 0: everything is accepted */
	uint64_t bits[ESP_REPLAY_WORDS]; /* a ring: bit (seq % 64) of word (seq / 64) */
};

/* A window above LIMIT_REPLAY_WINDOW becomes that. */
void esp_replay_init(struct esp_replay *replay, uint32_t window);

/* Whether seq is new and not left of the window. Changes nothing. */
bool esp_replay_check(const struct esp_replay *replay, uint64_t seq);

/*
 * The 64-bit number of a packet that carries only the low half, RFC 4303 A2.2: the one that fits the window best.
 */
uint64_t esp_replay_infer(const struct esp_replay *replay, uint32_t low);

/* Takes note of seq; only after esp_replay_check() and authentication. */
void esp_replay_advance(struct esp_replay *replay, uint64_t seq);

#endif
