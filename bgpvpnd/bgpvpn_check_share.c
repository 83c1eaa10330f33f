// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tunnels against each other: who may share an interface, and what two cannot both have, see bgpvpn_check.h. It looks at all tunnels at
 * every change, so it sorts what they claim and compares neighbours.
 */
#include <zebra.h>

#include "lib/memory.h"

#include "bgpvpnd/bgpvpn_check.h"
#include "bgpvpnd/bgpvpn_check_words.h"
#include "bgpvpnd/bgpvpnd.h"

/* --- one interface of two tunnels ------------------------------------------------------------------------ */

static const char *said(const char *word)
{
	return word[0] ? word : "none";
}

/* What an interface has once, and all its tunnels alike. The kind of the kernel plane is xfrm where none is said. */
static bool alike(const struct link_words *a, const struct link_words *b, char *err, size_t err_len)
{
	const struct {
		const char *word, *of_a, *of_b;
	} words[] = {
		{"kind", a->kind[0] ? a->kind : "xfrm", b->kind[0] ? b->kind : "xfrm"},
		{"if-id", a->if_out, b->if_out},
		{"if-id of packets that arrive", a->if_in, b->if_in},
		{"if-id interface", a->if_interface, b->if_interface},
		{"mark", a->mark, b->mark},
		{"netns", a->netns, b->netns},
		{"vrf", a->vrf, b->vrf},
	};

	for (size_t i = 0; i < array_size(words); i++)
		if (!strmatch(words[i].of_a, words[i].of_b))
			return refuse(
				err, err_len,
				"interface %s is used by tunnel %s with %s %s and tunnel %s with %s: all that share it need the same",
				a->interface, a->tunnel, words[i].word, said(words[i].of_a), b->tunnel,
				said(words[i].of_b));
	return true;
}

static bool is_shareable(const struct link_words *w)
{
	bool wildcard = !w->remote[0] || strmatch(w->remote, "any");

	return !w->kind[0] || strmatch(w->kind, "xfrm") || (strmatch(w->kind, "vti") && wildcard);
}

static bool share(const struct link_words *a, const struct link_words *b, char *err, size_t err_len)
{
	if (bgpvpn.dplane && !bgpvpn.dplane_kernel)
		return refuse(
			err, err_len,
			"interface %s is used by tunnel %s and tunnel %s; on the user-space data plane every tunnel needs its own, the kernel data plane can share one",
			a->interface, a->tunnel, b->tunnel);
	if (link_words_template(a))
		return refuse(
			err, err_len,
			"interface %s is used by tunnel %s and tunnel %s; a name with %%u is that of one tunnel",
			a->interface, a->tunnel, b->tunnel);
	if (!alike(a, b, err, err_len))
		return false;
	if (is_shareable(a) && is_shareable(b))
		return true;
	return refuse(
		err, err_len,
		"interface %s is used by tunnel %s and tunnel %s; only kind xfrm, and kind vti with `remote address any`, can be shared",
		a->interface, a->tunnel, b->tunnel);
}

/* --- what only one can have ------------------------------------------------------------------------------ */

enum claimed {
	CLAIM_NAME,    /* of an interface */
	CLAIM_IF_ID,   /* the kernel has each once */
	CLAIM_MARK,    /* policies of one mark are policies of each of its interfaces */
	CLAIM_SPI_IN,  /* an SA is found by its SPI */
	CLAIM_SPI_OUT, /* the same at the peer */
	CLAIM_ENDS,    /* the kernel finds a device of one kind by these */
};

/* `what`, and `more`, can be had by tunnels with the same owner only. */
struct claim {
	enum claimed type;
	const char *what;
	const char *more;
	const char *kind;
	const char *owner;
	const struct link_words *by;
};

static int claim_order(const struct claim *a, const struct claim *b)
{
	int order = numcmp(a->type, b->type);

	if (!order)
		order = strcmp(a->what, b->what);
	if (!order)
		order = strcmp(a->more, b->more);
	return order ? order : strcmp(a->kind, b->kind);
}

/* Of one thing, the tunnel that stands first comes first. */
static int claim_sort(const void *x, const void *y)
{
	const struct claim *a = x, *b = y;
	int order = claim_order(a, b);

	return order ? order : numcmp(a->by, b->by);
}

static bool refuse_claim(const struct claim *a, const struct claim *b, char *err, size_t err_len)
{
	switch (a->type) {
	case CLAIM_NAME:
		return refuse(
			err, err_len,
			"interface %s is used by tunnel %s and tunnel %s, and is the tunnel interface of one of them only",
			a->what, a->by->tunnel, b->by->tunnel);
	case CLAIM_IF_ID:
		return refuse(
			err, err_len,
			"if-id %s is used by interface %s of tunnel %s and interface %s of tunnel %s; the kernel has each only once",
			a->what, a->owner, a->by->tunnel, b->owner, b->by->tunnel);
	case CLAIM_MARK:
		return refuse(
			err, err_len,
			"mark %s is used by interface %s of tunnel %s and interface %s of tunnel %s; their policies would be mixed",
			a->what, a->owner, a->by->tunnel, b->owner, b->by->tunnel);
	case CLAIM_SPI_IN:
		return refuse(err, err_len,
			      "SPI %s of packets that arrive is that of tunnel %s and tunnel %s", a->what,
			      a->by->tunnel, b->by->tunnel);
	case CLAIM_SPI_OUT:
		return refuse(err, err_len, "SPI %s of packets to %s is that of tunnel %s and tunnel %s",
			      a->what, a->more, a->by->tunnel, b->by->tunnel);
	case CLAIM_ENDS:
		return refuse(
			err, err_len,
			"tunnel %s and tunnel %s both have an interface of kind %s between %s and %s; the kernel makes only one",
			a->by->tunnel, b->by->tunnel, a->kind, a->what, a->more);
	}
	assert(!"unknown claim");
	return false;
}

/* Of one tunnel. */
#define CLAIMS_MAX 8

static size_t claim_all(const struct link_words *w, struct claim *claims)
{
	bool fixed = w->local[0] && w->remote[0] && !strmatch(w->remote, "any");
	size_t n = 0;

	if (w->if_interface[0]) {
		claims[n++] = (struct claim){CLAIM_NAME, w->if_interface, "", "", w->if_in, w};
		claims[n++] = (struct claim){CLAIM_IF_ID, w->if_in, "", "", w->if_interface, w};
	}
	if (w->spi_in[0])
		claims[n++] = (struct claim){CLAIM_SPI_IN, w->spi_in, "", "", w->tunnel, w};
	if (w->spi_out[0] && w->remote[0])
		claims[n++] = (struct claim){CLAIM_SPI_OUT, w->spi_out, w->remote, "", w->tunnel, w};
	if (!w->interface[0])
		return n;
	claims[n++] = (struct claim){CLAIM_NAME, w->interface, "", "", "", w};
	if (w->if_out[0])
		claims[n++] = (struct claim){CLAIM_IF_ID, w->if_out, "", "", w->interface, w};
	if (w->mark[0])
		claims[n++] = (struct claim){CLAIM_MARK, w->mark, "", "", w->interface, w};
	if (fixed && (strmatch(w->kind, "gre") || strmatch(w->kind, "ipip")))
		claims[n++] = (struct claim){CLAIM_ENDS, w->local, w->remote, w->kind, w->interface, w};
	assert(n <= CLAIMS_MAX);
	return n;
}

static bool claims_agree(const struct claim *a, const struct claim *b, char *err, size_t err_len)
{
	if (!strmatch(a->owner, b->owner))
		return refuse_claim(a, b, err, err_len);
	if (a->type == CLAIM_NAME && !a->owner[0])
		return share(a->by, b->by, err, err_len);
	return true;
}

bool link_words_share(const struct link_words *words, size_t n, char *err, size_t err_len)
{
	struct claim *claims = XCALLOC(MTYPE_TMP, (n * CLAIMS_MAX + 1) * sizeof(*claims));
	size_t num = 0;
	bool ok = true;

	for (size_t i = 0; i < n; i++)
		num += claim_all(&words[i], claims + num);
	qsort(claims, num, sizeof(*claims), claim_sort);
	for (size_t i = 1; i < num && ok; i++)
		if (claim_order(&claims[i - 1], &claims[i]) == 0)
			ok = claims_agree(&claims[i - 1], &claims[i], err, err_len);
	XFREE(MTYPE_TMP, claims);
	return ok;
}

/* --- all of it ------------------------------------------------------------------------------------------- */

bool bgpvpn_check_links(const struct lyd_node *vpn, char *err, size_t err_len)
{
	const struct lyd_node *child;
	const struct lyd_node **tunnels;
	struct link_words *words;
	size_t n = 0, room = 1;
	bool ok = true;

	LY_LIST_FOR(lyd_child(vpn), child)
	room++;
	words = XCALLOC(MTYPE_TMP, room * sizeof(*words));
	tunnels = XCALLOC(MTYPE_TMP, room * sizeof(*tunnels));
	LY_LIST_FOR(lyd_child(vpn), child)
	{
		if (!ok || !strmatch(child->schema->name, "tunnel"))
			continue;
		tunnels[n] = child;
		link_words_read(child, &words[n]);
		ok = link_words_fit(&words[n++], err, err_len);
	}
	ok = ok && link_words_share(words, n, err, err_len) &&
	     link_words_inside(tunnels, words, n, err, err_len);
	XFREE(MTYPE_TMP, tunnels);
	XFREE(MTYPE_TMP, words);
	return ok;
}
