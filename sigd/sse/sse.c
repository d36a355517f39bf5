/*
 * sse.c  What happens, to who looks on
 *
 * An event's id is its time by Redis' clock. Who comes back with the last one
 * that it has (Last-Event-ID) gets what happened since, and a little before:
 * events come from nineteen streams, whose order among each other is not kept.
 * So some come twice, and are known by the `id` in their data. If that is more
 * than a reader is sent at once the newest of it come, and before them `cut`.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/admin_stream.h"
#include "common/countof.h"
#include "common/wheel.h"
#include "sigd/admin/rest.h"
#include "sigd/admin/rest_priv.h"
#include "sigd/sse/sse_priv.h"

enum {
	TENANT_MAX = 63,
	OVERLAP_MS = 2000,
	ROOM = 1024,
	RETRY_MS = 2000, /* after which a reader may come back */
};

/* By then who has gone was found out (SSE_BEAT_MS), and some of those that are
 * let go after SSE_LIFE_MS may be. */
static const char RETRY_AFTER_S[] = "10";

struct sse {
	struct redis_link *redis;
	struct wheel *wheel;
	struct wheel_timer timer;
	struct sse_events *events;
	struct sse_figures *figures;
	struct list clients;
	struct sse_caps caps;
};

struct client {
	struct le le;
	struct admin_stream *stream;
	struct sse_who who;
	char tenant[TENANT_MAX + 1]; /* whose events; "": all */
	uint64_t until_ms; /* by the wheel */
};

static void client_destructor(void *data)
{
	struct client *client = data;

	list_unlink(&client->le);
	admin_stream_end(client->stream);
	mem_deref(client->stream);
}

static void destructor(void *data)
{
	struct sse *sse = data;

	wheel_stop(&sse->timer);
	list_flush(&sse->clients);
	mem_deref(sse->events);
	mem_deref(sse->figures);
	mem_deref(sse->redis);
}

/* What is of some tenants; event NULL: everybody gets it. */
static void send_all(struct sse *sse, const struct mbuf *mb,
		     const struct feed_event *event)
{
	struct le *le = sse->clients.head;

	while (le) {
		struct client *client = le->data;

		le = le->next;
		if (event && !feed_event_is_for(event, client->tenant))
			continue;
		if (admin_stream_write(client->stream, mb->buf, mb->end))
			mem_deref(client);
	}
}

/* --- events ---------------------------------------------------------------------- */

static void on_event(const struct feed_event *event, void *arg)
{
	struct mbuf *mb = mbuf_alloc(ROOM);
	struct sse *sse = arg;

	if (mb && !sse_event_frame(mb, event))
		send_all(sse, mb, event);
	mem_deref(mb);
}

/* --- once a second ----------------------------------------------------------------- */

static void on_figures(const struct mbuf *json, void *arg)
{
	static const struct feed_event nobodys = {.tenant = ""};
	struct mbuf *mb = mbuf_alloc(ROOM + json->end);
	struct sse *sse = arg;

	/* a token of a tenant is not told how the cluster is doing */
	if (mb && !sse_frame(mb, NULL, "figures", json))
		send_all(sse, mb, &nobodys);
	mem_deref(mb);
}

/* A token that has ended, or was taken back, opens no stream again. */
static void late_drop(struct sse *sse)
{
	struct le *le = sse->clients.head;

	while (le) {
		struct client *client = le->data;

		le = le->next;
		if (wheel_now(sse->wheel) >= client->until_ms)
			mem_deref(client);
	}
}

static void on_beat(void *arg)
{
	static const char comment[] = ":\n\n";
	struct mbuf mb = {.buf = (uint8_t *)(uintptr_t)comment,
			  .end = sizeof(comment) - 1};
	struct sse *sse = arg;

	late_drop(sse);
	/* so that who has gone is found out, and no proxy takes it for idle */
	send_all(sse, &mb, NULL);
	if (!sse->clients.head) {
		sse_events_run(sse->events, false);
		return;
	}
	sse_figures_look(sse->figures, sse_events_ends(sse->events));
	wheel_start(sse->wheel, &sse->timer, SSE_BEAT_MS, on_beat, sse);
}

/* --- who comes, or comes back --------------------------------------------------------- */

/* False: Redis did not answer. */
static bool replay_one(struct sse_backlog *backlog, struct admin *admin,
		       unsigned source, const char *from)
{
	struct admin_resp none = {.mb = mbuf_alloc(64)};
	const struct redis_val *val;
	char key[FEED_KEY_MAX + 1], n[8];
	bool ok;

	feed_source_key(key, source);
	/* one more: to see that there is more */
	re_snprintf(n, sizeof(n), "%u", SSE_REPLAY + 1);
	ok = none.mb && rest_ask(&val, admin, &none, "XREVRANGE", key, "+",
				 from, "COUNT", n, NULL);
	mem_deref(none.mb);
	if (!ok)
		return false;
	for (size_t i = 0; val->type == REDIS_ARRAY && i < val->len; i++) {
		if (i == SSE_REPLAY)
			sse_backlog_cut(backlog, sse_entry_ms(&val->el[i]));
		else if (!sse_backlog_take(backlog, source, &val->el[i]))
			break;
	}
	return true;
}

/* What is sent is less than may wait: so he is there for what comes next. */
static void replay(struct client *client, struct admin *admin,
		   uint64_t since_ms)
{
	struct mbuf *mb = mbuf_alloc(ROOM);
	struct sse_backlog *backlog = NULL;
	char from[32];
	bool ok = mb && !sse_backlog_alloc(&backlog, client->tenant);

	re_snprintf(from, sizeof(from), "%llu",
		    (unsigned long long)(since_ms - OVERLAP_MS));
	for (unsigned i = 0; i < FEED_SOURCES && ok; i++)
		ok = replay_one(backlog, admin, i, from);
	if (backlog && !ok)
		sse_backlog_cut(backlog, rest_now_ms());
	if (backlog && !sse_backlog_write(backlog, mb))
		(void)admin_stream_write(client->stream, mb->buf, mb->end);
	mem_deref(backlog);
	mem_deref(mb);
}

static int join(struct client **clientp, struct sse *sse,
		struct admin_resp *resp, const struct sse_who *who,
		const char *tenant)
{
	struct client *client = mem_zalloc(sizeof(*client), client_destructor);
	char retry[32];
	int err;

	if (!client)
		return ENOMEM;
	client->who = *who;
	str_ncpy(client->tenant, tenant ? tenant : "", sizeof(client->tenant));
	err = admin_stream_alloc(&client->stream, resp, SSE_WAIT_MAX);
	if (err) {
		mem_deref(client);
		return err;
	}
	re_snprintf(retry, sizeof(retry), "retry: %u\n\n", RETRY_MS);
	client->until_ms = wheel_now(sse->wheel) + SSE_LIFE_MS;
	(void)admin_stream_write(client->stream, retry, strlen(retry));
	list_append(&sse->clients, &client->le, client);
	sse_events_run(sse->events, true);
	if (!wheel_runs(&sse->timer))
		wheel_start(sse->wheel, &sse->timer, 0, on_beat, sse);
	*clientp = client;
	return 0;
}

/* `Last-Event-ID`, or `since` of the query: unix ms. 0: none; false: resp is a
 * 400. */
static bool since_read(uint64_t *since_ms, const struct admin_req *req,
		       struct admin_resp *resp)
{
	const char *header = admin_req_header(req, "Last-Event-ID");
	const char *text = header ? header : admin_req_query(req, "since");
	struct pl pl;

	*since_ms = 0;
	if (!text || !*text)
		return true;
	pl_set_str(&pl, text);
	*since_ms = pl_u64(&pl);
	if (pl.l <= 15 && strspn(text, "0123456789") == pl.l &&
	    *since_ms > OVERLAP_MS)
		return true;
	admin_resp_field(resp, 400, header ? "Last-Event-ID" : "since",
			 "It is the id of an event.");
	return false;
}

/* False: resp is an error. */
static bool has_room(const struct sse *sse, const struct sse_who *who,
		     struct admin_resp *resp)
{
	struct sse_tally tally = {0};
	const char *over;
	struct le *le;

	LIST_FOREACH(&sse->clients, le)
	{
		const struct client *client = le->data;

		sse_tally_add(&tally, &client->who, who);
	}
	over = sse_tally_over(&tally, &sse->caps);
	if (over)
		admin_resp_problem(resp, 429, over);
	else if (tally.all >= SSE_CLIENTS_MAX)
		admin_resp_problem(resp, 503, "Too many look on.");
	else
		return true;
	admin_resp_header(resp, "Retry-After", RETRY_AFTER_S);
	return false;
}

static void on_stream(const struct admin_req *req, struct admin_resp *resp,
		      void *arg)
{
	struct rest_root *root = admin_arg(arg);
	const char *only = admin_req_tenant(req);
	const char *tenant = only ? only : admin_req_query(req, "tenant");
	struct sse *sse = root->sse;
	struct client *client;
	struct sse_who who;
	uint64_t since_ms;

	if (!since_read(&since_ms, req, resp))
		return;
	if (tenant && (!*tenant || strlen(tenant) > TENANT_MAX)) {
		admin_resp_field(resp, 400, "tenant",
				 "There is no such tenant.");
		return;
	}
	sse_who_set(&who, admin_req_by(req), only, admin_req_source(req));
	if (!has_room(sse, &who, resp))
		return;
	if (join(&client, sse, resp, &who, tenant)) {
		admin_resp_problem(resp, 503, "Out of memory.");
		return;
	}
	resp->type = "text/event-stream";
	/* a proxy is asked not to wait for more */
	admin_resp_header(resp, "X-Accel-Buffering", "no");
	if (since_ms)
		replay(client, arg, since_ms);
}

const struct admin_route sse_routes[] = {
	{"GET", "/v1/stream", on_stream, ADMIN_TENANT | ADMIN_OTHER,
	 "tenant since"},
};
const size_t sse_nroutes = COUNTOF(sse_routes);

void sse_set(struct sse *sse, const struct admin_conf *conf)
{
	sse_caps_set(&sse->caps, conf);
}

int sse_alloc(struct sse **ssep, const struct redis_cfg *redis,
	       struct wheel *wheel)
{
	struct sse *sse = mem_zalloc(sizeof(*sse), destructor);
	int err;

	if (!sse)
		return ENOMEM;
	sse->wheel = wheel;
	err = redis_link_alloc(&sse->redis, redis, wheel, NULL, NULL);
	if (!err)
		err = sse_events_alloc(&sse->events, sse->redis, wheel,
					on_event, sse);
	if (!err)
		err = sse_figures_alloc(&sse->figures, sse->redis,
					 on_figures, sse);
	if (err)
		mem_deref(sse);
	else
		*ssep = sse;
	return err;
}
