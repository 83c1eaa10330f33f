// SPDX-License-Identifier: GPL-2.0-or-later
/* Post-quantum pre-shared keys, see ike_ppk.h. RFC 8784 3, 4 and 5. */
#include <zebra.h>

#include "bgpvpnd/ike/ike_engine.h"

void ike_ppk_handshake_fini(struct ike_ppk_handshake *ppk)
{
	secret_fini(&ppk->plain_d);
	secret_fini(&ppk->plain_pi);
	secret_fini(&ppk->plain_pr);
}

/* --- IKE_SA_INIT ----------------------------------------------------------------------------------------- */

static bool have(const struct ike_ppk_cfg *ppk)
{
	return ppk->secret.len > 0;
}

void ike_ppk_announce(struct ike_draft *draft)
{
	const struct ike_sa *sa = draft->sa;

	if (sa->initiator ? have(&sa->cfg->ppk) : sa->hs->ppk.agreed)
		ike_draft_notify(draft, IKE_NOTIFY_USE_PPK, bytes_make(NULL, 0));
}

bool ike_ppk_agreed(const struct ike_turn *turn, const struct ike_conn_cfg *cfg)
{
	struct ike_notify notify;

	return have(&cfg->ppk) && ike_turn_notify(turn, IKE_NOTIFY_USE_PPK, &notify);
}

bool ike_ppk_agreed_by_any(const struct ike_turn *turn)
{
	const struct ipaddr *local = &turn->local->addr, *remote = &turn->remote->addr;
	struct ike_conn *conn = ike_conn_candidate(turn->engine, local, remote, NULL);
	struct ike_notify notify;

	while (conn && !have(&conn->cfg->ppk))
		conn = ike_conn_candidate(turn->engine, local, remote, conn);
	return conn && ike_turn_notify(turn, IKE_NOTIFY_USE_PPK, &notify);
}

/* --- IKE_AUTH -------------------------------------------------------------------------------------------- */

void ike_ppk_mix(struct ike_sa *sa, const struct ike_ppk_cfg *ppk)
{
	struct ike_ppk_handshake *hs = &sa->hs->ppk;

	secret_copy(&hs->plain_d, &sa->keys.d);
	secret_copy(&hs->plain_pi, &sa->keys.pi);
	secret_copy(&hs->plain_pr, &sa->keys.pr);
	ike_keymat_ppk(&sa->suite, secret_view(&ppk->secret), &sa->keys);
	sa->ppk = true;
}

static void unmix(struct ike_sa *sa)
{
	struct ike_ppk_handshake *hs = &sa->hs->ppk;

	secret_move(&sa->keys.d, &hs->plain_d);
	secret_move(&sa->keys.pi, &hs->plain_pi);
	secret_move(&sa->keys.pr, &hs->plain_pr);
	sa->ppk = false;
}

void ike_ppk_add_identity(struct ike_draft *draft, const struct secret *without)
{
	const struct ike_sa *sa = draft->sa;
	const struct ike_ppk_cfg *ppk = &sa->cfg->ppk;
	uint8_t id[1 + LIMIT_PPK_ID];
	struct wr wr = wr_of(id, sizeof(id));

	if (!sa->ppk)
		return;
	wr_u8(&wr, IKE_PPK_ID_FIXED);
	wr_bytes(&wr, bytes_make(ppk->id, ppk->id_len));
	ike_draft_notify(draft, IKE_NOTIFY_PPK_IDENTITY, wr_bytes_view(&wr));
	if (without->len)
		ike_draft_notify(draft, IKE_NOTIFY_NO_PPK_AUTH, secret_view(without));
}

/* As it was configured: identities of PPKs look like key ids. */
static const char *id_text(struct bytes id, char *buf, size_t len)
{
	struct ike_id_cfg cfg = {.type = IKE_ID_KEY_ID, .len = MIN(id.n, LIMIT_ID)};

	memcpy(cfg.value, id.p, cfg.len);
	return ike_id_format(&cfg, buf, len);
}

static const char *own_text(const struct ike_ppk_cfg *ppk, char *buf, size_t len)
{
	return id_text(bytes_make(ppk->id, ppk->id_len), buf, len);
}

enum ike_reason ike_ppk_response(struct ike_turn *turn, char *words, size_t len)
{
	struct ike_sa *sa = turn->sa;
	struct ike_notify notify;
	char ours[96];

	if (!sa->ppk || ike_turn_notify(turn, IKE_NOTIFY_PPK_IDENTITY, &notify))
		return IKE_R_OK;
	if (sa->cfg->ppk.required) {
		snprintf(words, len, "it has no %s", own_text(&sa->cfg->ppk, ours, sizeof(ours)));
		return IKE_R_PPK_REQUIRED;
	}
	unmix(sa);
	return IKE_R_OK;
}

/* PPK_ID_OPAQUE means something only to those who agreed on what: for us it is one that we do not have. */
static bool is_ours(const struct ike_ppk_cfg *ppk, struct bytes data)
{
	return have(ppk) && data.n > 0 && data.p[0] == IKE_PPK_ID_FIXED &&
	       bytes_equal(bytes_make(ppk->id, ppk->id_len), bytes_make(data.p + 1, data.n - 1));
}

static void say_missing(const struct ike_ppk_cfg *ppk, const struct bytes *theirs, char *words, size_t len)
{
	char ours[96], peers[96] = "none";

	if (theirs && theirs->n > 0)
		id_text(bytes_make(theirs->p + 1, theirs->n - 1), peers, sizeof(peers));
	snprintf(words, len, "we have %s, the peer %s",
		 have(ppk) ? own_text(ppk, ours, sizeof(ours)) : "none", peers);
}

enum ike_reason ike_ppk_request(struct ike_turn *turn, const struct ike_ppk_cfg *ppk, struct ike_auth *auth,
				char *words, size_t len)
{
	struct ike_sa *sa = turn->sa;
	struct ike_notify identity, without;
	bool named = sa->hs->ppk.agreed && ike_turn_notify(turn, IKE_NOTIFY_PPK_IDENTITY, &identity);

	if (named && is_ours(ppk, identity.data)) {
		ike_ppk_mix(sa, ppk);
		return IKE_R_OK;
	}
	say_missing(ppk, named ? &identity.data : NULL, words, len);
	if (ppk->required)
		return IKE_R_PPK_REQUIRED;
	if (!named)
		return IKE_R_OK;
	if (!ike_turn_notify(turn, IKE_NOTIFY_NO_PPK_AUTH, &without))
		return IKE_R_PPK_UNKNOWN;
	auth->value = without.data;
	return IKE_R_OK;
}

void ike_ppk_doubt(const struct ike_sa *sa, const struct ike_ppk_cfg *ppk, char *words, size_t len)
{
	char ours[96];

	if (sa->ppk)
		snprintf(words, len, "maybe the post-quantum pre-shared keys %s differ",
			 own_text(ppk, ours, sizeof(ours)));
}
