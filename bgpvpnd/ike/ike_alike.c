// SPDX-License-Identifier: GPL-2.0-or-later
/* Connections that a peer cannot tell apart, see ike_alike.h. */
#include <zebra.h>

#include "bgpvpnd/ike/ike_alike.h"
#include "bgpvpnd/ike/ike_engine.h"
#include "bgpvpnd/ike/ike_proof.h"
#include "bgpvpnd/ike/ike_ts.h"

static bool same_id(const struct ike_id_cfg *a, const struct ike_id_cfg *b)
{
	return a->type == b->type && bytes_equal(bytes_make(a->value, a->len), bytes_make(b->value, b->len));
}

static bool same_ends(const struct ike_conn_cfg *a, const struct ike_conn_cfg *b)
{
	return ipaddr_equal(&a->local, &b->local) && ipaddr_equal(&a->remote, &b->remote) &&
	       same_id(&a->local_id, &b->local_id) && same_id(&a->remote_id, &b->remote_id);
}

static bool is_alike(const struct ike_conn_cfg *a, const struct ike_conn_cfg *b)
{
	return same_ends(a, b) && secret_equal(secret_view(&a->psk), secret_view(&b->psk)) &&
	       ike_certs_same(a, b) && ike_ppk_same(&a->ppk, &b->ppk) && a->many == b->many;
}

bool ike_conns_alike(const struct ike_conn_cfg *a, const struct ike_conn_cfg *b)
{
	return is_alike(a, b) && ike_ts_within(&a->ts_local, &b->ts_local) &&
	       ike_ts_within(&b->ts_local, &a->ts_local) && ike_ts_within(&a->ts_remote, &b->ts_remote) &&
	       ike_ts_within(&b->ts_remote, &a->ts_remote) && a->hosts_proto == b->hosts_proto;
}

/* How much somebody would be missed who takes this one's place. */
enum need {
	NEED_NONE, /* it has nothing */
	NEED_BEGUN,
	NEED_ALMOST, /* the peer may have it already; or it goes anyway */
	NEED_UP,
};

static enum need need_of(struct ike_conn *conn)
{
	const struct ike_sa *up = ike_conn_up(conn);
	const struct ike_sa *attempt = ike_conn_attempt(conn);

	if (up)
		return instant_is_never(up->retire) ? NEED_UP : NEED_ALMOST;
	if (attempt)
		return attempt->state == IKE_SA_AUTH_SENT ? NEED_ALMOST : NEED_BEGUN;
	return NEED_NONE;
}

static struct instant heard_of(struct ike_conn *conn)
{
	const struct ike_sa *up = ike_conn_up(conn);

	return up ? up->heard : (struct instant){0};
}

struct merit {
	enum ike_fit fit;
	enum need need;
	struct instant heard;
};

static struct merit merit_of(const struct ike_turn *turn, struct ike_conn *conn,
			     const struct ike_selectors *asked)
{
	return (struct merit){
		.fit = asked ? ike_selectors_fit(turn->sa, conn->cfg, asked) : IKE_FIT_SAME,
		.need = need_of(conn),
		.heard = heard_of(conn),
	};
}

static bool is_better(const struct merit *a, const struct merit *b)
{
	if (a->fit != b->fit)
		return a->fit > b->fit;
	if (a->need != b->need)
		return a->need < b->need;
	return instant_before(a->heard, b->heard);
}

struct ike_conn *ike_alike_choose(const struct ike_turn *turn, struct ike_conn *first,
				  const struct ike_selectors *asked)
{
	struct ike_conn *best = NULL, *conn;
	struct merit most = {};

	for (conn = ike_conn_beside(first, first->id); conn; conn = ike_conn_beside(first, conn->id)) {
		struct merit merit;

		if (!is_alike(first->cfg, conn->cfg) || !ike_proof_suite_fits(conn, turn->sa))
			continue;
		if (!best)
			most = merit_of(turn, best = first, asked);
		merit = merit_of(turn, conn, asked);
		if (!is_better(&merit, &most))
			continue;
		most = merit;
		best = conn;
	}
	return best ? best : first;
}

bool ike_alike_is_busy(struct ike_conn *conn)
{
	struct ike_conn *other;

	for (other = ike_conn_beside(conn, 0); other; other = ike_conn_beside(conn, other->id))
		if (other != conn && same_ends(conn->cfg, other->cfg) && need_of(other) != NEED_NONE)
			return true;
	return false;
}
