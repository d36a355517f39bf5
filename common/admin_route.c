/*
 * admin_route.c  Finds the route of a request in the admin's HTTP server
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/admin_route.h"
#include "common/text.h"

/* A text into the buffer, decoded; NULL and *err when that cannot be. */
static const char *keep(struct admin_params *params, const char *text,
			size_t len, int *err)
{
	char *out = params->buf + params->used;

	*err = text_percent_decode(out, sizeof(params->buf) - params->used,
				   text, len);
	if (*err)
		return NULL;
	params->used += strlen(out) + 1;
	return out;
}

/* Name and value of n_len and v_len bytes. */
static int params_add(struct admin_params *params, const char *name,
		      size_t n_len, const char *value, size_t v_len)
{
	int err;

	if (params->n == ADMIN_PARAMS_MAX)
		return E2BIG;
	params->name[params->n] = keep(params, name, n_len, &err);
	if (!err)
		params->value[params->n] = keep(params, value, v_len, &err);
	params->n += !err;
	return err;
}

static bool is_among(const char *name, const char *names)
{
	const size_t len = strlen(name);

	for (const char *p = names; *p; p += *p == ' ') {
		const size_t n = strcspn(p, " ");

		if (n == len && !memcmp(p, name, n))
			return true;
		p += n;
	}
	return false;
}

const char *admin_params_other(const struct admin_params *params,
			       const char *names)
{
	for (size_t i = 0; i < params->n; i++) {
		if (!is_among(params->name[i], names))
			return params->name[i];
	}
	return NULL;
}

const char *admin_params_get(const struct admin_params *params,
			     const char *name)
{
	for (size_t i = 0; i < params->n; i++) {
		if (!strcmp(params->name[i], name))
			return params->value[i];
	}
	return NULL;
}

static size_t segment_len(const char *p, const char *end)
{
	const char *slash = memchr(p, '/', (size_t)(end - p));

	return (size_t)((slash ? slash : end) - p);
}

/* One segment of a pattern with one of a path. */
static bool segment_fits(const char *pattern, size_t p_len, const char *seg,
			 size_t s_len, struct admin_params *params, int *err)
{
	if (p_len > 2 && pattern[0] == '{') {
		if (s_len)
			*err = params_add(params, pattern + 1, p_len - 2, seg,
					  s_len);
		return s_len > 0;
	}
	return p_len == s_len && !memcmp(pattern, seg, s_len);
}

static bool path_fits(const char *pattern, const char *path, size_t len,
		      struct admin_params *params, int *err)
{
	const char *pattern_end = pattern + strlen(pattern);
	const char *end = path + len;

	params->n = params->used = 0;
	*err = 0;
	for (;;) {
		size_t p_len = segment_len(pattern, pattern_end);
		size_t s_len = segment_len(path, end);

		if (!segment_fits(pattern, p_len, path, s_len, params, err))
			return false;
		pattern += p_len;
		path += s_len;
		if (pattern == pattern_end || path == end)
			return pattern == pattern_end && path == end;
		pattern++;
		path++;
	}
}

static bool method_fits(const struct admin_route *route, const char *method)
{
	return !strcmp(route->method, method) ||
	       (!strcmp(method, "HEAD") && !strcmp(route->method, "GET"));
}

enum admin_found admin_route_find(const struct admin_route **routep,
				  struct admin_params *params,
				  const struct admin_route *routes, size_t n,
				  const char *method, const char *path,
				  size_t len)
{
	enum admin_found found = ADMIN_NO_PATH;

	if (len > ADMIN_PATH_MAX || !len || path[0] != '/')
		return ADMIN_BAD_REQUEST;
	for (size_t i = 0; i < n; i++) {
		int err;

		if (!path_fits(routes[i].path, path, len, params, &err))
			continue;
		if (err)
			return ADMIN_BAD_REQUEST;
		*routep = &routes[i];
		if (method_fits(&routes[i], method))
			return ADMIN_FOUND;
		found = ADMIN_NO_METHOD;
	}
	return found;
}

void admin_route_allow(char *out, size_t size, const struct admin_route *routes,
		       size_t n, const struct admin_route *route)
{
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < n && used < size; i++) {
		bool get = !strcmp(routes[i].method, "GET");

		if (strcmp(routes[i].path, route->path))
			continue;
		used += (size_t)snprintf(out + used, size - used, "%s%s%s",
					 used ? ", " : "", routes[i].method,
					 get ? ", HEAD" : "");
	}
}

static int query_add(struct admin_params *params, const char *pair, size_t len)
{
	const char *equals = memchr(pair, '=', len);
	size_t n_len = equals ? (size_t)(equals - pair) : len;

	return params_add(params, pair, n_len, equals ? equals + 1 : "",
			  equals ? len - n_len - 1 : 0);
}

/* A '+' of a form is a space (HTML, application/x-www-form-urlencoded);
 * replaced before decoding, so that %2B stays a '+'. */
int admin_query_read(struct admin_params *params, const char *query, size_t len)
{
	char text[ADMIN_QUERY_MAX];
	const char *p = text, *end;
	int err = 0;

	params->n = params->used = 0;
	if (len > sizeof(text))
		return EMSGSIZE;
	for (size_t i = 0; i < len; i++)
		text[i] = query[i] == '+' ? ' ' : query[i];
	for (end = text + len; p < end && !err;) {
		const char *amp = memchr(p, '&', (size_t)(end - p));
		size_t pair = (size_t)((amp ? amp : end) - p);

		if (pair)
			err = query_add(params, p, pair);
		p += pair + 1;
	}
	return err;
}
