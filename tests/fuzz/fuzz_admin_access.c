/*
 * fuzz_admin_access.c  The headers by which the admin server judges who asks
 *
 * Input: Authorization, Host and Origin, a line each. Nothing but the known
 * tokens may open anything, and only for the host and origin that are ours.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>

#include "common/admin_access.h"
#include "tests/lib/admin_tokens.h"
#include "tests/lib/fuzz.h"

static char *line(const char **textp, size_t *len)
{
	const char *end = memchr(*textp, '\n', *len);
	size_t n = end ? (size_t)(end - *textp) : *len;
	char *out = malloc(n + 1);

	if (!out)
		abort();
	memcpy(out, *textp, n);
	out[n] = '\0';
	*textp += n + (end != NULL);
	*len -= n + (end != NULL);
	return out;
}

static void judge(const struct admin_ask *ask)
{
	struct admin_access *access = NULL;
	struct admin_pass pass;
	struct admin_conf conf;

	admin_tokens_conf(&conf);
	if (admin_access_alloc(&access, &conf))
		abort();
	admin_access_judge(access, &pass, ask, 1000, 1790000000);
	if (!pass.status &&
	    (!pass.who || !ask->authorization ||
	     !strstr(ask->authorization, "-horse-battery")))
		abort();
	if (!pass.status && strcasecmp(strchr(ask->origin, ':') + 3, ask->host))
		abort();
	mem_deref(access);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	char *authorization, *host, *origin;
	struct admin_ask ask = {.changes = true};
	struct sa source;

	sa_set_str(&source, "192.0.2.1", 1);
	authorization = line(&text, &size);
	host = line(&text, &size);
	origin = line(&text, &size);
	ask.authorization = authorization;
	ask.host = host;
	ask.origin = origin;
	ask.source = &source;
	judge(&ask);
	free(authorization);
	free(host);
	free(origin);
	return 0;
}
