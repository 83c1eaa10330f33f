// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a tunnel says of its link, word against word, see bgpvpn_check.h. What it does not say yet contradicts nothing: so the lines of a
 * tunnel can come in any order, and a `no` is never refused here.
 */
#include <zebra.h>

#include "bgpvpnd/bgpvpn_check.h"
#include "bgpvpnd/bgpvpn_check_words.h"

static bool is_set(const char *word)
{
	return word[0] != '\0';
}

/* --- reading --------------------------------------------------------------------------------------------- */

static const struct row {
	const char *node;
	const char *leaf; /* NULL: the node is a leaf itself */
	size_t offset;
} rows[] = {
	{"name", NULL, offsetof(struct link_words, tunnel)},
	{"interface", "name", offsetof(struct link_words, interface)},
	{"interface", "kind", offsetof(struct link_words, kind)},
	{"if-id", "in", offsetof(struct link_words, if_in)},
	{"if-id", "out", offsetof(struct link_words, if_out)},
	{"if-id", "interface", offsetof(struct link_words, if_interface)},
	{"mark", NULL, offsetof(struct link_words, mark)},
	{"netns", NULL, offsetof(struct link_words, netns)},
	{"vrf", NULL, offsetof(struct link_words, vrf)},
	{"encapsulation", NULL, offsetof(struct link_words, encapsulation)},
	{"initiate", NULL, offsetof(struct link_words, initiate)},
	{"local", "address", offsetof(struct link_words, local)},
	{"remote", "address", offsetof(struct link_words, remote)},
};

static const char **word_of(struct link_words *words, const struct row *row)
{
	return (const char **)((char *)words + row->offset);
}

static bool is_proof(const struct lyd_node *node)
{
	if (strmatch(node->schema->name, "authentication"))
		return child_of(node, "certificate") || child_of(node, "ca");
	return strmatch(node->schema->name, "pre-shared-key") ||
	       strmatch(node->schema->name, "pre-shared-key-file");
}

static void read_manual(const struct lyd_node *manual, struct link_words *words)
{
	words->spi_in = text_of(child_of(manual, "in"), "spi");
	words->spi_out = text_of(child_of(manual, "out"), "spi");
	words->manual =
		is_set(words->spi_in) || is_set(words->spi_out) || is_set(text_of(manual, "algorithm"));
}

void link_words_read(const struct lyd_node *tunnel, struct link_words *words)
{
	const struct lyd_node *child;

	*words = (struct link_words){.remote_id = "", .spi_in = "", .spi_out = ""};
	for (size_t i = 0; i < array_size(rows); i++)
		*word_of(words, &rows[i]) = "";
	LY_LIST_FOR(lyd_child(tunnel), child)
	{
		for (size_t i = 0; i < array_size(rows); i++)
			if (strmatch(child->schema->name, rows[i].node))
				*word_of(words, &rows[i]) =
					rows[i].leaf ? text_of(child, rows[i].leaf) : lyd_get_value(child);
		if (strmatch(child->schema->name, "remote"))
			words->remote_id = text_of(child_of(child, "id"), "value");
		if (strmatch(child->schema->name, "manual-sa"))
			read_manual(child, words);
		words->selectors |= strmatch(child->schema->name, "traffic-selector");
		words->proof |= is_proof(child);
	}
	if (!is_set(words->if_in))
		words->if_in = words->if_out;
	if (!is_set(words->if_out))
		words->if_out = words->if_in;
}

/* --- word against word ----------------------------------------------------------------------------------- */

/* A name with %u is that of many: nothing else in the tunnel may be that of one. */
static bool template_fits(const struct link_words *w, char *err, size_t err_len)
{
	const char *one = NULL;

	if (!link_words_template(w))
		return true;
	if (is_set(w->remote) && !strmatch(w->remote, "any"))
		one = "needs `remote address any`";
	else if (is_set(w->remote_id))
		one = "is for many peers, and `remote id` names one";
	else if (is_set(w->if_in))
		one = "stands for many interfaces, and each needs an if-id of its own: `no if-id`";
	else if (is_set(w->mark))
		one = "stands for many interfaces, and each needs a mark of its own: `no mark`";
	else if (w->manual)
		one = "is for many peers, and manual-sa is for one";
	return !one ||
	       refuse(err, err_len, "tunnel %s: %%u in interface %s %s", w->tunnel, w->interface, one);
}

static bool is_kind(const struct link_words *w, const char *kind)
{
	return strmatch(w->kind, kind);
}

/* Words that are for one kind: with a name, the kind is said too. */
static bool kind_fits(const struct link_words *w, char *err, size_t err_len)
{
	const char *need = NULL, *word = NULL;

	if (!is_set(w->interface))
		return true;
	if (is_set(w->mark) && !is_kind(w, "vti")) {
		word = "mark";
		need = "vti";
	} else if (is_set(w->if_in) && is_set(w->kind) && !is_kind(w, "xfrm")) {
		word = "if-id";
		need = "xfrm";
	} else if (strmatch(w->encapsulation, "tunnel") && !is_kind(w, "ipip")) {
		word = "encapsulation tunnel";
		need = "ipip";
	}
	if (word)
		return refuse(err, err_len, "tunnel %s: %s is for kind %s, and interface %s is %s%s",
			      w->tunnel, word, need, w->interface,
			      is_set(w->kind) ? "of kind " : "the data plane's own kind", w->kind);
	if (w->selectors && (is_kind(w, "gre") || is_kind(w, "ipip")))
		return refuse(
			err, err_len,
			"tunnel %s: kind %s carries what is routed into it; its packets are those between the outer addresses, so there is no traffic-selector",
			w->tunnel, w->kind);
	return true;
}

static bool if_ids_fit(const struct link_words *w, char *err, size_t err_len)
{
	if (!is_set(w->if_interface))
		return true;
	if (strmatch(w->if_in, w->if_out))
		return refuse(
			err, err_len,
			"tunnel %s: if-id %s is the same for both directions, so packets come out of the tunnel interface, and not of %s",
			w->tunnel, w->if_out, w->if_interface);
	if (strmatch(w->if_interface, w->interface))
		return refuse(err, err_len, "tunnel %s: interface %s cannot have two if-ids", w->tunnel,
			      w->interface);
	return true;
}

static bool vrf_fits(const struct link_words *w, char *err, size_t err_len)
{
	if (is_set(w->vrf) && (strmatch(w->vrf, w->interface) || strmatch(w->vrf, w->if_interface)))
		return refuse(err, err_len, "tunnel %s: interface %s cannot be its own VRF", w->tunnel,
			      w->vrf);
	return true;
}

static bool initiate_fits(const struct link_words *w, char *err, size_t err_len)
{
	if (strmatch(w->initiate, "on-demand") && strmatch(w->remote, "any"))
		return refuse(
			err, err_len,
			"tunnel %s: `initiate on-demand` needs the address of a peer, not `remote address any`",
			w->tunnel);
	return true;
}

static bool manual_fits(const struct link_words *w, char *err, size_t err_len)
{
	if (!w->manual)
		return true;
	if (w->proof)
		return refuse(
			err, err_len,
			"tunnel %s: with manual-sa there is no IKE, and nothing to prove with a pre-shared key or a certificate: one or the other",
			w->tunnel);
	if (strmatch(w->remote, "any"))
		return refuse(err, err_len,
			      "tunnel %s: manual-sa needs the address of a peer, not `remote address any`",
			      w->tunnel);
	return true;
}

bool link_words_fit(const struct link_words *w, char *err, size_t err_len)
{
	return template_fits(w, err, err_len) && kind_fits(w, err, err_len) && if_ids_fit(w, err, err_len) &&
	       vrf_fits(w, err, err_len) && initiate_fits(w, err, err_len) && manual_fits(w, err, err_len);
}
