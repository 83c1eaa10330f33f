// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a configuration must not say: each check returns true, or false with the operator's reason in err.
 * Called in the northbound's VALIDATE phase; nothing here changes anything.
 */
#ifndef BGPVPN_BGPVPN_CHECK_H
#define BGPVPN_BGPVPN_CHECK_H

#include "lib/yang.h"

#include "bgpvpnd/base/base.h"

/* A leaf that changes, for itself and against what it must fit; dnode is the leaf in the candidate. */
bool bgpvpn_check_proposals(uint8_t proto, const struct lyd_node *dnode, char *err, size_t err_len);
bool bgpvpn_check_address(const struct lyd_node *dnode, char *err, size_t err_len);
bool bgpvpn_check_id(const struct lyd_node *dnode, char *err, size_t err_len);
bool bgpvpn_check_certificate(const struct lyd_node *dnode, char *err, size_t err_len);
bool bgpvpn_check_ca(const struct lyd_node *dnode, char *err, size_t err_len);
bool bgpvpn_check_inside(const struct lyd_node *dnode, char *err, size_t err_len);
bool bgpvpn_check_mtu(const struct lyd_node *dnode, char *err, size_t err_len);

/* The same of what an interface is and may carry: bgpvpn_check_link.c. Here belongs what this data plane and this kernel cannot. */
bool bgpvpn_check_interface(const struct lyd_node *dnode, char *err, size_t err_len);
bool bgpvpn_check_kind(const struct lyd_node *dnode, char *err, size_t err_len);
bool bgpvpn_check_if_id(const struct lyd_node *dnode, char *err, size_t err_len);
bool bgpvpn_check_mark(const struct lyd_node *dnode, char *err, size_t err_len);
bool bgpvpn_check_netns(const struct lyd_node *dnode, char *err, size_t err_len);
bool bgpvpn_check_vrf(const struct lyd_node *dnode, char *err, size_t err_len);
bool bgpvpn_check_selector(const struct lyd_node *dnode, char *err, size_t err_len);

/*
 * Of all tunnels at every change, whatever it takes away or adds: words that do not go together (bgpvpn_check_fit.c),
 * interfaces that are shared or get in each other's way (bgpvpn_check_share.c), networks that overlap (bgpvpn_check_inside.c).
 */
bool bgpvpn_check_links(const struct lyd_node *vpn, char *err, size_t err_len);

/* Of every tunnel at every change, as the profile may be what goes. */
bool bgpvpn_check_profile(const struct lyd_node *tunnel, char *err, size_t err_len);

#endif
