// SPDX-License-Identifier: GPL-2.0-or-later
/* cmocka wants these before itself. */
#ifndef BGPVPN_TESTS_CMOCKA_ALL_H
#define BGPVPN_TESTS_CMOCKA_ALL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
