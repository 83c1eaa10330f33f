// SPDX-License-Identifier: GPL-2.0-or-later
/* What the kernel dropped, Documentation/networking/xfrm_proc.rst. Without CONFIG_XFRM_STATISTICS all is 0. */
#include <zebra.h>

#include "bgpvpnd/dplane/xfrm/xfrm_plane.h"

struct row {
	const char *name;
	size_t counter;
};

#define ROW(name, counter)                                                                                   \
	{                                                                                                    \
		name, offsetof(struct xfrm_stat, counter)                                                    \
	}

static const struct row rows[] = {
	ROW("XfrmInNoStates", no_sa),	      ROW("XfrmInHdrError", malformed),
	ROW("XfrmInBufferError", malformed),  ROW("XfrmInNoPols", selectors),
	ROW("XfrmInTmplMismatch", selectors), ROW("XfrmInPolBlock", selectors),
	ROW("XfrmInStateExpired", expired),   ROW("XfrmOutStateExpired", expired),
	ROW("XfrmOutNoStates", no_child),     ROW("XfrmOutBundleGenError", no_child),
};

void xfrm_stat_read(struct xfrm_stat *stat)
{
	FILE *file = fopen("/proc/net/xfrm_stat", "re");
	unsigned long long n;
	char name[64];

	*stat = (struct xfrm_stat){};
	if (!file)
		return;
	while (fscanf(file, "%63s %llu", name, &n) == 2)
		for (size_t i = 0; i < array_size(rows); i++)
			if (strcmp(name, rows[i].name) == 0)
				*(uint64_t *)((uint8_t *)stat + rows[i].counter) += n;
	fclose(file);
}
