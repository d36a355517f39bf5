/*
 * ctl_codec.h  Control messages to and from the flat fields of a stream entry
 *
 * Pure: no clock, no Redis. Every entry carries who sends it, to whom, when
 * and for how long it holds, and a MAC over all fields, unknown ones
 * included: HMAC-SHA256 cut to 16 bytes, with the SEAL_CTL key of the cluster
 * (docs/control-protocol.md has the canonical form).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_CONTROL_CTL_CODEC_H
#define COMMON_CONTROL_CTL_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/control/ctl_msg.h"
#include "common/redis_link.h"

struct keyring;

enum ctl_type {
	CTL_REQ,
	CTL_ANS,
	CTL_EVENT,
};

/* What every message carries. */
struct ctl_env {
	char id[CTL_ID_LEN + 1];     /* an answer has its request's */
	char from[CTL_ADDR_MAX + 1]; /* node/slot */
	uint32_t from_epoch;
	char to[CTL_ADDR_MAX + 1]; /* node/slot, or "events", "facts" */
	uint32_t to_epoch;         /* 0: not known */
	uint64_t at_ms;            /* sent, by the clock of Redis */
	uint32_t ttl_ms;           /* from then on */
};

struct ctl_msg {
	enum ctl_type type;
	struct ctl_env env;
	union {
		struct ctl_req req;
		struct ctl_ans ans;
		struct ctl_event event;
	};
	struct ctl_figures figures; /* decoded: what ans or event points to */
};

/* An encoded message: [name, value, name, value ...], in one allocation. */
struct ctl_wire {
	size_t count; /* of names and values together */
	struct redis_arg fields[];
};

/* Why a message was not accepted. */
enum ctl_refusal {
	CTL_ACCEPTED,
	CTL_TOO_LARGE,    /* over CTL_ENTRY_MAX, or too many fields */
	CTL_BAD_ENTRY,    /* not pairs of strings, a field twice */
	CTL_BAD_VERSION,  /* unknown version of the protocol */
	CTL_NO_KEY,       /* of a key that is not loaded */
	CTL_BAD_MAC,      /* altered */
	CTL_BAD_ENVELOPE, /* authentic, but not as this version says */
	CTL_NOT_FOR_US,   /* meant for another receiver */
	CTL_WRONG_EPOCH,  /* meant for another life of the receiver */
	CTL_EXPIRED,      /* too late, or from the future */
	CTL_BAD_VERB,     /* unknown verb or event */
	CTL_BAD_FIELD,    /* one missing or out of its range */
	CTL_REFUSALS
};

/* Wrong values of our own are EINVAL, too large is EMSGSIZE; ENOENT: the ring
 * has no key for this time. The caller owns *wirep. */
int ctl_encode(struct ctl_wire **wirep, const struct ctl_msg *msg,
	       const struct keyring *ring);

/*
 * Reads and authenticates the fields of an entry. msg->env is valid from
 * CTL_NOT_FOR_US on, so that a refusal can be answered. Texts point into
 * fields.
 */
enum ctl_refusal ctl_decode(struct ctl_msg *msg, const struct redis_val *fields,
			    const struct keyring *ring);

/* Who receives, and when. */
struct ctl_receiver {
	const char *addr; /* node/slot or the name of a stream */
	uint32_t epoch;   /* 0: has none (events) */
	uint64_t now_ms;  /* by the clock of Redis */
};

/* Is it for this receiver, now? to_epoch 0 is accepted for leg.drop,
 * session.drop, session.query and session.tape alone: what they name exists
 * once. */
enum ctl_refusal ctl_check(const struct ctl_msg *msg,
			   const struct ctl_receiver *receiver);

/* "bad-mac": a label for metrics. */
const char *ctl_refusal_name(enum ctl_refusal refusal);
/* "leg.remote", "leg.lost". */
const char *ctl_verb_name(enum ctl_verb verb);
const char *ctl_event_name(enum ctl_event_kind kind);

#endif
