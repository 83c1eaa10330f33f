// SPDX-License-Identifier: GPL-2.0-or-later
/* Pre-shared keys from the configuration: the secret itself, or a file that holds it. */
#ifndef BGPVPN_BGPVPN_SECRET_H
#define BGPVPN_BGPVPN_SECRET_H

#include "bgpvpnd/base/base.h"

/* Both return false with the operator's words in err, and *out untouched. The words never hold the secret. */
bool bgpvpn_secret_from_text(const char *text, struct secret *out, char *err, size_t err_len);
bool bgpvpn_secret_from_file(const char *path, struct secret *out, char *err, size_t err_len);

#endif
