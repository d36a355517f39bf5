/*
 * locate.c  Where a SIP server is (RFC 3263 section 4)
 *
 * A question goes through names to ask, one after the other:
 *
 *   NAPTR of the host -> SRV of each service -> A, AAAA of each target
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "sigd/transport/locate.h"

enum { SERVICES_MAX = LOCATE_TRANSPORTS + DNS_RECORDS_MAX };

static const struct kind {
	const char *naptr; /* RFC 3263 4.1 */
	const char *srv;
	uint16_t port;
} kinds[LOCATE_TRANSPORTS] = {
	[LOCATE_UDP] = {"SIP+D2U", "_sip._udp.", 5060},
	[LOCATE_TCP] = {"SIP+D2T", "_sip._tcp.", 5060},
	[LOCATE_TLS] = {"SIPS+D2T", "_sips._tcp.", 5061},
};

/* A name with SRV records, perhaps. */
struct service {
	enum locate_transport transport;
	char name[DNS_HOST_MAX + 1];
};

/* A host with addresses. */
struct place {
	enum locate_transport transport;
	uint16_t port;
	char host[DNS_HOST_MAX + 1];
};

struct locate_ask {
	struct resolver *resolver;
	struct locate_params params;
	char host[DNS_HOST_MAX + 1];
	struct resolve_ask *ask;
	struct service services[SERVICES_MAX];
	size_t nservices, service;
	bool by_naptr; /* the services are those of NAPTR records */
	struct place places[LOCATE_MAX];
	size_t nplaces, place;
	struct locate_target found[LOCATE_MAX];
	size_t nfound;
	int err; /* the worst of what went wrong on the way */
	locate_h *h;
	void *arg;
};

/* --- SRV: RFC 2782 ---------------------------------------------------------------- */

/* Which of n records of one priority is next: each as likely as its weight
 * says, one of weight 0 hardly ever before others. */
static size_t choose(const struct dns_srv *srv, size_t n, uint32_t number)
{
	uint64_t sum = 0, at;

	for (size_t i = 0; i < n; i++)
		sum += srv[i].weight;
	if (!sum)
		return number % n;
	at = number % (sum + 1);
	/* those of weight 0 come first there: they are chosen at 0 alone */
	for (size_t i = 0; !at && i < n; i++) {
		if (!srv[i].weight)
			return i;
	}
	sum = 0;
	for (size_t i = 0; i < n; i++) {
		sum += srv[i].weight;
		if (srv[i].weight && sum >= at)
			return i;
	}
	return 0;
}

void locate_srv_order(struct dns_srv *srv, size_t n, uint32_t (*rand)(void))
{
	for (size_t i = 0; i < n; i++) {
		struct dns_srv first = srv[i];
		size_t same = 1, next;

		while (i + same < n && srv[i + same].priority == first.priority)
			same++;
		next = i + choose(&srv[i], same, rand());
		srv[i] = srv[next];
		srv[next] = first;
	}
}

/* --- the steps -------------------------------------------------------------------- */

static void destructor(void *data)
{
	struct locate_ask *ask = data;

	mem_deref(ask->ask);
}

static void step(struct locate_ask *ask);

static void end(struct locate_ask *ask)
{
	const int err = ask->nfound ? 0 : ask->err ? ask->err : ENOENT;

	/* the owner may free the question in here */
	ask->h(err, ask->found, ask->nfound, ask->arg);
}

/* A server that says nothing is not one that says there is nothing. */
static void note_error(struct locate_ask *ask, int err)
{
	if (err && ask->err != ETIMEDOUT)
		ask->err = err;
}

static void place_add(struct locate_ask *ask, enum locate_transport transport,
		      const char *host, uint16_t port)
{
	struct place *place = &ask->places[ask->nplaces];

	if (ask->nplaces == LOCATE_MAX)
		return;
	++ask->nplaces;
	place->transport = transport;
	place->port	 = port ? port : kinds[transport].port;
	str_ncpy(place->host, host, sizeof(place->host));
}

static void service_add(struct locate_ask *ask, enum locate_transport transport,
			const char *name)
{
	struct service *service = &ask->services[ask->nservices];

	if (ask->nservices == SERVICES_MAX)
		return;
	++ask->nservices;
	service->transport = transport;
	str_ncpy(service->name, name, sizeof(service->name));
}

static void on_addrs(int err, const struct sa *addrs, size_t n, void *arg)
{
	struct locate_ask *ask = arg;
	const struct place *place = &ask->places[ask->place++];

	ask->ask = mem_deref(ask->ask);
	note_error(ask, err);
	for (size_t i = 0; i < n && ask->nfound < LOCATE_MAX; i++) {
		struct locate_target *target = &ask->found[ask->nfound++];

		target->transport = place->transport;
		target->addr = addrs[i];
		sa_set_port(&target->addr, place->port);
	}
	step(ask);
}

static void on_srv(int err, const struct dns_answer *answer, void *arg)
{
	struct locate_ask *ask = arg;
	const struct service *service = &ask->services[ask->service++];
	struct dns_srv srv[DNS_RECORDS_MAX];
	size_t n = answer ? answer->n : 0;

	ask->ask = mem_deref(ask->ask);
	note_error(ask, err);
	if (n)
		memcpy(srv, answer->srv, n * sizeof(srv[0]));
	locate_srv_order(srv, n, rand_u32);
	for (size_t i = 0; i < n; i++) {
		if (srv[i].target[0])
			place_add(ask, service->transport, srv[i].target,
				  srv[i].port);
	}
	/* without NAPTR the first transport that has any is the one */
	if (n && !ask->by_naptr)
		ask->service = ask->nservices;
	/* "." says that it is not there at all, and its addresses neither */
	if (n && !ask->nplaces) {
		ask->place = ask->nplaces = 0;
		ask->err = ENOENT;
		end(ask);
		return;
	}
	step(ask);
}

static bool may_speak(const struct locate_ask *ask,
		      enum locate_transport transport)
{
	for (unsigned i = 0; i < ask->params.ntransports; i++) {
		if (ask->params.transports[i] == transport)
			return true;
	}
	return false;
}

static void naptr_take(struct locate_ask *ask, const struct dns_naptr *naptr)
{
	for (int i = 0; i < LOCATE_TRANSPORTS; i++) {
		if (naptr->flag == 'S' &&
		    !strcmp(naptr->service, kinds[i].naptr) &&
		    may_speak(ask, (enum locate_transport)i))
			service_add(ask, (enum locate_transport)i,
				    naptr->target);
	}
}

/* SRV of what we speak ourselves. */
static void services_own(struct locate_ask *ask)
{
	for (unsigned i = 0; i < ask->params.ntransports; i++) {
		enum locate_transport transport = ask->params.transports[i];
		char name[DNS_HOST_MAX + 1];

		if (re_snprintf(name, sizeof(name), "%s%s",
				kinds[transport].srv, ask->host) > 0)
			service_add(ask, transport, name);
	}
}

static void on_naptr(int err, const struct dns_answer *answer, void *arg)
{
	struct locate_ask *ask = arg;

	ask->ask = mem_deref(ask->ask);
	note_error(ask, err);
	for (size_t i = 0; answer && i < answer->n; i++)
		naptr_take(ask, &answer->naptr[i]);
	ask->by_naptr = ask->nservices > 0;
	if (!ask->by_naptr)
		services_own(ask);
	step(ask);
}

/* The next name to ask; none: the end. */
static int step_next(struct locate_ask *ask)
{
	struct resolve_query query = {.what = RESOLVE_SRV};

	if (ask->service < ask->nservices) {
		query.name = ask->services[ask->service].name;
		return resolve_records(&ask->ask, ask->resolver, &query,
				       on_srv, ask);
	}
	if (!ask->nplaces)
		place_add(ask, ask->params.transports[0], ask->host,
			  ask->params.port);
	if (ask->place < ask->nplaces && ask->nfound < LOCATE_MAX)
		return resolve(&ask->ask, ask->resolver,
			       ask->places[ask->place].host, on_addrs, ask);
	return EALREADY;
}

static void step(struct locate_ask *ask)
{
	int err;

	/* what cannot be asked is passed by */
	while ((err = step_next(ask)) && err != EALREADY) {
		note_error(ask, err);
		if (ask->service < ask->nservices)
			++ask->service;
		else
			++ask->place;
	}
	if (err)
		end(ask);
}

/* --- the beginning ----------------------------------------------------------------- */

static int begin(struct locate_ask *ask)
{
	const struct locate_params *params = &ask->params;
	const struct resolve_query naptr = {ask->host, RESOLVE_NAPTR};
	struct sa addr;

	if (params->port || !sa_set_str(&addr, ask->host, 0)) {
		place_add(ask, params->transports[0], ask->host, params->port);
		return step_next(ask);
	}
	if (params->ntransports > 1)
		return resolve_records(&ask->ask, ask->resolver, &naptr,
				       on_naptr, ask);
	services_own(ask);
	return step_next(ask);
}

int locate(struct locate_ask **askp, struct resolver *resolver,
	   const struct locate_params *params, locate_h *h, void *arg)
{
	struct locate_ask *ask;
	int err;

	if (!params->ntransports || strlen(params->host) > DNS_HOST_MAX)
		return EINVAL;

	ask = mem_zalloc(sizeof(*ask), destructor);
	if (!ask)
		return ENOMEM;

	ask->resolver = resolver;
	ask->params   = *params;
	ask->h	      = h;
	ask->arg      = arg;
	str_ncpy(ask->host, params->host, sizeof(ask->host));
	ask->params.host = ask->host;
	err = begin(ask);
	if (err)
		mem_deref(ask);
	else
		*askp = ask;
	return err == EALREADY ? EINVAL : err;
}
