// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `vpn capture-keys FILE`: the keys of IKE and ESP SAs, written as Wireshark's tables have them, for whoever has to look into a capture. Off
 * until an operator asks for it, never in the configuration, over with the daemon. How to use it: doc/wireshark.md.
 *
 * Whoever reads the file reads the traffic: it is the daemon's alone (mode 0600), made by us, in a directory where nobody else could have
 * put it.
 */
#ifndef BGPVPN_BGPVPN_KEYLOG_H
#define BGPVPN_BGPVPN_KEYLOG_H

#include "bgpvpnd/base/base.h"
#include "bgpvpnd/ike/ike.h"

/*
 * Begins, in place of a file before. What such a command has left at that path is overwritten, nothing else is. False with the operator's
 * words in err, and all is as it was.
 */
bool bgpvpn_keylog_start(struct ike_host *host, const char *path, char *err, size_t err_len);

/* Ends; the file stays. False: there was nothing to end. */
bool bgpvpn_keylog_stop(struct ike_host *host);

/* The file, NULL: off. */
const char *bgpvpn_keylog_path(void);

/* A pair of ESP SAs that is about to be installed. Nothing when it is off. */
void bgpvpn_keylog_child(struct ike_host *host, const struct child_sa_params *child);

/* --- bgpvpn_keylog_text.c: pure ------------------------------------------------------------------------------- */

/* With four keys of 64 bytes in hexadecimal digits, and the words. */
#define BGPVPN_KEYLOG_LINE 1024

/*
 * One line, with its newline, into a buffer of BGPVPN_KEYLOG_LINE bytes, which the caller wipes. A comment where Wireshark has no name for
 * an algorithm: one unknown name, and it does not read the rest of the table.
 */
void bgpvpn_keylog_ike_line(const struct ike_key_log *keys, char *line);
void bgpvpn_keylog_esp_line(const struct child_sa_params *child, bool in, char *line);

#endif
