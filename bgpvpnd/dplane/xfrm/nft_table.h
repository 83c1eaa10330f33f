// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The table of nft_put.h in this network namespace's kernel: it is the one of NFT_TABLE_NAME, ours alone, and no other is ever touched. It
 * remembers what it was told, and can be made anew from that. Main thread.
 */
#ifndef BGPVPN_XFRM_NFT_TABLE_H
#define BGPVPN_XFRM_NFT_TABLE_H

#include "lib/typesafe.h"

#include "bgpvpnd/base/base.h"

struct mnl_socket;

PREDECL_RBTREE_UNIQ(nft_clamps);

/* What the table has of an interface. */
struct nft_link {
	uint16_t mss_v4; /* 0: none */
	uint16_t mss_v6;
	bool trapped; /* it waits for its first packet */
};

struct nft_table {
	struct mnl_socket *nl; /* NULL: not open */
	int events;	       /* -1: not open, or not to be had */
	uint32_t port;
	uint32_t seq;
	bool stale;  /* what is in the kernel may be something else */
	bool robbed; /* because somebody removed some of it */
	struct nft_clamps_head clamps;
	unsigned int num_trapped;
};

void nft_table_init(struct nft_table *nft);
void nft_table_fini(struct nft_table *nft); /* closed by now */

/*
 * Those that talk to the kernel are called inside dplane_privileged(), and return 0 or -errno. Open replaces what a predecessor has left,
 * and fills in what was set before; close removes it.
 */
int nft_table_open(struct nft_table *nft);
void nft_table_close(struct nft_table *nft);

/* Of an interface, in place of what was before. While the table is not open it is only remembered. */
int nft_table_set(struct nft_table *nft, const char *ifname, const struct nft_link *link);

/* Makes it anew when it is stale. */
int nft_table_repair(struct nft_table *nft);

/* Whether somebody else did something to it since the last call that makes it stale. */
bool nft_table_events(struct nft_table *nft);

#endif
