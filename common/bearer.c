/*
 * bearer.c  Tokens that open the admin interface (RFC 6750)
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "common/bearer.h"

int bearer_add(struct bearer_set *set, const char *token)
{
	size_t len = token ? strlen(token) : 0;
	struct bearer *bearer;

	if (len < BEARER_LEN_MIN || len > BEARER_LEN_MAX)
		return EINVAL;
	if (set->n == BEARER_MAX)
		return ENOSPC;

	bearer = &set->tokens[set->n++];
	memset(bearer, 0, sizeof(*bearer));
	bearer->len = len;
	memcpy(bearer->text, token, len);
	return 0;
}

/* Reads all of both, whatever it finds. */
static bool equal(const struct bearer *a, const struct bearer *b)
{
	size_t differ = a->len ^ b->len;

	for (size_t i = 0; i < sizeof(a->text); i++)
		differ |= (size_t)((unsigned char)a->text[i] ^
				   (unsigned char)b->text[i]);
	return !differ;
}

bool bearer_known(const struct bearer_set *set, const char *token)
{
	struct bearer given = {.len = strlen(token)};
	bool known = false;

	if (given.len > BEARER_LEN_MAX)
		return false;
	memcpy(given.text, token, given.len);
	for (size_t i = 0; i < set->n; i++)
		known |= equal(&set->tokens[i], &given);
	return known;
}

/* RFC 6750 section 2.1; the scheme without regard to case (RFC 9110 11.1) */
const char *bearer_read(const char *authorization)
{
	if (!authorization || strncasecmp(authorization, "Bearer ", 7))
		return NULL;
	return authorization + 7 + strspn(authorization + 7, " ");
}
