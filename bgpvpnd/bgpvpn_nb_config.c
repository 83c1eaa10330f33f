// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Configuration into tunnels. Callbacks check (VALIDATE) and mark (APPLY), nothing more; vpn_apply_finish()
 * then builds one new snapshot for each tunnel that is marked, or whose profile is, and hands it over. A
 * transaction that is refused has marked nothing.
 */
#include <zebra.h>

#include "lib/command.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "lib/northbound.h"
#include "lib/typesafe.h"

#include "bgpvpnd/bgpvpn_cfg.h"
#include "bgpvpnd/bgpvpn_check.h"
#include "bgpvpnd/bgpvpn_debug.h"
#include "bgpvpnd/bgpvpn_manual.h"
#include "bgpvpnd/bgpvpn_nb.h"
#include "bgpvpnd/bgpvpn_ppk.h"
#include "bgpvpnd/bgpvpn_pump.h"
#include "bgpvpnd/bgpvpn_secret.h"
#include "bgpvpnd/bgpvpnd.h"

DEFINE_MTYPE_STATIC(BGPVPN, NB_NOTE, "VPN northbound note");

/* --- notes: sorted names, with a word or two ------------------------------------------------------------- */

PREDECL_RBTREE_UNIQ(notes);
struct note {
	struct notes_item item;
	char name[LIMIT_NAME + 1];
	char words[128];
};

static int note_cmp(const struct note *a, const struct note *b)
{
	return strcmp(a->name, b->name);
}
DECLARE_RBTREE_UNIQ(notes, struct note, item, note_cmp);

static struct notes_head marked_tunnels[1] = {INIT_RBTREE_UNIQ(marked_tunnels[0])};
static struct notes_head marked_profiles[1] = {INIT_RBTREE_UNIQ(marked_profiles[0])};
static struct thread *t_reading; /* a configuration is being read; the latest end of that */
static struct notes_head incomplete[1] = {INIT_RBTREE_UNIQ(incomplete[0])};

static struct note note_key(const char *name)
{
	struct note key = {};

	strlcpy(key.name, name, sizeof(key.name));
	return key;
}

static struct note *note_find(struct notes_head *notes, const char *name)
{
	struct note key = note_key(name);

	return notes_find(notes, &key);
}

static void note_set(struct notes_head *notes, const char *name, const char *words)
{
	struct note *note = note_find(notes, name);

	if (!note) {
		note = XCALLOC(MTYPE_NB_NOTE, sizeof(*note));
		strlcpy(note->name, name, sizeof(note->name));
		notes_add(notes, note);
	}
	strlcpy(note->words, words, sizeof(note->words));
}

static void note_del(struct notes_head *notes, const char *name)
{
	struct note *note = note_find(notes, name);

	if (!note)
		return;
	notes_del(notes, note);
	XFREE(MTYPE_NB_NOTE, note);
}

static void notes_clear(struct notes_head *notes)
{
	struct note *note;

	while ((note = notes_pop(notes)))
		XFREE(MTYPE_NB_NOTE, note);
}

const char *bgpvpn_incomplete(const char *tunnel)
{
	struct note *note = note_find(incomplete, tunnel);

	return note ? note->words : NULL;
}

const char *bgpvpn_incomplete_next(const char *after)
{
	struct note key, *note;

	if (!after) {
		note = notes_first(incomplete);
	} else {
		key = note_key(after);
		note = notes_find_gteq(incomplete, &key);
		if (note && strmatch(note->name, after))
			note = notes_next(incomplete, note);
	}
	return note ? note->name : NULL;
}

void bgpvpn_nb_fini(void)
{
	THREAD_OFF(t_reading);
	notes_clear(marked_tunnels);
	notes_clear(marked_profiles);
	notes_clear(incomplete);
}

/* --- mark ------------------------------------------------------------------------------------------------ */

/* Marks the tunnel or the profile that a node belongs to. */
static int mark(enum nb_event event, const struct lyd_node *dnode)
{
	if (event != NB_EV_APPLY)
		return NB_OK;
	while (!strmatch(lyd_parent(dnode)->schema->name, "vpn"))
		dnode = lyd_parent(dnode);
	note_set(strmatch(dnode->schema->name, "tunnel") ? marked_tunnels : marked_profiles,
		 yang_dnode_get_string(dnode, "./name"), "");
	return NB_OK;
}

int vpn_mark_create(struct nb_cb_create_args *args)
{
	return mark(args->event, args->dnode);
}

int vpn_mark_modify(struct nb_cb_modify_args *args)
{
	return mark(args->event, args->dnode);
}

int vpn_mark_destroy(struct nb_cb_destroy_args *args)
{
	return mark(args->event, args->dnode);
}

/* --- check, then mark ------------------------------------------------------------------------------------ */

int vpn_ike_proposals_modify(struct nb_cb_modify_args *args)
{
	if (args->event == NB_EV_VALIDATE &&
	    !bgpvpn_check_proposals(IKE_PROTO_IKE, args->dnode, args->errmsg, args->errmsg_len))
		return NB_ERR_VALIDATION;
	return mark(args->event, args->dnode);
}

int vpn_esp_proposals_modify(struct nb_cb_modify_args *args)
{
	if (args->event == NB_EV_VALIDATE &&
	    !bgpvpn_check_proposals(IKE_PROTO_ESP, args->dnode, args->errmsg, args->errmsg_len))
		return NB_ERR_VALIDATION;
	return mark(args->event, args->dnode);
}

int vpn_address_modify(struct nb_cb_modify_args *args)
{
	if (args->event == NB_EV_VALIDATE &&
	    !bgpvpn_check_address(args->dnode, args->errmsg, args->errmsg_len))
		return NB_ERR_VALIDATION;
	return mark(args->event, args->dnode);
}

int vpn_id_modify(struct nb_cb_modify_args *args)
{
	if (args->event == NB_EV_VALIDATE && !bgpvpn_check_id(args->dnode, args->errmsg, args->errmsg_len))
		return NB_ERR_VALIDATION;
	return mark(args->event, args->dnode);
}

int vpn_secret_modify(struct nb_cb_modify_args *args)
{
	struct secret secret = {};
	bool ok = true;

	if (args->event == NB_EV_VALIDATE)
		ok = bgpvpn_secret_from_text(yang_dnode_get_string(args->dnode, NULL), &secret, args->errmsg,
					     args->errmsg_len);
	secret_fini(&secret);
	return ok ? mark(args->event, args->dnode) : NB_ERR_VALIDATION;
}

int vpn_secret_file_modify(struct nb_cb_modify_args *args)
{
	struct secret secret = {};
	bool ok = true;

	if (args->event == NB_EV_VALIDATE)
		ok = bgpvpn_secret_from_file(yang_dnode_get_string(args->dnode, NULL), &secret, args->errmsg,
					     args->errmsg_len);
	secret_fini(&secret);
	return ok ? mark(args->event, args->dnode) : NB_ERR_VALIDATION;
}

int vpn_ppk_modify(struct nb_cb_modify_args *args)
{
	struct secret secret = {};
	bool ok = true;

	if (args->event == NB_EV_VALIDATE)
		ok = bgpvpn_ppk_read(lyd_parent(args->dnode), &secret, args->errmsg, args->errmsg_len);
	secret_fini(&secret);
	return ok ? mark(args->event, args->dnode) : NB_ERR_VALIDATION;
}

int vpn_certificate_modify(struct nb_cb_modify_args *args)
{
	if (args->event == NB_EV_VALIDATE &&
	    !bgpvpn_check_certificate(args->dnode, args->errmsg, args->errmsg_len))
		return NB_ERR_VALIDATION;
	return mark(args->event, args->dnode);
}

int vpn_ca_modify(struct nb_cb_modify_args *args)
{
	if (args->event == NB_EV_VALIDATE && !bgpvpn_check_ca(args->dnode, args->errmsg, args->errmsg_len))
		return NB_ERR_VALIDATION;
	return mark(args->event, args->dnode);
}

int vpn_interface_modify(struct nb_cb_modify_args *args)
{
	if (args->event == NB_EV_VALIDATE &&
	    !bgpvpn_check_interface(args->dnode, args->errmsg, args->errmsg_len))
		return NB_ERR_VALIDATION;
	return mark(args->event, args->dnode);
}

int vpn_manual_modify(struct nb_cb_modify_args *args)
{
	if (args->event == NB_EV_VALIDATE &&
	    !bgpvpn_manual_check(args->dnode, args->errmsg, args->errmsg_len))
		return NB_ERR_VALIDATION;
	return mark(args->event, args->dnode);
}

int vpn_kind_modify(struct nb_cb_modify_args *args)
{
	if (args->event == NB_EV_VALIDATE && !bgpvpn_check_kind(args->dnode, args->errmsg, args->errmsg_len))
		return NB_ERR_VALIDATION;
	return mark(args->event, args->dnode);
}

int vpn_if_id_modify(struct nb_cb_modify_args *args)
{
	if (args->event == NB_EV_VALIDATE && !bgpvpn_check_if_id(args->dnode, args->errmsg, args->errmsg_len))
		return NB_ERR_VALIDATION;
	return mark(args->event, args->dnode);
}

int vpn_vti_mark_modify(struct nb_cb_modify_args *args)
{
	if (args->event == NB_EV_VALIDATE && !bgpvpn_check_mark(args->dnode, args->errmsg, args->errmsg_len))
		return NB_ERR_VALIDATION;
	return mark(args->event, args->dnode);
}

int vpn_netns_modify(struct nb_cb_modify_args *args)
{
	if (args->event == NB_EV_VALIDATE && !bgpvpn_check_netns(args->dnode, args->errmsg, args->errmsg_len))
		return NB_ERR_VALIDATION;
	return mark(args->event, args->dnode);
}

int vpn_vrf_modify(struct nb_cb_modify_args *args)
{
	if (args->event == NB_EV_VALIDATE && !bgpvpn_check_vrf(args->dnode, args->errmsg, args->errmsg_len))
		return NB_ERR_VALIDATION;
	return mark(args->event, args->dnode);
}

int vpn_selector_create(struct nb_cb_create_args *args)
{
	if (args->event == NB_EV_VALIDATE && !bgpvpn_check_selector(args->dnode, args->errmsg, args->errmsg_len))
		return NB_ERR_VALIDATION;
	return mark(args->event, args->dnode);
}

int vpn_inside_create(struct nb_cb_create_args *args)
{
	if (args->event == NB_EV_VALIDATE &&
	    !bgpvpn_check_inside(args->dnode, args->errmsg, args->errmsg_len))
		return NB_ERR_VALIDATION;
	return mark(args->event, args->dnode);
}

int vpn_mtu_modify(struct nb_cb_modify_args *args)
{
	if (args->event == NB_EV_VALIDATE && !bgpvpn_check_mtu(args->dnode, args->errmsg, args->errmsg_len))
		return NB_ERR_VALIDATION;
	return mark(args->event, args->dnode);
}

int vpn_pre_validate(struct nb_cb_pre_validate_args *args)
{
	return bgpvpn_check_links(args->dnode, args->errmsg, args->errmsg_len) ? NB_OK : NB_ERR_VALIDATION;
}

int vpn_tunnel_pre_validate(struct nb_cb_pre_validate_args *args)
{
	return bgpvpn_check_profile(args->dnode, args->errmsg, args->errmsg_len) ? NB_OK : NB_ERR_VALIDATION;
}

/* --- act ------------------------------------------------------------------------------------------------- */

static void apply_tunnel(const struct lyd_node *tunnel)
{
	const char *name = yang_dnode_get_string(tunnel, "./name");
	struct tunnel_info info = {};
	struct tunnel_cfg *cfg;
	char missing[128];
	bool known = tunnels_info(bgpvpn.tunnels, name, &info);

	cfg = bgpvpn_cfg_build(tunnel, known ? info.cfg : NULL, missing, sizeof(missing));
	DEBUGD(&vpn_dbg_northbound, "northbound: tunnel %s %s%s%s", name, known ? "changes" : "is new",
	       missing[0] ? ", " : "", missing);
	if (missing[0])
		note_set(incomplete, name, missing);
	else
		note_del(incomplete, name);
	/*
	 * An incomplete tunnel keeps the interface that it has: routing daemons lose more when an interface
	 * comes anew.
	 */
	if (cfg->interface[0])
		tunnels_set_cfg(bgpvpn.tunnels, cfg, bgpvpn_now());
	else if (known)
		tunnels_remove(bgpvpn.tunnels, name, bgpvpn_now());
	tunnel_cfg_unref(cfg);
}

/* Removals come first, so that what they held (an interface, an address) is free for the others. */
static void remove_tunnels(const struct lyd_node *vpn)
{
	struct tunnel_info info;
	struct note *note;

	frr_each (notes, marked_tunnels, note) {
		if (yang_dnode_existsf(vpn, "./tunnel[name='%s']", note->name))
			continue;
		DEBUGD(&vpn_dbg_northbound, "northbound: tunnel %s goes", note->name);
		note_del(incomplete, note->name);
		if (tunnels_info(bgpvpn.tunnels, note->name, &info))
			tunnels_remove(bgpvpn.tunnels, note->name, bgpvpn_now());
	}
}

/* A profile that changes marks the tunnels that use it. */
static void mark_users_of_profiles(const struct lyd_node *vpn)
{
	const struct lyd_node *child;

	if (notes_count(marked_profiles) == 0)
		return;
	LY_LIST_FOR(lyd_child(vpn), child)
	if (strmatch(child->schema->name, "tunnel") && yang_dnode_exists(child, "./profile") &&
	    note_find(marked_profiles, yang_dnode_get_string(child, "./profile")))
		note_set(marked_tunnels, yang_dnode_get_string(child, "./name"), "");
}

static void act(const struct lyd_node *vpn)
{
	const struct lyd_node *tunnel;
	struct note *note;

	remove_tunnels(vpn);
	mark_users_of_profiles(vpn);
	frr_each (notes, marked_tunnels, note) {
		tunnel = yang_dnode_getf(vpn, "./tunnel[name='%s']", note->name);
		if (tunnel)
			apply_tunnel(tunnel);
	}
	notes_clear(marked_tunnels);
	notes_clear(marked_profiles);
	bgpvpn_pump(&bgpvpn);
}

/* --- when ------------------------------------------------------------------------------------------------ */

/*
 * A file is read line by line, and a tunnel is complete some lines before its last: it would dial before `initiate on-demand` is read, or
 * `shutdown`. So all of it waits for the end of the file; not for ever, should who reads it have died.
 */
#define READING_S 10

static void read_all(struct thread *t)
{
	t_reading = NULL;
	if (yang_dnode_exists(running_config->dnode, "/frr-bgpvpn:vpn"))
		act(yang_dnode_get(running_config->dnode, "/frr-bgpvpn:vpn"));
}

static void read_begins(void)
{
	THREAD_OFF(t_reading);
	thread_add_timer(bgpvpn.loop, read_all, NULL, READING_S, &t_reading);
}

static void read_ends(void)
{
	if (!t_reading)
		return;
	THREAD_OFF(t_reading);
	read_all(NULL);
}

void vpn_apply_finish(struct nb_cb_apply_finish_args *args)
{
	if (!t_reading)
		act(args->dnode);
}

void bgpvpn_nb_init(void)
{
	cmd_init_config_callbacks(read_begins, read_ends);
}
