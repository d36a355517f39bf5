/*
 * route_names.c  What may be a name in routing.yaml
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "routing/party/route_party.h"

static bool say(char *why, size_t size, const char *what)
{
	str_ncpy(why, what, size);
	return false;
}

static bool only(const char *text, const char *allowed)
{
	return text[strspn(text, allowed)] == '\0';
}

/* What would have to be escaped in SIP, digest or a log is no name. */
bool route_check_user(const char *text, char *why, size_t size)
{
	const size_t len = strlen(text);
	bool ok = len && len <= ROUTE_USER_MAX;

	for (size_t i = 0; i < len && ok; i++)
		ok = (unsigned char)text[i] > ' ' && text[i] != 0x7f &&
		     !strchr("\":@\\<>", text[i]);
	if (ok)
		return true;
	return say(why, size,
		   "1 to 64 bytes without spaces and without \" : @ \\ < >");
}

bool route_check_host(const char *text, char *why, size_t size)
{
	if (only(text, "abcdefghijklmnopqrstuvwxyz"
		       "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") ||
	    only(text, "[0123456789abcdefABCDEF:.]"))
		return true;
	return say(why, size, "a host name or an IP address");
}

/* Names of connections stand in records, logs and figures. */
bool route_check_connection(const char *text, char *why, size_t size)
{
	if (!strcmp(text, "users") || !strcmp(text, "tenants"))
		return say(why, size, "another name than users and tenants");
	if (only(text, "abcdefghijklmnopqrstuvwxyz0123456789_-") &&
	    strlen(text) <= ROUTE_CONN_MAX)
		return true;
	return say(why, size, "1 to 32 of a-z, 0-9, _ and -");
}

bool route_check_realm(const char *text, char *why, size_t size)
{
	if (!strpbrk(text, "\"\\"))
		return true;
	return say(why, size, "a text without \" and \\");
}
