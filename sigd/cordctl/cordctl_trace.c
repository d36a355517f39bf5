/*
 * cordctl_trace.c  What was said, or is said, of a user, device, connection,
 *                  call or trace; and where a request would go
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/jsonr.h"
#include "sigd/cordctl/cordctl_api.h"
#include "sigd/cordctl/cordctl_shown.h"

enum {
	PAUSE_MS = 500,
	AWAY_MS = 8000, /* between two tries, at most */
	PAGE_MAX = 500 /* messages of an answer, docs/openapi.yaml */
};

static void pause_ms(unsigned ms)
{
	const struct timespec ts = {ms / 1000, (long)(ms % 1000) * 1000000};

	(void)nanosleep(&ts, NULL);
}

static void message(const struct jsonr_val *msg)
{
	const char *text = jsonr_str(jsonr_get(msg, "text"));
	const char *direction = jsonr_str(jsonr_get(msg, "direction"));
	char time[CORDCTL_CELL_MAX], over[CORDCTL_CELL_MAX],
		local[CORDCTL_CELL_MAX], remote[CORDCTL_CELL_MAX],
		worker[CORDCTL_CELL_MAX];
	const bool in = direction && !strcmp(direction, "in");

	(void)cordctl_text(local, msg, "local");
	(void)cordctl_text(remote, msg, "remote");
	(void)re_printf("%H %H %H %H -> %H [%H]\n", cordctl_shown,
			cordctl_text(time, msg, "time"), cordctl_shown,
			direction, cordctl_shown,
			cordctl_text(over, msg, "transport"), cordctl_shown,
			in ? remote : local, cordctl_shown,
			in ? local : remote, cordctl_shown,
			cordctl_text(worker, msg, "worker"));
	(void)re_printf("%H\n", cordctl_shown_lines, text);
}

/* What is read of all that was, or is, said. */
struct reading {
	const struct cordctl_remote *remote;
	char after[CORDCTL_CELL_MAX]; /* as in the answer before */
	unsigned long left; /* that are wanted; 0: all, or no number */
	bool again; /* there may be more now */
	bool began; /* there was an answer */
	bool missing; /* it has said that some of it is */
	unsigned http; /* of the latest one; 0: none came */
};

static void path_make(char path[CORDCTL_URL_MAX], const struct reading *rd)
{
	const struct cordctl_remote *remote = rd->remote;
	char limit[16];

	str_ncpy(path, "/v1/traces/messages", CORDCTL_URL_MAX);
	cordctl_query(path, "call", remote->call);
	cordctl_query(path, "tenant", remote->tenant);
	cordctl_query(path, "user", remote->user);
	cordctl_query(path, "device", remote->device);
	cordctl_query(path, "connection", remote->connection);
	re_snprintf(limit, sizeof(limit), "%lu",
		    rd->left && rd->left < PAGE_MAX ? rd->left
						   : (unsigned long)PAGE_MAX);
	cordctl_query(path, "limit",
		      rd->left || !remote->limit ? limit : remote->limit);
	cordctl_query(path, "after", rd->after[0] ? rd->after : NULL);
}

/* Those of the microsecond of the last one come with it, beyond the limit. */
static void take(struct reading *rd, const struct cordctl_answer *answer)
{
	const struct jsonr_val *messages = cordctl_list(answer, "messages");
	const struct jsonr_val *root = jsonr_root(answer->doc);
	const size_t n = jsonr_count(messages);
	const bool json = rd->remote->json;

	rd->again = n > 0;
	if (json && (n || !strcmp(rd->after, "0")))
		cordctl_raw(answer);
	for (size_t i = 0; !json && i < n; i++) {
		if (rd->remote->limit && i >= rd->left)
			break;
		message(jsonr_at(messages, i));
	}
	if (jsonr_str(jsonr_get(root, "gap"))) {
		fputs("cordctl: more was said than can be followed: "
		      "some is missing\n", stderr);
		rd->missing = true;
	}
	rd->left -= n < rd->left ? n : rd->left;
	rd->began = true;
	(void)cordctl_text(rd->after, root, "next");
}

static int some(struct reading *rd)
{
	struct cordctl_answer answer;
	char path[CORDCTL_URL_MAX];
	int code;

	path_make(path, rd);
	answer = cordctl_ask(rd->remote, "GET", path, NULL);
	code = answer.code;
	rd->http = answer.http;
	rd->again = false;
	if (code == CORDCTL_OK) {
		take(rd, &answer);
		code = cordctl_unread() ? CORDCTL_OUTPUT : CORDCTL_OK;
	}
	cordctl_answer_close(&answer);
	return code;
}

/* Who follows stays when nobody answers for a while, or too much is asked; the
 * messages of meanwhile come then, as `after` tells which. */
static bool is_away(const struct reading *rd, int code)
{
	return rd->remote->follow && rd->began &&
	       (code == CORDCTL_AWAY || rd->http == 429);
}

static int read_all(struct reading *rd)
{
	const bool limited = rd->remote->limit != NULL;
	unsigned away_ms = PAUSE_MS;
	int code;

	for (;;) {
		code = some(rd);
		if (is_away(rd, code)) {
			pause_ms(away_ms);
			away_ms = away_ms < AWAY_MS ? 2 * away_ms : AWAY_MS;
			continue;
		}
		away_ms = PAUSE_MS;
		if (code != CORDCTL_OK)
			return code;
		if ((limited && !rd->left) ||
		    (!rd->again && !rd->remote->follow))
			return rd->missing && !rd->remote->follow
				       ? CORDCTL_WRONG
				       : CORDCTL_OK;
		if (!rd->again)
			pause_ms(PAUSE_MS);
	}
}

/* GET /v1/traces/{id} */
static int one(const struct cordctl_remote *remote)
{
	const struct jsonr_val *messages;
	struct cordctl_answer answer;
	char path[CORDCTL_URL_MAX];
	int code;

	cordctl_path(path, "/v1/traces/%H", cordctl_escape,
		    remote->word[0]);
	answer = cordctl_ask(remote, "GET", path, NULL);
	code = answer.code;
	if (code == CORDCTL_OK && remote->json)
		cordctl_raw(&answer);
	messages = cordctl_list(&answer, "messages");
	for (size_t i = 0; code == CORDCTL_OK && !remote->json &&
			   i < jsonr_count(messages);
	     i++)
		message(jsonr_at(messages, i));
	cordctl_answer_close(&answer);
	return code;
}

int cordctl_remote_trace(const struct cordctl_remote *remote)
{
	struct reading rd = {.remote = remote,
			     .left = cordctl_limit(remote)};

	if (remote->nwords)
		return one(remote);
	if (!remote->call && (!remote->tenant ||
			      !remote->user == !remote->connection)) {
		fputs("cordctl: whose? ID of a trace, --call, or --tenant with --user or "
		      "--connection\n", stderr);
		return CORDCTL_USAGE;
	}
	/* all that there is, or from now on */
	str_ncpy(rd.after, remote->follow ? "" : "0", sizeof(rd.after));
	return read_all(&rd);
}

int cordctl_remote_explain(const struct cordctl_remote *remote,
			   const struct mbuf *question)
{
	struct cordctl_answer answer;
	const char *words;
	char *body;
	int code;

	if (re_sdprintf(&body, "%b", question->buf, question->end))
		return CORDCTL_SYSTEM;
	answer = cordctl_ask(remote, "POST", "/v1/routes/explain", body);
	code = answer.code;
	if (code == CORDCTL_OK && remote->json) {
		cordctl_raw(&answer);
	} else if (code == CORDCTL_OK) {
		words = jsonr_str(jsonr_get(jsonr_root(answer.doc), "text"));
		(void)re_printf("%H", cordctl_shown_lines, words);
	}
	cordctl_answer_close(&answer);
	mem_deref(body);
	return code;
}
