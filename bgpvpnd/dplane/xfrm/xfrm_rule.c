// SPDX-License-Identifier: GPL-2.0-or-later
/* The policies of a link, see xfrm_plane.h. RFC 4301 4.4.1 in the kernel's words. */
#include <zebra.h>

#include "lib/log.h"
#include "lib/memory.h"

#include "bgpvpnd/dplane/xfrm/xfrm_plane.h"

DEFINE_MTYPE_STATIC(BGPVPN, XFRM_RULE, "VPN XFRM selectors");

DECLARE_DLIST(xfrm_rules, struct xfrm_rule, item);

/* Of ours the narrower wins; a guard is behind them all, see xfrm_guard.c. */
#define PRIORITY 1000

static struct xfrm_rule *rule_find(struct xfrm_link *link, const struct ts *local, const struct ts *remote)
{
	struct xfrm_rule *rule;

	frr_each (xfrm_rules, &link->rules, rule)
		if (xfrm_ts_equal(&rule->local, local) && xfrm_ts_equal(&rule->remote, remote))
			return rule;
	return NULL;
}

/*
 * --- what can be said to the kernel ----------------------------------------------------------------------
 */

/* Of ICMP the kernel's ports are type and code, and RFC 7296 3.13.1 has both in one. */
static bool fits(const struct ts *ts)
{
	bool icmp = ts->proto == IPPROTO_ICMP || ts->proto == IPPROTO_ICMPV6;

	return xfrm_selector_fits(ts) && !(icmp && ts->port_start == ts->port_end);
}

/* To the kernel a policy is its direction, selector, if_id and mark. */
static bool same_place(const struct xfrm_link *a, const struct xfrm_link *b)
{
	return (a->if_id_in == b->if_id_in || a->if_id_out == b->if_id_out) && a->mark == b->mark &&
	       a->mark_mask == b->mark_mask;
}

static struct xfrm_link *taken_by(struct xfrm_plane *plane, const struct xfrm_link *link,
				  const struct ts *local, const struct ts *remote)
{
	struct dplane_link *base;

	for (base = dplane_link_first(&plane->links); base; base = dplane_link_next(&plane->links, base)) {
		struct xfrm_link *other = (struct xfrm_link *)base;

		if (other != link && same_place(other, link) && rule_find(other, local, remote))
			return other;
	}
	return NULL;
}

static int pair_check(struct xfrm_plane *plane, const struct xfrm_link *link, const struct ts *local,
		      const struct ts *remote)
{
	const struct xfrm_link *other;
	char words[200];

	if (!fits(local) || !fits(remote))
		return dplane_fail(
			&plane->dp, EOPNOTSUPP,
			"the kernel takes prefixes and single ports as traffic selectors, no other ranges");
	other = taken_by(plane, link, local, remote);
	if (!other)
		return 0;
	xfrm_pair_words(words, sizeof(words), local, remote);
	return dplane_fail(&plane->dp, EEXIST,
			   "the selectors %s on interface %s are another tunnel's already", words,
			   other->base.params.name);
}

int xfrm_ends_check(struct xfrm_plane *plane, const struct xfrm_link *link, const struct ipaddr *local,
		    const struct ipaddr *remote)
{
	const struct dplane_link_nature *nature = &link->base.params.nature;
	char words[300];

	if (!link->transport ||
	    (ipaddr_equal(local, &nature->local) && ipaddr_equal(remote, &nature->remote)))
		return 0;
	snprintfrr(words, sizeof(words),
		   "interface %s goes from %pIA to %pIA, its Child SA from %pIA to %pIA",
		   link->base.params.name, &nature->local, &nature->remote, local, remote);
	return dplane_fail(&plane->dp, EADDRNOTAVAIL, "%s", words);
}

int xfrm_rules_check(struct xfrm_plane *plane, const struct xfrm_link *link,
		     const struct child_sa_params *params)
{
	struct xfrm_pairs pairs;
	struct ts local, remote;
	bool any = false;
	int err = xfrm_ends_check(plane, link, &params->local.addr, &params->remote.addr);

	xfrm_pairs_of(link, params, &pairs);
	EACH_PAIR(&pairs, i, local, remote)
	{
		any = true;
		if (!err)
			err = pair_check(plane, link, &local, &remote);
	}
	if (err)
		return err;
	return any ? 0
		   : dplane_fail(&plane->dp, EINVAL, "a Child SA without traffic selectors of one family");
}

/*
 * --- in the kernel ---------------------------------------------------------------------------------------
 */

static struct xfrm_policy policy_of(const struct xfrm_link *link, const struct xfrm_rule *rule,
				    enum xfrm_policy_dir where)
{
	bool out = where == XFRM_WHERE_OUT;

	return (struct xfrm_policy){
		.where = where,
		.from = out ? rule->local : rule->remote,
		.to = out ? rule->remote : rule->local,
		.reqid = link->reqid,
		.if_id = out ? link->if_id_out : link->if_id_in,
		.mark = link->mark,
		.mark_mask = link->mark_mask,
		.transport = link->transport,
		.priority = PRIORITY + xfrm_pair_width(&rule->local, &rule->remote),
	};
}

static int policy_set(struct xfrm_plane *plane, const struct xfrm_policy *policy)
{
	_Alignas(uint64_t) uint8_t buf[XFRM_MSG_LEN];

	return xfrm_tell(plane, xfrm_msg_policy(buf, policy));
}

static void policy_del(struct xfrm_plane *plane, const struct xfrm_link *link, const struct xfrm_rule *rule,
		       enum xfrm_policy_dir where)
{
	_Alignas(uint64_t) uint8_t buf[XFRM_MSG_LEN];
	struct xfrm_policy policy = policy_of(link, rule, where);

	/* Fails when somebody has deleted it, which is as good. */
	xfrm_tell(plane, xfrm_msg_policy_del(buf, &policy));
}

/* What comes out of GRE or IPIP is no packet of this policy any more: only the outer one is, and that is for us. */
static unsigned int receives(const struct xfrm_link *link)
{
	return link->transport ? 1 : 2;
}

static const enum xfrm_policy_dir receive[] = {XFRM_WHERE_IN, XFRM_WHERE_FWD};

static int receive_set(struct xfrm_plane *plane, const struct xfrm_link *link, const struct xfrm_rule *rule)
{
	int err = 0;

	for (unsigned int i = 0; !err && i < receives(link); i++) {
		struct xfrm_policy policy = policy_of(link, rule, receive[i]);

		err = policy_set(plane, &policy);
	}
	return err;
}

static void receive_del(struct xfrm_plane *plane, const struct xfrm_link *link, const struct xfrm_rule *rule)
{
	for (unsigned int i = 0; i < receives(link); i++)
		policy_del(plane, link, rule, receive[i]);
}

static int send_set(struct xfrm_plane *plane, const struct xfrm_link *link, const struct xfrm_rule *rule,
		    const struct xfrm_child *sender)
{
	struct xfrm_policy policy = policy_of(link, rule, XFRM_WHERE_OUT);

	policy.path = xfrm_path_out(&sender->params);
	policy.spi = sender->params.out.spi;
	return policy_set(plane, &policy);
}

/*
 * --- hold and drop ---------------------------------------------------------------------------------------
 */

static int rule_hold(struct xfrm_plane *plane, struct xfrm_link *link, const struct ts *local,
		     const struct ts *remote)
{
	struct xfrm_rule *rule = rule_find(link, local, remote);
	int err;

	if (rule) {
		rule->users++;
		return 0;
	}
	rule = XCALLOC(MTYPE_XFRM_RULE, sizeof(*rule));
	rule->local = *local;
	rule->remote = *remote;
	rule->users = 1;
	err = receive_set(plane, link, rule);
	if (err) {
		receive_del(plane, link, rule);
		XFREE(MTYPE_XFRM_RULE, rule);
		return err;
	}
	xfrm_rules_add_tail(&link->rules, rule);
	return 0;
}

static void rule_drop(struct xfrm_plane *plane, struct xfrm_link *link, const struct ts *local,
		      const struct ts *remote)
{
	struct xfrm_rule *rule = rule_find(link, local, remote);

	if (!rule || --rule->users)
		return;
	if (rule->out)
		policy_del(plane, link, rule, XFRM_WHERE_OUT);
	receive_del(plane, link, rule);
	xfrm_rules_del(&link->rules, rule);
	XFREE(MTYPE_XFRM_RULE, rule);
}

int xfrm_rules_hold(struct xfrm_plane *plane, struct xfrm_link *link, const struct child_sa_params *params)
{
	struct xfrm_pairs pairs;
	struct ts local, remote;
	unsigned int held = 0;
	int err = 0;

	xfrm_pairs_of(link, params, &pairs);
	EACH_PAIR(&pairs, i, local, remote)
	{
		err = rule_hold(plane, link, &local, &remote);
		if (err)
			break;
		held++;
	}
	if (!err)
		return 0;
	EACH_PAIR(&pairs, i, local, remote)
	{
		if (!held--)
			break;
		rule_drop(plane, link, &local, &remote);
	}
	return err;
}

void xfrm_rules_drop(struct xfrm_plane *plane, struct xfrm_link *link, const struct child_sa_params *params)
{
	struct xfrm_pairs pairs;
	struct ts local, remote;

	xfrm_pairs_of(link, params, &pairs);
	EACH_PAIR(&pairs, i, local, remote)
	rule_drop(plane, link, &local, &remote);
}

/*
 * --- who sends -------------------------------------------------------------------------------------------
 */

static bool sends_by(const struct xfrm_child *sender, const struct xfrm_rule *rule)
{
	struct xfrm_pairs pairs;

	if (!sender)
		return false;
	xfrm_pairs_of(sender->link, &sender->params, &pairs);
	return xfrm_pair_in(&pairs, &rule->local, &rule->remote);
}

/* Each policy is replaced in one step: a packet takes the old SA or the new one. */
int xfrm_rules_send(struct xfrm_plane *plane, struct xfrm_link *link, struct xfrm_child *sender)
{
	struct xfrm_rule *rule;
	int err;

	frr_each (xfrm_rules, &link->rules, rule) {
		if (!sends_by(sender, rule))
			continue;
		err = send_set(plane, link, rule, sender);
		if (err)
			return err;
		rule->out = true;
	}
	frr_each (xfrm_rules, &link->rules, rule) {
		if (!rule->out || sends_by(sender, rule))
			continue;
		policy_del(plane, link, rule, XFRM_WHERE_OUT);
		rule->out = false;
	}
	return 0;
}

/*
 * --- repair ----------------------------------------------------------------------------------------------
 */

bool xfrm_rules_own(struct xfrm_plane *plane, const struct xfrm_policy *policy)
{
	bool out = policy->where == XFRM_WHERE_OUT;
	struct dplane_link *base;

	for (base = dplane_link_first(&plane->links); base; base = dplane_link_next(&plane->links, base)) {
		struct xfrm_link *link = (struct xfrm_link *)base;
		const struct xfrm_rule *rule;

		if (link->reqid != policy->reqid)
			continue;
		rule = rule_find(link, out ? &policy->from : &policy->to, out ? &policy->to : &policy->from);
		return rule && (!out || rule->out) &&
		       policy->if_id == (out ? link->if_id_out : link->if_id_in);
	}
	return false;
}

struct compared {
	struct xfrm_policy want;
	bool same;
};

static void compare(void *arg, const struct xfrm_news *news)
{
	struct compared *c = arg;

	c->same = news->type == XFRM_NEWS_POLICY && news->policy.reqid == c->want.reqid &&
		  news->policy.spi == c->want.spi && news->policy.transport == c->want.transport &&
		  news->policy.block == c->want.block && news->policy.priority == c->want.priority;
}

/* Gone, or another in its place. */
static bool policy_missing(struct xfrm_plane *plane, const struct xfrm_link *link,
			   const struct xfrm_rule *rule, enum xfrm_policy_dir where)
{
	_Alignas(uint64_t) uint8_t buf[XFRM_MSG_LEN];
	struct compared c = {.want = policy_of(link, rule, where)};
	int err;

	if (where == XFRM_WHERE_OUT && link->sender)
		c.want.spi = link->sender->params.out.spi;
	err = xfrm_ask(plane, xfrm_msg_policy_get(buf, &c.want), compare, &c);
	return err == -ENOENT || (!err && !c.same);
}

static bool receive_missing(struct xfrm_plane *plane, const struct xfrm_link *link,
			    const struct xfrm_rule *rule)
{
	for (unsigned int i = 0; i < receives(link); i++)
		if (policy_missing(plane, link, rule, receive[i]))
			return true;
	return false;
}

int xfrm_rules_repair(struct xfrm_plane *plane, struct xfrm_link *link)
{
	int missing = xfrm_guard_repair(plane, &link->base.params), err = 0;
	struct xfrm_rule *rule;

	if (missing < 0)
		return missing;
	frr_each (xfrm_rules, &link->rules, rule) {
		if (receive_missing(plane, link, rule)) {
			missing++;
			err = receive_set(plane, link, rule);
		}
		if (!err && rule->out && link->sender && policy_missing(plane, link, rule, XFRM_WHERE_OUT)) {
			missing++;
			err = send_set(plane, link, rule, link->sender);
		}
		if (err)
			return err;
	}
	return missing;
}
