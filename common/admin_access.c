/*
 * admin_access.c  Who may ask the admin interface, for what, and how often
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "common/admin_access.h"
#include "common/admin_conf.h"
#include "common/admin_route.h"
#include "common/bucket.h"
#include "common/throttle.h"

enum {
	SOURCES = 256,
	BUCKETS = 1024,
	OF_SOURCE = 1,
	OF_TOKEN = 2,
};

struct admin_access {
	const struct admin_conf *conf;
	struct throttle *throttle;
	struct bucket_table *buckets;
	struct bearer_set tokens;
	/* Where each was good last: who shares that address with somebody who
	 * guesses (behind a proxy) is not locked out with him. */
	struct sa good[BEARER_MAX];
};

static void destructor(void *data)
{
	struct admin_access *access = data;

	mem_deref(access->throttle);
	mem_deref(access->buckets);
}

/* --- what is open to whom ---------------------------------------------------------- */

static int tokens_read(struct bearer_set *set, const struct admin_conf *conf)
{
	int err = 0;

	for (uint32_t i = 0; i < conf->ntokens && !err; i++) {
		const struct admin_conf_token *token = &conf->tokens[i];
		struct bearer bearer = {
			.name = token->name,
			.tenant = token->tenant,
			.write = token->scope == ADMIN_CONF_WRITE,
			.until_s =
				token->until ? bearer_until(token->until) : 0};

		err = bearer_hash_read(bearer.hash, token->hash);
		if (!err)
			err = bearer_add(set, &bearer);
	}
	return err;
}

/* Of those that stay. */
static void good_move(struct admin_access *access,
		      const struct bearer_set *tokens)
{
	struct sa good[BEARER_MAX] = {{.len = 0}};

	for (size_t i = 0; i < tokens->n; i++) {
		for (size_t k = 0; k < access->tokens.n; k++) {
			if (!memcmp(tokens->tokens[i].hash,
				    access->tokens.tokens[k].hash,
				    BEARER_HASH_LEN))
				good[i] = access->good[k];
		}
	}
	memcpy(access->good, good, sizeof(good));
}

int admin_access_set(struct admin_access *access, const struct admin_conf *conf)
{
	struct bearer_set tokens = {0};
	int err = tokens_read(&tokens, conf);

	if (err)
		return err;
	good_move(access, &tokens);
	access->tokens = tokens;
	access->conf = conf;
	return 0;
}

int admin_access_alloc(struct admin_access **accessp,
		       const struct admin_conf *conf)
{
	struct admin_access *access = mem_zalloc(sizeof(*access), destructor);
	int err;

	if (!access)
		return ENOMEM;

	err = throttle_alloc(&access->throttle, SOURCES);
	if (!err)
		err = bucket_table_alloc(&access->buckets, BUCKETS);
	if (!err)
		err = admin_access_set(access, conf);
	if (err)
		mem_deref(access);
	else
		*accessp = access;
	return err;
}

static bool is_open(const struct admin_access *access, unsigned flags)
{
	const struct admin_conf *conf = access->conf;

	if (flags & ADMIN_OPEN)
		return true;
	return (flags & ADMIN_METRICS) && (conf->metrics == ADMIN_CONF_OPEN ||
					   (conf->metrics == ADMIN_CONF_AUTO &&
					    admin_conf_is_local(conf)));
}

/* --- whom was it meant for ---------------------------------------------------------- */

/* The length of a host without its port. */
static size_t host_len(const char *host)
{
	const char *end = *host == '[' ? strchr(host, ']') : NULL;

	return end ? (size_t)(end - host) + 1 : strcspn(host, ":");
}

static bool is_address(const char *host, size_t len)
{
	char text[64];
	struct sa sa;

	if (len && host[0] == '[') {
		if (len < 3 || host[len - 1] != ']')
			return false;
		++host;
		len -= 2;
	}
	if (!len || len >= sizeof(text))
		return false;
	memcpy(text, host, len);
	text[len] = '\0';
	return !sa_set_str(&sa, text, 0);
}

static bool same_host(const char *host, size_t len, const char *name)
{
	return strlen(name) == len && !strncasecmp(host, name, len);
}

bool admin_host_is_ours(const char *host, const char *const *hosts,
			uint32_t nhosts)
{
	size_t len = host_len(host);

	if (is_address(host, len) || same_host(host, len, "localhost"))
		return true;
	for (uint32_t i = 0; i < nhosts; i++) {
		if (same_host(host, len, hosts[i]))
			return true;
	}
	return false;
}

bool admin_origin_is_ours(const char *origin, const char *host)
{
	const char *rest = strstr(origin, "://");

	return rest && !strcasecmp(rest + 3, host);
}

/* Behind TLS a name that leads here has our certificate, or fails. */
static bool is_ours(const struct admin_access *access,
		    const struct admin_ask *ask, struct admin_pass *pass)
{
	const struct admin_conf *conf = access->conf;
	bool asked = !conf->certificate || conf->nhosts;

	if (asked && ask->host &&
	    !admin_host_is_ours(ask->host, (const char *const *)conf->hosts,
				conf->nhosts)) {
		pass->status = 421;
		pass->detail = "Not by this name: admin.hosts has those that "
			       "count.";
	} else if (ask->origin &&
		   !(ask->host &&
		     admin_origin_is_ours(ask->origin, ask->host))) {
		pass->status = 403;
		pass->detail = "Not from pages of another origin.";
	}
	return !pass->status;
}

/* --- how often ---------------------------------------------------------------------- */

static bool take(struct admin_access *access, uint8_t kind,
		 const struct pl *name, struct admin_pass *pass,
		 uint64_t now_ms)
{
	const struct bucket_rate rate = {access->conf->per_s,
					 access->conf->burst};
	const struct bucket_name who = {.kind = kind, .name = *name};

	if (bucket_take(access->buckets, &who, &rate, now_ms) == BUCKET_TAKEN)
		return true;
	pass->status = 429;
	pass->detail = "Too many requests: wait.";
	pass->wait_s = 1;
	return false;
}

static bool source_may(struct admin_access *access, const struct admin_ask *ask,
		       struct admin_pass *pass, uint64_t now_ms)
{
	char text[BUCKET_SOURCE_MAX];
	struct pl name;

	bucket_source(&name, text, ask->source);
	return take(access, OF_SOURCE, &name, pass, now_ms);
}

static struct sa *good_at(struct admin_access *access, const struct bearer *who)
{
	return &access->good[who - access->tokens.tokens];
}

static bool may_try(struct admin_access *access, const struct admin_ask *ask,
		    struct admin_pass *pass, uint64_t now_ms)
{
	uint64_t wait_ms = throttle_wait(access->throttle, ask->source, now_ms);

	if (!wait_ms || (pass->who && sa_cmp(good_at(access, pass->who),
					     ask->source, SA_ADDR)))
		return true;
	pass->who = NULL;
	pass->status = 429;
	pass->detail = "Too many failures: wait.";
	pass->wait_s = (uint32_t)((wait_ms + 999) / 1000);
	return false;
}

/* --- which token ---------------------------------------------------------------------- */

static void refuse_unknown(struct admin_access *access, struct admin_pass *pass,
			   const struct admin_ask *ask, const char *token,
			   uint64_t now_ms)
{
	pass->status = 401;
	pass->challenge = token ? "Bearer error=\"invalid_token\"" : "Bearer";
	if (!access->tokens.n) {
		pass->status = 403;
		pass->challenge = NULL;
		pass->detail = "No token is configured.";
	}
	if (!token)
		return;
	throttle_failed(access->throttle, ask->source, now_ms);
	pass->guessed = throttle_wait(access->throttle, ask->source, now_ms);
}

static bool is_known(struct admin_access *access, struct admin_pass *pass,
		     const struct admin_ask *ask, const char *token,
		     uint64_t now_ms)
{
	pass->who = token ? bearer_find(&access->tokens, token) : NULL;
	if (!may_try(access, ask, pass, now_ms))
		return false;
	if (!pass->who) {
		refuse_unknown(access, pass, ask, token, now_ms);
		return false;
	}
	throttle_passed(access->throttle, ask->source);
	*good_at(access, pass->who) = *ask->source;
	return true;
}

/* RFC 6750 section 3.1 */
static bool is_enough(struct admin_pass *pass, const struct admin_ask *ask,
		      uint64_t unix_s)
{
	const struct bearer *who = pass->who;

	if (who->until_s && unix_s >= who->until_s) {
		pass->status = 401;
		pass->challenge = "Bearer error=\"invalid_token\"";
		pass->detail = "The token has ended.";
	} else if (ask->changes && !(ask->flags & ADMIN_ASKS) && !who->write) {
		pass->status = 403;
		pass->challenge = "Bearer error=\"insufficient_scope\"";
		pass->detail = "The token reads, and changes nothing.";
	} else if (who->tenant && !(ask->flags & (ADMIN_TENANT | ADMIN_OPEN))) {
		pass->status = 403;
		pass->challenge = "Bearer error=\"insufficient_scope\"";
		pass->detail = "The token is of one tenant, and this is of "
			       "the whole cluster.";
	}
	return !pass->status;
}

/* A token that is known takes of its own bucket alone: others at that address
 * take nothing of it. A wrong one counts as a guess at any rate; else who
 * floods would try for nothing. */
static bool rate_may(struct admin_access *access, const struct admin_ask *ask,
		     struct admin_pass *pass, const char *token,
		     uint64_t now_ms)
{
	if (token && bearer_find(&access->tokens, token))
		return true;
	if (source_may(access, ask, pass, now_ms))
		return true;
	if (token && !throttle_wait(access->throttle, ask->source, now_ms))
		throttle_failed(access->throttle, ask->source, now_ms);
	return false;
}

void admin_access_judge(struct admin_access *access, struct admin_pass *pass,
			const struct admin_ask *ask, uint64_t now_ms,
			uint64_t unix_s)
{
	const char *token = bearer_read(ask->authorization);
	struct pl name;

	memset(pass, 0, sizeof(*pass));
	if (!is_ours(access, ask, pass))
		return;
	if (!(ask->flags & ADMIN_FREE) &&
	    !rate_may(access, ask, pass, token, now_ms))
		return;
	if (!token && is_open(access, ask->flags))
		return;
	if (!is_known(access, pass, ask, token, now_ms))
		return;
	pl_set_str(&name, pass->who->name);
	if (take(access, OF_TOKEN, &name, pass, now_ms))
		(void)is_enough(pass, ask, unix_s);
}
