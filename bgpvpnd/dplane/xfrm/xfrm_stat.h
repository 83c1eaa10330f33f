// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * /proc/net/xfrm_stat: how many packets the kernel's IPsec dropped in this network namespace, and why
 * (Documentation/networking/xfrm_proc.rst). Read as text by xfrm_stat.c; what the names mean is data, xfrm_stat_words.c.
 */
#ifndef BGPVPN_XFRM_XFRM_STAT_H
#define BGPVPN_XFRM_XFRM_STAT_H

#include "bgpvpnd/dplane/dplane.h"

/* What of it goes into struct dplane_counters. */
struct xfrm_stat {
	uint64_t no_sa;
	uint64_t malformed;
	uint64_t selectors;
	uint64_t no_child;
	uint64_t expired;
};

#define XFRM_STAT_NOWHERE SIZE_MAX

struct xfrm_stat_row {
	const char *name;  /* the kernel's */
	const char *words; /* what it means and what to do */
	size_t into;	   /* offset in struct xfrm_stat, or XFRM_STAT_NOWHERE */
};

/* NULL: a name that a newer kernel may have. */
const struct xfrm_stat_row *xfrm_stat_row(const char *name);

/* Lines that are no name and number are skipped, so are those beyond what there is room for. */
void xfrm_stat_parse(struct bytes text, struct dplane_kernel_counters *out);

void xfrm_stat_sum(const struct dplane_kernel_counters *counters, struct xfrm_stat *stat);

/* Without CONFIG_XFRM_STATISTICS all is 0. */
void xfrm_stat_read(struct xfrm_stat *stat);

#endif
