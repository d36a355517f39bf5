/*
 * stranger.h  Who calls a number of another tenant, as he is known there
 *
 * The same name may be somebody else's there, so he keeps the domain of his
 * own tenant: nobody who is called takes him for one of his colleagues. Only an
 * E.164 number is nobody else's: it stands under the domain of who is called,
 * who can call it back by the own routes. That he is who he says is a word of
 * his tenant, and not repeated (identity.h).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_WHO_STRANGER_H
#define SIGD_PROXY_WHO_STRANGER_H

#include <re.h>

#include "routing/route_conn.h"

struct route_tenant;

enum {
	STRANGER_HOST_MAX = ROUTE_HOST_MAX + 1
};

/* The host of his URI. number: as the other side is shown it, unescaped; his:
 * his tenant; there: the host that the other side has for its own; NULL:
 * none. */
void stranger_host(char host[STRANGER_HOST_MAX], const struct pl *number,
		   const struct route_tenant *his, const char *there);

#endif
