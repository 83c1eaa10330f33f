// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages of nf_tables, see nft_put.h. */
#include <zebra.h>

#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter_ipv4.h>

#include "bgpvpnd/dplane/xfrm/nft_put.h"

#define TRAP "trap"
#define HUSH "hush"

/* nft's own numbers of types, by which `nft list` shows a map's elements. */
#define NFT_TYPE_IPADDR	      7
#define NFT_TYPE_IP6ADDR      8
#define NFT_TYPE_INET_SERVICE 13
#define NFT_TYPE_IFNAME	      41
#define NFT_HOST_ENDIAN	      1
#define NFT_BIG_ENDIAN	      2

/* RFC 9293 3.1, 3.2 */
#define TCP_FLAGS_AT   13
#define TCP_SYN	       0x02
#define TCP_RST	       0x04
#define TCP_OPTION_MSS 2

struct map {
	const char *name;
	uint32_t id; /* by which rules of the same batch find it */
	uint8_t family;
};

static const struct map maps[] = {{"mss4", 1, NFPROTO_IPV4}, {"mss6", 2, NFPROTO_IPV6}};

struct chain {
	const char *name;
	uint32_t hook;
	bool in; /* what has come by a tunnel passes here */
	bool out;
};

static const struct chain chains[] = {
	{"forward", NF_INET_FORWARD, true, true},
	{"input", NF_INET_LOCAL_IN, true, false},
	{"output", NF_INET_LOCAL_OUT, false, true},
};

/* Interfaces that wait. */
static const struct map trapped = {"trapped", 3, NFPROTO_UNSPEC};

/* Somebody who sends to more destinations than these in a second through a tunnel that is not there hears that they are unreachable. */
#define WAITS_MAX 4096
#define WAITS_MS  1000

/* Destinations of what went into them: where the address is in a packet, and in an ICMP error about it (RFC 792, RFC 4443 3.1). */
struct waits {
	struct map set;
	uint32_t type;
	uint32_t daddr_at;
	uint32_t len;
	uint8_t icmp;
	uint8_t unreachable[2]; /* its type and code */
	uint32_t about_at;
};

static const struct waits waits[] = {
	{{"waits4", 4, NFPROTO_IPV4}, NFT_TYPE_IPADDR, 16, 4, IPPROTO_ICMP, {3, 1}, 8 + 16},
	{{"waits6", 5, NFPROTO_IPV6}, NFT_TYPE_IP6ADDR, 24, 16, IPPROTO_ICMPV6, {1, 3}, 8 + 24},
};

/*
 * --- a batch ---------------------------------------------------------------------------------------------
 */

static void *room(struct nft_batch *batch)
{
	return mnl_nlmsg_batch_current(batch->messages);
}

static void taken(struct nft_batch *batch)
{
	if (!mnl_nlmsg_batch_next(batch->messages))
		batch->full = true;
}

void nft_batch_begin(struct nft_batch *batch, uint32_t seq)
{
	batch->seq = seq;
	batch->full = false;
	/* libmnl wants room behind the limit for the message that passes it. */
	batch->messages = mnl_nlmsg_batch_start(batch->buf, sizeof(batch->buf) / 2);
	nftnl_batch_begin(room(batch), batch->seq);
	taken(batch);
}

void nft_batch_end(struct nft_batch *batch)
{
	nftnl_batch_end(room(batch), batch->seq);
	taken(batch);
}

struct bytes nft_batch_bytes(const struct nft_batch *batch)
{
	return bytes_make(mnl_nlmsg_batch_head(batch->messages), mnl_nlmsg_batch_size(batch->messages));
}

void nft_batch_free(struct nft_batch *batch)
{
	mnl_nlmsg_batch_stop(batch->messages);
	batch->messages = NULL;
}

static struct nlmsghdr *message(struct nft_batch *batch, uint16_t type, uint16_t flags)
{
	return nftnl_nlmsg_build_hdr(room(batch), type, NFPROTO_INET, flags, batch->seq);
}

/*
 * --- expressions -----------------------------------------------------------------------------------------
 */

static struct nftnl_expr *expr_add(struct nftnl_rule *rule, const char *name)
{
	struct nftnl_expr *expr = nftnl_expr_alloc(name);

	nftnl_rule_add_expr(rule, expr);
	return expr;
}

static void meta(struct nftnl_rule *rule, uint32_t key)
{
	struct nftnl_expr *expr = expr_add(rule, "meta");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_META_KEY, key);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_META_DREG, NFT_REG_1);
}

static void compare_bytes(struct nftnl_rule *rule, uint32_t op, struct bytes value)
{
	struct nftnl_expr *expr = expr_add(rule, "cmp");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_CMP_SREG, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_CMP_OP, op);
	nftnl_expr_set(expr, NFTNL_EXPR_CMP_DATA, value.p, (uint32_t)value.n);
}

static void compare(struct nftnl_rule *rule, uint32_t op, uint8_t value)
{
	compare_bytes(rule, op, bytes_make(&value, sizeof(value)));
}

static void payload(struct nftnl_rule *rule, uint32_t base, uint32_t at, uint32_t len)
{
	struct nftnl_expr *expr = expr_add(rule, "payload");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_BASE, base);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_OFFSET, at);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_LEN, len);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_DREG, NFT_REG_1);
}

static void tcp_flags(struct nftnl_rule *rule, uint8_t mask)
{
	struct nftnl_expr *bits;
	uint8_t none = 0;

	payload(rule, NFT_PAYLOAD_TRANSPORT_HEADER, TCP_FLAGS_AT, sizeof(mask));
	bits = expr_add(rule, "bitwise");
	nftnl_expr_set_u32(bits, NFTNL_EXPR_BITWISE_SREG, NFT_REG_1);
	nftnl_expr_set_u32(bits, NFTNL_EXPR_BITWISE_DREG, NFT_REG_1);
	nftnl_expr_set_u32(bits, NFTNL_EXPR_BITWISE_LEN, sizeof(mask));
	nftnl_expr_set(bits, NFTNL_EXPR_BITWISE_MASK, &mask, sizeof(mask));
	nftnl_expr_set(bits, NFTNL_EXPR_BITWISE_XOR, &none, sizeof(none));
}

static void verdict(struct nftnl_rule *rule, uint32_t what)
{
	struct nftnl_expr *expr = expr_add(rule, "immediate");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_VERDICT, what);
}

static void is_in(struct nftnl_rule *rule, const struct map *set, uint32_t flags)
{
	struct nftnl_expr *expr = expr_add(rule, "lookup");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1);
	nftnl_expr_set_str(expr, NFTNL_EXPR_LOOKUP_SET, set->name);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_LOOKUP_FLAGS, flags);
}

static void update(struct nftnl_rule *rule, const struct map *set)
{
	struct nftnl_expr *expr = expr_add(rule, "dynset");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_DYNSET_SREG_KEY, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_DYNSET_OP, NFT_DYNSET_OP_UPDATE);
	nftnl_expr_set_str(expr, NFTNL_EXPR_DYNSET_SET_NAME, set->name);
}

static void look_up(struct nftnl_rule *rule, const struct map *map)
{
	struct nftnl_expr *expr = expr_add(rule, "lookup");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_LOOKUP_DREG, NFT_REG_1);
	nftnl_expr_set_str(expr, NFTNL_EXPR_LOOKUP_SET, map->name);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_LOOKUP_SET_ID, map->id);
}

static void lower_mss(struct nftnl_rule *rule)
{
	struct nftnl_expr *expr = expr_add(rule, "exthdr");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_EXTHDR_OP, NFT_EXTHDR_OP_TCPOPT);
	nftnl_expr_set_u8(expr, NFTNL_EXPR_EXTHDR_TYPE, TCP_OPTION_MSS);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_EXTHDR_OFFSET, 2);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_EXTHDR_LEN, sizeof(uint16_t));
	nftnl_expr_set_u32(expr, NFTNL_EXPR_EXTHDR_SREG, NFT_REG_1);
}

/*
 * --- rules -----------------------------------------------------------------------------------------------
 */

static struct nftnl_rule *rule_new(const char *chain)
{
	struct nftnl_rule *rule = nftnl_rule_alloc();

	nftnl_rule_set_u32(rule, NFTNL_RULE_FAMILY, NFPROTO_INET);
	nftnl_rule_set_str(rule, NFTNL_RULE_TABLE, NFT_TABLE_NAME);
	nftnl_rule_set_str(rule, NFTNL_RULE_CHAIN, chain);
	return rule;
}

static void rule_put(struct nft_batch *batch, struct nftnl_rule *rule)
{
	nftnl_rule_nlmsg_build_payload(message(batch, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND), rule);
	nftnl_rule_free(rule);
	taken(batch);
}

/* What is no SYN is done with first: that is nearly everything. */
static void put_rules_of_others(struct nft_batch *batch, const char *chain)
{
	struct nftnl_rule *rule = rule_new(chain);

	meta(rule, NFT_META_L4PROTO);
	compare(rule, NFT_CMP_NEQ, IPPROTO_TCP);
	verdict(rule, NF_ACCEPT);
	rule_put(batch, rule);

	rule = rule_new(chain);
	tcp_flags(rule, TCP_SYN | TCP_RST);
	compare(rule, NFT_CMP_NEQ, TCP_SYN);
	verdict(rule, NF_ACCEPT);
	rule_put(batch, rule);
}

static void put_rule(struct nft_batch *batch, const char *chain, const struct map *map, uint32_t direction)
{
	struct nftnl_rule *rule = rule_new(chain);

	meta(rule, NFT_META_NFPROTO);
	compare(rule, NFT_CMP_EQ, map->family);
	meta(rule, direction);
	look_up(rule, map);
	lower_mss(rule);
	rule_put(batch, rule);
}

/*
 * --- the table -------------------------------------------------------------------------------------------
 */

static void put_table(struct nft_batch *batch, uint16_t type, uint16_t flags)
{
	struct nftnl_table *table = nftnl_table_alloc();

	nftnl_table_set_str(table, NFTNL_TABLE_NAME, NFT_TABLE_NAME);
	nftnl_table_nlmsg_build_payload(message(batch, type, flags), table);
	nftnl_table_free(table);
	taken(batch);
}

static struct nftnl_set *map_new(const struct map *map)
{
	struct nftnl_set *set = nftnl_set_alloc();

	nftnl_set_set_u32(set, NFTNL_SET_FAMILY, NFPROTO_INET);
	nftnl_set_set_str(set, NFTNL_SET_TABLE, NFT_TABLE_NAME);
	nftnl_set_set_str(set, NFTNL_SET_NAME, map->name);
	return set;
}

/* Only for `nft list`. */
static void put_byte_orders(struct nftnl_set *set, uint32_t key)
{
	struct nftnl_udata_buf *words = nftnl_udata_buf_alloc(NFT_USERDATA_MAXLEN);

	nftnl_udata_put_u32(words, NFTNL_UDATA_SET_KEYBYTEORDER, key);
	nftnl_udata_put_u32(words, NFTNL_UDATA_SET_DATABYTEORDER, NFT_BIG_ENDIAN);
	nftnl_set_set_data(set, NFTNL_SET_USERDATA, nftnl_udata_buf_data(words), nftnl_udata_buf_len(words));
	nftnl_udata_buf_free(words);
}

static void put_map(struct nft_batch *batch, const struct map *map)
{
	struct nftnl_set *set = map_new(map);

	nftnl_set_set_u32(set, NFTNL_SET_ID, map->id);
	nftnl_set_set_u32(set, NFTNL_SET_FLAGS, NFT_SET_MAP);
	nftnl_set_set_u32(set, NFTNL_SET_KEY_TYPE, NFT_TYPE_IFNAME);
	nftnl_set_set_u32(set, NFTNL_SET_KEY_LEN, IFNAMSIZ);
	nftnl_set_set_u32(set, NFTNL_SET_DATA_TYPE, NFT_TYPE_INET_SERVICE);
	nftnl_set_set_u32(set, NFTNL_SET_DATA_LEN, sizeof(uint16_t));
	put_byte_orders(set, NFT_HOST_ENDIAN);
	nftnl_set_nlmsg_build_payload(message(batch, NFT_MSG_NEWSET, NLM_F_CREATE), set);
	nftnl_set_free(set);
	taken(batch);
}

static void put_set(struct nft_batch *batch, const struct map *which, uint32_t type, uint32_t len,
		    uint32_t flags)
{
	struct nftnl_set *set = map_new(which);

	nftnl_set_set_u32(set, NFTNL_SET_ID, which->id);
	nftnl_set_set_u32(set, NFTNL_SET_FLAGS, flags);
	nftnl_set_set_u32(set, NFTNL_SET_KEY_TYPE, type);
	nftnl_set_set_u32(set, NFTNL_SET_KEY_LEN, len);
	put_byte_orders(set, type == NFT_TYPE_IFNAME ? NFT_HOST_ENDIAN : NFT_BIG_ENDIAN);
	if (flags & NFT_SET_TIMEOUT) {
		nftnl_set_set_u64(set, NFTNL_SET_TIMEOUT, WAITS_MS);
		nftnl_set_set_u32(set, NFTNL_SET_DESC_SIZE, WAITS_MAX);
	}
	nftnl_set_nlmsg_build_payload(message(batch, NFT_MSG_NEWSET, NLM_F_CREATE), set);
	nftnl_set_free(set);
	taken(batch);
}

static void put_chain(struct nft_batch *batch, const char *name, uint32_t hook)
{
	struct nftnl_chain *chain = nftnl_chain_alloc();

	nftnl_chain_set_str(chain, NFTNL_CHAIN_TABLE, NFT_TABLE_NAME);
	nftnl_chain_set_str(chain, NFTNL_CHAIN_NAME, name);
	nftnl_chain_set_str(chain, NFTNL_CHAIN_TYPE, "filter");
	nftnl_chain_set_u32(chain, NFTNL_CHAIN_HOOKNUM, hook);
	nftnl_chain_set_s32(chain, NFTNL_CHAIN_PRIO, NF_IP_PRI_MANGLE);
	nftnl_chain_nlmsg_build_payload(message(batch, NFT_MSG_NEWCHAIN, NLM_F_CREATE), chain);
	nftnl_chain_free(chain);
	taken(batch);
}

static void put_clamps(struct nft_batch *batch, const struct chain *chain)
{
	put_chain(batch, chain->name, chain->hook);
	put_rules_of_others(batch, chain->name);
	for (size_t i = 0; i < array_size(maps); i++) {
		if (chain->in)
			put_rule(batch, chain->name, &maps[i], NFT_META_IIFNAME);
		if (chain->out)
			put_rule(batch, chain->name, &maps[i], NFT_META_OIFNAME);
	}
}

void nft_put_table_del(struct nft_batch *batch)
{
	put_table(batch, NFT_MSG_DELTABLE, 0);
}

void nft_put_table(struct nft_batch *batch)
{
	/* What is not there cannot be deleted: made first, whatever there is. */
	put_table(batch, NFT_MSG_NEWTABLE, NLM_F_CREATE);
	nft_put_table_del(batch);
	put_table(batch, NFT_MSG_NEWTABLE, NLM_F_CREATE);
	for (size_t i = 0; i < array_size(maps); i++)
		put_map(batch, &maps[i]);
	for (size_t i = 0; i < array_size(chains); i++)
		put_clamps(batch, &chains[i]);
	put_set(batch, &trapped, NFT_TYPE_IFNAME, IFNAMSIZ, 0);
	for (size_t i = 0; i < array_size(waits); i++)
		put_set(batch, &waits[i].set, waits[i].type, waits[i].len, NFT_SET_TIMEOUT | NFT_SET_EVAL);
}

void nft_put_clamp(struct nft_batch *batch, const char *ifname, bool ipv6, uint16_t mss, bool add)
{
	struct nftnl_set *set = map_new(&maps[ipv6]);
	struct nftnl_set_elem *element = nftnl_set_elem_alloc();
	uint16_t type = add ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM;
	char key[IFNAMSIZ] = "";
	uint16_t value = htons(mss);

	strlcpy(key, ifname, sizeof(key));
	nftnl_set_elem_set(element, NFTNL_SET_ELEM_KEY, key, sizeof(key));
	if (add)
		nftnl_set_elem_set(element, NFTNL_SET_ELEM_DATA, &value, sizeof(value));
	nftnl_set_elem_add(set, element);
	nftnl_set_elems_nlmsg_build_payload(message(batch, type, add ? NLM_F_CREATE : 0), set);
	nftnl_set_free(set);
	taken(batch);
}

/*
 * --- interfaces that wait for their first packet ---------------------------------------------------------
 */

void nft_put_trapped(struct nft_batch *batch, const char *ifname, bool add)
{
	struct nftnl_set *set = map_new(&trapped);
	struct nftnl_set_elem *element = nftnl_set_elem_alloc();
	uint16_t type = add ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM;
	char key[IFNAMSIZ] = "";

	strlcpy(key, ifname, sizeof(key));
	nftnl_set_elem_set(element, NFTNL_SET_ELEM_KEY, key, sizeof(key));
	nftnl_set_elem_add(set, element);
	nftnl_set_elems_nlmsg_build_payload(message(batch, type, add ? NLM_F_CREATE : 0), set);
	nftnl_set_free(set);
	taken(batch);
}

static void put_update(struct nft_batch *batch, const struct waits *w)
{
	struct nftnl_rule *rule = rule_new(TRAP);

	meta(rule, NFT_META_NFPROTO);
	compare(rule, NFT_CMP_EQ, w->set.family);
	payload(rule, NFT_PAYLOAD_NETWORK_HEADER, w->daddr_at, w->len);
	update(rule, &w->set);
	rule_put(batch, rule);
}

static void put_drop(struct nft_batch *batch, const struct waits *w)
{
	struct nftnl_rule *rule = rule_new(HUSH);

	meta(rule, NFT_META_NFPROTO);
	compare(rule, NFT_CMP_EQ, w->set.family);
	meta(rule, NFT_META_L4PROTO);
	compare(rule, NFT_CMP_EQ, w->icmp);
	payload(rule, NFT_PAYLOAD_TRANSPORT_HEADER, 0, sizeof(w->unreachable));
	compare_bytes(rule, NFT_CMP_EQ, bytes_make(w->unreachable, sizeof(w->unreachable)));
	payload(rule, NFT_PAYLOAD_TRANSPORT_HEADER, w->about_at, w->len);
	is_in(rule, &w->set, 0);
	verdict(rule, NF_DROP);
	rule_put(batch, rule);
}

void nft_put_hush(struct nft_batch *batch)
{
	struct nftnl_rule *rule;

	put_chain(batch, TRAP, NF_INET_POST_ROUTING);
	put_chain(batch, HUSH, NF_INET_LOCAL_OUT);
	rule = rule_new(TRAP);
	meta(rule, NFT_META_OIFNAME);
	is_in(rule, &trapped, NFT_LOOKUP_F_INV);
	verdict(rule, NF_ACCEPT);
	rule_put(batch, rule);
	for (size_t i = 0; i < array_size(waits); i++) {
		put_update(batch, &waits[i]);
		put_drop(batch, &waits[i]);
	}
}

static void put_chain_del(struct nft_batch *batch, const char *name)
{
	struct nftnl_chain *chain = nftnl_chain_alloc();
	struct nftnl_rule *all = rule_new(name);

	nftnl_rule_nlmsg_build_payload(message(batch, NFT_MSG_DELRULE, 0), all);
	nftnl_rule_free(all);
	taken(batch);
	nftnl_chain_set_str(chain, NFTNL_CHAIN_TABLE, NFT_TABLE_NAME);
	nftnl_chain_set_str(chain, NFTNL_CHAIN_NAME, name);
	nftnl_chain_nlmsg_build_payload(message(batch, NFT_MSG_DELCHAIN, 0), chain);
	nftnl_chain_free(chain);
	taken(batch);
}

void nft_put_hush_del(struct nft_batch *batch)
{
	put_chain_del(batch, TRAP);
	put_chain_del(batch, HUSH);
}
