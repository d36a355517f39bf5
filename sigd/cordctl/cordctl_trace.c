/*
 * cordctl_trace.c  What was said, or is said, of a user, device, connection,
 *                  call or trace; and where a request would go
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/jsonr.h"
#include "sigd/cordctl/cordctl_api.h"
#include "sigd/cordctl/cordctl_shown.h"

enum { PAUSE_US = 500000 };

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

static void path_make(char path[CORDCTL_URL_MAX],
		      const struct cordctl_remote *remote, const char *after)
{
	str_ncpy(path, "/v1/traces/messages", CORDCTL_URL_MAX);
	cordctl_query(path, "call", remote->call);
	cordctl_query(path, "tenant", remote->tenant);
	cordctl_query(path, "user", remote->user);
	cordctl_query(path, "device", remote->device);
	cordctl_query(path, "connection", remote->connection);
	cordctl_query(path, "limit", remote->limit ? remote->limit : "500");
	cordctl_query(path, "after", after);
}

/* after: as in the answer before; *again: there may be more now. */
static int some(const struct cordctl_remote *remote,
		char after[CORDCTL_CELL_MAX], bool *again)
{
	const struct jsonr_val *messages;
	struct cordctl_answer answer;
	char path[CORDCTL_URL_MAX];
	int code;

	path_make(path, remote, *after ? after : NULL);
	answer = cordctl_ask(remote, "GET", path, NULL);
	code = answer.code;
	*again = false;
	if (code == CORDCTL_OK) {
		messages = cordctl_list(&answer, "messages");
		*again = jsonr_count(messages) > 0;
		if (remote->json && (*again || !strcmp(after, "0")))
			cordctl_raw(&answer);
		for (size_t i = 0; !remote->json && i < jsonr_count(messages);
		     i++)
			message(jsonr_at(messages, i));
		if (jsonr_str(jsonr_get(jsonr_root(answer.doc), "gap")))
			fputs("cordctl: more was said than can be followed: "
			      "some is missing\n", stderr);
		fflush(stdout);
		(void)cordctl_text(after, jsonr_root(answer.doc), "next");
	}
	cordctl_answer_close(&answer);
	return code;
}

/* GET /v1/traces/{id} */
static int one(const struct cordctl_remote *remote)
{
	const struct jsonr_val *messages;
	struct cordctl_answer answer;
	char path[CORDCTL_URL_MAX];
	int code;

	re_snprintf(path, sizeof(path), "/v1/traces/%H", cordctl_escape,
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
	char after[CORDCTL_CELL_MAX] = "";
	bool again;
	int code;

	if (remote->nwords)
		return one(remote);
	if (!remote->call && (!remote->tenant ||
			      !remote->user == !remote->connection)) {
		fputs("cordctl: whose? ID of a trace, --call, or --tenant with --user or "
		      "--connection\n", stderr);
		return CORDCTL_USAGE;
	}
	/* all that there is, or from now on */
	str_ncpy(after, remote->follow ? "" : "0", sizeof(after));
	do {
		code = some(remote, after, &again);
		if (remote->follow && code == CORDCTL_OK && !again)
			(void)usleep(PAUSE_US);
	} while (code == CORDCTL_OK && !ferror(stdout) &&
		 (remote->follow || (again && !remote->limit)));
	return code;
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
