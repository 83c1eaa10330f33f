// SPDX-License-Identifier: GPL-2.0-or-later
/* The policies of a link, see xfrm_plane.h. RFC 4301 4.4.1 in the kernel's words. */
#include <zebra.h>

#include "lib/log.h"
#include "lib/memory.h"

#include "bgpvpnd/dplane/xfrm/xfrm_plane.h"

DEFINE_MTYPE_STATIC(BGPVPN, XFRM_RULE, "VPN XFRM selectors");

DECLARE_DLIST(xfrm_rules, struct xfrm_rule, item);

/* All of ours are alike to the kernel: a packet that two match takes either, and the peer agreed to both. */
#define PRIORITY 1000

static bool ts_equal(const struct ts *a, const struct ts *b)
{
	return ipaddr_equal(&a->start, &b->start) && ipaddr_equal(&a->end, &b->end) && a->proto == b->proto &&
	       a->port_start == b->port_start && a->port_end == b->port_end;
}

static struct xfrm_rule *rule_find(struct xfrm_link *link, const struct ts *local, const struct ts *remote)
{
	struct xfrm_rule *rule;

	frr_each (xfrm_rules, &link->rules, rule)
		if (ts_equal(&rule->local, local) && ts_equal(&rule->remote, remote))
			return rule;
	return NULL;
}

/*
 * --- pairs of selectors ----------------------------------------------------------------------------------
 */

/* The next pair of one family, from *i on; the lists have an entry or two each. */
static bool pair_next(const struct child_sa_params *params, unsigned int *i, const struct ts **local,
		      const struct ts **remote)
{
	unsigned int pairs = params->ts_local.n * params->ts_remote.n;

	for (; *i < pairs; (*i)++) {
		*local = &params->ts_local.ts[*i / params->ts_remote.n];
		*remote = &params->ts_remote.ts[*i % params->ts_remote.n];
		if ((*local)->start.ipa_type != (*remote)->start.ipa_type)
			continue;
		(*i)++;
		return true;
	}
	return false;
}

#define EACH_PAIR(params, i, local, remote) for (unsigned int i = 0; pair_next(params, &i, &local, &remote);)

int xfrm_rules_check(struct xfrm_plane *plane, const struct child_sa_params *params)
{
	const struct ts *local, *remote;
	bool any = false;

	EACH_PAIR(params, i, local, remote)
	{
		any = true;
		if (!xfrm_selector_fits(local) || !xfrm_selector_fits(remote))
			return dplane_fail(
				&plane->dp, EOPNOTSUPP,
				"the kernel takes prefixes and single ports as traffic selectors, no other ranges");
	}
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
		.priority = PRIORITY,
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

static int receive_set(struct xfrm_plane *plane, const struct xfrm_link *link, const struct xfrm_rule *rule)
{
	struct xfrm_policy in = policy_of(link, rule, XFRM_WHERE_IN),
			   fwd = policy_of(link, rule, XFRM_WHERE_FWD);
	int err = policy_set(plane, &in);

	if (!err)
		err = policy_set(plane, &fwd);
	return err;
}

static void receive_del(struct xfrm_plane *plane, const struct xfrm_link *link, const struct xfrm_rule *rule)
{
	policy_del(plane, link, rule, XFRM_WHERE_IN);
	policy_del(plane, link, rule, XFRM_WHERE_FWD);
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
	const struct ts *local, *remote;
	unsigned int held = 0;
	int err = 0;

	EACH_PAIR(params, i, local, remote)
	{
		err = rule_hold(plane, link, local, remote);
		if (err)
			break;
		held++;
	}
	if (!err)
		return 0;
	EACH_PAIR(params, i, local, remote)
	{
		if (!held--)
			break;
		rule_drop(plane, link, local, remote);
	}
	return err;
}

void xfrm_rules_drop(struct xfrm_plane *plane, struct xfrm_link *link, const struct child_sa_params *params)
{
	const struct ts *local, *remote;

	EACH_PAIR(params, i, local, remote)
	rule_drop(plane, link, local, remote);
}

/*
 * --- who sends -------------------------------------------------------------------------------------------
 */

static bool sends_by(const struct xfrm_child *sender, const struct xfrm_rule *rule)
{
	const struct ts *local, *remote;

	if (!sender)
		return false;
	EACH_PAIR(&sender->params, i, local, remote)
	if (ts_equal(&rule->local, local) && ts_equal(&rule->remote, remote))
		return true;
	return false;
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

static bool policy_missing(struct xfrm_plane *plane, const struct xfrm_link *link,
			   const struct xfrm_rule *rule, enum xfrm_policy_dir where)
{
	_Alignas(uint64_t) uint8_t buf[XFRM_MSG_LEN];
	struct xfrm_policy policy = policy_of(link, rule, where);

	return xfrm_tell(plane, xfrm_msg_policy_get(buf, &policy)) == -ENOENT;
}

int xfrm_rules_repair(struct xfrm_plane *plane, struct xfrm_link *link)
{
	struct xfrm_rule *rule;
	int missing = 0, err = 0;

	frr_each (xfrm_rules, &link->rules, rule) {
		if (policy_missing(plane, link, rule, XFRM_WHERE_IN) ||
		    policy_missing(plane, link, rule, XFRM_WHERE_FWD)) {
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
