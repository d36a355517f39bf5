/*
 * feed_hook.h  Events as signed webhooks
 *
 * A POST each, by the form of Standard Webhooks 1.0: webhook-id is the event's
 * id, webhook-timestamp the unix time of this try, webhook-signature
 * "v1,<base64 of HMAC-SHA-256 over id.timestamp.body>" under the secret: the
 * text itself, or what "whsec_<base64>" encodes. Up to FEED_HOOK_WINDOW are
 * under way. A 2xx is success. Any other answer, or none, is tried again after
 * FEED_HOOK_FIRST_MS, then twice as long each time up to FEED_HOOK_LAST_MS;
 * what the receiver itself refuses (4xx but 408, 425 and 429) only
 * FEED_HOOK_REFUSALS times: then it is passed over.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_FEED_FEED_HOOK_H
#define SIGD_FEED_FEED_HOOK_H

#include "sigd/feed/feed.h"

struct feed_hook;
struct fetcher;

enum {
	FEED_HOOK_WINDOW = 8,
	FEED_HOOK_FIRST_MS = 1000,
	FEED_HOOK_LAST_MS = 300000,
	FEED_HOOK_REFUSALS = 5,
	FEED_HOOK_KEY_MAX = 128,
};

struct feed_hook_params {
	const char *name;
	const char *url;
	const char *secret;
	/* "call.ended", or "call.*"; none: all */
	const char *const *types;
	size_t ntypes;
	struct fetcher *fetcher;
	struct wheel *wheel;
};

struct feed_hook_counts {
	uint64_t sent;    /* events that were taken */
	uint64_t retried; /* tries in vain */
	uint64_t refused; /* events that were passed over */
};

/* Texts are borrowed. EINVAL: no secret. The caller owns *hookp, which is freed
 * before its feed. */
int feed_hook_alloc(struct feed_hook **hookp,
		    const struct feed_hook_params *params);
/* For feed_params; sink is a struct feed_hook. */
void feed_hook_deliver(void *sink, struct feed_event *const *events, size_t n,
		       feed_done_h *doneh, void *arg);
const struct feed_hook_counts *feed_hook_counts(const struct feed_hook *hook);

/* "v1,..." of this body; pure. */
enum {
	FEED_SIGNATURE_MAX = 3 + 44 + 1
};
int feed_sign(char out[FEED_SIGNATURE_MAX], const char *secret, const char *id,
	      const char *timestamp, const struct pl *body);

#endif
