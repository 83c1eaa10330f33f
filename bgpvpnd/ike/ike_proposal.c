// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Offers, choices and answers, see ike_proposal.h. The configuration is first turned into the proposals
 * that we would send; choosing and checking then compare wire proposals with wire proposals.
 */
#include <zebra.h>

#include "bgpvpnd/ike/ike_proposal.h"

_Static_assert(2 * LIMIT_PROPOSALS_CFG <= LIMIT_PROPOSALS, "every configured proposal may be split in two");
_Static_assert(IKE_CFG_TRANSFORMS + 1 <= LIMIT_TRANSFORMS, "a configured proposal and ESN");

/* SPIs 1 to 255 are reserved and 0 never goes on the wire: RFC 4303 2.1. */
#define ESP_SPI_FIRST 256

/*
 * --- our side
 * -----------------------------------------------------------------------------------------------
 */

static void add_transform(struct ike_proposal *proposal, uint8_t type, uint16_t id, uint16_t key_bits)
{
	proposal->transforms[proposal->num_transforms++] =
		(struct ike_transform){.type = type, .id = id, .key_bits = key_bits};
}

static bool goes_with(const struct ike_transform_cfg *t, bool aead, bool with_ke)
{
	const struct crypto_encr *encr;

	switch ((enum ike_transform_type)t->type) {
	case IKE_TRANSFORM_ENCR:
		encr = crypto_encr_find(t->id, t->key_bits);
		return encr && encr->aead == aead;
	case IKE_TRANSFORM_INTEG:
		return !aead;
	case IKE_TRANSFORM_KE:
	case IKE_TRANSFORM_ADDKE1:
	case IKE_TRANSFORM_ADDKE2:
	case IKE_TRANSFORM_ADDKE3:
	case IKE_TRANSFORM_ADDKE4:
	case IKE_TRANSFORM_ADDKE5:
	case IKE_TRANSFORM_ADDKE6:
	case IKE_TRANSFORM_ADDKE7:
		return with_ke;
	case IKE_TRANSFORM_PRF:
	case IKE_TRANSFORM_ESN:
		return true;
	}
	return false;
}

/* Where a proposal has no transform of this type, as far as the first one is concerned: NULL. */
static const struct ike_transform *first_of_type(const struct ike_proposal *proposal, uint8_t type)
{
	for (unsigned int i = 0; i < proposal->num_transforms; i++)
		if (proposal->transforms[i].type == type)
			return &proposal->transforms[i];
	return NULL;
}

/*
 * The half of a configured proposal whose ciphers are AEADs, or are not; nothing when it has none of these.
 */
static void offer_half(const struct ike_proposal_cfg *cfg, const struct ike_proposal *frame, bool aead,
		       bool with_ke, struct ike_sa_payload *out)
{
	struct ike_proposal *proposal = &out->proposals[out->n];

	*proposal = *frame;
	for (unsigned int i = 0; i < cfg->num; i++) {
		const struct ike_transform_cfg *t = &cfg->transforms[i];

		if (goes_with(t, aead, with_ke))
			add_transform(proposal, t->type, t->id, t->key_bits);
	}
	/* RFC 7296 3.3.3: an ESP proposal always says which sequence numbers. */
	if (proposal->proto == IKE_PROTO_ESP && !first_of_type(proposal, IKE_TRANSFORM_ESN))
		add_transform(proposal, IKE_TRANSFORM_ESN, IKE_ESN_NONE, 0);
	if (first_of_type(proposal, IKE_TRANSFORM_ENCR))
		proposal->num = ++out->n;
}

static bool begins_with_aead(const struct ike_proposal_cfg *cfg)
{
	for (unsigned int i = 0; i < cfg->num; i++)
		if (cfg->transforms[i].type == IKE_TRANSFORM_ENCR)
			return goes_with(&cfg->transforms[i], true, false);
	return false;
}

void ike_proposal_offer(uint8_t proto, const struct ike_proposal_cfg *cfgs, uint8_t n, uint64_t spi,
			uint8_t spi_len, bool with_ke, struct ike_sa_payload *out)
{
	const struct ike_proposal frame = {.proto = proto, .spi = spi, .spi_len = spi_len};

	/* The configured ones and the one in use (ike_create_proposals), each in two halves at most. */
	_Static_assert((LIMIT_PROPOSALS_CFG + 1) * 2 <= LIMIT_PROPOSALS, "an offer fits into a payload");
	assert(n <= LIMIT_PROPOSALS_CFG + 1);
	out->n = 0;
	for (unsigned int i = 0; i < n; i++) {
		bool aead = begins_with_aead(&cfgs[i]);

		offer_half(&cfgs[i], &frame, aead, with_ke, out);
		offer_half(&cfgs[i], &frame, !aead, with_ke, out);
	}
}

/*
 * --- against theirs
 * -----------------------------------------------------------------------------------------
 */

static bool same_transform(const struct ike_transform *a, const struct ike_transform *b)
{
	return a->type == b->type && a->id == b->id && a->key_bits == b->key_bits;
}

/* An attribute that we do not know makes a transform one that cannot be chosen, RFC 7296 3.3.6. */
static bool has_transform(const struct ike_proposal *proposal, const struct ike_transform *t)
{
	for (unsigned int i = 0; i < proposal->num_transforms; i++)
		if (!proposal->transforms[i].unknown_attribute && same_transform(&proposal->transforms[i], t))
			return true;
	return false;
}

static bool is_ke(uint8_t type)
{
	return type == IKE_TRANSFORM_KE || ike_transform_is_addke(type);
}

/* RFC 9370 2.2.1: no key exchange method twice, whatever its types; NONE may be. */
static bool is_repeated(const struct ike_proposal *common, const struct ike_transform *t)
{
	if (!is_ke(t->type) || t->id == IKE_KE_NONE)
		return false;
	for (unsigned int i = 0; i < common->num_transforms; i++)
		if (is_ke(common->transforms[i].type) && common->transforms[i].id == t->id)
			return true;
	return false;
}

/*
 * We have no transform of this type. Theirs may then have none either, or NONE among others, where the
 * registry has a NONE. Key exchange transforms of an ESP proposal in IKE_AUTH mean nothing yet (RFC 7296
 * 1.2): they are passed over.
 */
static bool none_of_type(const struct ike_proposal *theirs, uint8_t type, bool with_ke,
			 struct ike_proposal *common)
{
	const struct ike_transform none = {.type = type}; /* INTEG, KE and ADDKE all call 0 NONE */

	if (!first_of_type(theirs, type))
		return true;
	if (type != IKE_TRANSFORM_INTEG && !is_ke(type))
		return false;
	if (has_transform(theirs, &none)) {
		add_transform(common, type, none.id, none.key_bits);
		return true;
	}
	return is_ke(type) && !with_ke;
}

/* RFC 7296 3.3.6: a proposal with a type of transform that we do not know is unacceptable as a whole. */
static bool types_are_known(const struct ike_proposal *proposal)
{
	for (unsigned int i = 0; i < proposal->num_transforms; i++)
		if (proposal->transforms[i].type < IKE_TRANSFORM_ENCR ||
		    proposal->transforms[i].type > IKE_TRANSFORM_ADDKE7)
			return false;
	return true;
}

static bool spi_is_usable(const struct ike_proposal *proposal)
{
	if (proposal->proto == IKE_PROTO_ESP)
		return proposal->spi_len == 4 && proposal->spi >= ESP_SPI_FIRST;
	return proposal->spi_len == 0 || proposal->spi_len == 8;
}

struct matching {
	const struct ike_proposal *ours;
	const struct ike_proposal *theirs;
	bool with_ke;
};

static bool common_from(const struct matching *m, uint8_t type, struct ike_proposal *common);

/* Our transforms of this type in their order, until one of them leaves something for the types behind it. */
static bool common_of_type(const struct matching *m, uint8_t type, struct ike_proposal *common)
{
	const struct ike_transform none = {.type = type};
	uint8_t before = common->num_transforms;

	for (unsigned int i = 0; i < m->ours->num_transforms; i++) {
		const struct ike_transform *t = &m->ours->transforms[i];

		if (t->type != type || !has_transform(m->theirs, t) || is_repeated(common, t))
			continue;
		add_transform(common, type, t->id, t->key_bits);
		if (common_from(m, type + 1, common))
			return true;
		common->num_transforms = before;
	}
	/* They do not speak of it, and we can do without. */
	return ike_transform_is_addke(type) && !first_of_type(m->theirs, type) &&
	       has_transform(m->ours, &none) && common_from(m, type + 1, common);
}

static bool common_from(const struct matching *m, uint8_t type, struct ike_proposal *common)
{
	if (type > IKE_TRANSFORM_ADDKE7)
		return true;
	if (first_of_type(m->ours, type))
		return common_of_type(m, type, common);
	return none_of_type(m->theirs, type, m->with_ke, common) && common_from(m, type + 1, common);
}

/* One transform of each type out of both, by our order; carries their number and SPI. */
static bool common_proposal(const struct ike_proposal *ours, const struct ike_proposal *theirs, bool with_ke,
			    struct ike_proposal *common)
{
	*common = (struct ike_proposal){
		.num = theirs->num, .proto = theirs->proto, .spi_len = theirs->spi_len, .spi = theirs->spi};
	if (theirs->proto != ours->proto || !spi_is_usable(theirs) || !types_are_known(theirs))
		return false;
	return common_from(&(struct matching){ours, theirs, with_ke}, IKE_TRANSFORM_ENCR, common);
}

static uint16_t id_of_type(const struct ike_proposal *proposal, uint8_t type)
{
	const struct ike_transform *t = first_of_type(proposal, type);

	return t ? t->id : 0; /* reserved, or NONE, in every registry */
}

static bool addkes_of(const struct ike_proposal *proposal, struct ike_suite *suite)
{
	for (unsigned int i = 0; i < LIMIT_ADDKE; i++) {
		uint16_t id = id_of_type(proposal, IKE_TRANSFORM_ADDKE1 + i);

		suite->addke[i] = crypto_ke_method_find(id);
		/* They come after one: RFC 9370 2.2.4. */
		if (id != IKE_KE_NONE && (!suite->addke[i] || !suite->ke))
			return false;
	}
	return true;
}

/* False when an algorithm is not to be had, or an IKE SA would have no PRF or no key exchange. */
static bool suite_of(const struct ike_proposal *proposal, struct ike_suite *suite)
{
	const struct ike_transform *encr = first_of_type(proposal, IKE_TRANSFORM_ENCR);

	*suite = (struct ike_suite){
		.encr = encr ? crypto_encr_find(encr->id, encr->key_bits) : NULL,
		.integ = crypto_integ_find(id_of_type(proposal, IKE_TRANSFORM_INTEG)),
		.prf = crypto_prf_find(id_of_type(proposal, IKE_TRANSFORM_PRF)),
		.ke = crypto_ke_method_find(id_of_type(proposal, IKE_TRANSFORM_KE)),
		.esn = id_of_type(proposal, IKE_TRANSFORM_ESN) == IKE_ESN_ESN,
	};
	if (!suite->encr || suite->encr->aead != !suite->integ || !addkes_of(proposal, suite))
		return false;
	if (proposal->proto == IKE_PROTO_ESP)
		return !suite->ke == !id_of_type(proposal, IKE_TRANSFORM_KE);
	return suite->prf && suite->ke;
}

enum ike_reason ike_proposal_choose(uint8_t proto, const struct ike_proposal_cfg *cfgs, uint8_t n,
				    const struct ike_sa_payload *offered, bool with_ke,
				    struct ike_suite *chosen, struct ike_proposal *answer)
{
	struct ike_sa_payload ours;
	struct ike_proposal common;
	struct ike_suite suite;

	ike_proposal_offer(proto, cfgs, n, 0, 0, with_ke, &ours);
	for (unsigned int i = 0; i < ours.n; i++) {
		for (unsigned int j = 0; j < offered->n; j++) {
			if (!common_proposal(&ours.proposals[i], &offered->proposals[j], with_ke, &common) ||
			    !suite_of(&common, &suite))
				continue;
			*chosen = suite;
			*answer = common;
			return IKE_R_OK;
		}
	}
	return IKE_R_NO_PROPOSAL;
}

enum ike_reason ike_proposal_accept(uint8_t proto, const struct ike_proposal_cfg *cfgs, uint8_t n,
				    bool with_ke, const struct ike_sa_payload *answer,
				    struct ike_suite *chosen)
{
	const struct ike_proposal *theirs = &answer->proposals[0];
	struct ike_sa_payload ours;
	struct ike_proposal common;
	struct ike_suite suite;

	if (answer->n != 1)
		return IKE_R_PEER_CHANGED_PROPOSAL;
	ike_proposal_offer(proto, cfgs, n, 0, 0, with_ke, &ours);
	for (unsigned int i = 0; i < ours.n; i++) {
		/* fewer in common than answered: two of one type, or one that was not offered */
		if (!common_proposal(&ours.proposals[i], theirs, with_ke, &common) ||
		    common.num_transforms != theirs->num_transforms || !suite_of(&common, &suite))
			continue;
		*chosen = suite;
		return IKE_R_OK;
	}
	return IKE_R_PEER_CHANGED_PROPOSAL;
}

bool ike_proposals_have_addke(const struct ike_proposal_cfg *cfgs, uint8_t n)
{
	for (uint8_t p = 0; p < n; p++)
		for (unsigned int i = 0; i < cfgs[p].num; i++)
			if (ike_transform_is_addke(cfgs[p].transforms[i].type) &&
			    cfgs[p].transforms[i].id != IKE_KE_NONE)
				return true;
	return false;
}

void ike_proposals_strip_addke(struct ike_sa_payload *offer)
{
	for (unsigned int p = 0; p < offer->n; p++)
		for (unsigned int i = 0; i < offer->proposals[p].num_transforms; i++) {
			struct ike_transform *t = &offer->proposals[p].transforms[i];

			if (ike_transform_is_addke(t->type) && t->id != IKE_KE_NONE)
				t->unknown_attribute = true; /* cannot be chosen */
		}
}

uint16_t ike_proposal_first_group(const struct ike_proposal_cfg *cfg)
{
	for (unsigned int i = 0; i < cfg->num; i++)
		if (cfg->transforms[i].type == IKE_TRANSFORM_KE)
			return cfg->transforms[i].id;
	return IKE_KE_NONE;
}

bool ike_proposals_have_group(const struct ike_proposal_cfg *cfgs, uint8_t n, uint16_t method)
{
	for (uint8_t p = 0; p < n; p++)
		for (unsigned int i = 0; i < cfgs[p].num; i++)
			if (cfgs[p].transforms[i].type == IKE_TRANSFORM_KE &&
			    cfgs[p].transforms[i].id == method)
				return true;
	return false;
}
