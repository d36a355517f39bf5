/*
 * shdr_param.c  Parameters, lists, numbers: what all header values are made of
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <strings.h>
#include <re.h>

#include "sigd/sip/schar.h"
#include "sigd/sip/shdr_param.h"

const char *shdr_param_scan(struct shdr_param *param, const char *p,
			    const char *end)
{
	const char *e;

	memset(param, 0, sizeof(*param));
	p = schar_lws(p, end);
	e = schar_span(p, end, SCHAR_TOKEN);
	if (e == p)
		return NULL;
	schar_set(&param->name, p, e);

	p = schar_lws(e, end);
	if (p == end || *p != '=')
		return p;
	p = schar_lws(p + 1, end);
	if (p < end && *p == '"') {
		e = schar_quoted(p, end);
		if (!e)
			return NULL;
		schar_set(&param->val, p + 1, e - 1);
		param->quoted = true;
	} else {
		e = schar_span(p, end, SCHAR_VALUE);
		if (e == p)
			return NULL;
		schar_set(&param->val, p, e);
	}
	return schar_lws(e, end);
}

const char *shdr_params_scan(struct pl *params, const char *p, const char *end,
			     shdr_visit_h *visit, void *arg)
{
	struct shdr_param param;
	const char *s;

	*params = pl_null;
	p = schar_lws(p, end);
	if (p == end || *p != ';')
		return p;

	s = p + 1;
	while (p < end && *p == ';') {
		p = shdr_param_scan(&param, p + 1, end);
		if (!p || !visit(&param, arg))
			return NULL;
	}
	schar_set(params, s, p);
	return p;
}

bool shdr_take(struct pl *val, struct pl *rest, const char *start,
	       const char *p)
{
	const char *end = schar_end(rest);
	const char *e = p;

	while (e > start && (e[-1] == ' ' || e[-1] == '\t'))
		--e;
	schar_set(val, start, e);
	if (p < end) {
		if (*p != ',')
			return false;
		p = schar_lws(p + 1, end);
		/* nothing but a value may stand behind a comma */
		if (p == end || *p == ',')
			return false;
	}
	schar_set(rest, p, end);
	return true;
}

int shdr_param_next(struct shdr_param *param, struct pl *rest)
{
	const char *end = schar_end(rest), *p;

	if (!rest->l)
		return ENOENT;

	p = shdr_param_scan(param, rest->p, end);
	if (!p || (p < end && *p != ';'))
		return EBADMSG;
	schar_set(rest, p < end ? p + 1 : p, end);
	return 0;
}

bool shdr_param(const struct pl *params, const char *name, struct pl *val)
{
	struct pl rest = *params;
	struct shdr_param param;

	while (!shdr_param_next(&param, &rest)) {
		if (pl_strcasecmp(&param.name, name))
			continue;
		if (val)
			*val = param.val;
		return true;
	}
	if (val)
		*val = pl_null;
	return false;
}

int shdr_unquote(char *dst, size_t size, const struct pl *val)
{
	const char *p = val->p, *end = schar_end(val);
	size_t n = 0;

	for (; p < end; p++) {
		if (*p == '\\' && end - p > 1)
			++p;
		if (n + 1 >= size)
			return EOVERFLOW;
		dst[n++] = *p;
	}
	if (n >= size)
		return EOVERFLOW;
	dst[n] = 0;
	return 0;
}

/* Up to a comma that separates: not in quotes, not in <>. */
static const char *list_value(const char *p, const char *end)
{
	bool angle = false;

	while (p < end && (angle || *p != ',')) {
		if (*p == '"' && !angle) {
			const char *q = schar_quoted(p, end);

			p = q ? q : end;
			continue;
		}
		if (*p == '<')
			angle = true;
		else if (*p == '>')
			angle = false;
		++p;
	}
	return p;
}

int shdr_list_next(struct pl *val, struct pl *rest)
{
	const char *end = schar_end(rest), *p, *e;

	p = rest->l ? schar_lws(rest->p, end) : end;
	if (p == end)
		return ENOENT;

	e = list_value(p, end);
	schar_set(rest, e < end ? e + 1 : end, end);
	while (e > p && (e[-1] == ' ' || e[-1] == '\t'))
		--e;
	schar_set(val, p, e);
	return 0;
}

bool shdr_list_has(const struct pl *list, const char *token)
{
	struct pl rest = *list, val;

	while (!shdr_list_next(&val, &rest)) {
		if (!pl_strcasecmp(&val, token))
			return true;
	}
	return false;
}

/* Digits to a number that stops growing above 2^32-1. */
static int digits(uint64_t *num, const struct pl *text)
{
	*num = 0;
	for (size_t i = 0; i < text->l; i++) {
		if (!schar_is(text->p[i], SCHAR_DIGIT))
			return EBADMSG;
		if (*num <= UINT32_MAX)
			*num = *num * 10 + (uint64_t)(text->p[i] - '0');
	}
	return text->l ? 0 : EBADMSG;
}

int shdr_number(uint32_t *num, const struct pl *text, uint32_t max)
{
	uint64_t n;
	int err = digits(&n, text);

	if (err)
		return err;
	if (n > max)
		return ERANGE;
	*num = (uint32_t)n;
	return 0;
}

int shdr_seconds(uint32_t *sec, const struct pl *text)
{
	uint64_t n;
	int err = digits(&n, text);

	if (err)
		return err;
	*sec = n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
	return 0;
}

/* ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] ) */
int shdr_q(uint16_t *q, const struct pl *text)
{
	unsigned val, unit = 100;

	if (text->l < 1 || text->l > 5 ||
	    (text->p[0] != '0' && text->p[0] != '1') ||
	    (text->l > 1 && text->p[1] != '.'))
		return EBADMSG;

	val = text->p[0] == '1' ? 1000 : 0;
	for (size_t i = 2; i < text->l; i++, unit /= 10) {
		if (!schar_is(text->p[i], SCHAR_DIGIT))
			return EBADMSG;
		val += unit * (unsigned)(text->p[i] - '0');
	}
	if (val > 1000)
		return EBADMSG;
	*q = (uint16_t)val;
	return 0;
}
