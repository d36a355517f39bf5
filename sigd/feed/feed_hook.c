/*
 * feed_hook.c  Events as signed webhooks
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/countof.h"
#include "common/fetch.h"
#include "common/log.h"
#include "common/wheel.h"
#include "sigd/admin/rest_priv.h"
#include "sigd/feed/feed_hook.h"
#include "sigd/feed/feed_sign.h"

enum {
	ANSWER_MAX = 65536, /* bytes of an answer; it is not read */
	ID_MAX = FEED_ID_MAX + 8,
};

/* Events on their way, one behind the other; free when it has none. */
struct post {
	struct feed_hook *hook;
	struct feed_event *const *events;
	size_t n;
	struct fetch *fetch;
	struct wheel_timer timer;
	unsigned tries, refusals;
};

struct feed_hook {
	struct feed_hook_params p;
	struct feed_hook_counts counts;
	struct post posts[FEED_HOOK_WINDOW];
	struct feed_event *events[FEED_BATCH]; /* of the batch: what is wanted */
	size_t n, next, done;
	size_t alone; /* up to here each goes by itself */
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

	if (!params->secret || !*params->secret || !params->batch ||
	    params->batch > FEED_BATCH)
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

	hook->done += post->n;
	post->n = 0;
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

/* One may be what it cannot read: it is found, and the others go on. */
static void split(struct post *post)
{
	struct feed_hook *hook = post->hook;

	log_warn(NULL, "a webhook refuses events: they are sent one by one",
		 "hook=%s first=%s n=%zu", hook->p.name, post->events[0]->id,
		 post->n);
	hook->next -= post->n;
	hook->alone = hook->next + post->n;
	post->n = 0;
	window_fill(hook);
}

/* True: it is not tried again. */
static bool refused(struct post *post, unsigned code)
{
	struct feed_hook *hook = post->hook;

	if (!is_refusal(code) || ++post->refusals < FEED_HOOK_REFUSALS)
		return false;
	if (post->n > 1) {
		split(post);
		return true;
	}
	++hook->counts.refused;
	log_error(NULL, "a webhook refuses an event: it is passed over",
		  "hook=%s code=%u event=%s", hook->p.name, code,
		  post->events[0]->id);
	post_over(post);
	return true;
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
	if (!refused(post, answer->code))
		wheel_start(hook->p.wheel, &post->timer, wait_ms(post),
			    post_try, post);
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
	hook->counts.sent += post->n;
	post_over(post);
}

static void id_print(char id[ID_MAX], const struct post *post)
{
	const struct feed_hook *hook = post->hook;

	if (hook->p.batch == 1)
		str_ncpy(id, post->events[0]->id, ID_MAX);
	else
		re_snprintf(id, ID_MAX, "%s+%zu", post->events[0]->id,
			    post->n - 1);
}

/* Each without its line feed. */
static int body_print(struct mbuf *mb, const struct post *post)
{
	const bool array = post->hook->p.batch > 1;
	int err = array ? mbuf_write_u8(mb, '[') : 0;

	for (size_t i = 0; i < post->n && !err; i++) {
		const struct mbuf *json = post->events[i]->json;

		if (i)
			err = mbuf_write_u8(mb, ',');
		err = err ? err : mbuf_write_mem(mb, json->buf, json->end - 1);
	}
	return err || !array ? err : mbuf_write_u8(mb, ']');
}

static int post_send(struct post *post, const struct mbuf *text)
{
	const struct feed_hook *hook = post->hook;
	char stamp[24], sign[FEED_SIGNATURE_MAX], id[ID_MAX];
	const struct fetch_header headers[] = {{"Content-Type",
						"application/json"},
					       {"webhook-id", id},
					       {"webhook-timestamp", stamp},
					       {"webhook-signature", sign}};
	const struct fetch_body body = {.data = {(char *)text->buf, text->end},
					.headers = headers,
					.nheaders = COUNTOF(headers)};
	int err;

	id_print(id, post);
	re_snprintf(stamp, sizeof(stamp), "%llu", rest_now_ms() / 1000);
	err = feed_sign(sign, hook->p.secret, id, stamp, &body.data);
	return err ? err
		   : fetch_post(&post->fetch, hook->p.fetcher, hook->p.url,
				&body, ANSWER_MAX, on_answer, post);
}

static void post_try(void *arg)
{
	struct post *post = arg;
	const struct fetch_answer nothing = {.why = "it cannot be sent"};
	struct mbuf *text = mbuf_alloc(4096);
	int err = text ? body_print(text, post) : ENOMEM;

	++post->hook->counts.posts;
	err = err ? err : post_send(post, text);
	mem_deref(text);
	if (err)
		failed(post, &nothing);
}

/* --- a batch ------------------------------------------------------------------------ */

/* In order, one at a time, when they go together. */
static struct post *post_free(struct feed_hook *hook)
{
	const size_t window = hook->p.batch > 1 ? 1 : COUNTOF(hook->posts);

	for (size_t i = 0; i < window; i++) {
		if (!hook->posts[i].n)
			return &hook->posts[i];
	}
	return NULL;
}

/* How many go together from here on. */
static size_t count(const struct feed_hook *hook)
{
	struct feed_event *const *events = &hook->events[hook->next];
	const size_t left = hook->n - hook->next;
	size_t n = 1, bytes = events[0]->json->end;

	if (hook->next < hook->alone)
		return 1;
	while (n < left && n < hook->p.batch &&
	       bytes + events[n]->json->end <= hook->p.batch_bytes)
		bytes += events[n++]->json->end;
	return n;
}

/* From the loop: the answer to one may end the batch. */
static void window_fill(struct feed_hook *hook)
{
	struct post *post;

	while (hook->next < hook->n && (post = post_free(hook))) {
		post->events = &hook->events[hook->next];
		post->n = count(hook);
		post->tries = 0;
		/* the array that it was in has been refused often enough */
		post->refusals = hook->next < hook->alone
					 ? FEED_HOOK_REFUSALS - 1
					 : 0;
		hook->next += post->n;
		wheel_start(hook->p.wheel, &post->timer, 0, post_try, post);
	}
	if (hook->done == hook->n) {
		hook->n = 0;
		hook->doneh(true, hook->arg);
	}
}

void feed_hook_deliver(void *sink, struct feed_event *const *events, size_t n,
		       feed_done_h *doneh, void *arg)
{
	struct feed_hook *hook = sink;

	hook->n = hook->next = hook->done = hook->alone = 0;
	for (size_t i = 0; i < n; i++)
		if (wanted(hook, events[i]->type))
			hook->events[hook->n++] = events[i];
	hook->doneh = doneh;
	hook->arg = arg;
	window_fill(hook);
}
