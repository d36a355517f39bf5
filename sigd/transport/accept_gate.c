/*
 * accept_gate.c  Counts connections, in all and by source
 *
 * SPDX-License-Identifier: MIT
 */
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <re.h>

#include "sigd/transport/accept.h"
#include "sigd/transport/transport.h"

enum {
	BUCKETS = 1024
};

struct source {
	struct le le;
	uint8_t key[9]; /* family, then 4 or 8 bytes of the address */
	uint32_t count;
};

struct accept_gate {
	const struct transport_limits *limits;
	struct transport_counts *counts;
	accept_full_h *fullh;
	void *arg;
	struct hash *sources;
	uint32_t count;
	bool shut;
};

static void source_destructor(void *data)
{
	struct source *source = data;

	hash_unlink(&source->le);
}

static void gate_destructor(void *data)
{
	struct accept_gate *gate = data;

	hash_flush(gate->sources);
	mem_deref(gate->sources);
}

int accept_gate_alloc(struct accept_gate **gatep,
		      const struct transport_limits *limits,
		      struct transport_counts *counts, accept_full_h *fullh,
		      void *arg)
{
	struct accept_gate *gate;
	int err;

	if (!gatep || !limits || !counts)
		return EINVAL;

	gate = mem_zalloc(sizeof(*gate), gate_destructor);
	if (!gate)
		return ENOMEM;

	gate->limits = limits;
	gate->counts = counts;
	gate->fullh = fullh;
	gate->arg = arg;
	err = hash_alloc(&gate->sources, BUCKETS);
	if (err)
		mem_deref(gate);
	else
		*gatep = gate;
	return err;
}

/* One who has an IPv6 address has its /64. */
static void source_key(uint8_t key[9], const struct sa *remote)
{
	uint8_t in6[16];
	uint32_t in;

	memset(key, 0, 9);
	if (sa_af(remote) == AF_INET6) {
		sa_in6(remote, in6);
		key[0] = 6;
		memcpy(key + 1, in6, 8);
		/* ::ffff:0:0/96 is IPv4 (RFC 4291 2.5.5.2) */
		if (!memcmp(in6, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12)) {
			key[0] = 4;
			memcpy(key + 1, in6 + 12, 4);
		}
	} else {
		in = htonl(sa_in(remote));
		key[0] = 4;
		memcpy(key + 1, &in, 4);
	}
}

static bool source_is(struct le *le, void *arg)
{
	struct source *source = le->data;

	return !memcmp(source->key, arg, sizeof(source->key));
}

static struct source *source_find(const struct accept_gate *gate,
				  uint8_t key[9])
{
	return list_ledata(
		hash_lookup(gate->sources, hash_joaat(key, 9), source_is, key));
}

static struct source *source_get(struct accept_gate *gate,
				 const struct sa *remote)
{
	struct source *source;
	uint8_t key[9];

	source_key(key, remote);
	source = source_find(gate, key);
	if (source)
		return source;

	source = mem_zalloc(sizeof(*source), source_destructor);
	if (!source)
		return NULL;

	memcpy(source->key, key, sizeof(key));
	hash_append(gate->sources, hash_joaat(key, 9), &source->le, source);
	return source;
}

int accept_gate_enter(struct accept_gate *gate, const struct sa *remote)
{
	struct source *source;

	if (gate->shut)
		return ECONNREFUSED;
	source = remote ? source_get(gate, remote) : NULL;
	if (!source && remote)
		return ENOMEM;
	if (source && source->count >= gate->limits->conns_source) {
		++gate->counts->limit_source;
		return EDQUOT;
	}
	if (gate->count >= gate->limits->conns) {
		++gate->counts->limit_conns;
		/* The one that is ended is still inside until it has left */
		if (!gate->fullh || !gate->fullh(gate->arg)) {
			if (source && !source->count)
				mem_deref(source);
			return ENFILE;
		}
	}
	if (source)
		++source->count;
	++gate->count;
	return 0;
}

void accept_gate_leave(struct accept_gate *gate, const struct sa *remote)
{
	struct source *source;
	uint8_t key[9];

	assert(gate->count);
	--gate->count;
	if (!remote)
		return;

	source_key(key, remote);
	source = source_find(gate, key);
	assert(source && source->count);
	if (!--source->count)
		mem_deref(source);
}

uint32_t accept_gate_inside(const struct accept_gate *gate,
			    const struct sa *remote)
{
	struct source *source;
	uint8_t key[9];

	if (!remote)
		return gate->count;

	source_key(key, remote);
	source = source_find(gate, key);
	return source ? source->count : 0;
}

void accept_gate_shut(struct accept_gate *gate, bool shut)
{
	gate->shut = shut;
}
