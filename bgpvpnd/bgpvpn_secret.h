// SPDX-License-Identifier: GPL-2.0-or-later
/* Files that the configuration names: pre-shared keys, certificates, private keys. */
#ifndef BGPVPN_BGPVPN_SECRET_H
#define BGPVPN_BGPVPN_SECRET_H

#include "bgpvpnd/base/base.h"

/*
 * Text: as it is, or 0x and hexadecimal digits. Both return false with the operator's words in err, and *out untouched. The words never
 * hold the secret.
 */
bool bgpvpn_secret_from_text(const char *text, struct secret *out, char *err, size_t err_len);
bool bgpvpn_secret_from_file(const char *path, struct secret *out, char *err, size_t err_len);

/*
 * A whole file of LIMIT_PEM bytes at most. `private`: nobody else may read it; in any case not everybody may write it. Words as
 * above.
 */
bool bgpvpn_file_read(const char *path, bool private, struct secret *out, char *err, size_t err_len);

#endif
