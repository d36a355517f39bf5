/*
 * cordctl_shown.c  Texts of strangers at a terminal
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdarg.h>
#include <string.h>

#include "common/text.h"
#include "sigd/cordctl/cordctl_shown.h"

static int shown(struct re_printf *pf, const char *text, bool lines)
{
	size_t len = text ? strlen(text) : 0, n;
	int err = 0;

	for (; len && !err; text += n, len -= n) {
		uint32_t code = 0;
		const size_t whole = text_utf8(text, len, &code);

		n = whole ? whole : 1;
		if (lines && code == '\r')
			continue;
		if (whole && (!text_unprintable(code) ||
			      (lines && (code == '\n' || code == '\t'))))
			err = pf->vph(text, n, pf->arg);
		else
			err = pf->vph(".", 1, pf->arg);
	}
	return err;
}

int cordctl_shown(struct re_printf *pf, const char *text)
{
	return shown(pf, text, false);
}

int cordctl_shown_lines(struct re_printf *pf, const char *text)
{
	return shown(pf, text, true);
}

void cordctl_print(FILE *to, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (!re_vsdprintf(&text, fmt, ap))
		(void)re_fprintf(to, "%H", cordctl_shown_lines, text);
	va_end(ap);
	mem_deref(text);
}
