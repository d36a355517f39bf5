/*
 * resolve.c  Names to addresses, without waiting: what DNS said, and for
 *            how long
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "common/wheel.h"
#include "sigd/transport/dns_channel.h"
#include "sigd/transport/resolve.h"

enum {
	TRY_MS = 1500,
	TTL_NONE_S = 10,    /* of a failure */
	STALE_S = 86400,    /* an old answer serves for so long (RFC 8767) */
	STALE_SHARE = 3,    /* ... after this part of a try */
	BUCKETS = 256,
};

struct resolver {
	struct dns_channel *channel;
	struct wheel *wheel;
	struct hash *names;
	size_t count;
	uint32_t try_ms;
};

/* A name and what is asked of it: being asked, or known until ends_ms. */
struct name {
	struct le le;
	struct resolver *resolver;
	char host[RESOLVE_HOST_MAX + 1];
	enum resolve_what what;
	struct list asks;
	struct wheel_timer told; /* known: tell those who ask, later */
	bool asking;
	bool waited; /* long enough: what is old will do */
	uint64_t ends_ms;
	uint64_t stale_ms; /* until when what is known serves all the same */
	int err;
	struct dns_addrs *addrs;      /* of RESOLVE_ADDRS; NULL: none known */
	struct dns_answer *found; /* of the others */
};

struct resolve_ask {
	struct le le;
	resolve_h *h;          /* one of the two */
	resolve_records_h *rh;
	void *arg;
};

/* --- names ------------------------------------------------------------------------- */

static void name_destructor(void *data)
{
	struct name *name = data;

	wheel_stop(&name->told);
	hash_unlink(&name->le);
	--name->resolver->count;
	while (name->asks.head)
		list_unlink(name->asks.head);
	mem_deref(name->addrs);
	mem_deref(name->found);
}

static bool has_data(const struct name *name)
{
	return name->addrs || name->found;
}

static void tell(void *arg)
{
	struct name *name = arg;
	const int err = has_data(name) ? 0 : name->err;
	uint32_t n = list_count(&name->asks);
	struct dns_addrs *addrs = mem_ref(name->addrs);
	struct dns_answer *found = mem_ref(name->found);
	struct le *le;

	name->waited = true;
	mem_ref(name);
	/* those who ask in a handler are told later */
	while (n-- && (le = list_head(&name->asks))) {
		struct resolve_ask *ask = le->data;

		/* its owner may free it in the handler */
		list_unlink(le);
		if (ask->h)
			ask->h(err, addrs ? addrs->v : NULL,
			       addrs ? addrs->n : 0, ask->arg);
		else
			ask->rh(err, found, ask->arg);
	}
	mem_deref(addrs);
	mem_deref(found);
	mem_deref(name);
}

/* What a server said; or that none did, and what was known serves on. */
static void known(struct name *name, int err, uint32_t ttl)
{
	const uint64_t now = wheel_now(name->resolver->wheel);

	name->asking = false;
	name->err    = err;
	if (err)
		ttl = TTL_NONE_S;
	else
		name->stale_ms = now + 1000ull * (ttl + STALE_S);
	if (err == ENOENT || name->stale_ms <= now) {
		name->addrs = mem_deref(name->addrs);
		name->found = mem_deref(name->found);
	}
	name->ends_ms = now + 1000ull * ttl;
	/* an answer of the hosts file comes in the call that asks */
	wheel_start(name->resolver->wheel, &name->told, 0, tell, name);
}

static void on_found(const struct dns_found *found, void *arg)
{
	struct name *name = arg;
	struct dns_addrs *addrs;
	struct dns_answer *records;
	int err = found->err;

	if (!err && found->addrs) {
		addrs = mem_alloc(sizeof(*addrs), NULL);
		err = addrs ? 0 : ENOMEM;
		if (addrs) {
			*addrs = *found->addrs;
			mem_deref(name->addrs);
			name->addrs = addrs;
		}
	} else if (!err) {
		records = mem_alloc(sizeof(*records), NULL);
		err = records ? 0 : ENOMEM;
		if (records) {
			*records = *found->answer;
			mem_deref(name->found);
			name->found = records;
		}
	}
	known(name, err, found->ttl);
}

static bool is_invalid(const char *host)
{
	static const char top[] = "invalid";
	const size_t n = sizeof(top) - 1;
	size_t len = strlen(host);

	len -= len && host[len - 1] == '.';
	return len >= n && !strncasecmp(host + len - n, top, n) &&
	       (len == n || host[len - n - 1] == '.');
}

/* What needs no server. */
static bool is_plain(struct name *name)
{
	struct sa addr;

	if (is_invalid(name->host)) {
		name->err = ENOENT;
	} else if (name->what != RESOLVE_ADDRS ||
		   sa_set_str(&addr, name->host, 0)) {
		return false;
	} else if (!name->addrs) {
		name->addrs = mem_zalloc(sizeof(*name->addrs), NULL);
		name->err   = ENOMEM;
		if (name->addrs) {
			name->addrs->n	  = 1;
			name->addrs->v[0] = addr;
		}
	}
	name->ends_ms = UINT64_MAX;
	return true;
}

static void query(struct name *name)
{
	struct resolver *resolver = name->resolver;
	int err;

	if (is_plain(name)) {
		wheel_start(resolver->wheel, &name->told, 0, tell, name);
		return;
	}
	name->asking = true;
	name->waited = false;
	if (has_data(name))
		wheel_start(resolver->wheel, &name->told,
			    resolver->try_ms / STALE_SHARE, tell, name);
	if (name->what == RESOLVE_ADDRS)
		err = dns_ask_addrs(resolver->channel, name->host, on_found,
				    name);
	else
		err = dns_ask_records(resolver->channel, name->host,
				      name->what == RESOLVE_SRV ? DNS_SRV
								: DNS_NAPTR,
				      on_found, name);
	if (err)
		known(name, err, 0);
}

struct asked {
	const char *host;
	enum resolve_what what;
};

static bool is_name(struct le *le, void *arg)
{
	const struct name *name = le->data;
	const struct asked *asked = arg;

	return name->what == asked->what &&
	       !str_casecmp(name->host, asked->host);
}

/* Nobody waits for it; and nobody in tell() holds it. */
static bool is_idle(struct le *le, void *arg)
{
	const struct name *name = le->data;
	(void)arg;

	return !name->asking && list_isempty(&name->asks) &&
	       mem_nrefs(name) == 1;
}

static bool is_old(struct le *le, void *arg)
{
	const struct name *name = le->data;
	const uint64_t *now = arg;

	return is_idle(le, NULL) && name->ends_ms <= *now;
}

/* Room for one more: what is known gives way to what is asked for. */
static int room(struct resolver *resolver)
{
	uint64_t now = wheel_now(resolver->wheel);
	struct le *le;

	if (resolver->count < RESOLVE_NAMES_MAX)
		return 0;
	while ((le = hash_apply(resolver->names, is_old, &now)))
		mem_deref(le->data);
	if (resolver->count < RESOLVE_NAMES_MAX)
		return 0;
	le = hash_apply(resolver->names, is_idle, NULL);
	if (!le)
		return ENOSPC;
	mem_deref(le->data);
	return 0;
}

static int name_make(struct name **namep, struct resolver *resolver,
		     const struct asked *asked)
{
	struct name *name;
	int err = room(resolver);

	if (err)
		return err;

	name = mem_zalloc(sizeof(*name), name_destructor);
	if (!name)
		return ENOMEM;

	name->resolver = resolver;
	name->what     = asked->what;
	str_ncpy(name->host, asked->host, sizeof(name->host));
	hash_append(resolver->names, hash_joaat_str_ci(asked->host), &name->le,
		    name);
	++resolver->count;
	*namep = name;
	return 0;
}

/* --- asking ----------------------------------------------------------------------- */

static void ask_destructor(void *data)
{
	struct resolve_ask *ask = data;

	list_unlink(&ask->le);
}

/* What is known now, or while a server takes its time, is told at once. */
static void ask_begin(struct name *name)
{
	struct resolver *resolver = name->resolver;
	const bool fresh = name->ends_ms > wheel_now(resolver->wheel);

	if (!name->asking && !fresh)
		query(name);
	else if (!name->asking || (name->waited && has_data(name)))
		wheel_start(resolver->wheel, &name->told, 0, tell, name);
}

static int ask(struct resolve_ask **askp, struct resolver *resolver,
	       const struct asked *asked, const struct resolve_ask *how)
{
	struct resolve_ask *ask;
	struct name *name;
	struct le *le;
	int err;

	if (!asked->host[0] || strlen(asked->host) > RESOLVE_HOST_MAX)
		return EINVAL;

	le = hash_lookup(resolver->names, hash_joaat_str_ci(asked->host),
			 is_name, (void *)(uintptr_t)asked);
	name = le ? le->data : NULL;
	err  = name ? 0 : name_make(&name, resolver, asked);
	if (err)
		return err;

	ask = mem_zalloc(sizeof(*ask), ask_destructor);
	if (!ask)
		return ENOMEM;

	ask->h	 = how->h;
	ask->rh	 = how->rh;
	ask->arg = how->arg;
	list_append(&name->asks, &ask->le, ask);
	*askp = ask;
	ask_begin(name);
	return 0;
}

int resolve(struct resolve_ask **askp, struct resolver *resolver,
	    const char *host, resolve_h *h, void *arg)
{
	const struct asked asked = {host, RESOLVE_ADDRS};
	const struct resolve_ask how = {.h = h, .arg = arg};

	return ask(askp, resolver, &asked, &how);
}

int resolve_records(struct resolve_ask **askp, struct resolver *resolver,
		    const struct resolve_query *query, resolve_records_h *h,
		    void *arg)
{
	const struct asked asked = {query->name, query->what};
	const struct resolve_ask how = {.rh = h, .arg = arg};

	return query->what == RESOLVE_ADDRS
		       ? EINVAL
		       : ask(askp, resolver, &asked, &how);
}

static void destructor(void *data)
{
	struct resolver *resolver = data;

	/* who is asked has no handler left to call behind this */
	mem_deref(resolver->channel);
	if (resolver->names)
		hash_flush(resolver->names);
	mem_deref(resolver->names);
}

int resolver_alloc(struct resolver **resolverp, struct wheel *wheel,
		   const struct resolver_cfg *cfg)
{
	struct resolver *resolver = mem_zalloc(sizeof(*resolver), destructor);
	int err;

	if (!resolver)
		return ENOMEM;

	resolver->wheel = wheel;
	resolver->try_ms = cfg->try_ms ? cfg->try_ms : TRY_MS;
	err = hash_alloc(&resolver->names, BUCKETS);
	if (!err)
		err = dns_channel_alloc(&resolver->channel, wheel,
					cfg->servers, resolver->try_ms);
	if (err)
		mem_deref(resolver);
	else
		*resolverp = resolver;
	return err;
}
