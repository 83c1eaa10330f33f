// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * plane_world.h with the kernel plane, and a look into the kernel. Needs root and a kernel with XFRM interfaces and ESP; without them every
 * test is skipped and says so: tests/guest/run finds such a kernel.
 */
#ifndef BGPVPN_TESTS_XFRM_WORLD_H
#define BGPVPN_TESTS_XFRM_WORLD_H

#include <zebra.h>

#include "bgpvpnd/dplane/dplane.h"

#define PLANE_NEW  dplane_xfrm_new
#define PLANE_FREE dplane_xfrm_free

static inline const char *why_no_plane(void)
{
	static const struct dplane_env env = {.natt_port = 4500};
	static char why[256];
	struct dplane *dp = dplane_xfrm_new(&env);
	int err = dp->ops->open(dp);

	strlcpy(why, dplane_error(dp), sizeof(why));
	if (!err)
		dp->ops->close(dp);
	dplane_xfrm_free(dp);
	return err ? why : NULL;
}

#include "tests/helpers/plane_world.h"

/* What is in the kernel of one side, as lines of `ip xfrm`. */
static inline int xfrm_lines(const struct side *s, const char *what)
{
	char command[100];
	FILE *pipe;
	int n = -1;

	enter(s);
	snprintf(command, sizeof(command), "ip xfrm %s | grep -c '^src'", what);
	pipe = popen(command, "re");
	assert_non_null(pipe);
	assert_int_equal(fscanf(pipe, "%d", &n), 1);
	pclose(pipe);
	return n;
}

static inline int sas(const struct side *s)
{
	return xfrm_lines(s, "state");
}

/* Those of sockets are no lines with if_id. */
static inline int policies(const struct side *s)
{
	FILE *pipe;
	int n = -1;

	enter(s);
	pipe = popen("ip xfrm policy | grep -c if_id", "re");
	assert_non_null(pipe);
	assert_int_equal(fscanf(pipe, "%d", &n), 1);
	pclose(pipe);
	return n;
}

#endif
