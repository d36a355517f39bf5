/*
 * tokens.c  Who shows a token
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <openssl/crypto.h>

#include "common/fetch.h"
#include "common/log.h"
#include "common/wheel.h"
#include "routing/route.h"
#include "sigd/auth/jwt.h"
#include "sigd/proxy/who/tokens.h"

enum {
	SOON_MS = 30000, /* between two fetches, whatever asks for them */
	TRIES_MAX = 8,   /* tenants with the same issuer */
	PATH_LEN = 2048,
	WHY_LEN = 128,
};

/* The keys of a tenant. */
struct source {
	struct le le;
	struct tokens *tokens;
	char *tenant, *place; /* its id; file or URL */
	const struct route_jwt *cfg; /* of the present table */
	struct jwk_set *set;  /* NULL: none yet */
	struct fetch *fetch;  /* under way */
	struct wheel_timer due;
	uint64_t tried_ms;
	uint64_t version; /* of keys and rules */
	bool kept; /* while a table is taken over */
};

struct tokens {
	struct list sources;
	struct fetcher *fetcher; /* NULL: nothing was fetched yet */
	struct wheel *wheel;
	uint64_t versions; /* given so far */
};

struct token_pass {
	uint64_t exp_s;   /* 0: not in force any more */
	uint64_t version; /* that found it right */
	char *token;
	char tenant[33];
	char issuer[256];
	size_t len;
	char names[]; /* each with its 0 */
};

static void pass_destructor(void *data)
{
	struct token_pass *pass = data;

	if (pass->token)
		OPENSSL_cleanse(pass->token, strlen(pass->token));
	mem_deref(pass->token);
}

static void source_destructor(void *data)
{
	struct source *src = data;

	list_unlink(&src->le);
	wheel_stop(&src->due);
	mem_deref(src->fetch);
	mem_deref(src->set);
	mem_deref(src->tenant);
	mem_deref(src->place);
}

static void destructor(void *data)
{
	struct tokens *tokens = data;

	list_flush(&tokens->sources);
	mem_deref(tokens->fetcher);
}

int tokens_alloc(struct tokens **tokensp, struct wheel *wheel)
{
	struct tokens *tokens = mem_zalloc(sizeof(*tokens), destructor);

	if (!tokens)
		return ENOMEM;
	tokens->wheel = wheel;
	*tokensp = tokens;
	return 0;
}

/* --- keys ------------------------------------------------------------------------- */

static void take_keys(struct source *src, const struct pl *text)
{
	struct jwk_set *set = NULL;
	char why[WHY_LEN] = "";

	if (jwk_set_parse(&set, text, src->cfg->url != NULL, why,
			  sizeof(why))) {
		log_error(NULL, "keys of tokens cannot be used",
			  "tenant=%s why=%s", src->tenant, why);
		return;
	}
	mem_deref(src->set);
	src->set = set;
	src->version = ++src->tokens->versions;
	log_info(NULL, "keys of tokens", "tenant=%s keys=%zu", src->tenant,
		 jwk_set_count(set));
}

/* Relative to the file that names it. */
static int path_of(char path[PATH_LEN], const struct route_jwt *cfg)
{
	const char *dir = cfg->pos.file ? cfg->pos.file : "";
	const char *slash = strrchr(dir, '/');
	const int len = cfg->keys[0] != '/' && slash ? (int)(slash - dir + 1)
						     : 0;
	const int n = snprintf(path, PATH_LEN, "%.*s%s", len, dir, cfg->keys);

	return n < 0 || n >= PATH_LEN ? ENAMETOOLONG : 0;
}

/* A small file, at a start or a reload. */
static int file_read(struct mbuf **mbp, const char *path)
{
	FILE *f = fopen(path, "rbe");
	struct mbuf *mb;
	int err = 0;

	if (!f)
		return errno;
	mb = mbuf_alloc(JWK_TEXT_MAX + 1);
	if (mb)
		mb->end = fread(mb->buf, 1, mb->size, f);
	if (!mb || ferror(f))
		err = mb ? EIO : ENOMEM;
	(void)fclose(f);
	if (err)
		mem_deref(mb);
	else
		*mbp = mb;
	return err;
}

static void read_file(struct source *src)
{
	char path[PATH_LEN];
	struct mbuf *mb = NULL;
	struct pl text;
	int err = path_of(path, src->cfg);

	err = err ? err : file_read(&mb, path);
	if (err) {
		log_error(NULL, "keys of tokens cannot be read",
			  "tenant=%s why=%s", src->tenant, strerror(err));
		return;
	}
	pl_set_mbuf(&text, mb);
	take_keys(src, &text);
	mem_deref(mb);
}

static void on_due(void *arg);

static void due_in(struct source *src, uint32_t ms)
{
	wheel_start(src->tokens->wheel, &src->due, ms, on_due, src);
}

static void on_fetched(const struct fetch_answer *answer, void *arg)
{
	struct source *src = arg;
	struct fetch *done = src->fetch;

	src->fetch = NULL;
	if (answer->code == 200) {
		take_keys(src, &answer->body);
		due_in(src, src->cfg->refresh_ms);
	} else {
		log_warn(NULL, "keys of tokens were not fetched",
			 "tenant=%s code=%u why=%s", src->tenant, answer->code,
			 answer->why);
		due_in(src, SOON_MS);
	}
	mem_deref(done);
}

static void on_due(void *arg)
{
	struct source *src = arg;
	struct tokens *tokens = src->tokens;
	int err = 0;

	if (src->fetch)
		return;
	src->tried_ms = wheel_now(tokens->wheel);
	if (!tokens->fetcher)
		err = fetcher_alloc(&tokens->fetcher, tokens->wheel);
	if (!err)
		err = fetch_get(&src->fetch, tokens->fetcher, src->place,
				JWK_TEXT_MAX, on_fetched, src);
	if (err)
		due_in(src, SOON_MS);
}

/* A key was made since. */
static void ask_again(struct source *src)
{
	if (src->cfg->url && !src->fetch &&
	    wheel_now(src->tokens->wheel) - src->tried_ms >= SOON_MS)
		on_due(src);
}

/* --- tables ------------------------------------------------------------------------- */

static struct source *find(const struct tokens *tokens, const char *tenant)
{
	struct le *le;

	LIST_FOREACH(&tokens->sources, le) {
		struct source *src = le->data;

		if (!strcmp(src->tenant, tenant))
			return src;
	}
	return NULL;
}

static void source_keep(struct tokens *tokens,
			const struct route_tenant *tenant)
{
	const struct route_jwt *cfg = tenant->auth.jwt;
	const char *place = cfg->url ? cfg->url : cfg->keys;
	struct source *src = find(tokens, tenant->id);
	bool fresh = !src;

	if (src && strcmp(src->place, place)) {
		mem_deref(src);
		fresh = true;
	}
	if (fresh) {
		src = mem_zalloc(sizeof(*src), source_destructor);
		if (!src || str_dup(&src->tenant, tenant->id) ||
		    str_dup(&src->place, place)) {
			mem_deref(src);
			return;
		}
		src->tokens = tokens;
		list_append(&tokens->sources, &src->le, src);
	}
	src->cfg = cfg;
	src->version = ++tokens->versions;
	src->kept = true;
	if (!cfg->url)
		read_file(src);
	else if (fresh)
		on_due(src);
}

void tokens_routes_set(struct tokens *tokens, const struct route_table *routes)
{
	const struct route_tenant *tenant;
	struct le *le, *next;

	LIST_FOREACH(&tokens->sources, le)
		((struct source *)le->data)->kept = false;
	for (size_t i = 0; (tenant = route_tenant_at(routes, i)); i++) {
		if (tenant->auth.jwt)
			source_keep(tokens, tenant);
	}
	for (le = tokens->sources.head; le; le = next) {
		next = le->next;
		if (!((struct source *)le->data)->kept)
			mem_deref(le->data);
	}
}

/* --- a token ------------------------------------------------------------------------- */

static int pass_make(struct token_pass **passp, const struct jwt_who *who,
		     const struct source *src, const struct pl *token)
{
	struct token_pass *pass;
	size_t len = 0;
	int err;

	for (size_t i = 0; i < who->n; i++)
		len += strlen(who->names[i]) + 1;
	pass = mem_zalloc(sizeof(*pass) + len, pass_destructor);
	if (!pass)
		return ENOMEM;
	err = pl_strdup(&pass->token, token);
	if (err) {
		mem_deref(pass);
		return err;
	}
	pass->exp_s = who->exp_s;
	pass->version = src->version;
	str_ncpy(pass->tenant, src->tenant, sizeof(pass->tenant));
	str_ncpy(pass->issuer, src->cfg->issuer, sizeof(pass->issuer));
	for (size_t i = 0; i < who->n; i++) {
		const size_t n = strlen(who->names[i]) + 1;

		memcpy(pass->names + pass->len, who->names[i], n);
		pass->len += n;
	}
	*passp = pass;
	return 0;
}

static int verify(struct jwt_who *who, struct source *src,
		  const struct pl *token)
{
	const struct jwt_rules rules = {.issuer = src->cfg->issuer,
					.audience = src->cfg->audience,
					.claim = src->cfg->claim,
					.skew_s = src->cfg->skew_ms / 1000,
					.now_s = (uint64_t)time(NULL)};
	int err;

	if (!src->set)
		return src->cfg->url ? EAGAIN : ENOKEY;
	err = jwt_verify(who, src->set, &rules, token);
	if (err == ENOKEY)
		ask_again(src);
	/* from here on its end is by our clock */
	who->exp_s += rules.skew_s;
	return err;
}

static int take(struct token_pass **passp, struct source *src,
		const struct pl *token)
{
	struct jwt_who *who = mem_alloc(sizeof(*who), NULL);
	int err = who ? verify(who, src, token) : ENOMEM;

	err = err ? err : pass_make(passp, who, src, token);
	mem_deref(who);
	return err;
}

/* Keys or rules are others now. While there are no keys, or no memory, it is
 * as it was. */
void tokens_check(struct tokens *tokens, struct token_pass *pass)
{
	struct source *src = find(tokens, pass->tenant);
	struct jwt_who *who;
	struct pl token;
	int err;

	if (!src || !pass->exp_s || pass->version == src->version)
		return;
	who = mem_alloc(sizeof(*who), NULL);
	if (!who)
		return;
	pl_set_str(&token, pass->token);
	err = verify(who, src, &token);
	mem_deref(who);
	if (err == EAGAIN || err == ENOMEM)
		return;
	pass->version = src->version;
	if (!err)
		return;
	pass->exp_s = 0;
	log_info(NULL, "a token is in force no more", "tenant=%s why=%s",
		 pass->tenant, jwt_why(err));
}

static int by_issuer(struct token_pass **passp, struct tokens *tokens,
		     const struct pl *token)
{
	char issuer[256];
	unsigned tries = 0;
	struct le *le;
	int err = jwt_issuer(issuer, sizeof(issuer), token);

	if (err)
		return err;
	err = ENOENT;
	LIST_FOREACH(&tokens->sources, le) {
		struct source *src = le->data;

		if (strcmp(src->cfg->issuer, issuer) || tries++ >= TRIES_MAX)
			continue;
		err = take(passp, src, token);
		if (!err)
			break;
	}
	return err;
}

int tokens_take(struct token_pass **passp, struct tokens *tokens,
		const struct route_tenant *tenant, const struct pl *token)
{
	struct source *src;

	if (!tenant)
		return by_issuer(passp, tokens, token);
	src = find(tokens, tenant->id);
	return src ? take(passp, src, token) : ENOENT;
}

/* --- what it is good for -------------------------------------------------------------- */

/* "alice", "alice@domain", "sip:alice@domain" */
static bool names(const char *name, const struct route_table *routes,
		  const struct route_tenant *tenant, const struct pl *user)
{
	const char *colon = !strncmp(name, "sip:", 4) ? name + 4
			    : !strncmp(name, "sips:", 5) ? name + 5
							 : name;
	const char *at = strrchr(colon, '@');
	struct pl who = {colon, at ? (size_t)(at - colon) : strlen(colon)};
	struct pl host;

	if (pl_cmp(&who, user))
		return false;
	if (!at)
		return true;
	pl_set_str(&host, at + 1);
	return route_tenant_by_domain(routes, &host) == tenant;
}

bool token_pass_counts(const struct token_pass *pass,
		       const struct route_tenant *tenant)
{
	const struct route_jwt *jwt = tenant->auth.jwt;

	return jwt && !strcmp(pass->tenant, tenant->id) &&
	       !strcmp(pass->issuer, jwt->issuer) &&
	       pass->exp_s > (uint64_t)time(NULL);
}

bool token_pass_names(const struct token_pass *pass,
		      const struct route_table *routes,
		      const struct route_tenant *tenant, const struct pl *user)
{
	if (!token_pass_counts(pass, tenant))
		return false;
	for (size_t at = 0; at < pass->len; at += strlen(pass->names + at) + 1) {
		if (names(pass->names + at, routes, tenant, user))
			return true;
	}
	return false;
}

uint64_t token_pass_ends_s(const struct token_pass *pass)
{
	return pass->exp_s;
}
