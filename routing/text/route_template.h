/*
 * route_template.h  A text with the captures of a pattern put in
 *
 * "\1" and "${1}" are the first capture, "\0" is the whole; any other text
 * stands for itself.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ROUTING_TEXT_ROUTE_TEMPLATE_H
#define ROUTING_TEXT_ROUTE_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

struct route_captures;

/* Room for a text that grows. */
struct route_text {
	char *p;
	size_t size, len;
};

/* Whether text asks only for captures 0..groups; *fixed: for none. Else why
 * says what was expected. */
bool route_template_check(const char *text, unsigned groups, bool *fixed,
			  char *why, size_t size);

/* EOVERFLOW when the result does not fit with a 0 byte behind, then out is
 * "". */
int route_template_expand(char *out, size_t size, const char *text,
			  const struct route_captures *captures);

/*
 * Behind what is there already, without a 0 byte. uri: what is captured is
 * %-escaped as a user part of a SIP URI (RFC 3261 section 25.1). EOVERFLOW:
 * to->len is as it was.
 */
int route_template_write(struct route_text *to, const char *text,
			 const struct route_captures *captures, bool uri);

#endif
