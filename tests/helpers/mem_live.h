// SPDX-License-Identifier: GPL-2.0-or-later
/* How many blocks of the daemon's memory group are allocated now: tests end where they began. */
#ifndef BGPVPN_TESTS_MEM_LIVE_H
#define BGPVPN_TESTS_MEM_LIVE_H

#include <stddef.h>
#include <string.h>

#include "lib/memory.h"

static int mem_live_of_type(void *sum, struct memgroup *group, struct memtype *type)
{
	if (type && strcmp(group->name, "bgpvpnd") == 0)
		*(size_t *)sum += type->n_alloc;
	return 0;
}

static inline size_t mem_live(void)
{
	size_t sum = 0;

	qmem_walk(mem_live_of_type, &sum);
	return sum;
}

#endif
