/*
 * fuzz_admin_route.c  Path and query of a request to the admin server
 *
 * Input: the raw target, "/path?query". What is found must be whole: values
 * 0-terminated within the buffer, and only of the names that the pattern has.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>

#include "common/admin_route.h"
#include "tests/lib/fuzz.h"

static const struct admin_route routes[] = {
	{"GET", "/", NULL, true, NULL},
	{"GET", "/v1/tenants/{tenant}", NULL, false, NULL},
	{"GET", "/v1/tenants/{tenant}/users/{user}", NULL, false, NULL},
	{"POST", "/{a}/{b}/{c}", NULL, false, NULL},
};

static void check(const struct admin_params *params)
{
	if (params->n > ADMIN_PARAMS_MAX || params->used > sizeof(params->buf))
		abort();
	for (size_t i = 0; i < params->n; i++) {
		const char *end = params->value[i] + strlen(params->value[i]);

		if (params->value[i] < params->buf ||
		    end >= params->buf + sizeof(params->buf))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct admin_route *route = NULL;
	const char *text = (const char *)data;
	const char *query = size ? memchr(text, '?', size) : NULL;
	size_t len = query ? (size_t)(query - text) : size;
	struct admin_params params;

	switch (admin_route_find(&route, &params, routes, 4, "GET", text,
				 len)) {
	case ADMIN_FOUND:
		check(&params);
		break;
	case ADMIN_NO_METHOD:
		if (!route)
			abort();
		break;
	case ADMIN_NO_PATH:
	case ADMIN_BAD_REQUEST:
		break;
	}
	if (query && !admin_query_read(&params, query + 1, size - len - 1))
		check(&params);
	return 0;
}
