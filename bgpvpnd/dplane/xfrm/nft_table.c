// SPDX-License-Identifier: GPL-2.0-or-later
/* Our table of nf_tables, see nft_table.h. */
#include <zebra.h>

#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "lib/memory.h"

#include "bgpvpnd/dplane/xfrm/nft_put.h"
#include "bgpvpnd/dplane/xfrm/nft_table.h"

DEFINE_MTYPE_STATIC(BGPVPN, NFT_CLAMP, "VPN TCP MSS clamp");

/* Datagrams taken in one go: whoever loads a large ruleset leaves the main loop its turn. */
#define EVENTS_AT_ONCE 64

#define ANSWER_LEN 16384

struct clamp {
	struct nft_clamps_item item;
	char ifname[IFNAMSIZ];
	struct nft_link link;
};

static int clamp_cmp(const struct clamp *a, const struct clamp *b)
{
	return strcmp(a->ifname, b->ifname);
}

DECLARE_RBTREE_UNIQ(nft_clamps, struct clamp, item, clamp_cmp);

void nft_table_init(struct nft_table *nft)
{
	*nft = (struct nft_table){.events = -1};
	nft_clamps_init(&nft->clamps);
}

void nft_table_fini(struct nft_table *nft)
{
	struct clamp *clamp;

	while ((clamp = nft_clamps_pop(&nft->clamps)))
		XFREE(MTYPE_NFT_CLAMP, clamp);
	nft_clamps_fini(&nft->clamps);
}

/*
 * --- transactions ----------------------------------------------------------------------------------------
 */

static int answer(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(nlh);
	int *err = arg;

	if (nlh->nlmsg_type == NLMSG_ERROR && mnl_nlmsg_get_payload_len(nlh) >= sizeof(e->error) && !*err)
		*err = e->error;
	return MNL_CB_OK;
}

/* Everything that the kernel has to say is there when the sending returns; of what went well it says nothing. */
static int answers(struct nft_table *nft)
{
	_Alignas(struct nlmsghdr) uint8_t buf[ANSWER_LEN];
	int err = 0;

	for (;;) {
		ssize_t n = recv(mnl_socket_get_fd(nft->nl), buf, sizeof(buf), MSG_DONTWAIT);
		const struct nlmsghdr *at = (const void *)buf;
		int left = (int)n;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err || errno == EAGAIN ? err : -errno;
		for (; mnl_nlmsg_ok(at, left); at = mnl_nlmsg_next(at, &left))
			answer(at, &err);
	}
}

static int commit(struct nft_table *nft, struct nft_batch *batch)
{
	struct bytes all;
	int err = 0;

	nft_batch_end(batch);
	all = nft_batch_bytes(batch);
	if (batch->full)
		err = -EMSGSIZE;
	else if (mnl_socket_sendto(nft->nl, all.p, all.n) < 0)
		err = -errno;
	nft_batch_free(batch);
	return err ? err : answers(nft);
}

static int table_put(struct nft_table *nft, void (*put)(struct nft_batch *batch))
{
	struct nft_batch batch;

	nft_batch_begin(&batch, ++nft->seq);
	put(&batch);
	return commit(nft, &batch);
}

static void put_changed(struct nft_batch *batch, const char *ifname, bool ipv6, uint16_t was, uint16_t is)
{
	if (was == is)
		return;
	if (was)
		nft_put_clamp(batch, ifname, ipv6, was, false);
	if (is)
		nft_put_clamp(batch, ifname, ipv6, is, true);
}

static void put_change(struct nft_batch *batch, const char *ifname, const struct nft_link *was,
		       const struct nft_link *is)
{
	put_changed(batch, ifname, false, was->mss_v4, is->mss_v4);
	put_changed(batch, ifname, true, was->mss_v6, is->mss_v6);
	if (was->trapped != is->trapped)
		nft_put_trapped(batch, ifname, is->trapped);
}

static int clamps_put(struct nft_table *nft)
{
	const struct nft_link none = {};
	struct clamp *clamp = nft_clamps_first(&nft->clamps);
	struct nft_batch batch;
	int err = 0;

	while (clamp && !err) {
		nft_batch_begin(&batch, ++nft->seq);
		for (int i = 0; clamp && i < NFT_BATCH_CLAMPS / 2; i++) {
			put_change(&batch, clamp->ifname, &none, &clamp->link);
			clamp = nft_clamps_next(&nft->clamps, clamp);
		}
		err = commit(nft, &batch);
	}
	return err;
}

static int make_anew(struct nft_table *nft)
{
	int err = table_put(nft, nft_put_table);

	if (!err)
		err = clamps_put(nft);
	if (!err && nft->num_trapped)
		err = table_put(nft, nft_put_hush);
	nft->stale = err != 0;
	if (!err)
		nft->robbed = false;
	return err;
}

/*
 * --- life ------------------------------------------------------------------------------------------------
 */

/* Without it the table works all the same, and nobody notices when it is gone. */
static int events_open(void)
{
	struct sockaddr_nl any = {.nl_family = AF_NETLINK};
	int group = NFNLGRP_NFTABLES;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_NETFILTER);

	if (fd < 0)
		return -1;
	if (bind(fd, (struct sockaddr *)&any, sizeof(any)) == 0 &&
	    setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) == 0)
		return fd;
	close(fd);
	return -1;
}

static int sock_open(struct nft_table *nft)
{
	int err;

	nft->nl = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (!nft->nl)
		return -errno;
	if (mnl_socket_bind(nft->nl, 0, MNL_SOCKET_AUTOPID) == 0) {
		nft->port = mnl_socket_get_portid(nft->nl);
		return 0;
	}
	err = -errno;
	mnl_socket_close(nft->nl);
	nft->nl = NULL;
	return err;
}

static void socks_close(struct nft_table *nft)
{
	if (nft->nl)
		mnl_socket_close(nft->nl);
	nft->nl = NULL;
	if (nft->events >= 0)
		close(nft->events);
	nft->events = -1;
}

int nft_table_open(struct nft_table *nft)
{
	int err;

	if (nft->nl)
		return 0;
	err = sock_open(nft);
	if (err)
		return err;
	nft->events = events_open();
	err = make_anew(nft);
	if (err)
		socks_close(nft);
	return err;
}

void nft_table_close(struct nft_table *nft)
{
	if (nft->nl)
		table_put(
			nft,
			nft_put_table_del); /* it fails when somebody has done it already, which is as good */
	socks_close(nft);
}

/*
 * --- clamps ----------------------------------------------------------------------------------------------
 */

static bool same(const struct nft_link *a, const struct nft_link *b)
{
	return a->mss_v4 == b->mss_v4 && a->mss_v6 == b->mss_v6 && a->trapped == b->trapped;
}

/* Returns what was remembered before. */
static struct nft_link remember(struct nft_table *nft, const char *ifname, const struct nft_link *link)
{
	const struct nft_link none = {};
	struct clamp key = {};
	struct nft_link was = {};
	struct clamp *clamp;

	strlcpy(key.ifname, ifname, sizeof(key.ifname));
	clamp = nft_clamps_find(&nft->clamps, &key);
	if (clamp)
		was = clamp->link;
	if (same(link, &none)) {
		if (clamp)
			nft_clamps_del(&nft->clamps, clamp);
		XFREE(MTYPE_NFT_CLAMP, clamp);
		return was;
	}
	if (!clamp) {
		clamp = XCALLOC(MTYPE_NFT_CLAMP, sizeof(*clamp));
		strlcpy(clamp->ifname, ifname, sizeof(clamp->ifname));
		nft_clamps_add(&nft->clamps, clamp);
	}
	clamp->link = *link;
	return was;
}

int nft_table_set(struct nft_table *nft, const char *ifname, const struct nft_link *link)
{
	struct nft_link was = remember(nft, ifname, link);
	unsigned int num_trapped = nft->num_trapped;
	struct nft_batch batch;
	int err;

	nft->num_trapped += (unsigned int)link->trapped - (unsigned int)was.trapped;
	if (!nft->nl || nft->stale || same(&was, link))
		return 0;
	nft_batch_begin(&batch, ++nft->seq);
	put_change(&batch, ifname, &was, link);
	if (!num_trapped && nft->num_trapped)
		nft_put_hush(&batch);
	else if (num_trapped && !nft->num_trapped)
		nft_put_hush_del(&batch);
	err = commit(nft, &batch);
	/* Somebody has flushed it this very moment, perhaps. */
	return err ? make_anew(nft) : 0;
}

int nft_table_repair(struct nft_table *nft)
{
	return nft->nl && nft->stale ? make_anew(nft) : 0;
}

/*
 * --- what others do --------------------------------------------------------------------------------------
 */

static int table_attr(const struct nlattr *attr, void *arg)
{
	bool *ours = arg;

	/* Of all these messages the table's name is the attribute of this number. */
	if (mnl_attr_get_type(attr) == NFTA_TABLE_NAME && mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
		*ours = strcmp(mnl_attr_get_str(attr), NFT_TABLE_NAME) == 0;
	return MNL_CB_OK;
}

static bool is_robbery(const struct nft_table *nft, const struct nlmsghdr *nlh)
{
	const struct nfgenmsg *gen = mnl_nlmsg_get_payload(nlh);
	bool ours = false;

	if (nlh->nlmsg_pid == nft->port || nlh->nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(*gen) || gen->nfgen_family != NFPROTO_INET)
		return false;
	switch (nlh->nlmsg_type & 0xff) {
	case NFT_MSG_DELTABLE:
	case NFT_MSG_DELCHAIN:
	case NFT_MSG_DELRULE:
	case NFT_MSG_DELSET:
	case NFT_MSG_DELSETELEM:
		mnl_attr_parse(nlh, sizeof(*gen), table_attr, &ours);
		return ours;
	default: /* a number of the kernel's, not an enum of ours */
		return false;
	}
}

bool nft_table_events(struct nft_table *nft)
{
	_Alignas(struct nlmsghdr) uint8_t buf[ANSWER_LEN];
	bool news = false;

	for (int i = 0; nft->events >= 0 && i < EVENTS_AT_ONCE; i++) {
		ssize_t n = recv(nft->events, buf, sizeof(buf), MSG_DONTWAIT | MSG_TRUNC);
		const struct nlmsghdr *at = (const void *)buf;
		int left = (int)n;

		if (n < 0 && errno != ENOBUFS)
			break;
		if (n < 0 || (size_t)n > sizeof(buf)) {
			news = nft->stale = true; /* some word was lost */
			continue;
		}
		for (; mnl_nlmsg_ok(at, left); at = mnl_nlmsg_next(at, &left))
			if (is_robbery(nft, at))
				news = nft->stale = nft->robbed = true;
	}
	return news;
}
