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

#define CHAIN "forward"

/* nft's own numbers of types, by which `nft list` shows a map's elements. */
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

static void compare(struct nftnl_rule *rule, uint32_t op, uint8_t value)
{
	struct nftnl_expr *expr = expr_add(rule, "cmp");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_CMP_SREG, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_CMP_OP, op);
	nftnl_expr_set(expr, NFTNL_EXPR_CMP_DATA, &value, sizeof(value));
}

static void tcp_flags(struct nftnl_rule *rule, uint8_t mask)
{
	struct nftnl_expr *payload = expr_add(rule, "payload"), *bits = expr_add(rule, "bitwise");
	uint8_t none = 0;

	nftnl_expr_set_u32(payload, NFTNL_EXPR_PAYLOAD_BASE, NFT_PAYLOAD_TRANSPORT_HEADER);
	nftnl_expr_set_u32(payload, NFTNL_EXPR_PAYLOAD_OFFSET, TCP_FLAGS_AT);
	nftnl_expr_set_u32(payload, NFTNL_EXPR_PAYLOAD_LEN, sizeof(mask));
	nftnl_expr_set_u32(payload, NFTNL_EXPR_PAYLOAD_DREG, NFT_REG_1);
	nftnl_expr_set_u32(bits, NFTNL_EXPR_BITWISE_SREG, NFT_REG_1);
	nftnl_expr_set_u32(bits, NFTNL_EXPR_BITWISE_DREG, NFT_REG_1);
	nftnl_expr_set_u32(bits, NFTNL_EXPR_BITWISE_LEN, sizeof(mask));
	nftnl_expr_set(bits, NFTNL_EXPR_BITWISE_MASK, &mask, sizeof(mask));
	nftnl_expr_set(bits, NFTNL_EXPR_BITWISE_XOR, &none, sizeof(none));
}

static void accept_it(struct nftnl_rule *rule)
{
	struct nftnl_expr *expr = expr_add(rule, "immediate");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_VERDICT, NF_ACCEPT);
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

static struct nftnl_rule *rule_new(void)
{
	struct nftnl_rule *rule = nftnl_rule_alloc();

	nftnl_rule_set_u32(rule, NFTNL_RULE_FAMILY, NFPROTO_INET);
	nftnl_rule_set_str(rule, NFTNL_RULE_TABLE, NFT_TABLE_NAME);
	nftnl_rule_set_str(rule, NFTNL_RULE_CHAIN, CHAIN);
	return rule;
}

static void rule_put(struct nft_batch *batch, struct nftnl_rule *rule)
{
	nftnl_rule_nlmsg_build_payload(message(batch, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND), rule);
	nftnl_rule_free(rule);
	taken(batch);
}

/* What is no SYN is done with first: that is nearly everything. */
static void put_rules_of_others(struct nft_batch *batch)
{
	struct nftnl_rule *rule = rule_new();

	meta(rule, NFT_META_L4PROTO);
	compare(rule, NFT_CMP_NEQ, IPPROTO_TCP);
	accept_it(rule);
	rule_put(batch, rule);

	rule = rule_new();
	tcp_flags(rule, TCP_SYN | TCP_RST);
	compare(rule, NFT_CMP_NEQ, TCP_SYN);
	accept_it(rule);
	rule_put(batch, rule);
}

static void put_rule(struct nft_batch *batch, const struct map *map, uint32_t direction)
{
	struct nftnl_rule *rule = rule_new();

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
static void put_byte_orders(struct nftnl_set *set)
{
	struct nftnl_udata_buf *words = nftnl_udata_buf_alloc(NFT_USERDATA_MAXLEN);

	nftnl_udata_put_u32(words, NFTNL_UDATA_SET_KEYBYTEORDER, NFT_HOST_ENDIAN);
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
	put_byte_orders(set);
	nftnl_set_nlmsg_build_payload(message(batch, NFT_MSG_NEWSET, NLM_F_CREATE), set);
	nftnl_set_free(set);
	taken(batch);
}

static void put_chain(struct nft_batch *batch)
{
	struct nftnl_chain *chain = nftnl_chain_alloc();

	nftnl_chain_set_str(chain, NFTNL_CHAIN_TABLE, NFT_TABLE_NAME);
	nftnl_chain_set_str(chain, NFTNL_CHAIN_NAME, CHAIN);
	nftnl_chain_set_str(chain, NFTNL_CHAIN_TYPE, "filter");
	nftnl_chain_set_u32(chain, NFTNL_CHAIN_HOOKNUM, NF_INET_FORWARD);
	nftnl_chain_set_s32(chain, NFTNL_CHAIN_PRIO, NF_IP_PRI_MANGLE);
	nftnl_chain_nlmsg_build_payload(message(batch, NFT_MSG_NEWCHAIN, NLM_F_CREATE), chain);
	nftnl_chain_free(chain);
	taken(batch);
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
	put_chain(batch);
	put_rules_of_others(batch);
	for (size_t i = 0; i < array_size(maps); i++) {
		put_map(batch, &maps[i]);
		put_rule(batch, &maps[i], NFT_META_IIFNAME);
		put_rule(batch, &maps[i], NFT_META_OIFNAME);
	}
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
