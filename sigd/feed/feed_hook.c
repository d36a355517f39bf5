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
	struct feed_event *const *given; /* all of the batch */
	size_t ngiven;
	size_t n, next, done;
	size_t alone; /* up to here each goes by itself */
	/* Of arrays, what is between `done` and the one under way is held: it
	 * was refused, and nothing has been taken since. These were taken
	 * before what was held is tried again: */
	size_t ahead, ahead_end;
	bool well; /* one has been taken since an array was refused */
	unsigned doubts; /* batches that it refuses, one after the other */
	struct wheel_timer timer;
	bool down; /* said so */
	feed_done_h *doneh;
	void *arg;
};

static void post_try(void *arg);

static void destructor(void *data)
{
	struct feed_hook *hook = data;

	wheel_stop(&hook->timer);
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
static uint32_t wait_ms(unsigned tries)
{
	uint32_t ms = FEED_HOOK_LAST_MS;

	if (tries < 9)
		ms = min((uint32_t)FEED_HOOK_FIRST_MS << (tries - 1),
			 (uint32_t)FEED_HOOK_LAST_MS);
	return ms - ms / 4 + rand_u32() % (ms / 2);
}

/* Is it about what was sent? Else about us, its secret, the way there or what
 * stands before it: no other event would do better (RFC 9110, section 15.5). */
static bool is_refusal(unsigned code)
{
	static const unsigned away[] = {401, 402, 403, 404, 405, 407,
					408, 410, 421, 425, 429, 451};

	for (size_t i = 0; i < COUNTOF(away); i++)
		if (code == away[i])
			return false;
	return code >= 400 && code < 500;
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

/* It may be that it refuses all: the next ones show. */
static void hold(struct post *post)
{
	post->n = 0;
	window_fill(post->hook);
}

/* One is taken, so it does not refuse all: those that were held are tried once
 * more, as it may have begun to take events only now. */
static void held_again(struct post *post)
{
	struct feed_hook *hook = post->hook;

	hook->ahead = (size_t)(post->events - hook->events);
	hook->ahead_end = hook->ahead + post->n;
	hook->alone = max(hook->alone, hook->ahead);
	hook->next = hook->done;
	post->n = 0;
	window_fill(hook);
}

/* True: it is not tried again. */
static bool refused(struct post *post, unsigned code)
{
	struct feed_hook *hook = post->hook;

	if (!is_refusal(code) || ++post->refusals < FEED_HOOK_REFUSALS)
		return false;
	/* what was taken before tells nothing of what is refused now */
	if (!hook->ahead_end)
		hook->well = false;
	if (post->n > 1) {
		split(post);
		return true;
	}
	if (hook->p.batch > 1 && !hook->well) {
		hold(post);
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
		wheel_start(hook->p.wheel, &post->timer, wait_ms(post->tries),
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
	hook->doubts = 0;
	hook->well = true;
	if (hook->p.batch > 1 && post->events > &hook->events[hook->done])
		held_again(post);
	else
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

/* Those that are not done come again. */
static void batch_end(void *arg)
{
	struct feed_hook *hook = arg;
	const struct feed_event *first =
		hook->done < hook->n ? hook->events[hook->done] : NULL;
	size_t n = 0;

	while (n < hook->ngiven && hook->given[n] != first)
		n++;
	hook->n = 0;
	hook->doneh(n, hook->arg);
}

static void pass_first(struct feed_hook *hook)
{
	++hook->counts.refused;
	log_error(NULL, "a webhook refuses all events: one is passed over",
		  "hook=%s event=%s", hook->p.name,
		  hook->events[hook->done]->id);
	++hook->done;
}

/* All that is left is refused: it may be any one that comes later which shows
 * that the receiver is well. */
static void doubt(struct feed_hook *hook)
{
	if (!hook->doubts++)
		log_warn(NULL, "a webhook refuses all events: they wait",
			 "hook=%s first=%s n=%zu", hook->p.name,
			 hook->events[hook->done]->id, hook->n - hook->done);
	hook->alone = 0;
	/* what would show it may never be read: the first one goes */
	if (hook->doubts > FEED_HOOK_DOUBTS)
		pass_first(hook);
	wheel_start(hook->p.wheel, &hook->timer, wait_ms(hook->doubts),
		    batch_end, hook);
}

static void ahead_skip(struct feed_hook *hook)
{
	if (hook->next == hook->ahead && hook->ahead_end) {
		hook->done += hook->ahead_end - hook->ahead;
		hook->next = hook->ahead_end;
		hook->ahead = hook->ahead_end = 0;
	}
}

/* Has something been refused often enough to see at once that more is? */
static bool is_known(const struct feed_hook *hook)
{
	return hook->next < hook->alone || hook->doubts ||
	       (hook->p.batch > 1 && hook->next > hook->done);
}

/* From the loop: the answer to one may end the batch. */
static void window_fill(struct feed_hook *hook)
{
	struct post *post;

	ahead_skip(hook);
	while (hook->next < hook->n && (post = post_free(hook))) {
		post->events = &hook->events[hook->next];
		post->n = count(hook);
		post->tries = 0;
		post->refusals = is_known(hook) ? FEED_HOOK_REFUSALS - 1 : 0;
		hook->next += post->n;
		wheel_start(hook->p.wheel, &post->timer, 0, post_try, post);
	}
	if (hook->done == hook->n)
		batch_end(hook);
	else if (hook->p.batch > 1 && !hook->posts[0].n)
		doubt(hook);
}

void feed_hook_deliver(void *sink, struct feed_event *const *events, size_t n,
		       feed_done_h *doneh, void *arg)
{
	struct feed_hook *hook = sink;

	hook->n = hook->next = hook->done = hook->alone = 0;
	hook->ahead = hook->ahead_end = 0;
	hook->given = events;
	hook->ngiven = n;
	for (size_t i = 0; i < n; i++)
		if (wanted(hook, events[i]->type))
			hook->events[hook->n++] = events[i];
	hook->doneh = doneh;
	hook->arg = arg;
	window_fill(hook);
}
