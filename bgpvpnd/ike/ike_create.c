// SPDX-License-Identifier: GPL-2.0-or-later
/* CREATE_CHILD_SA exchanges under way, see ike_create.h. */
#include <zebra.h>

#include "lib/memory.h"

#include "bgpvpnd/ike/ike_engine.h"

DEFINE_MTYPE(BGPVPN, IKE_CREATE, "VPN CREATE_CHILD_SA exchange");
DEFINE_MTYPE(BGPVPN, IKE_HELD, "VPN CREATE_CHILD_SA answer");

static void unparent(struct ike_sa *sa)
{
	if (sa)
		sa->parent = NULL;
}

void ike_create_abandon(struct ike_sa *sa)
{
	struct ike_create *create = sa->create;
	const struct ike_host *host = sa->engine->host;

	if (!create)
		return;
	sa->create = NULL;
	if (create->spi_in)
		host->spi_release(host->arg, create->spi_in);
	crypto_ke_free(create->ke);
	secret_fini(&create->nonce);
	secret_fini(&create->nonce_r);
	ike_addke_fini(&create->row);
	secret_fini(&create->crossed_lowest);
	unparent(create->fresh);
	unparent(create->crossed_sa);
	if (create->fresh)
		ike_sa_bury(create->fresh);
	if (create->crossed_sa)
		ike_sa_bury(create->crossed_sa);
	XFREE(MTYPE_IKE_CREATE, create);
}

struct ike_create *ike_create_set_aside(struct ike_sa *sa)
{
	struct ike_create *create = sa->create;

	if (!create || create->kind != IKE_CREATE_IKE || !create->fresh || create->crossed_sa)
		return NULL;
	sa->create = NULL;
	return create;
}

void ike_create_settle(struct ike_sa *sa, struct instant now)
{
	struct ike_create *create = sa->create;
	struct ike_sa *heir = create ? create->crossed_sa : NULL;

	if (heir && sa->conn) {
		create->crossed_sa = NULL;
		ike_sa_inherit(heir, sa, now);
	}
	ike_create_abandon(sa);
}

void ike_create_forget_sa(struct ike_sa *sa)
{
	struct ike_create *create = sa->parent ? sa->parent->create : NULL;
	struct ike_pending *pending = sa->parent ? sa->parent->pending : NULL;

	if (create && create->fresh == sa)
		create->fresh = NULL;
	if (create && create->crossed_sa == sa)
		create->crossed_sa = NULL;
	if (pending && pending->heir == sa)
		pending->heir = NULL;
	sa->parent = NULL;
}

void ike_held_free(struct ike_sa *sa)
{
	if (!sa->held)
		return;
	crypto_ke_free(sa->held->ke);
	secret_fini(&sa->held->nonce);
	XFREE(MTYPE_IKE_HELD, sa->held);
}

static void add_transform(struct ike_proposal_cfg *cfg, uint8_t type, uint16_t id, uint16_t key_bits)
{
	if (cfg->num < IKE_CFG_TRANSFORMS)
		cfg->transforms[cfg->num++] =
			(struct ike_transform_cfg){.type = type, .id = id, .key_bits = key_bits};
}

static bool has_transform(const struct ike_proposal_cfg *cfg, uint8_t type, uint16_t id, uint16_t key_bits)
{
	for (unsigned int i = 0; i < cfg->num; i++)
		if (cfg->transforms[i].type == type && cfg->transforms[i].id == id &&
		    cfg->transforms[i].key_bits == key_bits)
			return true;
	return false;
}

/*
 * The group in use, which may be one that only the peer asks for, before those of the configured proposal that the suite in use came
 * from.
 */
static void add_groups(struct ike_proposal_cfg *out, const struct ike_proposal_cfg *from,
		       const struct ike_suite *used)
{
	if (used->ke)
		add_transform(out, IKE_TRANSFORM_KE, used->ke->id, 0);
	for (unsigned int i = 0; i < from->num; i++)
		if (from->transforms[i].type == IKE_TRANSFORM_KE &&
		    !has_transform(out, IKE_TRANSFORM_KE, from->transforms[i].id, 0))
			add_transform(out, IKE_TRANSFORM_KE, from->transforms[i].id, 0);
}

/* The additional ones likewise; none where the suite in use does without, though it had the choice. */
static void add_addkes(struct ike_proposal_cfg *out, const struct ike_proposal_cfg *from,
		       const struct ike_suite *used)
{
	if (used->ke && !ike_suite_has_addke(used))
		return;
	for (unsigned int i = 0; i < LIMIT_ADDKE; i++)
		if (used->addke[i])
			add_transform(out, IKE_TRANSFORM_ADDKE1 + i, used->addke[i]->id, 0);
	for (unsigned int i = 0; i < from->num; i++)
		if (ike_transform_is_addke(from->transforms[i].type) &&
		    !has_transform(out, from->transforms[i].type, from->transforms[i].id, 0))
			add_transform(out, from->transforms[i].type, from->transforms[i].id, 0);
}

static bool in_use(const struct ike_suite *used, struct ike_proposal_cfg *out)
{
	*out = (struct ike_proposal_cfg){};
	if (!used->encr)
		return false;
	add_transform(out, IKE_TRANSFORM_ENCR, used->encr->id, used->encr->key_bits);
	if (used->prf)
		add_transform(out, IKE_TRANSFORM_PRF, used->prf->id, 0);
	if (used->integ)
		add_transform(out, IKE_TRANSFORM_INTEG, used->integ->id, 0);
	if (used->esn)
		add_transform(out, IKE_TRANSFORM_ESN, IKE_ESN_ESN, 0);
	return true;
}

static const struct ike_proposal_cfg *origin(const struct ike_proposal_cfg *cfgs, uint8_t n,
					     const struct ike_suite *used)
{
	for (uint8_t i = 0; i < n; i++)
		if (has_transform(&cfgs[i], IKE_TRANSFORM_ENCR, used->encr->id, used->encr->key_bits))
			return &cfgs[i];
	return NULL;
}

uint8_t ike_create_proposals(const struct ike_conn_cfg *cfg, enum ike_create_kind kind,
			     const struct ike_suite *used,
			     struct ike_proposal_cfg out[LIMIT_PROPOSALS_CFG + 1])
{
	const struct ike_proposal_cfg *cfgs = kind == IKE_CREATE_IKE ? cfg->ike : cfg->esp;
	uint8_t num = kind == IKE_CREATE_IKE ? cfg->num_ike : cfg->num_esp;
	const struct ike_proposal_cfg *from;
	uint8_t n = 0;

	if (in_use(used, &out[0]) && (from = origin(cfgs, num, used))) {
		add_groups(&out[0], from, used);
		add_addkes(&out[0], from, used);
		n = 1;
	}
	for (uint8_t i = 0; i < num; i++)
		out[n++] = cfgs[i];
	return n;
}
