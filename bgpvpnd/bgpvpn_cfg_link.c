// SPDX-License-Identifier: GPL-2.0-or-later
/* What a tunnel's interface is, and what the tunnel carries, from the configuration tree, see bgpvpn_cfg.h. */
#include <zebra.h>

#include "lib/northbound.h"
#include "lib/prefix.h"

#include "bgpvpnd/bgpvpn_cfg.h"
#include "bgpvpnd/bgpvpn_check_words.h"
#include "bgpvpnd/bgpvpnd.h"

enum dplane_kind bgpvpn_kind_of(const char *word)
{
	static const enum dplane_kind kinds[] = {DPLANE_KIND_TUN, DPLANE_KIND_XFRM, DPLANE_KIND_VTI,
						 DPLANE_KIND_GRE, DPLANE_KIND_IPIP};

	for (size_t i = 0; i < array_size(kinds); i++)
		if (strmatch(word, dplane_kind_name(kinds[i])))
			return kinds[i];
	return DPLANE_KIND_AUTO;
}

/* --- nature ---------------------------------------------------------------------------------------------- */

/* The plane's own kind by its name, so that a tunnel that says it and one that does not can share an interface. */
static enum dplane_kind kind_of(const char *word)
{
	enum dplane_kind kind = bgpvpn_kind_of(word);

	if (kind != DPLANE_KIND_AUTO || !bgpvpn.dplane)
		return kind;
	return bgpvpn.dplane_kernel ? DPLANE_KIND_XFRM : DPLANE_KIND_TUN;
}

static uint32_t number_of(const char *text)
{
	return strtoul(text, NULL, 10);
}

/* A VTI without a remote address takes the packets of every peer; GRE and IPIP have both ends. */
static void fill_ends(const struct ike_conn_cfg *ike, struct dplane_link_nature *nature)
{
	switch (nature->kind) {
	case DPLANE_KIND_VTI:
	case DPLANE_KIND_GRE:
	case DPLANE_KIND_IPIP:
		nature->local = ike->local;
		nature->remote = ike->remote;
		return;
	case DPLANE_KIND_AUTO:
	case DPLANE_KIND_TUN:
	case DPLANE_KIND_XFRM:
		return;
	}
}

static void fill_nature(const struct link_words *words, const struct ike_conn_cfg *ike,
			struct dplane_link_nature *nature)
{
	nature->kind = kind_of(words->kind);
	nature->if_id_in = number_of(words->if_in);
	nature->if_id_out = number_of(words->if_out);
	strlcpy(nature->name_in, words->if_interface, sizeof(nature->name_in));
	nature->mark = number_of(words->mark);
	nature->mark_mask = nature->mark ? UINT32_MAX : 0;
	strlcpy(nature->netns, words->netns, sizeof(nature->netns));
	fill_ends(ike, nature);
}

/* --- what the peer is asked for -------------------------------------------------------------------------- */

/* The inner packets of ESP in transport mode: those of the device, between the outer addresses. */
static void fill_mode(const struct link_words *words, enum dplane_kind kind, struct ike_conn_cfg *ike)
{
	if (kind == DPLANE_KIND_GRE)
		ike->hosts_proto = IPPROTO_GRE;
	else if (kind == DPLANE_KIND_IPIP && !strmatch(words->encapsulation, "tunnel"))
		ike->hosts_proto = IPPROTO_IPIP;
	ike->transport = ike->hosts_proto != 0;
}

/*
 * Many peers need an interface each, or one that they share: in user space an interface is that of one peer, so a tunnel without %u has
 * one peer at a time.
 */
static bool serves_many(const struct link_words *words)
{
	bool can_share = !bgpvpn.dplane || bgpvpn.dplane_kernel;

	return strmatch(words->remote, "any") && !words->remote_id[0] &&
	       (can_share || link_words_template(words));
}

/* --- traffic selectors ----------------------------------------------------------------------------------- */

static struct ipaddr address_of(const struct prefix *p)
{
	return ipaddr_of(bytes_make(&p->u, p->family == AF_INET ? IPV4_MAX_BYTELEN : IPV6_MAX_BYTELEN));
}

static struct ts selector_of(const struct lyd_node *dnode)
{
	const char *port = text_of(dnode, "port");
	struct ts ts = {.port_end = UINT16_MAX};
	struct prefix last = {}, mask = {};

	if (!bgpvpn_prefix_parse(text_of(dnode, "prefix"), &last))
		return ts;
	ts.start = address_of(&last);
	mask.family = last.family;
	mask.prefixlen = last.prefixlen;
	memset(&mask.u, 0xff, sizeof(mask.u));
	apply_mask(&mask);
	for (size_t i = 0; i < IPV6_MAX_BYTELEN; i++)
		last.u.val[i] |= (uint8_t)~mask.u.val[i];
	ts.end = address_of(&last);
	ts.proto = number_of(text_of(dnode, "protocol"));
	if (!strmatch(port, "any"))
		ts.port_start = ts.port_end = number_of(port);
	return ts;
}

static void fill_side(const struct lyd_node *tunnel, const char *side, struct ts_list *list)
{
	const struct lyd_node *child;

	*list = (struct ts_list){};
	LY_LIST_FOR(lyd_child(tunnel), child)
	if (strmatch(child->schema->name, "traffic-selector") && strmatch(text_of(child, "side"), side) &&
	    list->n < LIMIT_TS)
		list->ts[list->n++] = selector_of(child);
}

static bool has_family(const struct ts_list *list, enum ipaddr_type_t family)
{
	for (uint8_t i = 0; i < list->n; i++)
		if (list->ts[i].start.ipa_type == family)
			return true;
	return false;
}

/* Everything, in the families that the other side has. */
static void any_beside(struct ts_list *list, const struct ts_list *other)
{
	struct ts_list any;

	ts_list_any(&any);
	for (uint8_t i = 0; i < any.n; i++)
		if (!other->n || has_family(other, any.ts[i].start.ipa_type))
			list->ts[list->n++] = any.ts[i];
}

static void fill_selectors(const struct lyd_node *tunnel, struct ike_conn_cfg *ike)
{
	fill_side(tunnel, "local", &ike->ts_local);
	fill_side(tunnel, "remote", &ike->ts_remote);
	if (!ike->ts_local.n)
		any_beside(&ike->ts_local, &ike->ts_remote);
	if (!ike->ts_remote.n)
		any_beside(&ike->ts_remote, &ike->ts_local);
}

void bgpvpn_cfg_link(const struct lyd_node *tunnel, struct tunnel_cfg *cfg)
{
	struct link_words words;

	link_words_read(tunnel, &words);
	fill_nature(&words, cfg->ike, &cfg->nature);
	strlcpy(cfg->vrf, words.vrf, sizeof(cfg->vrf));
	fill_mode(&words, cfg->nature.kind, cfg->ike);
	cfg->ike->many = serves_many(&words);
	fill_selectors(tunnel, cfg->ike);
}

/* --- what is missing ------------------------------------------------------------------------------------- */

static bool pairs_family(const struct ike_conn_cfg *ike, enum ipaddr_type_t family)
{
	return has_family(&ike->ts_local, family) && has_family(&ike->ts_remote, family);
}

const char *bgpvpn_cfg_link_missing(const struct lyd_node *tunnel, const struct tunnel_cfg *cfg)
{
	bool both_ends = cfg->nature.kind == DPLANE_KIND_GRE || cfg->nature.kind == DPLANE_KIND_IPIP;

	if (both_ends && ipaddr_is_unspecified(&cfg->ike->remote))
		return "kind gre and ipip need the remote address of one peer, not any";
	if (both_ends && ipaddr_is_unspecified(&cfg->ike->local))
		return "local address missing, kind gre and ipip need it";
	if (!pairs_family(cfg->ike, IPADDR_V4) && !pairs_family(cfg->ike, IPADDR_V6))
		return "traffic-selectors of local and remote side have no address family in common";
	return NULL;
}
