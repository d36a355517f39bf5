/*
 * source_lock.h  Whose packets a leg of plain RTP takes
 *
 * Nothing in plain RTP says who sent it. What is known is the address in the
 * far side's SDP, which behind NAT is the wrong one, so a connection has a
 * policy:
 *
 *   strict      that address and port, nobody else
 *   learn-once  the first that sends what was agreed on, from the host of
 *               the SDP or from the given networks; it stays the one until
 *               the SDP names another address
 *   network     whoever sends what was agreed on from the given networks;
 *               another one when the present one is silent for
 *               SOURCE_SILENT_MS
 *
 * Who is not at the very address of the SDP needs two packets in a row (RFC
 * 3550, A.1), lest a lost one of somebody else's call be followed; SRTP is
 * judged when it was found authentic, and needs one. Pure; time
 * is an argument.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_SOURCE_LOCK_H
#define MEDIAD_SOURCE_LOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <re.h>

#include "common/cfg_schema.h"

enum {
	SOURCE_NETS_MAX = 16,
	SOURCE_SILENT_MS = 1000,
};

enum source_policy {
	SOURCE_STRICT,
	SOURCE_LEARN_ONCE,
	SOURCE_NETWORK,
	SOURCE_POLICIES
};

struct source_rule {
	enum source_policy policy;
	uint8_t nnets;
	struct cfg_cidr nets[SOURCE_NETS_MAX]; /* the last member */
};

/* Bytes of one with so many nets, which may end behind them. */
static inline size_t source_rule_size(uint8_t nnets)
{
	return offsetof(struct source_rule, nets) +
	       nnets * sizeof(struct cfg_cidr);
}

/* Zeroed memory hears nobody. */
struct source_lock {
	struct sa said;    /* by the SDP */
	struct sa from;    /* whose packets are taken; unset: nobody's yet */
	uint64_t heard_ms; /* the latest of them */
	struct sa cand;    /* who sent a first packet */
	uint32_t cand_ssrc;
	uint16_t cand_seq; /* and needs this one now */
	bool has_cand;
};

/* What the far side's SDP says now. The same address again keeps the lock. */
void source_lock_say(struct source_lock *lock, const struct source_rule *rule,
		     const struct sa *said);

/* A sound packet with an agreed payload type. */
struct source_packet {
	const struct sa *src;
	uint64_t now_ms;
	uint32_t ssrc;
	uint16_t seq;
	bool authentic; /* it is the far side's: one will do */
};

enum source_verdict {
	SOURCE_TAKE,
	SOURCE_LOCKED, /* take it: it is the first of this source */
	SOURCE_DROP,   /* of somebody else, or not yet trusted */
};

enum source_verdict source_lock_rtp(struct source_lock *lock,
				    const struct source_rule *rule,
				    const struct source_packet *packet);
/* RTCP on a port of its own; rtp: the lock of the RTP that it belongs to. */
enum source_verdict source_lock_rtcp(struct source_lock *lock,
				     const struct source_rule *rule,
				     const struct source_lock *rtp,
				     const struct source_packet *packet);

/* May who sends from there become the source, or is it? What it shows decides. */
bool source_lock_may(const struct source_lock *lock,
		     const struct source_rule *rule, const struct sa *src,
		     uint64_t now_ms);

/* Where to send; false: nowhere yet. */
bool source_lock_dest(const struct source_lock *lock, struct sa *dest);

#endif
