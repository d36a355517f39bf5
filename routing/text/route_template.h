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

/* Whether text asks only for captures 0..groups; *fixed: for none. Else why
 * says what was expected. */
bool route_template_check(const char *text, unsigned groups, bool *fixed,
			  char *why, size_t size);

/* EOVERFLOW when the result does not fit, then out is "". */
int route_template_expand(char *out, size_t size, const char *text,
			  const struct route_captures *captures);

#endif
