// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Anti-replay window, see esp_replay.h. The ring of words is the idea of RFC 6479: the window moves by
 * clearing whole words in front of it, never by shifting.
 */
#include <zebra.h>

#include "bgpvpnd/dplane/tun/esp_replay.h"

#define WORD_BITS 64

_Static_assert((ESP_REPLAY_WORDS & (ESP_REPLAY_WORDS - 1)) == 0, "the ring index is a mask");
_Static_assert(LIMIT_REPLAY_WINDOW / WORD_BITS + 2 <= ESP_REPLAY_WORDS, "the ring holds the largest window");

void esp_replay_init(struct esp_replay *replay, uint32_t window)
{
	*replay = (struct esp_replay){.window = MIN(window, (uint32_t)LIMIT_REPLAY_WINDOW)};
}

static size_t word_of(uint64_t seq)
{
	return (seq / WORD_BITS) & (ESP_REPLAY_WORDS - 1);
}

static uint64_t bit_of(uint64_t seq)
{
	return UINT64_C(1) << (seq % WORD_BITS);
}

bool esp_replay_check(const struct esp_replay *replay, uint64_t seq)
{
	if (!replay->window)
		return true;
	/* RFC 4303 3.3.3: the first packet of an SA has number 1. */
	if (seq == 0)
		return false;
	if (seq > replay->top)
		return true;
	if (replay->top - seq >= replay->window)
		return false;
	return !(replay->bits[word_of(seq)] & bit_of(seq));
}

/* Clears the words that `seq` brings into the ring; all of them when it jumps that far. */
static void window_move(struct esp_replay *replay, uint64_t seq)
{
	uint64_t first = replay->top / WORD_BITS + 1;
	uint64_t last = seq / WORD_BITS;

	if (last - first >= ESP_REPLAY_WORDS && last >= first)
		first = last - ESP_REPLAY_WORDS + 1;
	for (uint64_t word = first; word <= last; word++)
		replay->bits[word & (ESP_REPLAY_WORDS - 1)] = 0;
	replay->top = seq;
}

uint64_t esp_replay_infer(const struct esp_replay *replay, uint32_t low)
{
	/* Without a window: half of the space to either side. */
	uint32_t window = replay->window ? replay->window : UINT32_C(1) << 31;
	uint32_t top_low = (uint32_t)replay->top;
	uint32_t high = (uint32_t)(replay->top >> 32);
	uint32_t bottom = top_low - window + 1;
	bool one_subspace = top_low >= window - 1;

	if (one_subspace)
		high += low < bottom;
	else if (low >= bottom && high > 0)
		high--;
	return (uint64_t)high << 32 | low;
}

void esp_replay_advance(struct esp_replay *replay, uint64_t seq)
{
	if (!replay->window) {
		replay->top = MAX(replay->top, seq);
		return;
	}
	if (seq > replay->top)
		window_move(replay, seq);
	replay->bits[word_of(seq)] |= bit_of(seq);
}
