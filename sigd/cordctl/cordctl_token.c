/*
 * cordctl_token.c  A new token of REST, and what sigd.yaml has of it
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>

#include "common/bearer.h"
#include "sigd/cordctl/cordctl.h"

int cordctl_token(bool json)
{
	char token[BEARER_TOKEN_LEN + 1], hash[2 * BEARER_HASH_LEN + 1];

	if (bearer_make(token, hash)) {
		fputs("cordctl: there is no randomness\n", stderr);
		return CORDCTL_SYSTEM;
	}
	printf(json ? "{\"token\":\"%s\",\"hash\":\"%s\"}\n"
		    : "token  %s\n"
		      "hash   %s\n",
	       token, hash);
	return CORDCTL_OK;
}
