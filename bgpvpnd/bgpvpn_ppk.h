// SPDX-License-Identifier: GPL-2.0-or-later
/* A tunnel's post-quantum pre-shared key, RFC 8784, out of its configuration. */
#ifndef BGPVPN_BGPVPN_PPK_H
#define BGPVPN_BGPVPN_PPK_H

#include "lib/yang.h"

#include "bgpvpnd/tunnel/tunnel.h"

/* The secret of a `ppk`, text or file; false with the operator's words in err, which never hold the secret, and *out untouched. */
bool bgpvpn_ppk_read(const struct lyd_node *ppk, struct secret *out, char *err, size_t err_len);

/*
 * Into the snapshot of a tunnel. False: there is one and it cannot be read. `old` is the snapshot before, or NULL: its secret stays in
 * use when the file cannot be read any more.
 */
bool bgpvpn_ppk_fill(const struct lyd_node *tunnel, const struct tunnel_cfg *old, struct tunnel_cfg *cfg);

#endif
