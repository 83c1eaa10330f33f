// SPDX-License-Identifier: GPL-2.0-or-later
/* How a plane says no, see dplane_fail.h. */
#include <zebra.h>

#include <stdarg.h>

#include "bgpvpnd/dplane/dplane_fail.h"

int dplane_fail(struct dplane *dp, int err, const char *format, ...)
{
	char words[DPLANE_WORDS_MAX]; /* the arguments may quote the old text */
	va_list args;

	va_start(args, format);
	vsnprintf(words, sizeof(words), format, args);
	va_end(args);
	strlcpy(dp->error, words, sizeof(dp->error));
	return -err;
}

void dplane_note(struct dplane *dp, const char *format, ...)
{
	char words[DPLANE_WORDS_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(words, sizeof(words), format, args);
	va_end(args);
	if (dp->error[0])
		strlcat(dp->error, "; ", sizeof(dp->error));
	strlcat(dp->error, words, sizeof(dp->error));
}

void dplane_privileged(struct dplane *dp, bool raise)
{
	if (dp->env->privileged)
		dp->env->privileged(dp->env->arg, raise);
}
