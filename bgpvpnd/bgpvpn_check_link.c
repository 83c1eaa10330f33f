// SPDX-License-Identifier: GPL-2.0-or-later
/* What an interface may be and what it may carry, one leaf at a time, see bgpvpn_check.h. */
#include <zebra.h>

#include "lib/northbound.h"
#include "lib/prefix.h"

#include "bgpvpnd/bgpvpn_cfg.h"
#include "bgpvpnd/bgpvpn_check.h"
#include "bgpvpnd/bgpvpn_check_words.h"
#include "bgpvpnd/bgpvpnd.h"

/* --- names ----------------------------------------------------------------------------------------------- */

/* What the kernel refuses as a name, or has already. */
static bool name_ok(const char *name)
{
	return !strmatch(name, ".") && !strmatch(name, "..") && !strpbrk(name, ":/ ") &&
	       !strmatch(name, "lo") && !strmatch(name, "all") && !strmatch(name, "default");
}

/* Peers that dial in are counted: a number of this many digits must have room in the name. */
#define NUMBER_DIGITS 4
#define NAME_MAX_LEN  15

static bool template_ok(const char *name, char *err, size_t err_len)
{
	const char *percent = strchr(name, '%');

	if (!percent)
		return true;
	if (percent[1] != 'u' || strchr(percent + 1, '%'))
		return refuse(
			err, err_len,
			"%s cannot be the name of a tunnel interface: %% is for one %%u, the number of a peer",
			name);
	if (strlen(name) - strlen("%u") + NUMBER_DIGITS > NAME_MAX_LEN)
		return refuse(
			err, err_len,
			"interface %s is too long: %%u stands for up to %d digits, and a name has up to %d characters",
			name, NUMBER_DIGITS, NAME_MAX_LEN);
	return true;
}

bool bgpvpn_check_interface(const struct lyd_node *dnode, char *err, size_t err_len)
{
	const char *name = yang_dnode_get_string(dnode, NULL);
	bool inbound = strmatch(lyd_parent(dnode)->schema->name, "if-id");

	if (!name_ok(name) || (inbound && strchr(name, '%')))
		return refuse(err, err_len, "%s cannot be the name of a tunnel interface", name);
	return template_ok(name, err, err_len);
}

/* --- what this data plane can ---------------------------------------------------------------------------- */

/* `what` needs interfaces of this kind. */
static bool plane_makes(enum dplane_kind kind, const char *what, char *err, size_t err_len)
{
	struct dplane *dp = bgpvpn.dplane;
	const char *missing = dp ? dp->ops->kind_missing(dp, kind) : NULL;

	return !missing || refuse(err, err_len, "%s: %s", what, missing);
}

bool bgpvpn_check_kind(const struct lyd_node *dnode, char *err, size_t err_len)
{
	const char *name = yang_dnode_get_string(dnode, NULL);
	char what[32];

	snprintf(what, sizeof(what), "kind %s", name);
	return plane_makes(bgpvpn_kind_of(name), what, err, err_len);
}

bool bgpvpn_check_if_id(const struct lyd_node *dnode, char *err, size_t err_len)
{
	return plane_makes(DPLANE_KIND_XFRM, "if-id is for kind xfrm", err, err_len);
}

bool bgpvpn_check_mark(const struct lyd_node *dnode, char *err, size_t err_len)
{
	return plane_makes(DPLANE_KIND_VTI, "mark is for kind vti", err, err_len);
}

bool bgpvpn_check_netns(const struct lyd_node *dnode, char *err, size_t err_len)
{
	const char *name = yang_dnode_get_string(dnode, NULL);

	if (strchr(name, '/') || strmatch(name, ".") || strmatch(name, ".."))
		return refuse(err, err_len, "%s cannot be the name of a network namespace", name);
	if (bgpvpn.dplane && !bgpvpn.dplane_kernel)
		return refuse(
			err, err_len,
			"netns %s: the user-space data plane has its interfaces where it runs; the kernel data plane can put them elsewhere",
			name);
	return true;
}

bool bgpvpn_check_vrf(const struct lyd_node *dnode, char *err, size_t err_len)
{
	const char *name = yang_dnode_get_string(dnode, NULL);

	return (name_ok(name) && !strchr(name, '%')) ||
	       refuse(err, err_len, "%s cannot be the name of a VRF", name);
}

/* --- traffic selectors ----------------------------------------------------------------------------------- */

static bool has_ports(const char *protocol)
{
	switch (atoi(protocol)) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_DCCP:
	case IPPROTO_SCTP:
	case IPPROTO_UDPLITE:
		return true;
	default:
		return false;
	}
}

/* Of another line: the same in other words. */
static bool selector_same(const struct lyd_node *a, const struct lyd_node *b)
{
	struct prefix pa, pb;

	return strmatch(text_of(a, "protocol"), text_of(b, "protocol")) &&
	       strmatch(text_of(a, "port"), text_of(b, "port")) &&
	       bgpvpn_prefix_parse(text_of(a, "prefix"), &pa) &&
	       bgpvpn_prefix_parse(text_of(b, "prefix"), &pb) && prefix_same(&pa, &pb);
}

static bool selector_fits(const struct lyd_node *dnode, char *err, size_t err_len)
{
	const char *side = text_of(dnode, "side");
	const struct lyd_node *other;
	unsigned int count = 0;

	LY_LIST_FOR(lyd_child(lyd_parent(dnode)), other)
	{
		if (!strmatch(other->schema->name, "traffic-selector") ||
		    !strmatch(text_of(other, "side"), side))
			continue;
		if (other != dnode && selector_same(other, dnode))
			return refuse(err, err_len, "traffic-selector %s %s is there already", side,
				      text_of(other, "prefix"));
		if (++count > LIMIT_TS)
			return refuse(err, err_len, "more than %d traffic-selectors of the %s side", LIMIT_TS,
				      side);
	}
	return true;
}

bool bgpvpn_check_selector(const struct lyd_node *dnode, char *err, size_t err_len)
{
	const char *text = text_of(dnode, "prefix"), *protocol = text_of(dnode, "protocol");
	struct prefix p, network;

	if (!bgpvpn_prefix_parse(text, &p))
		return refuse(err, err_len, "%s is not a prefix", text);
	network = p;
	apply_mask(&network);
	if (!prefix_same(&p, &network))
		return refuse(err, err_len, "%pFX has bits behind its length: %pFX", &p, &network);
	if (!strmatch(text_of(dnode, "port"), "any") && !has_ports(protocol))
		return refuse(
			err, err_len,
			"protocol %s has no ports: 6 (TCP), 17 (UDP), 33 (DCCP), 132 (SCTP) and 136 (UDP-Lite) have",
			protocol);
	return selector_fits(dnode, err, err_len);
}
