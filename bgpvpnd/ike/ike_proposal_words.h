// SPDX-License-Identifier: GPL-2.0-or-later
/* The words that a proposal is made of, one transform each, as strongSwan spells them. Used by ike_proposal_text.c alone. */
#ifndef BGPVPN_IKE_IKE_PROPOSAL_WORDS_H
#define BGPVPN_IKE_IKE_PROPOSAL_WORDS_H

#include "bgpvpnd/ike/ike_proposal.h"

/* "aes256gcm16", "ke1_mlkem768": false when it is none that we can do; then _explain has the operator's words. */
bool ike_word_parse(const char *given, struct ike_transform_cfg *t);
void ike_word_explain(const char *given, char *err, size_t err_len);

/*
 * Appends the transform's word, with a dash unless it is the first; what one does not write is left out, 32-bit sequence numbers unless
 * `esn_too`.
 */
void ike_word_append(const struct ike_transform *t, bool esn_too, bool *first, char *buf, size_t len);

#endif
