/*
 * tokens.h  Who shows a token: the keys of each tenant's issuer, and what a
 *           token that is right is good for
 *
 * Keys come from a file (read at the start and at a reload) or from a URL
 * (fetched by each worker, again after `refresh`, and when a token names a key
 * that is not known, every 30 s at most). What was fetched last stays in force
 * when the next fetch fails.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_WHO_TOKENS_H
#define SIGD_PROXY_WHO_TOKENS_H

#include <stdbool.h>
#include <stdint.h>
#include <re.h>

struct route_table;
struct route_tenant;
struct tokens;
struct token_pass; /* what a right token says; mem_deref() frees */
struct wheel;

int tokens_alloc(struct tokens **tokensp, struct wheel *wheel);
/* After a load: keys are read or fetched where they are new. routes outlives
 * this until the next call. */
void tokens_routes_set(struct tokens *tokens, const struct route_table *routes);

/*
 * Is this token right? tenant NULL: of whom its issuer is. EAGAIN: the keys
 * have not been fetched yet; ENOENT: nobody has this issuer; else as
 * jwt_verify().
 */
int tokens_take(struct token_pass **passp, struct tokens *tokens,
		const struct route_tenant *tenant, const struct pl *token);

/* When keys or rules have changed since it was found right: is it still? To be
 * asked before what follows. */
void tokens_check(struct tokens *tokens, struct token_pass *pass);
/* Whether it is in force for this tenant, as its table is now: who signed it
 * may have been taken out since. */
bool token_pass_counts(const struct token_pass *pass,
		       const struct route_tenant *tenant);
/* Whether it is, and names this user (%-decoded) of the tenant: by the
 * bare name, or at one of its domains. */
bool token_pass_names(const struct token_pass *pass,
		      const struct route_table *routes,
		      const struct route_tenant *tenant,
		      const struct pl *user);
/* Its end by our clock (what clocks may differ by is in it), unix time. */
uint64_t token_pass_ends_s(const struct token_pass *pass);

#endif
