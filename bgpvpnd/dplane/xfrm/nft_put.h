// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Messages of nf_tables, built, for one table. It clamps the TCP MSS of what goes through tunnels, in nft's words:
 *
 *	table inet bgpvpnd {
 *		map mss4 { type ifname : inet_service; elements = { "vpn0" : 1398 } }
 *		map mss6 { type ifname : inet_service; elements = { "vpn0" : 1378 } }
 *		chain forward {
 *			type filter hook forward priority mangle; policy accept;
 *			meta l4proto != tcp accept
 *			tcp flags & (syn | rst) != syn accept
 *			meta nfproto ipv4 tcp option maxseg size set iifname map @mss4
 *			meta nfproto ipv4 tcp option maxseg size set oifname map @mss4
 *			(the same of IPv6)
 *		}
 *		chain input { (hook input; only iifname) }
 *		chain output { (hook output; only oifname) }
 *	}
 *
 * What is forwarded needs it; this host's own TCP does where IPv6 wants an interface of 1280 and the path takes less.
 *
 * Maps and not a rule an interface: a SYN costs the same with one tunnel as with a thousand, and a tunnel that comes or goes is an
 * element. The kernel only ever lowers a MSS, and leaves a SYN alone that has none (nft_exthdr).
 *
 * And while an interface waits for its first packet (xfrm_trap.c), the table keeps the kernel from answering "host unreachable" to it:
 * an application's connect() would fail of that, though its SYN is kept, and delivered as soon as there is a SA. Only the answers to
 * what went into such an interface within the last second are meant, and the chains are there only as long as there is one:
 *
 *	set trapped { type ifname; elements = { "vpn0" } }
 *	set waits4 { type ipv4_addr; size 4096; flags dynamic,timeout; timeout 1s; }
 *	set waits6 { type ipv6_addr; size 4096; flags dynamic,timeout; timeout 1s; }
 *	chain trap {
 *		type filter hook postrouting priority mangle; policy accept;
 *		oifname != @trapped accept
 *		meta nfproto ipv4 update @waits4 { ip daddr }
 *		meta nfproto ipv6 update @waits6 { ip6 daddr }
 *	}
 *	chain hush {
 *		type filter hook output priority mangle; policy accept;
 *		icmp type destination-unreachable icmp code host-unreachable (the daddr in it) @waits4 drop
 *		icmpv6 type destination-unreachable icmpv6 code addr-unreachable (the daddr in it) @waits6 drop
 *	}
 */
#ifndef BGPVPN_XFRM_NFT_PUT_H
#define BGPVPN_XFRM_NFT_PUT_H

#include "bgpvpnd/base/base.h"

struct mnl_nlmsg_batch;

#define NFT_TABLE_NAME "bgpvpnd"

/* One transaction: the kernel takes all of its messages or none. */
struct nft_batch {
	struct mnl_nlmsg_batch *messages;
	uint32_t seq;
	bool full; /* something did not fit: not to be sent */
	char buf[2 * 16384];
};

/* So many nft_put_clamp() fit into one, with room to spare. */
#define NFT_BATCH_CLAMPS 64

void nft_batch_begin(struct nft_batch *batch, uint32_t seq);
void nft_batch_end(struct nft_batch *batch);
struct bytes nft_batch_bytes(const struct nft_batch *batch);
void nft_batch_free(struct nft_batch *batch);

/* The table, empty, in place of the one that may be there. */
void nft_put_table(struct nft_batch *batch);
void nft_put_table_del(struct nft_batch *batch);

/* The clamp of one interface and family, added or removed. */
void nft_put_clamp(struct nft_batch *batch, const char *ifname, bool ipv6, uint16_t mss, bool add);

/* An interface that waits for its first packet, added or removed; and what hushes the answers to those that wait. */
void nft_put_trapped(struct nft_batch *batch, const char *ifname, bool add);
void nft_put_hush(struct nft_batch *batch);
void nft_put_hush_del(struct nft_batch *batch);

#endif
