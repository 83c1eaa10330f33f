// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Many peers of one configuration (`remote address any`): who proves an identity gets an instance, a tunnel of its own under the
 * template's snapshot. It lives from the engine's SPAWN until its last IKE SA has gone; then the peer is nowhere, and nothing is kept for it.
 *
 * Where the template's interface is called NAME%u, each instance has one of its own, with the lowest number that is free; else all share the
 * template's, which outlives them. What is behind the peer is routed into it, see tunnel_claim.c.
 */
#include <zebra.h>

#include "bgpvpnd/tunnel/tunnel_private.h"

bool tunnel_is_template(const struct tunnel *t)
{
	return t->cfg->ike->many && !t->kin.parent;
}

static const char *number_mark(const struct tunnel_cfg *cfg)
{
	return strstr(cfg->interface, "%u");
}

bool tunnel_has_no_interface(const struct tunnel *t)
{
	return tunnel_is_template(t) && number_mark(t->cfg);
}

bool tunnel_has_place(const struct tunnel *t)
{
	return tunnel_has_no_interface(t) ? t->all->dplane != NULL : t->port.link && !t->port.displaced;
}

/*
 * --- names -----------------------------------------------------------------------------------------------
 */

/*
 * The identity as one word that `clear vpn tunnel` takes: a peer may be called what it likes, and blanks, '?' and '|' mean something to
 * the command line.
 */
static void word_of(const struct ike_id_cfg *id, char *buf, size_t len)
{
	ike_id_format(id, buf, len);
	for (char *c = buf; *c; c++)
		if (!isgraph((unsigned char)*c) || *c == '?' || *c == '|')
			*c = '_';
}

/* The same identity twice, or two that begin alike and are cut off, are told apart by a number. */
static void name_of(const struct tunnel *parent, const struct ike_id_cfg *id,
		    char name[LIMIT_TUNNEL_NAME + 1])
{
	char who[2 * LIMIT_ID + 8], behind[16] = "";

	word_of(id, who, sizeof(who));
	for (uint32_t n = 2;; n++) {
		strlcpy(name, parent->cfg->name, LIMIT_TUNNEL_NAME + 1);
		strlcat(name, "/", LIMIT_TUNNEL_NAME + 1);
		strlcat(name, who, LIMIT_TUNNEL_NAME + 1 - strlen(behind));
		strlcat(name, behind, LIMIT_TUNNEL_NAME + 1);
		if (!tunnel_find(parent->all, name))
			return;
		snprintf(behind, sizeof(behind), "~%u", n);
	}
}

static bool interface_taken(const struct tunnels *tunnels, const char *interface)
{
	const struct tunnel *t;

	frr_each (tunnel_names_const, &tunnels->names, t)
		if (strcmp(t->cfg->interface, interface) == 0)
			return true;
	return false;
}

static bool kept(const void *tunnels, const char *interface)
{
	return interface_taken(tunnels, interface);
}

void tunnel_template_sweep(struct tunnel *t)
{
	struct dplane *dp = t->all->dplane;

	if (!t->port.swept)
		dp->ops->links_sweep(dp, t->cfg->nature.netns, t->cfg->interface, kept, t->all);
	t->port.swept = true;
}

/* False: the number does not fit behind it. */
static bool interface_of(const struct tunnel *parent, uint32_t number, char interface[16])
{
	const char *pattern = parent->cfg->interface, *mark = number_mark(parent->cfg);

	if (!mark) {
		strlcpy(interface, pattern, 16);
		return true;
	}
	return snprintf(interface, 16, "%.*s%u%s", (int)(mark - pattern), pattern, number, mark + 2) < 16;
}

/*
 * The lowest number that no sibling has, and whose interface no other tunnel has either: one that is called vpn3 by hand is not given to
 * a peer of vpn%u.
 */
static bool place_of(const struct tunnel *parent, uint32_t *number, char interface[16])
{
	const struct tunnel *sibling = tunnel_instances_const_first(&parent->kin.instances);
	bool own = number_mark(parent->cfg) != NULL;

	for (uint32_t n = 0;; n++) {
		if (sibling && sibling->kin.number == n) {
			sibling = tunnel_instances_const_next(&parent->kin.instances, sibling);
			continue;
		}
		if (!interface_of(parent, n, interface))
			return false;
		if (own && interface_taken(parent->all, interface))
			continue;
		*number = n;
		return true;
	}
}

/*
 * --- begin -----------------------------------------------------------------------------------------------
 */

static struct tunnel *instance_new(struct tunnel *parent, const struct ike_output *out, struct instant now)
{
	char name[LIMIT_TUNNEL_NAME + 1], interface[16];
	struct tunnel_cfg *cfg;
	struct tunnel *t;
	uint32_t number;

	if (!place_of(parent, &number, interface)) {
		tunnel_say(parent, TUNNEL_NEWS_DPLANE, now,
			   "a peer is refused: interface name %s has no room for its number",
			   parent->cfg->interface);
		return NULL;
	}
	name_of(parent, out->peer_id, name);
	cfg = tunnel_cfg_instance(parent->cfg, name, interface);
	t = tunnel_new(parent->all, cfg, out->conn, now);
	tunnel_cfg_unref(cfg);
	t->dial.given = t->cfg->ike;
	t->kin.parent = parent;
	t->kin.number = number;
	t->kin.peer_id = *out->peer_id;
	tunnel_instances_add(&parent->kin.instances, t);
	return t;
}

void tunnel_spawn(struct tunnels *tunnels, const struct ike_output *out, struct instant now)
{
	struct tunnel *parent = tunnel_find_conn(tunnels, out->parent);
	struct tunnel *t = NULL;

	if (parent && tunnel_enabled(parent))
		t = instance_new(parent, out, now);
	if (t) {
		tunnel_reconcile(t, now);
		tunnel_reconcile(parent, now);
		return;
	}
	/* Its template has gone since. */
	ike_terminate(tunnels->engine, out->conn, IKE_R_CONFIG_CHANGED, now);
	ike_conn_del(tunnels->engine, out->conn);
}

/*
 * --- end -------------------------------------------------------------------------------------------------
 */

static void instance_end(struct tunnel *t, enum ike_reason reason, struct instant now)
{
	struct tunnel *parent = t->kin.parent;

	/* While it is whole still, so that the log has the reason why its link goes down. */
	tunnel_dial_restart(t, reason, now);
	tunnel_reconcile(t, now);
	tunnel_dial_stop(t, reason, now);
	tunnel_port_close(t);
	if (t->link.up)
		parent->kin.up--;
	tunnel_instances_del(&parent->kin.instances, t);
	tunnel_free(t);
	tunnel_reconcile(parent, now);
}

void tunnel_instances_end(struct tunnel *parent, enum ike_reason reason, struct instant now)
{
	struct tunnel *t;

	while ((t = tunnel_instances_first(&parent->kin.instances)))
		instance_end(t, reason, now);
}

void tunnel_instances_close(struct tunnel *parent, struct instant now)
{
	struct tunnel *t;

	frr_each (tunnel_instances, &parent->kin.instances, t) {
		tunnel_dial_restart(t, IKE_R_DELETED_BY_US, now);
		tunnel_reconcile(t, now);
	}
}

void tunnel_settle(struct tunnel *t, struct instant now)
{
	tunnel_reconcile(t, now);
	if (t->kin.parent && tunnel_dial_info(t).phase == IKE_PHASE_NONE)
		instance_end(t, IKE_R_DELETED_BY_US, now);
}

/*
 * --- meanwhile -------------------------------------------------------------------------------------------
 */

void tunnel_instances_change(struct tunnel *parent, struct instant now)
{
	struct tunnel_cfg *cfg;
	struct tunnel *t;

	frr_each (tunnel_instances, &parent->kin.instances, t) {
		cfg = tunnel_cfg_instance(parent->cfg, t->cfg->name, t->cfg->interface);
		tunnel_cfg_swap(t, cfg, now);
		tunnel_cfg_unref(cfg);
		tunnel_reconcile(t, now);
	}
}

void tunnel_instance_published(struct tunnel *t, struct instant now)
{
	if (t->link.up)
		t->kin.parent->kin.up++;
	else
		t->kin.parent->kin.up--;
	tunnel_reconcile(t->kin.parent, now);
}
