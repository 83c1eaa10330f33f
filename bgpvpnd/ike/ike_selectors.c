// SPDX-License-Identifier: GPL-2.0-or-later
/* Selectors and mode of Child SAs, see ike_selectors.h. */
#include <zebra.h>

#include "bgpvpnd/ike/ike_engine.h"
#include "bgpvpnd/ike/ike_selectors.h"
#include "bgpvpnd/ike/ike_ts.h"

static struct ts_list host(const struct ipaddr *addr, uint8_t proto)
{
	return (struct ts_list){
		.n = 1,
		.ts = {{.start = *addr, .end = *addr, .proto = proto, .port_end = UINT16_MAX}},
	};
}

static void configured(const struct ike_sa *sa, const struct ike_conn_cfg *cfg, struct ike_selectors *out)
{
	if (cfg->hosts_proto) {
		out->local = host(&sa->local.addr, cfg->hosts_proto);
		out->remote = host(&sa->remote.addr, cfg->hosts_proto);
	} else {
		out->local = cfg->ts_local;
		out->remote = cfg->ts_remote;
	}
}

void ike_selectors_of(const struct ike_sa *sa, struct ike_selectors *out)
{
	configured(sa, sa->cfg, out);
}

/* 2.23.1: the address that the other end of a NAT knows says nothing here; ports and protocol stay. */
static void substitute(struct ts_list *list, const struct ipaddr *addr)
{
	for (unsigned int i = 0; i < list->n; i++)
		if (ipaddr_equal(&list->ts[i].start, &list->ts[i].end))
			list->ts[i].start = list->ts[i].end = *addr;
}

static void as_seen_here(const struct ike_sa *sa, const struct ike_conn_cfg *cfg,
			 struct ike_selectors *theirs)
{
	if (!cfg->transport)
		return;
	if (sa->nat_local)
		substitute(&theirs->local, &sa->local.addr);
	if (sa->nat_remote)
		substitute(&theirs->remote, &sa->remote.addr);
}

static void say_difference(const struct ts_list *ours, const struct ts_list *theirs, char *words, size_t len)
{
	char have[100], offered[100];

	snprintf(words, len, "we have %s; the peer offers %s", ike_ts_format(ours, have, sizeof(have)),
		 ike_ts_format(theirs, offered, sizeof(offered)));
}

enum ike_reason ike_selectors_narrow(const struct ike_sa *sa, const struct ike_selectors *offered,
				     struct ike_selectors *out, char *words, size_t len)
{
	struct ike_selectors ours, theirs = *offered, common;

	ike_selectors_of(sa, &ours);
	as_seen_here(sa, sa->cfg, &theirs);
	if (ike_ts_narrow(&ours.remote, &theirs.remote, &common.remote) != IKE_R_OK) {
		say_difference(&ours.remote, &theirs.remote, words, len);
		return IKE_R_TS_UNACCEPTABLE;
	}
	if (ike_ts_narrow(&ours.local, &theirs.local, &common.local) != IKE_R_OK) {
		say_difference(&ours.local, &theirs.local, words, len);
		return IKE_R_TS_UNACCEPTABLE;
	}
	*out = common;
	return IKE_R_OK;
}

enum ike_reason ike_selectors_accept(const struct ike_sa *sa, struct ike_selectors *answer)
{
	struct ike_selectors ours, theirs = *answer;

	ike_selectors_of(sa, &ours);
	as_seen_here(sa, sa->cfg, &theirs);
	/* RFC 7296 2.9: the answer is a subset of what we offered. */
	if (!ike_ts_within(&theirs.local, &ours.local) || !ike_ts_within(&theirs.remote, &ours.remote))
		return IKE_R_PEER_CHANGED_PROPOSAL;
	*answer = theirs;
	return IKE_R_OK;
}

enum ike_fit ike_selectors_fit(const struct ike_sa *sa, const struct ike_conn_cfg *cfg,
			       const struct ike_selectors *asked)
{
	struct ike_selectors ours, theirs = *asked;
	struct ts_list common;

	configured(sa, cfg, &ours);
	as_seen_here(sa, cfg, &theirs);
	if (ike_ts_within(&theirs.local, &ours.local) && ike_ts_within(&ours.local, &theirs.local) &&
	    ike_ts_within(&theirs.remote, &ours.remote) && ike_ts_within(&ours.remote, &theirs.remote))
		return IKE_FIT_SAME;
	return ike_ts_narrow(&ours.local, &theirs.local, &common) == IKE_R_OK &&
			       ike_ts_narrow(&ours.remote, &theirs.remote, &common) == IKE_R_OK
		       ? IKE_FIT_SOME
		       : IKE_FIT_NONE;
}

void ike_mode_add(struct ike_draft *draft)
{
	if (draft->sa->cfg->transport)
		ike_draft_notify(draft, IKE_NOTIFY_USE_TRANSPORT_MODE, bytes_make(NULL, 0));
}

enum ike_reason ike_mode_check(const struct ike_turn *turn)
{
	struct ike_notify notify;

	return turn->sa->cfg->transport && !ike_turn_notify(turn, IKE_NOTIFY_USE_TRANSPORT_MODE, &notify)
		       ? IKE_R_TUNNEL_MODE
		       : IKE_R_OK;
}
