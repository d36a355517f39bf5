/*
 * cordctl_api.c  Asking a running Cordboard
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/countof.h"
#include "common/fetch_now.h"
#include "common/jsonr.h"
#include "sigd/cordctl/cordctl_api.h"
#include "sigd/cordctl/cordctl_shown.h"

enum {
	WAITS_MAX = 10, /* of one question */
	WAIT_MAX_S = 30
};

/* --- the token ------------------------------------------------------------------- */

/* A file's first line, or CORDCTL_TOKEN; "": there is none. */
static bool token_read(char token[CORDCTL_TOKEN_MAX],
		       const struct cordctl_remote *remote)
{
	const char *env = getenv("CORDCTL_TOKEN");
	FILE *file;
	bool ok;

	*token = '\0';
	if (!remote->token_file) {
		str_ncpy(token, env ? env : "", CORDCTL_TOKEN_MAX);
		return true;
	}
	file = fopen(remote->token_file, "re");
	ok = file && fgets(token, CORDCTL_TOKEN_MAX, file);
	if (!ok)
		(void)re_fprintf(stderr, "cordctl: %s: %s\n",
				 remote->token_file,
				 file ? "it is empty" : strerror(errno));
	if (file)
		fclose(file);
	token[strcspn(token, "\r\n")] = '\0';
	return ok;
}

/* --- asking ------------------------------------------------------------------------ */

/* What is wrong with which field; the text of one may be all that there is. */
static void say_error(const struct jsonr_val *error, const char *detail)
{
	static const char *const names[] = {"detail", "text", "message"};
	const char *field = jsonr_str(jsonr_get(error, "field"));
	const char *text = NULL;

	for (size_t i = 0; !text && i < COUNTOF(names); i++)
		text = jsonr_str(jsonr_get(error, names[i]));
	if (text && detail && !strcmp(text, detail))
		text = NULL;
	if (field || text)
		(void)re_fprintf(stderr, "  %H%s%H\n", cordctl_shown,
				 field ? field : "",
				 field && text ? ": " : "", cordctl_shown,
				 text ? text : "");
}

/* A problem document (RFC 9457), or what there is. */
static void say(unsigned code, const struct jsonr *doc)
{
	const struct jsonr_val *root = jsonr_root(doc), *errors;
	const char *title = jsonr_str(jsonr_get(root, "title"));
	const char *detail = jsonr_str(jsonr_get(root, "detail"));

	(void)re_fprintf(stderr, "cordctl: %H (%u)\n", cordctl_shown,
			 detail	 ? detail
			 : title ? title
				 : "it was refused",
			 code);
	errors = jsonr_get(root, "errors");
	for (size_t i = 0; i < jsonr_count(errors); i++)
		say_error(jsonr_at(errors, i), detail);
}

static int code_of(unsigned http)
{
	if (http >= 200 && http < 300)
		return CORDCTL_OK;
	if (http == 401 || http == 403)
		return CORDCTL_DENIED;
	if (http == 502 || http == 503 || http == 504)
		return CORDCTL_AWAY;
	return CORDCTL_WRONG;
}

static const char *url_of(const struct cordctl_remote *remote)
{
	const char *env = getenv("CORDCTL_URL");

	return remote->url ? remote->url : env && *env ? env : CORDCTL_URL;
}

static void asked(struct cordctl_answer *answer, const char *url,
		  struct fetch_now_answer *got, int err)
{
	answer->body = got->body;
	answer->http = got->code;
	if (err) {
		(void)re_fprintf(stderr, "cordctl: %s: %H\n", url,
				 cordctl_shown,
				 err == ENOMEM ? "out of memory" : got->why);
		answer->code = err == ENOMEM ? CORDCTL_SYSTEM : CORDCTL_AWAY;
		return;
	}
	if (got->body->end > 1)
		(void)jsonr_parse(&answer->doc, (const char *)got->body->buf,
				  got->body->end - 1);
	answer->code = code_of(got->code);
	if (answer->code != CORDCTL_OK) {
		say(got->code, answer->doc);
	} else if (!answer->doc && got->body->end > 1) {
		(void)re_fprintf(stderr, "cordctl: %s: this is no answer of "
					 "Cordboard\n", url);
		answer->code = CORDCTL_AWAY;
	}
}

/* Who asks too often is told when to come back, and nothing has been done: so
 * it waits, but not for ever. */
static int fetch_patient(struct fetch_now_answer *got,
			 const struct fetch_now_ask *ask)
{
	for (unsigned waited = 0;; waited++) {
		int err = fetch_now(got, ask);

		if (err || got->code != 429 || waited == WAITS_MAX ||
		    got->retry_s > WAIT_MAX_S)
			return err;
		got->body = mem_deref(got->body);
		(void)sleep(got->retry_s ? got->retry_s : 1);
	}
}

struct cordctl_answer cordctl_ask(const struct cordctl_remote *remote,
				  const char *method, const char *path,
				  const char *body)
{
	struct cordctl_answer answer = {.code = CORDCTL_INPUT};
	struct fetch_now_answer got = {.code = 0};
	char token[CORDCTL_TOKEN_MAX], url[CORDCTL_URL_MAX];
	const char *base = url_of(remote);
	size_t len = strlen(base);
	struct fetch_now_ask ask = {.method = method, .url = url,
				    .ca = remote->ca, .body = body};

	if (!token_read(token, remote))
		return answer;
	while (len && base[len - 1] == '/')
		--len;
	if (!*path ||
	    re_snprintf(url, sizeof(url), "%b%s", base, len, path) < 0) {
		(void)re_fprintf(stderr, "cordctl: what is asked is too long\n");
		answer.code = CORDCTL_USAGE;
		return answer;
	}
	ask.token = *token ? token : NULL;
	asked(&answer, url, &got, fetch_patient(&got, &ask));
	return answer;
}

void cordctl_answer_close(struct cordctl_answer *answer)
{
	answer->body = mem_deref(answer->body);
	answer->doc = mem_deref(answer->doc);
}

void cordctl_raw(const struct cordctl_answer *answer)
{
	if (answer->body && answer->body->end > 1)
		(void)fwrite(answer->body->buf, 1, answer->body->end - 1,
			     stdout);
	putchar('\n');
	fflush(stdout);
}

/* --- what is asked -------------------------------------------------------------------- */

int cordctl_escape(struct re_printf *pf, const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
	int err = 0;

	for (; *text && !err; text++) {
		if (strchr(plain, *text))
			err = pf->vph(text, 1, pf->arg);
		else
			err = re_hprintf(pf, "%%%02X", (unsigned char)*text);
	}
	return err;
}

void cordctl_query(char path[CORDCTL_URL_MAX], const char *name,
		   const char *value)
{
	const size_t len = strlen(path);

	if (value && len &&
	    re_snprintf(path + len, CORDCTL_URL_MAX - len, "%c%s=%H",
			strchr(path, '?') ? '&' : '?', name, cordctl_escape,
			value) < 0)
		*path = '\0';
}

void cordctl_path(char path[CORDCTL_URL_MAX], const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (re_vsnprintf(path, CORDCTL_URL_MAX, fmt, ap) < 0)
		*path = '\0';
	va_end(ap);
}

/* --- what is answered ------------------------------------------------------------------ */

/* "a.b" */
static const struct jsonr_val *member(const struct jsonr_val *val,
				      const char *path)
{
	char name[64];

	while (val && path) {
		const char *dot = strchr(path, '.');
		const size_t len = dot ? (size_t)(dot - path) : strlen(path);

		if (len >= sizeof(name))
			return NULL;
		memcpy(name, path, len);
		name[len] = '\0';
		val = jsonr_get(val, name);
		path = dot ? dot + 1 : NULL;
	}
	return val;
}

const char *cordctl_text(char buf[CORDCTL_CELL_MAX],
			 const struct jsonr_val *val, const char *path)
{
	const struct jsonr_val *found = member(val, path);
	const char *text = jsonr_str(found);
	double num;
	bool yes;

	*buf = '\0';
	if (!text && jsonr_bool(found, &yes))
		text = yes ? "yes" : "no";
	if (text)
		str_ncpy(buf, text, CORDCTL_CELL_MAX);
	else if (jsonr_num(found, &num))
		snprintf(buf, CORDCTL_CELL_MAX, "%.10g", num);
	return buf;
}

const struct jsonr_val *cordctl_list(const struct cordctl_answer *answer,
				     const char *name)
{
	const struct jsonr_val *root = jsonr_root(answer->doc);
	const struct jsonr_val *list = jsonr_get(root, name);

	return list ? list : jsonr_get(root, "items");
}

const char *cordctl_time(char buf[CORDCTL_CELL_MAX],
			 const struct jsonr_val *val, const char *path)
{
	const char *text = jsonr_str(member(val, path));
	const time_t now = time(NULL);
	char today[16];
	struct tm tm;

	*buf = '\0';
	if (!text || strlen(text) < 19 || !gmtime_r(&now, &tm))
		return buf;
	strftime(today, sizeof(today), "%Y-%m-%d", &tm);
	if (strncmp(text, today, 10))
		re_snprintf(buf, CORDCTL_CELL_MAX, "%b %b", text, (size_t)10,
			    text + 11, (size_t)8);
	else
		re_snprintf(buf, CORDCTL_CELL_MAX, "%b", text + 11, (size_t)8);
	return buf;
}
