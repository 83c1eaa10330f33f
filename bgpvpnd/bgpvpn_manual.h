// SPDX-License-Identifier: GPL-2.0-or-later
/* ESP SAs with keys by hand: `manual-sa`, from the configuration and from the files that it names. */
#ifndef BGPVPN_BGPVPN_MANUAL_H
#define BGPVPN_BGPVPN_MANUAL_H

#include "lib/yang.h"

#include "bgpvpnd/tunnel/tunnel.h"

/* Whether the files that are said so far hold what the algorithm, if it is said, wants; dnode is a leaf in manual-sa. */
bool bgpvpn_manual_check(const struct lyd_node *dnode, char *err, size_t err_len);

/*
 * Both keys out of a file: each 0x and hexadecimal digits, blanks between. `algorithm` "": of any length. False with words in err, which
 * never hold a key; *half untouched then.
 */
bool bgpvpn_manual_keys(const char *path, const char *algorithm, struct child_sa_half *half, char *err,
			size_t err_len);

/*
 * Fills cfg->manual, and of cfg->manual_sa what is said of the SAs themselves, after all else; keys of before stay in use where a file cannot be read any more. `missing`: what it
 * needs, or NULL.
 */
void bgpvpn_manual_fill(const struct lyd_node *tunnel, const struct tunnel_cfg *old, struct tunnel_cfg *cfg);
const char *bgpvpn_manual_missing(const struct lyd_node *tunnel, const struct tunnel_cfg *cfg);

/* The algorithm in the operator's word; "" for others. */
const char *bgpvpn_manual_algorithm(const struct child_sa_params *sa);

#endif
