/*
 * feed_hook.c  Events as signed webhooks
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <openssl/hmac.h>

#include "common/countof.h"
#include "common/fetch.h"
#include "common/log.h"
#include "common/wheel.h"
#include "sigd/admin/rest_priv.h"
#include "sigd/feed/feed_hook.h"

enum {
	ANSWER_MAX = 65536, /* bytes of an answer; it is not read */
	DIGEST_LEN = 32,
};

/* An event on its way; free when it has no event. */
struct post {
	struct feed_hook *hook;
	struct feed_event *event;
	struct fetch *fetch;
	struct wheel_timer timer;
	unsigned tries, refusals;
};

struct feed_hook {
	struct feed_hook_params p;
	struct feed_hook_counts counts;
	struct post posts[FEED_HOOK_WINDOW];
	struct feed_event *const *events; /* of the batch */
	size_t n, next, done;
	bool down; /* said so */
	feed_done_h *doneh;
	void *arg;
};

static void post_try(void *arg);

static void destructor(void *data)
{
	struct feed_hook *hook = data;

	for (size_t i = 0; i < COUNTOF(hook->posts); i++) {
		wheel_stop(&hook->posts[i].timer);
		mem_deref(hook->posts[i].fetch);
	}
}

int feed_hook_alloc(struct feed_hook **hookp,
		    const struct feed_hook_params *params)
{
	struct feed_hook *hook;

	if (!params->secret || !*params->secret)
		return EINVAL;
	hook = mem_zalloc(sizeof(*hook), destructor);
	if (!hook)
		return ENOMEM;
	hook->p = *params;
	for (size_t i = 0; i < COUNTOF(hook->posts); i++)
		hook->posts[i].hook = hook;
	*hookp = hook;
	return 0;
}

const struct feed_hook_counts *feed_hook_counts(const struct feed_hook *hook)
{
	return &hook->counts;
}

/* --- the signature --------------------------------------------------------------- */

static int key_of(uint8_t key[FEED_HOOK_KEY_MAX], size_t *len,
		  const char *secret)
{
	static const char prefix[] = "whsec_";

	*len = FEED_HOOK_KEY_MAX;
	if (!strncmp(secret, prefix, sizeof(prefix) - 1)) {
		secret += sizeof(prefix) - 1;
		return base64_decode(secret, strlen(secret), key, len);
	}
	if (strlen(secret) > *len)
		return EINVAL;
	*len = strlen(secret);
	memcpy(key, secret, *len);
	return 0;
}

int feed_sign(char out[FEED_SIGNATURE_MAX], const char *secret, const char *id,
	      const char *timestamp, const struct pl *body)
{
	uint8_t key[FEED_HOOK_KEY_MAX], digest[DIGEST_LEN];
	size_t key_len, len = FEED_SIGNATURE_MAX - 4;
	struct mbuf *text;
	int err = key_of(key, &key_len, secret);

	if (err)
		return err;
	text = mbuf_alloc(body->l + 128);
	if (!text)
		return ENOMEM;
	err = mbuf_printf(text, "%s.%s.%r", id, timestamp, body);
	if (!err && !HMAC(EVP_sha256(), key, (int)key_len, text->buf, text->end,
			  digest, NULL))
		err = ENOMEM;
	mem_deref(text);
	memcpy(out, "v1,", 3);
	err = err ? err : base64_encode(digest, sizeof(digest), out + 3, &len);
	if (!err)
		out[3 + len] = '\0';
	return err;
}

/* --- a post ------------------------------------------------------------------------ */

static bool wanted(const struct feed_hook *hook, const char *type)
{
	for (size_t i = 0; i < hook->p.ntypes; i++) {
		const char *t = hook->p.types[i];
		size_t len = strlen(t);

		if (!strcmp(t, type) || (len > 1 && t[len - 1] == '*' &&
					 !strncmp(t, type, len - 1)))
			return true;
	}
	return !hook->p.ntypes;
}

static void window_fill(struct feed_hook *hook);

static void post_over(struct post *post)
{
	struct feed_hook *hook = post->hook;

	post->event = NULL;
	++hook->done;
	window_fill(hook);
}

/* With jitter: many that fail together do not come again together. */
static uint32_t wait_ms(const struct post *post)
{
	uint32_t ms = FEED_HOOK_LAST_MS;

	if (post->tries < 9)
		ms = min((uint32_t)FEED_HOOK_FIRST_MS << (post->tries - 1),
			 (uint32_t)FEED_HOOK_LAST_MS);
	return ms - ms / 4 + rand_u32() % (ms / 2);
}

static bool is_refusal(unsigned code)
{
	return code >= 400 && code < 500 && code != 408 && code != 425 &&
	       code != 429;
}

static void failed(struct post *post, const struct fetch_answer *answer)
{
	struct feed_hook *hook = post->hook;

	++hook->counts.retried;
	++post->tries;
	if (!hook->down)
		log_warn(NULL, "a webhook does not take events: they wait",
			 "hook=%s code=%u why=%s", hook->p.name, answer->code,
			 answer->code ? "" : answer->why);
	hook->down = true;
	if (is_refusal(answer->code) &&
	    ++post->refusals >= FEED_HOOK_REFUSALS) {
		++hook->counts.refused;
		log_error(NULL, "a webhook refuses an event: it is passed over",
			  "hook=%s code=%u event=%s", hook->p.name,
			  answer->code, post->event->id);
		post_over(post);
		return;
	}
	wheel_start(hook->p.wheel, &post->timer, wait_ms(post), post_try, post);
}

static void on_answer(const struct fetch_answer *answer, void *arg)
{
	struct post *post = arg;
	struct feed_hook *hook = post->hook;

	post->fetch = mem_deref(post->fetch);
	if (answer->code < 200 || answer->code > 299) {
		failed(post, answer);
		return;
	}
	if (hook->down)
		log_info(NULL, "a webhook takes events again", "hook=%s",
			 hook->p.name);
	hook->down = false;
	++hook->counts.sent;
	post_over(post);
}

static void post_try(void *arg)
{
	struct post *post = arg;
	const struct feed_hook *hook = post->hook;
	const struct fetch_answer nothing = {.why = "it cannot be sent"};
	char stamp[24], sign[FEED_SIGNATURE_MAX];
	const struct fetch_header headers[] = {{"Content-Type",
						"application/json"},
					       {"webhook-id", post->event->id},
					       {"webhook-timestamp", stamp},
					       {"webhook-signature", sign}};
	struct fetch_body body = {.headers = headers,
				  .nheaders = COUNTOF(headers)};
	int err;

	/* without the line feed */
	body.data = (struct pl){(char *)post->event->json->buf,
				post->event->json->end - 1};
	re_snprintf(stamp, sizeof(stamp), "%llu", rest_now_ms() / 1000);
	err = feed_sign(sign, hook->p.secret, post->event->id, stamp,
			&body.data);
	err = err ? err
		  : fetch_post(&post->fetch, hook->p.fetcher, hook->p.url,
			       &body, ANSWER_MAX, on_answer, post);
	if (err)
		failed(post, &nothing);
}

/* --- a batch ------------------------------------------------------------------------ */

static struct post *post_free(struct feed_hook *hook)
{
	for (size_t i = 0; i < COUNTOF(hook->posts); i++) {
		if (!hook->posts[i].event)
			return &hook->posts[i];
	}
	return NULL;
}

/* From the loop: the answer to one may end the batch. */
static void window_fill(struct feed_hook *hook)
{
	struct post *post;

	while (hook->next < hook->n && (post = post_free(hook))) {
		struct feed_event *event = hook->events[hook->next++];

		if (!wanted(hook, event->type)) {
			++hook->done;
			continue;
		}
		post->event = event;
		post->tries = post->refusals = 0;
		wheel_start(hook->p.wheel, &post->timer, 0, post_try, post);
	}
	if (hook->done == hook->n && hook->n) {
		hook->n = 0;
		hook->doneh(true, hook->arg);
	}
}

void feed_hook_deliver(void *sink, struct feed_event *const *events, size_t n,
		       feed_done_h *doneh, void *arg)
{
	struct feed_hook *hook = sink;

	hook->events = events;
	hook->n = n;
	hook->next = 0;
	hook->done = 0;
	hook->doneh = doneh;
	hook->arg = arg;
	window_fill(hook);
}
