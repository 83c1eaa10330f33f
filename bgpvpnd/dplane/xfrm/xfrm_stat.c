// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads what the kernel's IPsec dropped, see xfrm_stat.h. */
#include <zebra.h>

#include "bgpvpnd/dplane/xfrm/xfrm_stat.h"

#define FILE_NAME "/proc/net/xfrm_stat"
#define FILE_LEN  8192 /* DPLANE_KERNEL_COUNTERS lines of the longest names, twice */

static bool parse_line(const char *line, size_t len, struct dplane_kernel_counter *out)
{
	struct dplane_kernel_counter one = {};
	char copy[128], format[24], rest;

	if (len >= sizeof(copy))
		return false;
	memcpy(copy, line, len);
	copy[len] = '\0';
	snprintf(format, sizeof(format), "%%%zus %%" SCNu64 " %%c", sizeof(one.name) - 1);
	/* A minus sign is a number to scanf. */
	if (memchr(copy, '-', len) || sscanf(copy, format, one.name, &one.value, &rest) != 2)
		return false;
	*out = one;
	return true;
}

void xfrm_stat_parse(struct bytes text, struct dplane_kernel_counters *out)
{
	const char *at = (const char *)text.p, *end = at + text.n;

	out->n = 0;
	while (at < end && out->n < DPLANE_KERNEL_COUNTERS) {
		const char *newline = memchr(at, '\n', end - at);
		const char *stop = newline ? newline : end;

		if (parse_line(at, stop - at, &out->counter[out->n]))
			out->n++;
		at = stop + 1;
	}
}

bool dplane_kernel_counters(struct dplane_kernel_counters *out)
{
	char text[FILE_LEN];
	FILE *file = fopen(FILE_NAME, "re");

	if (!file)
		return false;
	xfrm_stat_parse(bytes_make((uint8_t *)text, fread(text, 1, sizeof(text), file)), out);
	fclose(file);
	return true;
}

const char *dplane_kernel_counter_words(const char *name)
{
	const struct xfrm_stat_row *row = xfrm_stat_row(name);

	return row ? row->words : NULL;
}

void xfrm_stat_sum(const struct dplane_kernel_counters *counters, struct xfrm_stat *stat)
{
	*stat = (struct xfrm_stat){};
	for (unsigned int i = 0; i < counters->n; i++) {
		const struct xfrm_stat_row *row = xfrm_stat_row(counters->counter[i].name);

		if (row && row->into != XFRM_STAT_NOWHERE)
			*(uint64_t *)((uint8_t *)stat + row->into) += counters->counter[i].value;
	}
}

void xfrm_stat_read(struct xfrm_stat *stat)
{
	struct dplane_kernel_counters counters = {};

	dplane_kernel_counters(&counters);
	xfrm_stat_sum(&counters, stat);
}
