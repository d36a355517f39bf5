/*
 * route_method.c  Which methods a connection may send
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "common/countof.h"
#include "routing/party/route_party.h"

/* What ends or acknowledges something is never in question. */
static const char *const always[] = {"ACK", "BYE", "CANCEL", "PRACK"};

/* clang-format off */
static const struct cfg_choice choices[] = {
	{"INVITE", ROUTE_SEND_INVITE, NULL},
	{"UPDATE", ROUTE_SEND_UPDATE, NULL},
	{"INFO", ROUTE_SEND_INFO, NULL},
	{"REFER", ROUTE_SEND_REFER, NULL},
	{"MESSAGE", ROUTE_SEND_MESSAGE, NULL},
	{"SUBSCRIBE", ROUTE_SEND_SUBSCRIBE, NULL},
	{"NOTIFY", ROUTE_SEND_NOTIFY, NULL},
	{"PUBLISH", ROUTE_SEND_PUBLISH, NULL},
	{"OPTIONS", ROUTE_SEND_OPTIONS, NULL},
	{NULL, 0, NULL},
};
/* clang-format on */

const struct cfg_field route_send_item = {
	.type = CFG_ENUM, .size = sizeof(enum route_send), .choices = choices};

static bool among(const struct route_connection *conn, int method)
{
	for (uint32_t i = 0; i < conn->nsends; i++) {
		if ((int)conn->sends[i] == method)
			return true;
	}
	return !conn->nsends;
}

bool route_connection_may_send(const struct route_connection *conn,
			       const struct pl *method)
{
	for (const struct cfg_choice *c = choices; c->name; c++) {
		if (!pl_strcmp(method, c->name))
			return among(conn, c->value);
	}
	/* others are somebody else's question */
	return true;
}

int route_connection_allow(struct re_printf *pf,
			   const struct route_connection *conn)
{
	int err = 0;

	for (size_t i = 0; i < COUNTOF(always); i++)
		err |= re_hprintf(pf, "%s%s", i ? ", " : "", always[i]);
	for (const struct cfg_choice *c = choices; c->name; c++) {
		if (among(conn, c->value))
			err |= re_hprintf(pf, ", %s", c->name);
	}
	return err;
}
