/*
 * trace_mask.c  What nobody may read in a trace
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <strings.h>

#include "common/countof.h"
#include "sigd/trace/trace_mask.h"

#define MASK "***"

enum what {
	PLAIN,       /* nothing but what may stand anywhere */
	CREDENTIALS, /* scheme, and parameters */
	SHOWN,       /* parameters alone */
	TYPE,        /* Content-Type */
};

static const struct {
	const char *name;
	enum what what;
} headers[] = {
	{"authorization", CREDENTIALS}, {"proxy-authorization", CREDENTIALS},
	{"authentication-info", SHOWN}, {"proxy-authentication-info", SHOWN},
	{"content-type", TYPE},         {"c", TYPE},
};

/* Parameters whose values are secrets. */
static const char *const anywhere[] = {"access_token=", "pn-prid="};
static const char *const digest[] = {"response=", "rspauth="};

struct mask {
	struct mbuf *mb;
	int err;
	enum what what; /* of the header that goes on in the next line */
	bool body, keys, typed; /* typed: the body is of keys */
};

static void put(struct mask *m, const char *p, size_t len)
{
	m->err |= mbuf_write_mem(m->mb, (const uint8_t *)p, len);
}

static void put_mask(struct mask *m)
{
	put(m, MASK, sizeof(MASK) - 1);
}

/* Without regard to case; text is small letters. */
static bool begins(const char *p, const char *end, const char *text)
{
	size_t len = strlen(text);

	return (size_t)(end - p) >= len && (*p | 0x20) == (*text | 0x20) &&
	       !strncasecmp(p, text, len);
}

/* Where text stands in the line; NULL: nowhere. */
static const char *find(const char *p, const char *end, const char *text)
{
	size_t len = strlen(text);

	for (; p + len <= end; p++) {
		if (begins(p, end, text))
			return p;
	}
	return NULL;
}

/* Behind a value that is quoted, or ends with what cannot be in a token. */
static const char *value_end(const char *p, const char *end)
{
	if (p < end && *p == '"') {
		for (++p; p < end && *p != '"'; p++) {
			if (*p == '\\' && p + 1 < end)
				++p;
		}
		return p < end ? p + 1 : end;
	}
	while (p < end && !strchr(";,&>?\" \t\r\n", *p))
		++p;
	return p;
}

/* Does one of the names end with the character at `at`? */
static bool ends_name(const char *p, const char *at, const char *const *names,
		      size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(names[i]);

		if ((size_t)(at + 1 - p) >= len &&
		    !strncasecmp(at + 1 - len, names[i], len))
			return true;
	}
	return false;
}

/* The next secret value of this line, by the names of its parameter, which all
 * end in the same character: there are few of these. */
static bool next_value(const char **from, const char **to, const char *p,
		       const char *end, const char *const *names, size_t n)
{
	const char last = names[0][strlen(names[0]) - 1];
	const char *at = p;

	while ((at = memchr(at, last, (size_t)(end - at)))) {
		if (ends_name(p, at, names, n)) {
			*from = at + 1;
			*to = value_end(*from, end);
			return true;
		}
		++at;
	}
	return false;
}

static void values(struct mask *m, const char *p, const char *end,
		   const char *const *names, size_t n)
{
	const char *from, *to;

	while (next_value(&from, &to, p, end, names, n)) {
		put(m, p, (size_t)(from - p));
		put_mask(m);
		p = to;
	}
	put(m, p, (size_t)(end - p));
}

static const char *skip_space(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t'))
		++p;
	return p;
}

/* Of any scheme but Digest all is secret; header_of() has seen the colon. */
static void credentials(struct mask *m, const char *p, const char *end)
{
	const char *colon = memchr(p, ':', (size_t)(end - p));
	const char *scheme = skip_space(colon + 1, end), *rest = scheme;

	if (begins(scheme, end, "digest ")) {
		values(m, p, end, digest, COUNTOF(digest));
		return;
	}
	while (rest < end && *rest != ' ' && *rest != '\t')
		++rest;
	if (skip_space(rest, end) == end)
		rest = scheme; /* one word: it is the secret */
	put(m, p, (size_t)(rest - p));
	put(m, " ", rest > scheme);
	put_mask(m);
}

static bool keys_type(const char *p, const char *end)
{
	return find(p, end, "application/dtmf");
}

static bool has_name(const char *p, const char *end, const char *name)
{
	size_t len = strlen(name);

	if (!begins(p, end, name))
		return false;
	p = skip_space(p + len, end);
	return p < end && *p == ':';
}

static enum what header_of(const char *p, const char *end)
{
	for (size_t i = 0; i < COUNTOF(headers); i++) {
		if (has_name(p, end, headers[i].name))
			return headers[i].what;
	}
	return PLAIN;
}

/* A line of the head, without its end. */
static void head_line(struct mask *m, const char *p, const char *end)
{
	bool folded = p < end && (*p == ' ' || *p == '\t');

	if (!folded)
		m->what = header_of(p, end);
	switch (m->what) {
	case CREDENTIALS:
		if (!folded)
			credentials(m, p, end);
		else
			put_mask(m); /* whatever it is the rest of */
		break;
	case SHOWN:
		values(m, p, end, digest, COUNTOF(digest));
		break;
	case TYPE:
		m->typed |= keys_type(p, end);
		put(m, p, (size_t)(end - p));
		break;
	case PLAIN:
		values(m, p, end, anywhere, COUNTOF(anywhere));
		break;
	}
}

static void body_line(struct mask *m, const char *p, const char *end)
{
	static const char *const sdes[] = {"inline:"};
	static const char pwd[] = "a=ice-pwd:";
	const size_t len = sizeof(pwd) - 1;

	if (m->typed && !m->keys) {
		if (p < end)
			put_mask(m);
	} else if (begins(p, end, "a=crypto:")) {
		values(m, p, end, sdes, COUNTOF(sdes));
	} else if (begins(p, end, pwd)) {
		put(m, p, len);
		put_mask(m);
	} else {
		m->typed |= !m->typed && begins(p, end, "content-type") &&
			    keys_type(p, end); /* of a part */
		put(m, p, (size_t)(end - p));
	}
}

int trace_mask(struct mbuf *mb, const struct pl *sip, bool keys)
{
	struct mask m = {.mb = mb, .keys = keys};
	const char *p = sip->p, *end = p + sip->l;

	while (p < end && !m.err) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		const char *next = nl ? nl + 1 : end;
		const char *stop = nl ? nl : end;

		if (stop > p && stop[-1] == '\r')
			--stop;
		if (m.body)
			body_line(&m, p, stop);
		else if (stop == p)
			m.body = true;
		else
			head_line(&m, p, stop);
		put(&m, stop, (size_t)(next - stop));
		p = next;
	}
	return m.err;
}
