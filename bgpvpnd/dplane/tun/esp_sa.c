// SPDX-License-Identifier: GPL-2.0-or-later
/* A pair of ESP SAs, see esp_sa.h. */
#include <zebra.h>

#include "bgpvpnd/dplane/tun/esp_sa.h"

struct algorithms {
	const struct crypto_encr *encr;
	const struct crypto_integ *integ; /* NULL with an AEAD */
};

static int algorithms_find(const struct child_sa_params *params, struct algorithms *alg)
{
	const struct crypto_encr *encr = crypto_encr_find(params->encr, params->encr_key_bits);
	const struct crypto_integ *integ = NULL;

	if (!encr)
		return -EOPNOTSUPP;
	if (encr->aead != (params->integ == IKE_INTEG_NONE))
		return -EOPNOTSUPP;
	if (!encr->aead) {
		integ = crypto_integ_find(params->integ);
		if (!integ)
			return -EOPNOTSUPP;
	}
	*alg = (struct algorithms){encr, integ};
	return 0;
}

static bool keys_fit(const struct algorithms *alg, const struct child_sa_half *half)
{
	size_t integ_len = alg->integ ? alg->integ->key_len : 0;

	return half->encr_key.len == (size_t)alg->encr->key_len + alg->encr->salt_len &&
	       half->integ_key.len == integ_len;
}

static struct crypto_box *box_new(const struct algorithms *alg, const struct child_sa_half *half,
				  bool sealing)
{
	return crypto_box_new(alg->encr, alg->integ, &half->encr_key, &half->integ_key, sealing);
}

static struct esp_lens box_lens(const struct crypto_box *box)
{
	return (struct esp_lens){
		.iv = crypto_box_iv_len(box),
		.icv = crypto_box_icv_len(box),
		.block = crypto_box_block_len(box),
	};
}

int esp_pair_init(struct esp_pair *pair, const struct child_sa_params *params, uint16_t replay_window)
{
	struct algorithms alg;
	int err;

	err = algorithms_find(params, &alg);
	if (err)
		return err;
	if (!keys_fit(&alg, &params->in) || !keys_fit(&alg, &params->out))
		return -EINVAL;

	*pair = (struct esp_pair){};
	pair->in.spi = params->in.spi;
	pair->out.spi = params->out.spi;
	pair->in.box = box_new(&alg, &params->in, false);
	pair->out.box = box_new(&alg, &params->out, true);
	if (!pair->in.box || !pair->out.box) {
		esp_pair_fini(pair);
		return -EOPNOTSUPP;
	}
	pair->in.lens = box_lens(pair->in.box);
	pair->out.lens = box_lens(pair->out.box);
	pair->out.counter_iv = alg.encr->aead;
	pair->in.aead = alg.encr->aead;
	pair->in.esn = pair->out.esn = params->esn;
	pair->out.seq_max = params->esn ? UINT64_MAX : ESP_SEQ_MAX;
	pair->out.seq_soft = params->esn ? UINT64_MAX - ESP_SEQ_MAX : ESP_SEQ_SOFT;
	esp_replay_init(&pair->in.replay, replay_window);
	inner_selectors_init(&pair->selectors, &params->ts_local, &params->ts_remote);
	return 0;
}

void esp_pair_fini(struct esp_pair *pair)
{
	crypto_box_free(pair->in.box);
	crypto_box_free(pair->out.box);
	pair->in.box = NULL;
	pair->out.box = NULL;
	/* An IV that was not used yet is a secret. */
	secret_wipe(pair->out.pool, sizeof(pair->out.pool));
	pair->out.pool_left = 0;
}

/* RFC 4106 3.1, RFC 7634 2: never repeated under a key, which a counter is; a null cipher may have none. */
static void iv_counter(struct esp_out *out, uint8_t *iv)
{
	struct wr wr = wr_of(iv, out->lens.iv);

	if (out->lens.iv < sizeof(out->seq))
		return;
	wr_zero(&wr, out->lens.iv - sizeof(out->seq));
	wr_u64(&wr, out->seq);
}

void esp_out_iv(struct esp_out *out, uint8_t *iv)
{
	if (out->counter_iv) {
		iv_counter(out, iv);
		return;
	}
	/* RFC 3602 3: unpredictable. */
	if (out->pool_left < out->lens.iv) {
		crypto_random(out->pool, sizeof(out->pool));
		out->pool_left = sizeof(out->pool);
	}
	out->pool_left -= out->lens.iv;
	memcpy(iv, out->pool + out->pool_left, out->lens.iv);
}
