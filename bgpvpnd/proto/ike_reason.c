// SPDX-License-Identifier: GPL-2.0-or-later
/* The rows behind ike_reason_info(), see ike_reason.h. */
#include <zebra.h>

#include "bgpvpnd/proto/ike_reason.h"

static const struct ike_reason_info rows[] = {
#define X(suffix, notify, disposition, key, words) {#suffix, notify, IKE_##disposition, key, words},
	IKE_REASONS(X)
#undef X
};

const struct ike_reason_info *ike_reason_info(enum ike_reason reason)
{
	assert((unsigned int)reason < IKE_R_MAX);
	return &rows[reason];
}
