// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages about SAs, see xfrm_msg.h. */
#include <zebra.h>

#include <libmnl/libmnl.h>
#include <linux/udp.h>

#include "bgpvpnd/dplane/xfrm/xfrm_put.h"

/* A word of the window: an outbound SA needs none, but the kernel wants one where ESN is, and then has one place for all numbers. */
#define WINDOW_LEAST 32

/* --- algorithms ------------------------------------------------------------------------------------------ */

struct encr_name {
	uint16_t encr;
	bool aead;
	uint16_t icv_bits;
	uint8_t salt_len;  /* bytes, at the end of the key */
	uint16_t key_bits; /* where IKE has no attribute for it */
	const char *name;
};

static const struct encr_name encr_names[] = {
	{IKE_ENCR_AES_GCM_16, true, 128, 4, 0, "rfc4106(gcm(aes))"},
	{IKE_ENCR_CHACHA20_POLY1305, true, 128, 4, 256, "rfc7539esp(chacha20,poly1305)"},
	{IKE_ENCR_AES_CBC, false, 0, 0, 0, "cbc(aes)"},
};

struct integ_name {
	uint16_t integ;
	uint16_t key_len;
	uint16_t icv_bits;
	const char *name;
};

static const struct integ_name integ_names[] = {
	{IKE_INTEG_HMAC_SHA1_96, 20, 96, "hmac(sha1)"},
	{IKE_INTEG_HMAC_SHA2_256_128, 32, 128, "hmac(sha256)"},
	{IKE_INTEG_HMAC_SHA2_384_192, 48, 192, "hmac(sha384)"},
	{IKE_INTEG_HMAC_SHA2_512_256, 64, 256, "hmac(sha512)"},
};

static const struct encr_name *encr_find(const struct xfrm_sa *sa)
{
	for (size_t i = 0; i < array_size(encr_names); i++)
		if (encr_names[i].encr == sa->encr)
			return &encr_names[i];
	return NULL;
}

static const struct integ_name *integ_find(const struct xfrm_sa *sa)
{
	for (size_t i = 0; i < array_size(integ_names); i++)
		if (integ_names[i].integ == sa->integ)
			return &integ_names[i];
	return NULL;
}

/* HMAC-SHA-512's; AES-256 with its salt has 36. */
#define KEY_MAX 64

/* Room for the head of any of the kernel's three kinds of algorithm, and its key. */
union algorithm {
	struct xfrm_algo crypt;
	struct xfrm_algo_auth auth;
	struct xfrm_algo_aead aead;
	uint8_t bytes[sizeof(struct xfrm_algo_aead) + KEY_MAX];
};

static void put_aead(struct nlmsghdr *nlh, const struct encr_name *row, const struct secret *key)
{
	union algorithm a = {};

	strlcpy(a.aead.alg_name, row->name, sizeof(a.aead.alg_name));
	a.aead.alg_key_len = key->len * 8;
	a.aead.alg_icv_len = row->icv_bits;
	memcpy(a.aead.alg_key, key->key, key->len);
	mnl_attr_put(nlh, XFRMA_ALG_AEAD, sizeof(a.aead) + key->len, &a);
	secret_wipe(&a, sizeof(a));
}

static void put_crypt(struct nlmsghdr *nlh, const struct encr_name *row, const struct secret *key)
{
	union algorithm a = {};

	strlcpy(a.crypt.alg_name, row->name, sizeof(a.crypt.alg_name));
	a.crypt.alg_key_len = key->len * 8;
	memcpy(a.crypt.alg_key, key->key, key->len);
	mnl_attr_put(nlh, XFRMA_ALG_CRYPT, sizeof(a.crypt) + key->len, &a);
	secret_wipe(&a, sizeof(a));
}

static void put_auth(struct nlmsghdr *nlh, const struct integ_name *row, const struct secret *key)
{
	union algorithm a = {};

	strlcpy(a.auth.alg_name, row->name, sizeof(a.auth.alg_name));
	a.auth.alg_key_len = key->len * 8;
	a.auth.alg_trunc_len = row->icv_bits;
	memcpy(a.auth.alg_key, key->key, key->len);
	mnl_attr_put(nlh, XFRMA_ALG_AUTH_TRUNC, sizeof(a.auth) + key->len, &a);
	secret_wipe(&a, sizeof(a));
}

static bool keys_fit(const struct xfrm_sa *sa, const struct encr_name *encr, const struct integ_name *integ)
{
	unsigned int bits = encr->key_bits ? encr->key_bits : sa->encr_key_bits;

	if (sa->encr_key->len != bits / 8 + encr->salt_len || sa->encr_key->len > KEY_MAX)
		return false;
	return encr->aead ? sa->integ == IKE_INTEG_NONE : integ && sa->integ_key->len == integ->key_len;
}

static bool put_algorithms(struct nlmsghdr *nlh, const struct xfrm_sa *sa)
{
	const struct encr_name *encr = encr_find(sa);
	const struct integ_name *integ = integ_find(sa);

	if (!encr || !keys_fit(sa, encr, integ))
		return false;
	if (encr->aead) {
		put_aead(nlh, encr, sa->encr_key);
		return true;
	}
	put_crypt(nlh, encr, sa->encr_key);
	put_auth(nlh, integ, sa->integ_key);
	return true;
}

/* --- the rest of a SA ------------------------------------------------------------------------------------ */

static uint64_t limit(uint64_t n)
{
	return n ? n : XFRM_INF;
}

static struct xfrm_lifetime_cfg lifetimes(const struct child_sa_limits *limits)
{
	return (struct xfrm_lifetime_cfg){
		.soft_byte_limit = limit(limits->bytes_soft),
		.hard_byte_limit = limit(limits->bytes_hard),
		.soft_packet_limit = limit(limits->packets_soft),
		.hard_packet_limit = limit(limits->packets_hard),
	};
}

static void put_info(struct nlmsghdr *nlh, const struct xfrm_sa *sa)
{
	struct xfrm_usersa_info *info = mnl_nlmsg_put_extra_header(nlh, sizeof(*info));

	info->id.daddr = xfrm_put_addr(&sa->path.dst.addr);
	info->id.spi = htonl(sa->spi);
	info->id.proto = IPPROTO_ESP;
	info->saddr = xfrm_put_addr(&sa->path.src.addr);
	info->family = xfrm_put_family(&sa->path.dst.addr);
	info->reqid = sa->reqid;
	info->mode = sa->transport ? XFRM_MODE_TRANSPORT : XFRM_MODE_TUNNEL;
	info->lft = lifetimes(&sa->limits);
	/* Both families through one SA, which only a tunnel can; what may pass is the policies' affair. */
	info->flags = (sa->transport ? 0 : XFRM_STATE_AF_UNSPEC) | (sa->esn ? XFRM_STATE_ESN : 0);
}

static void put_encap(struct nlmsghdr *nlh, const struct xfrm_path *path)
{
	struct xfrm_encap_tmpl encap = {
		.encap_type = UDP_ENCAP_ESPINUDP,
		.encap_sport = htons(path->src.port),
		.encap_dport = htons(path->dst.port),
	};

	mnl_attr_put(nlh, XFRMA_ENCAP, sizeof(encap), &encap);
}

/* 0: off. RFC 4303 3.4.3 has no ESN without a window. */
static uint32_t window_of(const struct xfrm_sa *sa)
{
	if (sa->dir == XFRM_DIR_IN && sa->replay_window)
		return sa->replay_window;
	return sa->dir == XFRM_DIR_OUT || sa->esn ? WINDOW_LEAST : 0;
}

/* The kernel's other way to say it ends at 32 packets. */
static void put_replay(struct nlmsghdr *nlh, const struct xfrm_sa *sa)
{
	uint32_t window = window_of(sa), words = MAX((window + 31) / 32, 1u);
	const struct xfrm_replay *before = sa->replay;
	union {
		struct xfrm_replay_state_esn state;
		uint8_t bytes[sizeof(struct xfrm_replay_state_esn) + LIMIT_REPLAY_WINDOW / 8];
	} r = {.state = {.bmp_len = words, .replay_window = window}};

	if (before) {
		r.state.oseq = before->out;
		r.state.oseq_hi = before->out_high;
		r.state.seq = before->in;
		r.state.seq_hi = before->in_high;
	}
	if (before && before->words == words)
		memcpy(r.bytes + sizeof(r.state), before->window, words * sizeof(uint32_t));
	mnl_attr_put(nlh, XFRMA_REPLAY_ESN_VAL, sizeof(r.state) + words * 4, &r);
}

static void put_counts(struct nlmsghdr *nlh, const struct xfrm_replay *before)
{
	struct xfrm_lifetime_cur counts = {
		.bytes = before->bytes,
		.packets = before->packets,
		.add_time = before->add_time_s,
	};

	mnl_attr_put(nlh, XFRMA_LTIME_VAL, sizeof(counts), &counts);
}

struct nlmsghdr *xfrm_msg_sa(void *buf, const struct xfrm_sa *sa)
{
	struct nlmsghdr *nlh = xfrm_put_head(buf, XFRM_MSG_NEWSA, 0);

	put_info(nlh, sa);
	if (!put_algorithms(nlh, sa))
		return NULL;
	if (sa->udp_encap)
		put_encap(nlh, &sa->path);
	put_replay(nlh, sa);
	if (sa->replay)
		put_counts(nlh, sa->replay);
	if (sa->if_id)
		mnl_attr_put_u32(nlh, XFRMA_IF_ID, sa->if_id);
	xfrm_put_mark(nlh, sa->mark, sa->mark_mask);
	return nlh;
}

struct nlmsghdr *xfrm_msg_sa_ports(void *buf, const struct xfrm_sa *sa)
{
	struct nlmsghdr *nlh = xfrm_msg_sa(buf, sa);

	if (nlh)
		nlh->nlmsg_type = XFRM_MSG_UPDSA;
	return nlh;
}

/* --- others ---------------------------------------------------------------------------------------------- */

static struct nlmsghdr *sa_named(void *buf, uint16_t type, const struct xfrm_sa_name *name)
{
	struct nlmsghdr *nlh = xfrm_put_head(buf, type, 0);
	struct xfrm_usersa_id *id = mnl_nlmsg_put_extra_header(nlh, sizeof(*id));
	xfrm_address_t src = xfrm_put_addr(&name->path.src.addr);

	id->daddr = xfrm_put_addr(&name->path.dst.addr);
	id->spi = htonl(name->spi);
	id->family = xfrm_put_family(&name->path.dst.addr);
	id->proto = IPPROTO_ESP;
	mnl_attr_put(nlh, XFRMA_SRCADDR, sizeof(src), &src);
	xfrm_put_mark(nlh, name->mark, name->mark_mask);
	return nlh;
}

struct nlmsghdr *xfrm_msg_sa_del(void *buf, const struct xfrm_sa_name *name)
{
	return sa_named(buf, XFRM_MSG_DELSA, name);
}

struct nlmsghdr *xfrm_msg_sa_get(void *buf, const struct xfrm_sa_name *name)
{
	return sa_named(buf, XFRM_MSG_GETSA, name);
}

struct nlmsghdr *xfrm_msg_sa_dump(void *buf)
{
	return xfrm_put_head(buf, XFRM_MSG_GETSA, NLM_F_DUMP);
}
