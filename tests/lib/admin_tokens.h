/*
 * admin_tokens.h  A configuration of the admin interface with known tokens
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_LIB_ADMIN_TOKENS_H
#define TESTS_LIB_ADMIN_TOKENS_H

#include <string.h>

#include "common/admin_conf.h"

#define ADMIN_TOKEN_WRITE "correct-horse-battery"
#define ADMIN_TOKEN_READ  "reads-horse-battery"
#define ADMIN_TOKEN_DEMO  "demo-horse-battery"
#define ADMIN_TOKEN_OVER  "over-horse-battery"

/* their SHA-256 */
static struct admin_conf_token admin_tokens[] = {
	{.name = "writer",
	 .hash = "62249369389075490555a758353aec61500c6218fa597252d52dc4bd0148f"
		 "12d",
	 .scope = ADMIN_CONF_WRITE},
	{.name = "reader",
	 .hash = "18252a5d6b7d5031189c1c780ff3b7ecf603f0af2f0d84e19c15012604e82"
		 "98a"},
	{.name = "demo",
	 .hash = "9bf2127847bf6754fd6bfd3fbad252737e7fdaabebb988f9e0a981439d6fd"
		 "ce8",
	 .scope = ADMIN_CONF_WRITE,
	 .tenant = "demo"},
	{.name = "over",
	 .hash = "6a88645098389f745194004ba1a68b52b0c1370c231839accd6bfb3aece7f"
		 "0a4",
	 .until = "2001-12-31"},
};
static const char *admin_hosts[] = {"a"};

/* Tokens `writer`, `reader`, `demo` (writes, of that tenant) and `over` (ended
 * in 2001), as the four above; bound to loopback, asked as "a" as well, and
 * any number of times. */
static inline void admin_tokens_conf(struct admin_conf *conf)
{
	memset(conf, 0, sizeof(*conf));
	sa_set_str(&conf->bind, "127.0.0.1", 8080);
	conf->hosts = admin_hosts;
	conf->nhosts = 1;
	conf->tokens = admin_tokens;
	conf->ntokens = sizeof(admin_tokens) / sizeof(admin_tokens[0]);
	conf->per_s = conf->burst = 1000000;
}

#endif
