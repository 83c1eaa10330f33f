// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A message of the kernel about SAs and policies: two bytes of its type, its body. What was understood of it must be within its bounds, and
 * a policy or SA that can be named must be so that it can be looked for and deleted.
 */
#include <zebra.h>

#include "bgpvpnd/dplane/xfrm/xfrm_msg.h"
#include "tests/fuzz/fuzz.h"

#define TYPE_LEN 2

static void name_policy(const struct xfrm_policy *policy)
{
	_Alignas(uint64_t) uint8_t buf[XFRM_MSG_LEN];

	if (policy->from.start.ipa_type == IPADDR_NONE)
		return;
	FUZZ_REQUIRE(policy->from.start.ipa_type == policy->from.end.ipa_type);
	if (!xfrm_selector_fits(&policy->from) || !xfrm_selector_fits(&policy->to))
		return;
	FUZZ_REQUIRE(xfrm_msg_policy_del(buf, policy)->nlmsg_len <= sizeof(buf));
	FUZZ_REQUIRE(xfrm_msg_policy_get(buf, policy)->nlmsg_len <= sizeof(buf));
}

static void name_sa(const struct xfrm_sa_seen *sa)
{
	_Alignas(uint64_t) uint8_t buf[XFRM_MSG_LEN];
	const struct xfrm_sa_name name = {sa->path, sa->spi, sa->mark, sa->mark_mask};

	FUZZ_REQUIRE(sa->replay.words <= array_size(sa->replay.window));
	FUZZ_REQUIRE(xfrm_msg_sa_del(buf, &name)->nlmsg_len <= sizeof(buf));
}

static void use(const struct xfrm_news *news)
{
	switch (news->type) {
	case XFRM_NEWS_NONE:
	case XFRM_NEWS_FLUSHED:
		return;
	case XFRM_NEWS_SA:
	case XFRM_NEWS_SOFT_EXPIRE:
	case XFRM_NEWS_HARD_EXPIRE:
	case XFRM_NEWS_MAPPING:
	case XFRM_NEWS_SA_GONE:
		name_sa(&news->sa);
		return;
	case XFRM_NEWS_POLICY:
	case XFRM_NEWS_POLICY_GONE:
		name_policy(&news->policy);
		return;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nlmsghdr *nlh;
	struct xfrm_news news;
	char why[32];
	int err = 1;

	if (size < TYPE_LEN)
		return 0;
	/* The length is right: the reader has seen to that. */
	nlh = malloc(sizeof(*nlh) + size - TYPE_LEN);
	*nlh = (struct nlmsghdr){.nlmsg_len = (uint32_t)(sizeof(*nlh) + size - TYPE_LEN),
				 .nlmsg_type = (uint16_t)(data[0] | data[1] << 8),
				 .nlmsg_flags = NLM_F_ACK_TLVS | NLM_F_CAPPED};
	memcpy(nlh + 1, data + TYPE_LEN, size - TYPE_LEN);
	if (xfrm_msg_parse(nlh, &news))
		use(&news);
	if (xfrm_msg_is_end(nlh, &err, why, sizeof(why)))
		FUZZ_REQUIRE(strlen(why) < sizeof(why));
	free(nlh);
	return 0;
}
