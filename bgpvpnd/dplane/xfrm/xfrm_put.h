// SPDX-License-Identifier: GPL-2.0-or-later
/* What the builders of xfrm_msg.h share: addresses, selectors, the head of a message. */
#ifndef BGPVPN_XFRM_XFRM_PUT_H
#define BGPVPN_XFRM_XFRM_PUT_H

#include "bgpvpnd/dplane/xfrm/xfrm_msg.h"

struct nlmsghdr *xfrm_put_head(void *buf, uint16_t type, uint16_t flags);
xfrm_address_t xfrm_put_addr(const struct ipaddr *addr);
void xfrm_put_mark(struct nlmsghdr *nlh, uint32_t mark, uint32_t mask); /* nothing without a mask */
uint16_t xfrm_put_family(const struct ipaddr *addr); /* AF_INET, AF_INET6 */

/* `from` and `to` fit (xfrm_selector_fits()). */
struct xfrm_selector xfrm_put_selector(const struct ts *from, const struct ts *to);

#endif
