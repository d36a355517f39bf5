/*
 * rest_list.c  What the lists of /v1 share: what is asked for, and pages
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <strings.h>

#include "sigd/admin/rest_list.h"

enum {
	BATCH = 500,   /* entries of a stream at once */
	BATCHES = 20,  /* ... for an answer: then it is a short one */
	ID_MAX = 48,
};

static bool time_read(uint64_t *ms, const char *name,
		      const struct admin_req *req, struct admin_resp *resp)
{
	const char *text = admin_req_query(req, name);

	if (!text || rest_cursor_time(ms, text))
		return true;
	admin_resp_field(resp, 400, name,
			 "A time (RFC 3339), as 2026-12-24T17:00:00Z.");
	return false;
}

bool rest_list_span(struct rest_span *span, const struct admin_req *req,
		    struct admin_resp *resp)
{
	*span = (struct rest_span){0, UINT64_MAX};
	return time_read(&span->since_ms, "since", req, resp) &&
	       time_read(&span->until_ms, "until", req, resp);
}

void rest_list_no_cursor(struct admin_resp *resp)
{
	admin_resp_field(resp, 400, "cursor",
			 "It is the `next` of another answer.");
}

bool rest_list_cursor(uint64_t *nums, size_t n, bool *there,
		      const struct admin_req *req, struct admin_resp *resp)
{
	const char *text = admin_req_query(req, "cursor");

	*there = text != NULL;
	if (!text || rest_cursor_read(nums, n, text))
		return true;
	rest_list_no_cursor(resp);
	return false;
}

void rest_list_next(struct jsonw *json, const uint64_t *nums, size_t n,
		    bool more)
{
	char text[REST_CURSOR_MAX + 1];

	rest_cursor_write(text, nums, n);
	jsonw_str(json, "next", more ? text : NULL);
}

bool rest_list_has(const char *text, const char *wanted)
{
	const size_t len = wanted ? strlen(wanted) : 0;

	for (; *text && len; text++) {
		if (!strncasecmp(text, wanted, len))
			return true;
	}
	return !len;
}

bool rest_list_is(const char *text, const char *wanted)
{
	return !wanted || !strcmp(text, wanted);
}

/* --- a stream ----------------------------------------------------------------- */

struct reading {
	const struct rest_stream *stream;
	struct jsonw *json;
	size_t limit, n;
	uint64_t at[2]; /* the last that was looked at */
	bool more;      /* behind that */
};

/* [id, [field, value ..]]. False: the page is full. */
static bool entry_take(struct reading *rd, const struct redis_val *entry)
{
	uint64_t id[2];

	if (entry->type != REDIS_ARRAY || entry->len != 2 ||
	    entry->el[0].type != REDIS_STR ||
	    entry->el[1].type != REDIS_ARRAY ||
	    !rest_cursor_read(id, 2, entry->el[0].str))
		return true;
	if (rd->stream->fitsh(&entry->el[1], rd->stream->arg)) {
		rd->more = rd->n == rd->limit;
		if (rd->more)
			return false;
		rd->stream->writeh(rd->json, id[0], &entry->el[1]);
		++rd->n;
	}
	memcpy(rd->at, id, sizeof(rd->at));
	return true;
}

static bool batch_take(struct reading *rd, const struct redis_val *list)
{
	const size_t len = list->type == REDIS_ARRAY ? list->len : 0;

	for (size_t i = 0; i < len; i++) {
		if (!entry_take(rd, &list->el[i]))
			return false;
	}
	rd->more = len == BATCH;
	return rd->more;
}

bool rest_stream_page(struct jsonw *json, const struct rest_stream *stream,
		      const struct admin_req *req, struct admin *admin,
		      struct admin_resp *resp)
{
	struct reading rd = {.stream = stream, .json = json};
	char from[ID_MAX] = "+", to[ID_MAX], count[16];
	const struct redis_val *list;
	struct rest_span span;
	bool behind;

	if (!rest_limit(&rd.limit, req, resp) ||
	    !rest_list_span(&span, req, resp) ||
	    !rest_list_cursor(rd.at, 2, &behind, req, resp))
		return false;
	re_snprintf(to, sizeof(to), "%llu", span.since_ms);
	re_snprintf(count, sizeof(count), "%u", BATCH);
	if (span.until_ms != UINT64_MAX)
		re_snprintf(from, sizeof(from), "%llu", span.until_ms);
	behind = behind && rd.at[0] <= span.until_ms;
	for (unsigned i = 0; i < BATCHES; i++, behind = true) {
		/* nothing is behind the least id: to Redis "(0-0" is an error */
		if (behind && !rd.at[0] && !rd.at[1])
			break;
		if (behind)
			re_snprintf(from, sizeof(from), "(%llu-%llu", rd.at[0],
				    rd.at[1]);
		if (!rest_ask(&list, admin, resp, "XREVRANGE", stream->key,
			      from, to, "COUNT", count, NULL))
			return false;
		if (!batch_take(&rd, list))
			break;
	}
	jsonw_end(json);
	rest_list_next(json, rd.at, 2, rd.more);
	return true;
}
