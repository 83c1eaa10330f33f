// SPDX-License-Identifier: GPL-2.0-or-later
/* Names of IANA's numbers, from the lists of iana.h. */
#include "bgpvpnd/base/iana.h"

#define ROW(suffix, number, text)                                                                            \
	case number:                                                                                         \
		return text;

#define NAME_FUNCTION(name, LIST)                                                                            \
	const char *iana_##name##_name(unsigned int n)                                                       \
	{                                                                                                    \
		switch (n) {                                                                                 \
			LIST(ROW)                                                                            \
		default:                                                                                     \
			return "unknown";                                                                    \
		}                                                                                            \
	}

NAME_FUNCTION(exchange, IANA_EXCHANGE)
NAME_FUNCTION(payload, IANA_PAYLOAD)
NAME_FUNCTION(proto, IANA_PROTO)
NAME_FUNCTION(transform, IANA_TRANSFORM)
NAME_FUNCTION(encr, IANA_ENCR)
NAME_FUNCTION(prf, IANA_PRF)
NAME_FUNCTION(integ, IANA_INTEG)
NAME_FUNCTION(ke, IANA_KE)
NAME_FUNCTION(esn, IANA_ESN)
NAME_FUNCTION(id, IANA_ID)
NAME_FUNCTION(auth_method, IANA_AUTH_METHOD)
NAME_FUNCTION(sig_hash, IANA_SIG_HASH)
NAME_FUNCTION(cert, IANA_CERT)
NAME_FUNCTION(ts, IANA_TS)
NAME_FUNCTION(notify, IANA_NOTIFY)
