/*
 * trace_tally.c  How many messages have come and gone, by method and class
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "sigd/trace/trace_tally.h"

/* This folder knows no more of SIP than that. */
const char *const trace_tally_methods[TALLY_METHODS] = {
	"other",  "INVITE", "ACK",       "BYE",    "CANCEL",
	"REGISTER", "OPTIONS", "PRACK", "UPDATE", "INFO",
	"SUBSCRIBE", "NOTIFY", "REFER", "MESSAGE", "PUBLISH"};
enum { OTHER, INVITE, BYE = 3, REGISTER = 5, OPTIONS = 6 };

enum { VERSION_LEN = 8, LOOKED = 8192 }; /* "SIP/2.0 " */

/* The first word from p on. */
static struct pl word(const char *p, const char *end)
{
	struct pl pl = {p, 0};

	while (p < end && *p != ' ' && *p != '\t' && *p != '\r' && *p != '\n')
		p++;
	pl.l = (size_t)(p - pl.p);
	return pl;
}

static unsigned method_of(const struct pl *name)
{
	for (unsigned i = 1; i < TALLY_METHODS; i++) {
		if (!pl_strcmp(name, trace_tally_methods[i]))
			return i;
	}
	return OTHER;
}

/* "CSeq: 1 INVITE": it has no compact form (RFC 3261 7.3.3). */
static unsigned cseq_method(const char *p, const char *end)
{
	while ((p = memchr(p, '\n', (size_t)(end - p)))) {
		struct pl name;

		if (end - ++p < 6)
			break;
		if (strncasecmp(p, "cseq", 4))
			continue;
		p += 4;
		while (p < end && strchr(" \t:0123456789", *p) && *p)
			p++;
		name = word(p, end);
		return method_of(&name);
	}
	return OTHER;
}

static enum tally_of of(unsigned method)
{
	if (method == INVITE)
		return TALLY_INVITE;
	if (method == REGISTER)
		return TALLY_REGISTER;
	if (method == OPTIONS)
		return TALLY_OPTIONS;
	return method == BYE ? TALLY_BYE : TALLY_ANY;
}

void trace_tally(struct trace_tally *tally, bool out, const void *sip,
		 size_t len)
{
	const char *p = sip, *end = p + (len < LOOKED ? len : (size_t)LOOKED);
	const unsigned way = out ? TALLY_OUT : TALLY_IN;
	struct pl name;

	if (len > VERSION_LEN && !memcmp(p, "SIP/2.0 ", VERSION_LEN)) {
		const char code = p[VERSION_LEN];

		if (code < '1' || code > '6')
			return;
		++tally->responses[way][of(cseq_method(p, end))][code - '1'];
		return;
	}
	name = word(p, end);
	if (name.l)
		++tally->requests[way][method_of(&name)];
}
