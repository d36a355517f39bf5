/*
 * throttle.c  Makes guessing slow: failures are counted by source address
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <re.h>

#include "common/throttle.h"

enum {
	WAIT_MIN_MS = 1000
};

struct source {
	uint8_t key[16]; /* the address, as IPv6; all 0: free */
	uint64_t last_ms;
	uint64_t until_ms;
	uint32_t failures;
};

struct throttle {
	uint32_t n;
	struct source sources[];
};

/* IPv4 as the mapped address of RFC 4291 section 2.5.5.2, IPv6 cut to the
 * 64 bits that a site cannot choose. */
static void key_of(uint8_t key[16], const struct sa *sa)
{
	memset(key, 0, 16);
	if (sa_af(sa) == AF_INET6) {
		memcpy(key, &sa->u.in6.sin6_addr, 8);
		key[15] = 1; /* so that none is all 0 */
	} else {
		key[10] = key[11] = 0xff;
		memcpy(key + 12, &sa->u.in.sin_addr, 4);
	}
}

int throttle_alloc(struct throttle **throttlep, uint32_t slots)
{
	struct throttle *throttle;

	if (!throttlep || !slots)
		return EINVAL;
	throttle = mem_zalloc(sizeof(*throttle) +
				      slots * sizeof(throttle->sources[0]),
			      NULL);
	if (!throttle)
		return ENOMEM;

	throttle->n = slots;
	*throttlep = throttle;
	return 0;
}

static const struct source *find(const struct throttle *throttle,
				 const struct sa *sa)
{
	uint8_t key[16];

	key_of(key, sa);
	for (uint32_t i = 0; i < throttle->n; i++) {
		if (!memcmp(throttle->sources[i].key, key, sizeof(key)))
			return &throttle->sources[i];
	}
	return NULL;
}

/* The source's own place, a free one, or that of the quietest. */
static struct source *place(struct throttle *throttle, const struct sa *sa)
{
	const struct source *own = find(throttle, sa);
	struct source *oldest = throttle->sources;

	if (own)
		return &throttle->sources[own - throttle->sources];
	for (uint32_t i = 1; i < throttle->n; i++) {
		if (throttle->sources[i].last_ms < oldest->last_ms)
			oldest = &throttle->sources[i];
	}
	memset(oldest, 0, sizeof(*oldest));
	key_of(oldest->key, sa);
	return oldest;
}

uint64_t throttle_wait(const struct throttle *throttle, const struct sa *source,
		       uint64_t now_ms)
{
	const struct source *s = find(throttle, source);

	return s && s->until_ms > now_ms ? s->until_ms - now_ms : 0;
}

void throttle_failed(struct throttle *throttle, const struct sa *source,
		     uint64_t now_ms)
{
	struct source *s = place(throttle, source);
	uint64_t wait = WAIT_MIN_MS;

	if (s->last_ms + THROTTLE_FORGET_MS < now_ms)
		s->failures = 0;
	s->last_ms = now_ms;
	if (++s->failures <= THROTTLE_FREE)
		return;

	for (uint32_t i = THROTTLE_FREE + 1;
	     i < s->failures && wait < THROTTLE_WAIT_MAX_MS; i++)
		wait *= 2;
	s->until_ms =
		now_ms +
		(wait < THROTTLE_WAIT_MAX_MS ? wait : THROTTLE_WAIT_MAX_MS);
}

void throttle_passed(struct throttle *throttle, const struct sa *source)
{
	const struct source *s = find(throttle, source);

	if (s)
		memset(&throttle->sources[s - throttle->sources], 0,
		       sizeof(*s));
}
