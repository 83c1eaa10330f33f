// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Manual keys (RFC 4301 4.5.1): no IKE, one pair of ESP SAs as configured, installed as long as the tunnel is enabled and has its interface.
 * Nobody says whether the peer is there: the link is up while the pair is, and what is to notice more runs through it (BFD).
 *
 * There is no replay window, and a pair that was lost, or has used up its sequence numbers, is installed again as it was: RFC 4303 3.3.3 wants
 * no anti-replay where keys are manual, and a sender need not mind its counter then. An AEAD, whose security hangs on that counter,
 * is refused long before (RFC 8221 3).
 */
#include <zebra.h>

#include "bgpvpnd/tunnel/tunnel_private.h"

/* Before sequence numbers end, with some hundred million packets of time to hear of it. */
#define PACKETS_HARD UINT32_MAX
#define PACKETS_SOFT (PACKETS_HARD - PACKETS_HARD / 16)

/* Somebody who removes the pair again and again has it back once a second, and is told of now and then. */
#define AGAIN_US     USEC_PER_S
#define SAY_AGAIN_US (10 * USEC_PER_S)

static uint32_t child_id(const struct tunnel *t)
{
	return IKE_CHILD_FOREIGN | t->conn;
}

bool tunnel_manual_installed(const struct tunnel *t)
{
	return t->cfg->manual && tunnel_port_has_child(t, child_id(t));
}

static struct endpoint end_of(const struct ipaddr *addr, bool udp)
{
	return (struct endpoint){.addr = *addr, .port = udp ? IKE_NATT_PORT : IKE_PORT};
}

static void install(struct tunnel *t, struct instant now)
{
	const struct tunnel_cfg *cfg = t->cfg;
	struct child_sa_params params = {};

	child_sa_params_copy(&params, &cfg->manual_sa);
	params.child_id = child_id(t);
	params.udp_encap |= t->all->dplane->ops->always_udp;
	params.transport = cfg->ike->transport;
	params.limits = (struct child_sa_limits){.packets_soft = PACKETS_SOFT, .packets_hard = PACKETS_HARD};
	params.local = end_of(&cfg->ike->local, params.udp_encap);
	params.remote = end_of(&cfg->ike->remote, params.udp_encap);
	tunnel_cfg_selectors(cfg, &params.ts_local, &params.ts_remote);
	tunnel_port_child_add(t, &params, now);
	child_sa_params_fini(&params);
}

void tunnel_manual_reconcile(struct tunnel *t, struct instant now)
{
	const struct ike_conn_cfg *ike = t->cfg->ike;

	if (!t->cfg->manual)
		return;
	if (!tunnel_enabled(t) || t->port.displaced) {
		tunnel_port_child_del(t, child_id(t));
		return;
	}
	if (!t->port.link || tunnel_manual_installed(t) || !instant_reached(t->port.retry, now))
		return;
	if (ipaddr_is_unspecified(&ike->local) || ipaddr_is_unspecified(&ike->remote))
		tunnel_port_refuse(
			t,
			"manual keys need `local address` and `remote address`: nobody else says where ESP goes between",
			now);
	else
		install(t, now);
}

/* Both ends of a pair that has become useless are its own: nothing is to be agreed on with the peer. */
void tunnel_manual_worn(struct tunnel *t, struct instant now)
{
	struct instant again = instant_add(t->child_since, AGAIN_US);

	tunnel_port_child_del(t, child_id(t));
	t->port.retry = instant_before(now, again) ? again : now;
}

void tunnel_manual_lost(struct tunnel *t, struct instant now)
{
	bool again = t->dial.said_at.us && instant_diff(now, t->dial.said_at) < SAY_AGAIN_US;

	tunnel_manual_worn(t, now);
	t->dial.said_at = now;
	if (!again)
		tunnel_say(t, TUNNEL_NEWS_DPLANE, now,
			   "the ESP SAs of the manual keys are gone: installed again");
}

void tunnel_manual_info(const struct tunnel *t, struct ike_conn_info *info)
{
	const struct child_sa_params *sa = &t->cfg->manual_sa;
	const struct ike_proposal_cfg proposal = {
		.num = 2,
		.transforms = {{IKE_TRANSFORM_ENCR, sa->encr, sa->encr_key_bits},
			       {IKE_TRANSFORM_INTEG, sa->integ}},
	};

	if (!tunnel_manual_installed(t))
		return;
	info->child_id = child_id(t);
	info->child_spi_in = sa->in.spi;
	info->child_spi_out = sa->out.spi;
	info->child_since = t->child_since;
	ike_proposal_format(IKE_PROTO_ESP, &proposal, info->esp_proposal, sizeof(info->esp_proposal));
}
