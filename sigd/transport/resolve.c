/*
 * resolve.c  Names to addresses, without waiting: c-ares behind the loop
 *
 * SPDX-License-Identifier: MIT
 */
#include <ares.h>
#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <strings.h>
#include <sys/time.h>

#include "common/loop.h"
#include "common/wheel.h"
#include "sigd/transport/resolve.h"

enum {
	TRY_MS = 1500,
	TRIES = 2,
	TTL_MIN_S = 5,
	TTL_MAX_S = 3600,
	TTL_NONE_S = 10, /* of a failure */
	TICK_MS = 100,   /* c-ares looks for its time-outs */
	BUCKETS = 256,
};

struct resolver {
	ares_channel channel;
	struct wheel *wheel;
	struct wheel_timer tick;
	struct hash *names;
	size_t count;
	struct list watches; /* a struct watch for each socket of c-ares */
	bool ready;
};

/* A name: being asked, or known until ends_ms. */
struct name {
	struct le le;
	struct resolver *resolver;
	char host[RESOLVE_HOST_MAX + 1];
	struct list asks;
	struct wheel_timer told; /* known: tell those who ask, later */
	bool asking;
	uint64_t ends_ms;
	int err;
	size_t n;
	struct sa addrs[RESOLVE_ADDRS_MAX];
};

struct resolve_ask {
	struct le le;
	resolve_h *h;
	void *arg;
};

struct watch {
	struct le le;
	struct resolver *resolver;
	struct loop_watch *watch;
	ares_socket_t fd;
};

/* --- sockets and time of c-ares ------------------------------------------------ */

static void on_tick(void *arg)
{
	struct resolver *resolver = arg;

	ares_process_fd(resolver->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	if (!list_isempty(&resolver->watches))
		wheel_start(resolver->wheel, &resolver->tick, TICK_MS, on_tick,
			    resolver);
}

static void on_ready(int flags, void *arg)
{
	struct watch *watch = arg;
	struct resolver *resolver = watch->resolver;
	const ares_socket_t fd = watch->fd;

	/* the watch may be gone behind this */
	ares_process_fd(resolver->channel,
			flags & (LOOP_READ | LOOP_ERROR) ? fd
							 : ARES_SOCKET_BAD,
			flags & LOOP_WRITE ? fd : ARES_SOCKET_BAD);
}

static void watch_destructor(void *data)
{
	struct watch *watch = data;

	list_unlink(&watch->le);
	mem_deref(watch->watch);
}

static struct watch *watch_find(const struct resolver *resolver,
				ares_socket_t fd)
{
	struct le *le;

	LIST_FOREACH(&resolver->watches, le) {
		struct watch *watch = le->data;

		if (watch->fd == fd)
			return watch;
	}
	return NULL;
}

static void on_socket(void *data, ares_socket_t fd, int readable, int writable)
{
	const int flags = (readable ? LOOP_READ : 0) |
			  (writable ? LOOP_WRITE : 0);
	struct resolver *resolver = data;
	struct watch *watch = watch_find(resolver, fd);

	if (!flags) {
		mem_deref(watch);
		return;
	}
	if (watch) {
		(void)loop_watch_set(watch->watch, flags);
		return;
	}
	watch = mem_zalloc(sizeof(*watch), watch_destructor);
	/* unheard answers end as time-outs */
	if (!watch || loop_watch_alloc(&watch->watch, fd, flags, on_ready,
				       watch)) {
		mem_deref(watch);
		return;
	}
	watch->resolver = resolver;
	watch->fd	= fd;
	list_append(&resolver->watches, &watch->le, watch);
	if (!wheel_runs(&resolver->tick))
		wheel_start(resolver->wheel, &resolver->tick, TICK_MS, on_tick,
			    resolver);
}

/* --- names ------------------------------------------------------------------------- */

static void name_destructor(void *data)
{
	struct name *name = data;

	wheel_stop(&name->told);
	hash_unlink(&name->le);
	--name->resolver->count;
	while (name->asks.head)
		list_unlink(name->asks.head);
}

static void tell(void *arg)
{
	struct name *name = arg;
	uint32_t n = list_count(&name->asks);
	struct le *le;

	mem_ref(name);
	/* those who ask in a handler are told later */
	while (n-- && (le = list_head(&name->asks))) {
		struct resolve_ask *ask = le->data;

		/* its owner may free it in the handler */
		list_unlink(le);
		ask->h(name->err, name->addrs, name->n, ask->arg);
	}
	mem_deref(name);
}

static uint32_t addrs_read(struct name *name, const struct ares_addrinfo *info)
{
	uint32_t ttl = TTL_MAX_S;

	name->n = 0;
	for (const struct ares_addrinfo_node *node = info->nodes; node;
	     node = node->ai_next) {
		if (name->n == RESOLVE_ADDRS_MAX ||
		    sa_set_sa(&name->addrs[name->n], node->ai_addr))
			continue;
		sa_set_port(&name->addrs[name->n++], 0);
		if (node->ai_ttl >= 0 && (uint32_t)node->ai_ttl < ttl)
			ttl = (uint32_t)node->ai_ttl;
	}
	return ttl < TTL_MIN_S ? TTL_MIN_S : ttl;
}

static void on_answer(void *arg, int status, int timeouts,
		      struct ares_addrinfo *info)
{
	struct name *name = arg;
	uint32_t ttl = TTL_NONE_S;
	(void)timeouts;

	/* the resolver ends: so do its names */
	if (status == ARES_EDESTRUCTION)
		return;

	name->asking = false;
	name->n	     = 0;
	if (status == ARES_SUCCESS && info)
		ttl = addrs_read(name, info);
	name->err = name->n			    ? 0
		    : status == ARES_SUCCESS ||
				    status == ARES_ENOTFOUND ||
				    status == ARES_ENODATA ? ENOENT
							   : ETIMEDOUT;
	if (!name->n)
		ttl = TTL_NONE_S;
	name->ends_ms = wheel_now(name->resolver->wheel) + 1000u * ttl;
	if (info)
		ares_freeaddrinfo(info);
	/* an answer of the hosts file comes in the call that asks */
	wheel_start(name->resolver->wheel, &name->told, 0, tell, name);
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

static void query(struct name *name)
{
	const struct ares_addrinfo_hints hints = {.ai_family = AF_UNSPEC};
	struct resolver *resolver = name->resolver;

	name->n = 0;
	if (!sa_set_str(&name->addrs[0], name->host, 0)) {
		name->n	      = 1;
		name->err     = 0;
		name->ends_ms = UINT64_MAX;
	} else if (is_invalid(name->host)) {
		name->err     = ENOENT;
		name->ends_ms = UINT64_MAX;
	} else {
		name->asking = true;
		ares_getaddrinfo(resolver->channel, name->host, NULL, &hints,
				 on_answer, name);
		return;
	}
	wheel_start(resolver->wheel, &name->told, 0, tell, name);
}

static bool is_name(struct le *le, void *arg)
{
	const struct name *name = le->data;

	return !str_casecmp(name->host, arg);
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
		     const char *host)
{
	struct name *name;
	int err = room(resolver);

	if (err)
		return err;

	name = mem_zalloc(sizeof(*name), name_destructor);
	if (!name)
		return ENOMEM;

	name->resolver = resolver;
	str_ncpy(name->host, host, sizeof(name->host));
	hash_append(resolver->names, hash_joaat_str_ci(host), &name->le, name);
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

int resolve(struct resolve_ask **askp, struct resolver *resolver,
	    const char *host, resolve_h *h, void *arg)
{
	struct resolve_ask *ask;
	struct name *name;
	struct le *le;
	int err;

	if (!host[0] || strlen(host) > RESOLVE_HOST_MAX)
		return EINVAL;

	le = hash_lookup(resolver->names, hash_joaat_str_ci(host), is_name,
			 (void *)(uintptr_t)host);
	name = le ? le->data : NULL;
	err  = name ? 0 : name_make(&name, resolver, host);
	if (err)
		return err;

	ask = mem_zalloc(sizeof(*ask), ask_destructor);
	if (!ask)
		return ENOMEM;

	ask->h	 = h;
	ask->arg = arg;
	list_append(&name->asks, &ask->le, ask);
	*askp = ask;
	if (name->asking)
		return 0;
	if (le && name->ends_ms > wheel_now(resolver->wheel))
		wheel_start(resolver->wheel, &name->told, 0, tell, name);
	else
		query(name);
	return 0;
}

static void destructor(void *data)
{
	struct resolver *resolver = data;

	wheel_stop(&resolver->tick);
	if (resolver->ready)
		ares_destroy(resolver->channel);
	list_flush(&resolver->watches);
	if (resolver->names)
		hash_flush(resolver->names);
	mem_deref(resolver->names);
}

static int channel_open(struct resolver *resolver,
			const struct resolver_cfg *cfg)
{
	struct ares_options options = {
		.timeout = cfg->try_ms ? (int)cfg->try_ms : TRY_MS,
		.tries = TRIES,
		.sock_state_cb = on_socket, .sock_state_cb_data = resolver};
	const int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
			 ARES_OPT_SOCK_STATE_CB;

	if (ares_init_options(&resolver->channel, &options, mask) !=
	    ARES_SUCCESS)
		return ENOMEM;

	resolver->ready = true;
	return cfg->servers &&
			       ares_set_servers_ports_csv(
				       resolver->channel,
				       cfg->servers) != ARES_SUCCESS
		       ? EINVAL
		       : 0;
}

int resolver_alloc(struct resolver **resolverp, struct wheel *wheel,
		   const struct resolver_cfg *cfg)
{
	struct resolver *resolver = mem_zalloc(sizeof(*resolver), destructor);
	int err;

	if (!resolver)
		return ENOMEM;

	resolver->wheel = wheel;
	err = hash_alloc(&resolver->names, BUCKETS);
	if (!err)
		err = channel_open(resolver, cfg);
	if (err)
		mem_deref(resolver);
	else
		*resolverp = resolver;
	return err;
}
