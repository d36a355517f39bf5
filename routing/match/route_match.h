/*
 * route_match.h  Which requests a rule is for
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ROUTING_MATCH_ROUTE_MATCH_H
#define ROUTING_MATCH_ROUTE_MATCH_H

#include "routing/route.h"
#include "routing/text/route_regex.h"

/* Bit numbers of route_match.methods. */
enum route_method {
	ROUTE_INVITE = 1,
	ROUTE_MESSAGE,
	ROUTE_SUBSCRIBE,
	ROUTE_PUBLISH,
	ROUTE_REFER,
	ROUTE_OPTIONS,
	ROUTE_NOTIFY,
	ROUTE_INFO,
	ROUTE_OTHER,
};

/* As it stands in the file. */
struct route_match {
	enum route_method *method;
	uint32_t nmethod;
	const char *caller, *callee; /* patterns, NULL: any */
	const char **from;           /* names of connections, "users" */
	uint32_t nfrom;
};

extern const struct cfg_table route_match_table; /* route_match_cfg.c */

/* ROUTE_OTHER when it is none that rules can name. */
enum route_method route_method_of(const struct pl *name);

#endif
