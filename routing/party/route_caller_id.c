/*
 * route_caller_id.c  Whom a connection is shown as the caller
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "routing/party/route_party.h"

/* clang-format off */
static const struct cfg_choice shows[] = {
	{"pass", ROUTE_SHOW_PASS,
	 "Who calls: the user's name, or what the calling connection says."},
	{"user", ROUTE_SHOW_USER,
	 "The first of the user's `numbers` that is allowed, or the one that "
	 "the device asks for in P-Preferred-Identity. Else as `pass`."},
	{"number", ROUTE_SHOW_NUMBER, "`number`, whoever calls."},
	{"anonymous", ROUTE_SHOW_NOBODY,
	 "Nobody: `anonymous@anonymous.invalid` and `Privacy: id`."},
	{NULL, 0, NULL},
};

static const struct cfg_choice names[] = {
	{"pass", ROUTE_NAME_PASS, "As the caller says."},
	{"user", ROUTE_NAME_USER, "The `display` of the user; else none."},
	{"none", ROUTE_NAME_NONE, NULL},
	{NULL, 0, NULL},
};

static const struct cfg_choice identities[] = {
	{"p-asserted-identity", ROUTE_ID_ASSERTED, "RFC 3325."},
	{"p-preferred-identity", ROUTE_ID_PREFERRED,
	 "RFC 3325: for a carrier that asserts itself what it believes. What "
	 "it says comes as P-Asserted-Identity."},
	{"remote-party-id", ROUTE_ID_REMOTE_PARTY,
	 "For PBXs that know only that, both ways."},
	{NULL, 0, NULL},
};

static bool check_allowed(const char *text, char *why, size_t size)
{
	const char *star = strchr(text, '*');
	char head[ROUTE_USER_MAX + 1];

	str_ncpy(head, text, sizeof(head));
	head[strcspn(head, "*")] = '\0';
	if ((!star || !star[1]) && (!head[0] || route_check_user(head, why, size)))
		return true;
	str_ncpy(why, "a number, or how numbers begin and a * at the end", size);
	return false;
}

static const struct cfg_field allowed_item = {
	.type = CFG_STRING, .size = sizeof(char *), .min = 1, .max = 64,
	.check = check_allowed,
};

#define ID(member) CFG_AT(struct route_caller_id, member)
static const struct cfg_field fields[] = {
	{"show", CFG_ENUM, ID(show), .choices = shows, .def = "pass",
	 .help = "Which number stands in From (if there is no `from_user`) and "
		 "in what tells a trusted one who calls."},
	{"number", CFG_STRING, ID(number), .min = 1, .max = 64,
	 .check = route_check_user,
	 .help = "For `show: number`, and instead of what is not `allowed`.",
	 .example = "+4930123000"},
	{"allowed", CFG_LIST,
	 CFG_ITEMS(struct route_caller_id, allowed, nallowed),
	 .item = &allowed_item, .min = 1, .max = 1000, .flags = CFG_F_ALONE,
	 .help = "What else may be shown; a `*` at the end stands for any "
		 "rest. Others are shown as `number`. None: all.",
	 .example = "+4930123*"},
	{"display", CFG_ENUM, ID(name), .choices = names, .def = "pass",
	 .help = "The name beside it."},
	{"header", CFG_ENUM, ID(identity), .choices = identities,
	 .def = "p-asserted-identity",
	 .help = "Of one that is `trusted`: where it is told who calls or was "
		 "reached, and where it tells it."},
	CFG_END,
};

const struct cfg_table route_caller_id_table = {
	sizeof(struct route_caller_id), "caller_id", fields,
	"Whom it is shown as the caller, in calls and all other requests. Who "
	"wants to be nobody (RFC 3323) is nobody, whatever stands here.", 0};
/* clang-format on */

const char *route_caller_id_wrong(const struct route_caller_id *id)
{
	if (id->show == ROUTE_SHOW_NUMBER && !id->number)
		return "shows a number as its caller_id and has none";
	if (id->nallowed && !id->number)
		return "allows some numbers as its caller_id and has none to "
		       "show instead of others";
	return NULL;
}

static bool fits(const char *pattern, const struct pl *number)
{
	const size_t len = strcspn(pattern, "*");

	return number->l >= len && !memcmp(number->p, pattern, len) &&
	       (pattern[len] || number->l == len);
}

bool route_caller_id_allows(const struct route_caller_id *id,
			    const struct pl *number)
{
	if (id->number && !pl_strcmp(number, id->number))
		return true;
	for (uint32_t i = 0; i < id->nallowed; i++) {
		if (fits(id->allowed[i], number))
			return true;
	}
	return !id->nallowed;
}

bool route_user_has(const struct route_user *user, const struct pl *number)
{
	if (!pl_strcmp(number, user->name))
		return true;
	for (uint32_t i = 0; i < user->nnumbers; i++) {
		if (!pl_strcmp(number, user->numbers[i]))
			return true;
	}
	return false;
}

static bool first_of(struct pl *number, const struct route_caller_id *id,
		     const struct route_user *user)
{
	for (uint32_t i = 0; i < user->nnumbers; i++) {
		pl_set_str(number, user->numbers[i]);
		if (route_caller_id_allows(id, number))
			return true;
	}
	return false;
}

struct pl route_caller_id_number(const struct route_caller_id *id,
				 const struct route_user *user,
				 const struct pl *given,
				 const struct pl *preferred)
{
	struct pl number = *given;

	if (id->show == ROUTE_SHOW_NOBODY)
		return (struct pl)PL("");
	if (id->show == ROUTE_SHOW_NUMBER) {
		pl_set_str(&number, id->number);
		return number;
	}
	if (user && pl_isset(preferred) && route_user_has(user, preferred) &&
	    route_caller_id_allows(id, preferred))
		return *preferred;
	if (id->show == ROUTE_SHOW_USER && user && first_of(&number, id, user))
		return number;
	number = *given;
	if (id->number && !route_caller_id_allows(id, given))
		pl_set_str(&number, id->number);
	return number;
}
