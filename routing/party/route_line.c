/*
 * route_line.c  Lines: a user's own registration at a PBX
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "common/arena.h"
#include "routing/party/route_party.h"
#include "routing/text/route_ref.h"

/* clang-format off */
static const struct cfg_choice whens[] = {
	{"devices", ROUTE_LINE_DEVICES,
	 "While at least one device of the user is registered here."},
	{"always", ROUTE_LINE_ALWAYS, "Always."},
	{NULL, 0, NULL},
};

#define LINE(member) CFG_AT(struct route_line, member)
static const struct cfg_field fields[] = {
	{.type = CFG_POS, LINE(pos)},
	{"connection", CFG_STRING, LINE(connection), .min = 1,
	 .max = ROUTE_CONN_MAX, .flags = CFG_F_REQUIRED,
	 .ref = &route_ref_connection,
	 .help = "A connection of kind `register` of this tenant."},
	{"username", CFG_STRING, LINE(username), .min = 1, .max = 64,
	 .check = route_check_user, .flags = CFG_F_REQUIRED,
	 .help = "The user's address of record there, and the login."},
	{"password", CFG_STRING, LINE(password), .min = 1, .max = 128,
	 .flags = CFG_F_SECRET | CFG_F_REQUIRED,
	 .help = "The password to `username`; no device ever sees it."},
	{"realm", CFG_STRING, LINE(realm), .min = 1, .max = 64,
	 .check = route_check_realm, .pattern = "^[^\"\\\\]*$",
	 .help = "Only challenges of this realm are answered; none: that of "
		 "the connection, else any."},
	{"register", CFG_ENUM, LINE(when), .choices = whens,
	 .def = "devices", .help = "When it is registered there."},
	CFG_END,
};
/* clang-format on */

const struct cfg_table route_line_table = {
	sizeof(struct route_line), "upstream", fields,
	"The user's own registration at a PBX: calls of the user to that "
	"connection use this identity, and calls that come by it ring the "
	"user's devices.",
	0};

static int refuse(struct cfg_errors *errs, const struct route_line *line,
		  const char *what)
{
	cfg_errors_add(errs, &line->pos, "connection \"%s\" %s",
		       line->connection, what);
	return EINVAL;
}

static int load_line(struct route_tenant *tenant, struct route_user *user,
		     struct arena *mem, struct cfg_errors *errs)
{
	struct route_line *line = user->line;
	const struct route_connection *conn;
	struct route_connection *as;
	struct pl name;

	pl_set_str(&name, line->connection);
	conn = route_connection_find(tenant, &name);
	if (conn->kind != ROUTE_REGISTER)
		return refuse(errs, line,
			      "is not of kind register, where users have "
			      "registrations of their own");
	as = arena_get(mem, sizeof(*as));
	if (!as)
		return ENOMEM;

	*as = *conn;
	as->login = (struct route_conn_login){
		.username = line->username, .password = line->password,
		.realm = line->realm ? line->realm : conn->login.realm};
	as->from_user = line->username;
	as->user = user;
	as->base = conn;
	line->as = as;
	++tenant->nlines;
	return 0;
}

int route_lines_load(struct route_tenant *tenant, struct arena *mem,
		     struct cfg_errors *errs)
{
	int err = 0, bad = 0;

	for (uint32_t i = 0; i < tenant->nusers && err != ENOMEM; i++) {
		if (!tenant->users[i].line)
			continue;
		err = load_line(tenant, &tenant->users[i], mem, errs);
		bad = err ? err : bad;
	}
	return err == ENOMEM ? err : bad;
}

const struct route_connection *
route_line_of(const struct route_tenant *tenant, const struct pl *user,
	      const struct route_connection *conn)
{
	const struct route_user *who;

	if (!conn || !tenant->nlines)
		return conn;
	who = route_user_find(tenant, user);
	return who && who->line && who->line->as &&
			       who->line->as->base == conn
		       ? who->line->as
		       : conn;
}
