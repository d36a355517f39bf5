/*
 * dns_channel.c  Questions to DNS servers: c-ares behind the loop
 *
 * SPDX-License-Identifier: MIT
 */
#include <ares.h>
#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "common/loop.h"
#include "common/wheel.h"
#include "sigd/transport/dns_channel.h"

enum {
	TRIES = 2,
	TTL_MAX_S = 3600,
	TICK_MS = 100, /* c-ares looks for its time-outs */
	CLASS_IN = 1,
};

struct dns_channel {
	ares_channel channel;
	struct wheel *wheel;
	struct wheel_timer tick;
	struct list watches; /* a struct watch for each socket of c-ares */
	bool ready;
};

struct watch {
	struct le le;
	struct dns_channel *owner;
	struct loop_watch *watch;
	ares_socket_t fd;
};

/* Freed by its answer, which always comes. */
struct question {
	enum dns_type type; /* of records */
	dns_found_h *h;
	void *arg;
};

/* --- sockets and time of c-ares ------------------------------------------------ */

static void on_tick(void *arg)
{
	struct dns_channel *owner = arg;

	ares_process_fd(owner->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	if (!list_isempty(&owner->watches))
		wheel_start(owner->wheel, &owner->tick, TICK_MS, on_tick,
			    owner);
}

static void on_ready(int flags, void *arg)
{
	struct watch *watch = arg;
	struct dns_channel *owner = watch->owner;
	const ares_socket_t fd = watch->fd;

	/* the watch may be gone behind this */
	ares_process_fd(owner->channel,
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

static struct watch *watch_find(const struct dns_channel *owner,
				ares_socket_t fd)
{
	struct le *le;

	LIST_FOREACH(&owner->watches, le) {
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
	struct dns_channel *owner = data;
	struct watch *watch = watch_find(owner, fd);

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
	watch->owner = owner;
	watch->fd	= fd;
	list_append(&owner->watches, &watch->le, watch);
	if (!wheel_runs(&owner->tick))
		wheel_start(owner->wheel, &owner->tick, TICK_MS, on_tick,
			    owner);
}

/* The kernel knows a way there (RFC 6724 rule 1). */
static bool is_reachable(const struct sa *addr)
{
	struct sa to = *addr;
	int fd = socket(sa_af(addr), SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool ok;

	if (fd < 0)
		return false;
	sa_set_port(&to, 5060);
	ok = !connect(fd, &to.u.sa, to.len);
	(void)close(fd);
	return ok;
}

/* Some of one family behind what is there. */
static void addrs_take(struct dns_addrs *addrs, const struct ares_addrinfo *info,
		       int af, size_t most)
{
	for (const struct ares_addrinfo_node *node = info->nodes;
	     node && addrs->n < most; node = node->ai_next) {
		if (node->ai_family != af ||
		    sa_set_sa(&addrs->v[addrs->n], node->ai_addr))
			continue;
		sa_set_port(&addrs->v[addrs->n++], 0);
	}
}

/* A server may send thousands: only so many are looked at. c-ares would ask
 * the kernel about each of them to sort them, so it does not. */
static void addrs_read(struct dns_addrs *addrs, uint32_t *ttl,
		       const struct ares_addrinfo *info)
{
	struct dns_addrs away = {.n = 0};
	size_t n = 0;

	for (const struct ares_addrinfo_node *node = info->nodes; node;
	     node = node->ai_next) {
		if (node->ai_ttl < 0 || (uint32_t)node->ai_ttl < *ttl)
			*ttl = (uint32_t)max(node->ai_ttl, 0);
	}
	addrs_take(addrs, info, AF_INET6, DNS_ADDRS_MAX / 2);
	addrs_take(addrs, info, AF_INET, DNS_ADDRS_MAX);
	for (size_t i = 0; i < addrs->n; i++) {
		if (is_reachable(&addrs->v[i]))
			addrs->v[n++] = addrs->v[i];
		else
			away.v[away.n++] = addrs->v[i];
	}
	memcpy(&addrs->v[n], away.v, away.n * sizeof(away.v[0]));
}

/* --- answers ----------------------------------------------------------------------- */

static int error_of(int status)
{
	return status == ARES_ENOTFOUND || status == ARES_ENODATA ? ENOENT
								  : ETIMEDOUT;
}

static void on_addrs(void *arg, int status, int timeouts,
		     struct ares_addrinfo *info)
{
	struct dns_found found = {.err = error_of(status), .ttl = TTL_MAX_S};
	struct question *question = arg;
	struct dns_addrs addrs = {.n = 0};
	(void)timeouts;

	if (status == ARES_SUCCESS && info) {
		addrs_read(&addrs, &found.ttl, info);
		found.err   = addrs.n ? 0 : ENOENT;
		found.addrs = &addrs;
	}
	if (info)
		ares_freeaddrinfo(info);
	/* the channel ends: nobody is told */
	if (status != ARES_EDESTRUCTION)
		question->h(&found, question->arg);
	mem_deref(question);
}

static void on_records(void *arg, int status, int timeouts,
		       unsigned char *msg, int len)
{
	struct dns_found found = {.err = error_of(status)};
	struct question *question = arg;
	struct dns_answer answer;
	(void)timeouts;

	if (status == ARES_SUCCESS && msg && len > 0) {
		found.err = dns_answer_read(&answer, question->type, msg,
					    (size_t)len)
				    ? ETIMEDOUT
			    : answer.n ? 0
				       : ENOENT;
		found.ttl    = min(answer.ttl, (uint32_t)TTL_MAX_S);
		found.answer = &answer;
	}
	if (status != ARES_EDESTRUCTION)
		question->h(&found, question->arg);
	mem_deref(question);
}

/* c-ares 1.28 reads answers itself and calls the plain way deprecated: it is
 * asked for the bytes again, which are read as ever. */
#if ARES_VERSION >= 0x011c00
static void on_parsed(void *arg, ares_status_t status, size_t timeouts,
		      const ares_dns_record_t *record)
{
	unsigned char *msg = NULL;
	size_t len = 0;
	(void)timeouts;

	if (status == ARES_SUCCESS)
		status = record ? ares_dns_write(record, &msg, &len)
				: ARES_EBADRESP;
	on_records(arg, (int)status, 0, msg, (int)len);
	ares_free_string(msg);
}

static void ask(struct dns_channel *channel, const char *name,
		struct question *question)
{
	/* what fails at once has told on_parsed() so */
	(void)ares_query_dnsrec(channel->channel, name, ARES_CLASS_IN,
				(ares_dns_rec_type_t)question->type, on_parsed,
				question, NULL);
}
#else
static void ask(struct dns_channel *channel, const char *name,
		struct question *question)
{
	ares_query(channel->channel, name, CLASS_IN, (int)question->type,
		   on_records, question);
}
#endif

/* --- questions --------------------------------------------------------------------- */

static struct question *question_make(enum dns_type type, dns_found_h *h,
				      void *arg)
{
	struct question *question = mem_zalloc(sizeof(*question), NULL);

	if (question)
		*question = (struct question){type, h, arg};
	return question;
}

int dns_ask_addrs(struct dns_channel *channel, const char *host,
		  dns_found_h *h, void *arg)
{
	const struct ares_addrinfo_hints hints = {.ai_family = AF_UNSPEC,
						  .ai_flags = ARES_AI_NOSORT};
	struct question *question = question_make(DNS_SRV, h, arg);

	if (!question)
		return ENOMEM;
	ares_getaddrinfo(channel->channel, host, NULL, &hints, on_addrs,
			 question);
	return 0;
}

int dns_ask_records(struct dns_channel *channel, const char *name,
		    enum dns_type type, dns_found_h *h, void *arg)
{
	struct question *question = question_make(type, h, arg);

	if (!question)
		return ENOMEM;
	ask(channel, name, question);
	return 0;
}

/* --- life -------------------------------------------------------------------------- */

static void destructor(void *data)
{
	struct dns_channel *channel = data;

	wheel_stop(&channel->tick);
	if (channel->ready)
		ares_destroy(channel->channel);
	list_flush(&channel->watches);
}

int dns_channel_alloc(struct dns_channel **channelp, struct wheel *wheel,
		      const char *servers, uint32_t try_ms)
{
	struct dns_channel *channel = mem_zalloc(sizeof(*channel), destructor);
	struct ares_options options = {.timeout = (int)try_ms, .tries = TRIES,
				       .sock_state_cb = on_socket,
				       .sock_state_cb_data = channel};
	const int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
			 ARES_OPT_SOCK_STATE_CB;
	int err = ENOMEM;

	if (!channel)
		return ENOMEM;

	channel->wheel = wheel;
	if (ares_init_options(&channel->channel, &options, mask) ==
	    ARES_SUCCESS) {
		channel->ready = true;
		err = 0;
	}
	if (!err && servers &&
	    ares_set_servers_ports_csv(channel->channel, servers) !=
		    ARES_SUCCESS)
		err = EINVAL;
	if (err)
		mem_deref(channel);
	else
		*channelp = channel;
	return err;
}
