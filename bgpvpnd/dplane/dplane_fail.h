// SPDX-License-Identifier: GPL-2.0-or-later
/* How a plane says no: sets dplane_error() and returns the errno, in one call. Private to the planes. */
#ifndef BGPVPN_DPLANE_DPLANE_FAIL_H
#define BGPVPN_DPLANE_DPLANE_FAIL_H

#include "bgpvpnd/dplane/dplane.h"

/* The longest text that dplane_error() can hold, with its 0. */
#define DPLANE_WORDS_MAX 256

/* Replaces the error text; returns -err. */
int dplane_fail(struct dplane *dp, int err, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Appends to the error text: of several things that could not be opened, the operator reads all. */
void dplane_note(struct dplane *dp, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Around privileged calls, see struct dplane_env. */
void dplane_privileged(struct dplane *dp, bool raise);

#endif
