// SPDX-License-Identifier: GPL-2.0-or-later
/* Additional key exchanges, see ike_addke.h. RFC 9370 2.2.1, 2.2.2, 2.2.4. */
#include <zebra.h>

#include "bgpvpnd/ike/ike_engine.h"

#define LINK_LEN 8

void ike_addke_plan(struct ike_addke *row, const struct ike_suite *suite)
{
	row->num = row->done = 0;
	for (unsigned int i = 0; i < LIMIT_ADDKE; i++)
		if (suite->addke[i])
			row->methods[row->num++] = suite->addke[i];
}

void ike_addke_fini(struct ike_addke *row)
{
	crypto_ke_free(row->ke);
	secret_fini(&row->shared);
	secret_fini(&row->more);
	secret_fini(&row->link);
	*row = (struct ike_addke){};
}

bool ike_suite_has_addke(const struct ike_suite *suite)
{
	for (unsigned int i = 0; i < LIMIT_ADDKE; i++)
		if (suite->addke[i])
			return true;
	return false;
}

bool ike_addke_ask(struct ike_draft *draft, struct ike_addke *row)
{
	const struct crypto_ke_method *method = row->methods[row->done];

	crypto_ke_free(row->ke);
	row->ke = crypto_ke_new(method);
	if (!row->ke)
		return false;
	ike_draft_ke(draft, row->ke, method->id);
	return true;
}

static enum ike_reason value_read(const struct ike_turn *turn, struct ike_ke *ke)
{
	const struct ike_payload *payload = ike_payloads_find(turn->list, IKE_PAYLOAD_KE);

	return payload ? ike_ke_decode(payload->body, ke) : IKE_R_PAYLOAD_MISSING;
}

enum ike_reason ike_addke_take(const struct ike_turn *turn, struct ike_addke *row, struct secret *shared)
{
	struct ike_ke ke;
	enum ike_reason reason = value_read(turn, &ke);

	if (reason != IKE_R_OK)
		return reason;
	if (ke.method != row->methods[row->done]->id || !crypto_ke_derive(row->ke, ke.value, shared))
		return IKE_R_BAD_KE;
	crypto_ke_free(row->ke);
	row->ke = NULL;
	row->done++;
	return IKE_R_OK;
}

enum ike_reason ike_addke_answer(struct ike_turn *turn, struct ike_addke *row, struct crypto_ke **reply,
				 struct secret *shared)
{
	const struct crypto_ke_method *method = row->methods[row->done];
	struct crypto_ke *pair;
	struct ike_ke ke;
	enum ike_reason reason = value_read(turn, &ke);

	if (reason != IKE_R_OK)
		return reason;
	turn->wanted_ke = method->id;
	if (ke.method != method->id)
		return IKE_R_INVALID_KE;
	pair = crypto_ke_respond(method, ke.value);
	if (!pair || !crypto_ke_derive(pair, ke.value, shared)) {
		crypto_ke_free(pair);
		return IKE_R_BAD_KE;
	}
	*reply = pair;
	row->done++;
	return IKE_R_OK;
}

void ike_addke_append(struct ike_addke *row, const struct secret *shared)
{
	struct secret longer = {};
	struct wr wr;

	secret_alloc(&longer, row->more.len + shared->len);
	wr = wr_of(longer.key, longer.len);
	wr_bytes(&wr, secret_view(&row->more));
	wr_bytes(&wr, secret_view(shared));
	secret_move(&row->more, &longer);
}

void ike_addke_add_link(struct ike_draft *draft, struct ike_addke *row)
{
	const struct ike_host *host = draft->sa->engine->host;

	secret_alloc(&row->link, LINK_LEN);
	host->random(host->arg, row->link.key, row->link.len);
	ike_draft_notify(draft, IKE_NOTIFY_ADDITIONAL_KEY_EXCHANGE, secret_view(&row->link));
}

bool ike_addke_take_link(const struct ike_turn *turn, struct ike_addke *row)
{
	struct ike_notify notify;

	if (!ike_turn_notify(turn, IKE_NOTIFY_ADDITIONAL_KEY_EXCHANGE, &notify))
		return false;
	secret_set(&row->link, notify.data);
	return true;
}

bool ike_addke_is_linked(const struct ike_turn *turn, const struct ike_addke *row)
{
	struct ike_notify notify;

	return ike_turn_notify(turn, IKE_NOTIFY_ADDITIONAL_KEY_EXCHANGE, &notify) &&
	       secret_equal(notify.data, secret_view(&row->link));
}
