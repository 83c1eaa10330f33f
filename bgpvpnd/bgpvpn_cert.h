// SPDX-License-Identifier: GPL-2.0-or-later
/* The certificates that a tunnel's configuration names, loaded. Below the shell they are opaque. */
#ifndef BGPVPN_BGPVPN_CERT_H
#define BGPVPN_BGPVPN_CERT_H

#include "lib/yang.h"

#include "bgpvpnd/tunnel/tunnel.h"

/*
 * Our certificate and key, and the authorities and revocation lists, of a tunnel's `authentication` container. True with *out NULL
 * when they are not configured, or not yet; false with the operator's words in err, and *out untouched, when they cannot be used.
 */
bool bgpvpn_cert_load_own(const struct lyd_node *auth, struct crypto_creds **out, char *err, size_t err_len);
bool bgpvpn_cert_load_ca(const struct lyd_node *auth, struct crypto_trust **out, char *err, size_t err_len);

/*
 * Both into a snapshot. What cannot be read any more is kept from `old` (or NULL), with a line in the log. False: something that is
 * configured is not there.
 */
bool bgpvpn_cert_fill(const struct lyd_node *tunnel, const struct tunnel_cfg *old, struct tunnel_cfg *cfg);

#endif
