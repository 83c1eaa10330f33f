// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the kernel says about SAs and policies, see xfrm_msg.h. The kernel is trusted, but its structures grow with its versions, and a
 * newer one may say things that we do not know: whatever does not have the length that it should have is left alone.
 */
#include <zebra.h>

#include <libmnl/libmnl.h>

#include "bgpvpnd/dplane/xfrm/xfrm_msg.h"

/* The attributes that we look at, by their numbers; NULL where the message has none. */
struct attrs {
	const struct nlattr *of[XFRMA_MAX + 1];
};

static int attr_note(const struct nlattr *attr, void *arg)
{
	struct attrs *attrs = arg;

	if (mnl_attr_type_valid(attr, XFRMA_MAX) > 0)
		attrs->of[mnl_attr_get_type(attr)] = attr;
	return MNL_CB_OK;
}

/* libmnl takes the end of a message for where it would be if its length were rounded up, as the kernel's is. */
static bool is_rounded(const struct nlmsghdr *nlh)
{
	return nlh->nlmsg_len % MNL_ALIGNTO == 0;
}

/* Copies the fixed part of a message, which netlink aligns to 4 bytes only, and finds its attributes. False when it is too short. */
static bool head(const struct nlmsghdr *nlh, void *to, size_t len, struct attrs *attrs)
{
	*attrs = (struct attrs){};
	if (!is_rounded(nlh) || mnl_nlmsg_get_payload_len(nlh) < len ||
	    mnl_attr_parse(nlh, len, attr_note, attrs) < MNL_CB_STOP)
		return false;
	memcpy(to, mnl_nlmsg_get_payload(nlh), len);
	return true;
}

static uint32_t attr_u32(const struct attrs *attrs, int type)
{
	const struct nlattr *attr = attrs->of[type];

	return attr && mnl_attr_validate(attr, MNL_TYPE_U32) >= 0 ? mnl_attr_get_u32(attr) : 0;
}

static uint64_t attr_u64(const struct attrs *attrs, int type)
{
	const struct nlattr *attr = attrs->of[type];

	return attr && mnl_attr_validate(attr, MNL_TYPE_U64) >= 0 ? mnl_attr_get_u64(attr) : 0;
}

static const void *attr_struct(const struct attrs *attrs, int type, size_t len)
{
	const struct nlattr *attr = attrs->of[type];

	return attr && mnl_attr_get_payload_len(attr) >= len ? mnl_attr_get_payload(attr) : NULL;
}

static struct ipaddr addr_of(const xfrm_address_t *addr, uint16_t family)
{
	size_t len = family == AF_INET ? 4 : family == AF_INET6 ? 16 : 0;

	return ipaddr_of(bytes_make((const uint8_t *)addr, len));
}

/* --- SAs ------------------------------------------------------------------------------------------------- */

static void encap_read(const struct attrs *attrs, struct xfrm_path *path)
{
	const struct xfrm_encap_tmpl *encap = attr_struct(attrs, XFRMA_ENCAP, sizeof(*encap));

	if (!encap)
		return;
	path->src.port = ntohs(encap->encap_sport);
	path->dst.port = ntohs(encap->encap_dport);
}

static void replay_read(const struct xfrm_usersa_info *info, const struct attrs *attrs,
			struct xfrm_replay *replay)
{
	const struct nlattr *attr = attrs->of[XFRMA_REPLAY_ESN_VAL];
	const struct xfrm_replay_state_esn *state = attr_struct(attrs, XFRMA_REPLAY_ESN_VAL, sizeof(*state));
	size_t bytes;

	if (!state || state->bmp_len > array_size(replay->window))
		return;
	bytes = state->bmp_len * sizeof(uint32_t);
	if (mnl_attr_get_payload_len(attr) < sizeof(*state) + bytes)
		return;
	*replay = (struct xfrm_replay){
		.bytes = info->curlft.bytes,
		.packets = info->curlft.packets,
		.add_time_s = info->curlft.add_time,
		.out = state->oseq,
		.out_high = state->oseq_hi,
		.in = state->seq,
		.in_high = state->seq_hi,
		.words = state->bmp_len,
	};
	memcpy(replay->window, state->bmp, bytes);
}

static void mark_read(const struct attrs *attrs, uint32_t *mark, uint32_t *mask)
{
	const struct xfrm_mark *m = attr_struct(attrs, XFRMA_MARK, sizeof(*m));

	*mark = m ? m->v : 0;
	*mask = m ? m->m : 0;
}

static void sa_read(const struct xfrm_usersa_info *info, const struct attrs *attrs, struct xfrm_sa_seen *sa)
{
	*sa = (struct xfrm_sa_seen){
		.path.src.addr = addr_of(&info->saddr, info->family),
		.path.dst.addr = addr_of(&info->id.daddr, info->family),
		.proto = info->id.proto,
		.spi = ntohl(info->id.spi),
		.reqid = info->reqid,
		.if_id = attr_u32(attrs, XFRMA_IF_ID),
		.transport = info->mode == XFRM_MODE_TRANSPORT,
		.bytes = info->curlft.bytes,
		.packets = info->curlft.packets,
		.use_time_s = attr_u64(attrs, XFRMA_LASTUSED),
		.replays = info->stats.replay + info->stats.replay_window,
		.integrity_failures = info->stats.integrity_failed,
	};
	mark_read(attrs, &sa->mark, &sa->mark_mask);
	encap_read(attrs, &sa->path);
	replay_read(info, attrs, &sa->replay);
}

static bool parse_sa(const struct nlmsghdr *nlh, struct xfrm_news *news)
{
	struct xfrm_usersa_info info;
	struct attrs attrs;

	if (!head(nlh, &info, sizeof(info), &attrs))
		return false;
	news->type = XFRM_NEWS_SA;
	sa_read(&info, &attrs, &news->sa);
	return true;
}

static bool parse_expire(const struct nlmsghdr *nlh, struct xfrm_news *news)
{
	struct xfrm_user_expire expire;
	struct attrs attrs;

	if (!head(nlh, &expire, sizeof(expire), &attrs))
		return false;
	news->type = expire.hard ? XFRM_NEWS_HARD_EXPIRE : XFRM_NEWS_SOFT_EXPIRE;
	sa_read(&expire.state, &attrs, &news->sa);
	return true;
}

/* A SA's name, and what it was at its end; whatever the message has of that, the SA is gone. */
static bool parse_sa_gone(const struct nlmsghdr *nlh, struct xfrm_news *news)
{
	struct xfrm_usersa_id id;
	struct xfrm_usersa_info info;
	const void *last;
	struct attrs attrs;

	if (!head(nlh, &id, sizeof(id), &attrs))
		return false;
	news->type = XFRM_NEWS_SA_GONE;
	last = attr_struct(&attrs, XFRMA_SA, sizeof(info));
	if (last) {
		memcpy(&info, last, sizeof(info));
		sa_read(&info, &attrs, &news->sa);
	}
	news->sa.path.dst.addr = addr_of(&id.daddr, id.family);
	news->sa.proto = id.proto;
	news->sa.spi = ntohl(id.spi);
	return true;
}

static bool parse_mapping(const struct nlmsghdr *nlh, struct xfrm_news *news)
{
	struct xfrm_user_mapping mapping;
	struct attrs attrs;

	if (!head(nlh, &mapping, sizeof(mapping), &attrs))
		return false;
	news->type = XFRM_NEWS_MAPPING;
	news->sa = (struct xfrm_sa_seen){
		.path.src.addr = addr_of(&mapping.old_saddr, mapping.id.family),
		.path.src.port = ntohs(mapping.old_sport),
		.path.dst.addr = addr_of(&mapping.id.daddr, mapping.id.family),
		.proto = mapping.id.proto,
		.spi = ntohl(mapping.id.spi),
		.reqid = mapping.reqid,
	};
	news->moved.addr = addr_of(&mapping.new_saddr, mapping.id.family);
	news->moved.port = ntohs(mapping.new_sport);
	return true;
}

/* --- policies -------------------------------------------------------------------------------------------- */

/* The first and the last address of a prefix. */
static void prefix_ends(const xfrm_address_t *addr, uint8_t bits, uint16_t family, struct ts *ts)
{
	xfrm_address_t start = *addr, end = *addr;
	uint8_t *s = (uint8_t *)&start, *e = (uint8_t *)&end;

	for (unsigned int i = bits; i < sizeof(*addr) * 8; i++) {
		s[i / 8] &= (uint8_t) ~(0x80 >> i % 8);
		e[i / 8] |= (uint8_t)(0x80 >> i % 8);
	}
	ts->start = addr_of(&start, family);
	ts->end = addr_of(&end, family);
}

static struct ts half_of(const xfrm_address_t *addr, uint8_t bits, const struct xfrm_selector *sel,
			 uint16_t port, uint16_t port_mask)
{
	struct ts ts = {.proto = sel->proto};

	prefix_ends(addr, bits, sel->family, &ts);
	ts.port_start = ntohs(port & port_mask);
	ts.port_end = ntohs(port | (uint16_t)~port_mask);
	return ts;
}

static enum xfrm_policy_dir where_of(uint8_t dir)
{
	return dir == XFRM_POLICY_IN	? XFRM_WHERE_IN
	       : dir == XFRM_POLICY_FWD ? XFRM_WHERE_FWD
					: XFRM_WHERE_OUT;
}

static void policy_read(const struct xfrm_userpolicy_info *info, const struct attrs *attrs,
			struct xfrm_policy *policy)
{
	const struct xfrm_selector *sel = &info->sel;
	const struct xfrm_user_tmpl *tmpl = attr_struct(attrs, XFRMA_TMPL, sizeof(*tmpl));

	*policy = (struct xfrm_policy){
		.where = where_of(info->dir),
		.from = half_of(&sel->saddr, sel->prefixlen_s, sel, sel->sport, sel->sport_mask),
		.to = half_of(&sel->daddr, sel->prefixlen_d, sel, sel->dport, sel->dport_mask),
		.reqid = tmpl ? tmpl->reqid : 0,
		.spi = tmpl ? ntohl(tmpl->id.spi) : 0,
		.if_id = attr_u32(attrs, XFRMA_IF_ID),
		.transport = tmpl && tmpl->mode == XFRM_MODE_TRANSPORT,
		.block = info->action == XFRM_POLICY_BLOCK,
		.priority = info->priority,
		.owner = sel->user,
	};
	mark_read(attrs, &policy->mark, &policy->mark_mask);
}

static bool parse_policy(const struct nlmsghdr *nlh, struct xfrm_news *news)
{
	struct xfrm_userpolicy_info info;
	struct attrs attrs;

	if (!head(nlh, &info, sizeof(info), &attrs))
		return false;
	news->type = XFRM_NEWS_POLICY;
	policy_read(&info, &attrs, &news->policy);
	return true;
}

/* Its selector may be its name or only its number; the interface is what we need. */
static bool parse_policy_gone(const struct nlmsghdr *nlh, struct xfrm_news *news)
{
	struct xfrm_userpolicy_id id;
	struct attrs attrs;

	if (!head(nlh, &id, sizeof(id), &attrs))
		return false;
	news->type = XFRM_NEWS_POLICY_GONE;
	news->policy = (struct xfrm_policy){.if_id = attr_u32(&attrs, XFRMA_IF_ID)};
	mark_read(&attrs, &news->policy.mark, &news->policy.mark_mask);
	return true;
}

/* --- all ------------------------------------------------------------------------------------------------- */

bool xfrm_msg_parse(const struct nlmsghdr *nlh, struct xfrm_news *news)
{
	*news = (struct xfrm_news){.by = nlh->nlmsg_pid};
	switch (nlh->nlmsg_type) {
	case XFRM_MSG_NEWSA:
	case XFRM_MSG_UPDSA:
		return parse_sa(nlh, news);
	case XFRM_MSG_NEWPOLICY:
	case XFRM_MSG_UPDPOLICY:
		return parse_policy(nlh, news);
	case XFRM_MSG_EXPIRE:
		return parse_expire(nlh, news);
	case XFRM_MSG_MAPPING:
		return parse_mapping(nlh, news);
	case XFRM_MSG_DELSA:
		return parse_sa_gone(nlh, news);
	case XFRM_MSG_DELPOLICY:
		return parse_policy_gone(nlh, news);
	case XFRM_MSG_FLUSHSA:
	case XFRM_MSG_FLUSHPOLICY:
		news->type = XFRM_NEWS_FLUSHED;
		return true;
	default:
		return true; /* of a kernel that says more than we ask */
	}
}

/* --- the end of an answer -------------------------------------------------------------------------------- */

static int why_attr(const struct nlattr *attr, void *arg)
{
	const char **why = arg;

	if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG && mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
		*why = mnl_attr_get_str(attr);
	return MNL_CB_OK;
}

/* The words come after the head of the message that they are about: its body is left out (NETLINK_CAP_ACK). */
static const char *why_of(const struct nlmsghdr *nlh)
{
	const char *why = "";

	if (is_rounded(nlh) && nlh->nlmsg_flags & NLM_F_ACK_TLVS && nlh->nlmsg_flags & NLM_F_CAPPED)
		mnl_attr_parse(nlh, sizeof(struct nlmsgerr), why_attr, &why);
	return why;
}

bool xfrm_msg_is_end(const struct nlmsghdr *nlh, int *err, char *why, size_t len)
{
	const struct nlmsgerr *error = mnl_nlmsg_get_payload(nlh);

	if (nlh->nlmsg_type == NLMSG_DONE) {
		*err = mnl_nlmsg_get_payload_len(nlh) >= sizeof(int) ? error->error : 0;
		return true;
	}
	if (nlh->nlmsg_type != NLMSG_ERROR || mnl_nlmsg_get_payload_len(nlh) < sizeof(*error))
		return false;
	*err = error->error;
	strlcpy(why, why_of(nlh), len);
	return true;
}
