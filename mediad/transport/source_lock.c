/*
 * source_lock.c  Whose packets a leg of plain RTP takes
 *
 * SPDX-License-Identifier: MIT
 */
#include "mediad/transport/source_lock.h"

static bool is_from(const struct sa *who, const struct sa *src)
{
	return sa_isset(who, SA_ALL) && sa_cmp(who, src, SA_ALL);
}

static void lock_to(struct source_lock *lock, const struct sa *src)
{
	lock->from = *src;
	lock->has_cand = false;
}

void source_lock_say(struct source_lock *lock, const struct source_rule *rule,
		     const struct sa *said)
{
	if (is_from(&lock->said, said))
		return;

	*lock = (struct source_lock){.said = *said};
	if (rule->policy == SOURCE_STRICT)
		lock->from = *said;
}

static bool in_networks(const struct source_rule *rule, const struct sa *src)
{
	for (size_t i = 0; i < rule->nnets; i++)
		if (cfg_cidr_has(&rule->nets[i], src))
			return true;

	return false;
}

/* May it become the source, whatever it sends? */
static bool may_be(const struct source_lock *lock,
		   const struct source_rule *rule, const struct sa *src,
		   uint64_t now_ms)
{
	bool locked = sa_isset(&lock->from, SA_ADDR);

	switch (rule->policy) {
	case SOURCE_LEARN_ONCE:
		return !locked && (sa_cmp(&lock->said, src, SA_ADDR) ||
				   in_networks(rule, src));
	case SOURCE_NETWORK:
		return (!locked ||
			now_ms - lock->heard_ms >= SOURCE_SILENT_MS) &&
		       (is_from(&lock->said, src) || in_networks(rule, src));
	case SOURCE_STRICT:
	case SOURCE_POLICIES:
	default:
		return false;
	}
}

bool source_lock_may(const struct source_lock *lock,
		     const struct source_rule *rule, const struct sa *src,
		     uint64_t now_ms)
{
	return is_from(&lock->from, src) || is_from(&lock->said, src) ||
	       may_be(lock, rule, src, now_ms);
}

/* The second packet in a row of the same one? */
static bool follows(struct source_lock *lock,
		    const struct source_packet *packet)
{
	bool second = lock->has_cand && packet->ssrc == lock->cand_ssrc &&
		      packet->seq == lock->cand_seq &&
		      sa_cmp(&lock->cand, packet->src, SA_ALL);

	lock->cand = *packet->src;
	lock->cand_ssrc = packet->ssrc;
	lock->cand_seq = (uint16_t)(packet->seq + 1);
	lock->has_cand = true;
	return second;
}

enum source_verdict source_lock_rtp(struct source_lock *lock,
				    const struct source_rule *rule,
				    const struct source_packet *packet)
{
	bool known = is_from(&lock->from, packet->src);

	if (!known) {
		if (!may_be(lock, rule, packet->src, packet->now_ms))
			return SOURCE_DROP;
		if (!packet->authentic && !is_from(&lock->said, packet->src) &&
		    !follows(lock, packet))
			return SOURCE_DROP;
		lock_to(lock, packet->src);
	}
	lock->heard_ms = packet->now_ms;
	return known ? SOURCE_TAKE : SOURCE_LOCKED;
}

enum source_verdict source_lock_rtcp(struct source_lock *lock,
				     const struct source_rule *rule,
				     const struct source_lock *rtp,
				     const struct source_packet *packet)
{
	const struct sa *src = packet->src;

	if (is_from(&lock->from, src))
		return SOURCE_TAKE;
	/* the host that the RTP comes from is trusted by then, its port for
	 * RTCP need not be the SDP's */
	if (rule->policy == SOURCE_STRICT ||
	    (rule->policy == SOURCE_LEARN_ONCE &&
	     sa_isset(&lock->from, SA_ADDR)) ||
	    !sa_isset(&rtp->from, SA_ADDR) || !sa_cmp(&rtp->from, src, SA_ADDR))
		return SOURCE_DROP;

	lock_to(lock, src);
	return SOURCE_LOCKED;
}

bool source_lock_dest(const struct source_lock *lock, struct sa *dest)
{
	const struct sa *to =
		sa_isset(&lock->from, SA_ALL) ? &lock->from : &lock->said;

	if (!sa_isset(to, SA_ALL))
		return false;
	*dest = *to;
	return true;
}
