// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every sealed message that an end has sent, and what must hold among them: a message ID is never reused
 * with different bytes (RFC 7296 2.1, 2.2), and an AEAD's IV never comes back under the same keys (RFC 5282
 * 3.1).
 */
#ifndef BGPVPN_TESTS_SIM_LOG_H
#define BGPVPN_TESTS_SIM_LOG_H

#include "bgpvpnd/base/base.h"

struct sim_log;

struct sim_log *sim_log_new(void);
void sim_log_free(struct sim_log *log);

/* What is wrong with sending this datagram now, or NULL. `aead` says that IVs are counters. */
const char *sim_log_sent(struct sim_log *log, struct bytes datagram, bool aead);

#endif
