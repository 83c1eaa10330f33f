// SPDX-License-Identifier: GPL-2.0-or-later
/* The file with the secret of quick crash detection (RFC 6290): what lets us say after a restart that we have restarted. */
#ifndef BGPVPN_BGPVPN_QCD_H
#define BGPVPN_BGPVPN_QCD_H

#include "bgpvpnd/base/base.h"

#define BGPVPN_QCD_SECRET_LEN 32

/*
 * Where the secret is kept: bgpvpnd.qcd in /var/lib/frr where user frr may write there, so that it survives a reboot of
 * the host; else, and always with -N, in FRR's run directory.
 */
void bgpvpn_qcd_path(char *path, size_t len);

/* Reads the secret, or makes one at the first start. False with the operator's words in err, and *out untouched. */
bool bgpvpn_qcd_secret(const char *path, struct secret *out, char *err, size_t err_len);

#endif
