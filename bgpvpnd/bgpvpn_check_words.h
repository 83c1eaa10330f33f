// SPDX-License-Identifier: GPL-2.0-or-later
/* What the files of bgpvpn_check.h share: a refusal in words, and the way about the tree. */
#ifndef BGPVPN_BGPVPN_CHECK_WORDS_H
#define BGPVPN_BGPVPN_CHECK_WORDS_H

#include <zebra.h>

#include "lib/printfrr.h"
#include "lib/yang.h"

static inline bool refuse(char *err, size_t err_len, const char *fmt, ...) PRINTFRR(3, 4);
static inline bool refuse(char *err, size_t err_len, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintfrr(err, err_len, fmt, ap);
	va_end(ap);
	return false;
}

/*
 * A child by its name. An XPath would do the same a hundred times slower, and some of these checks look at
 * every tunnel at every change.
 */
static inline const struct lyd_node *child_of(const struct lyd_node *parent, const char *name)
{
	const struct lyd_node *child;

	LY_LIST_FOR(lyd_child(parent), child)
	if (strmatch(child->schema->name, name))
		return child;
	return NULL;
}

/* The value of a leaf, "" when it is not there. */
static inline const char *text_of(const struct lyd_node *parent, const char *leaf)
{
	const struct lyd_node *child = parent ? child_of(parent, leaf) : NULL;

	return child ? lyd_get_value(child) : "";
}

/* The tunnel that a leaf of it belongs to. */
static inline const struct lyd_node *tunnel_of(const struct lyd_node *dnode)
{
	while (dnode && !strmatch(dnode->schema->name, "tunnel"))
		dnode = lyd_parent(dnode);
	return dnode;
}

static inline const char *name_of(const struct lyd_node *tunnel)
{
	return text_of(tunnel, "name");
}

/* What a tunnel says of its link, as it says it; "" where it says nothing. Borrowed from the tree. */
struct link_words {
	const char *tunnel;
	const char *interface;
	const char *kind;
	const char *if_in; /* one of the two stands for both */
	const char *if_out;
	const char *if_interface;
	const char *mark;
	const char *netns;
	const char *vrf;
	const char *encapsulation;
	const char *initiate;
	const char *local;
	const char *remote;
	const char *remote_id;
	const char *spi_in; /* of a manual SA */
	const char *spi_out;
	bool selectors;
	bool manual;
	bool proof; /* a pre-shared key or a certificate */
};

void link_words_read(const struct lyd_node *tunnel, struct link_words *words);

/* The name of an interface of its own for each peer: with %u in it. */
static inline bool link_words_template(const struct link_words *words)
{
	return strchr(words->interface, '%') != NULL;
}

/* Words of one tunnel that contradict each other; and those of all against each other, inside networks too. */
bool link_words_fit(const struct link_words *words, char *err, size_t err_len);
bool link_words_share(const struct link_words *words, size_t n, char *err, size_t err_len);
bool link_words_inside(const struct lyd_node *const *tunnels, const struct link_words *words, size_t n, char *err,
		       size_t err_len);

#endif
