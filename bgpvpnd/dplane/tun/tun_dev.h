// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One persistent TUN device (Documentation/networking/tuntap.rst of the kernel). Its link state is its
 * carrier: off from the first moment, so that nobody takes a tunnel for running that is not. Main thread,
 * inside dplane_privileged().
 */
#ifndef BGPVPN_TUN_TUN_DEV_H
#define BGPVPN_TUN_TUN_DEV_H

#include "bgpvpnd/dplane/dplane_fail.h"

/*
 * What open() can say before any tunnel exists: notes in dp->error when this system has no usable
 * /dev/net/tun.
 */
void tun_dev_probe(struct dplane *dp);

/*
 * Creates the device or adopts the persistent one of that name, without carrier. A non-blocking descriptor,
 * or -errno with the operator's words in dp->error.
 */
int tun_dev_open(struct dplane *dp, const char *name);

int tun_dev_set_carrier(int fd, bool on);

/* Closing the descriptor then removes the device. */
int tun_dev_set_transient(int fd);

#endif
