/*
 * challenge.c  The other side asks who we are: 401 and 407 of a PBX
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "sigd/auth/credentials.h"
#include "sigd/proxy/conn/conn_pins.h"
#include "sigd/proxy/proxy_priv.h"
#include "sigd/proxy/who/challenge.h"
#include "sigd/sip/smsg_build.h"

enum {
	TRIES_MAX = 2
};

static const enum shdr_id ids[2] = {SHDR_AUTHORIZATION,
				    SHDR_PROXY_AUTHORIZATION};
static const char letters[2] = {'A', 'P'};

static int keep(struct challenge *ch, unsigned i,
		const struct credentials_answer *answer)
{
	char *val = NULL, *nonce = NULL;
	int err = str_dup(&val, answer->val);

	err = err ? err : pl_strdup(&nonce, &answer->nonce);
	if (err) {
		mem_deref(val);
		mem_deref(nonce);
		return err;
	}
	mem_deref(ch->kind[i].val);
	mem_deref(ch->kind[i].nonce);
	ch->kind[i].val = val;
	ch->kind[i].nonce = nonce;
	ch->kind[i].tries++;
	return 0;
}

/* A second time only when our credentials were right, and with a new nonce. */
static bool refused(const struct challenge *ch, unsigned i,
		    const struct credentials_answer *answer)
{
	if (!ch->kind[i].tries)
		return false;
	return !answer->stale || ch->kind[i].tries >= TRIES_MAX ||
	       !pl_strcmp(&answer->nonce, ch->kind[i].nonce);
}

struct user {
	struct conn_pins *pins;
	const struct route_connection *conn;
};

static uint32_t on_use(const struct pl *nonce, void *arg)
{
	const struct user *user = arg;

	return conn_pins_use(user->pins, user->conn, nonce);
}

static int answer_make(struct credentials_answer *answer, struct proxy *px,
		       const struct challenge_asked *asked,
		       const struct smsg *response)
{
	const struct route_connection *conn = asked->conn;
	const char *realm = conn_pins_realm(px->pins, conn);
	struct user user = {px->pins, conn};
	struct credentials mine = {.nch = on_use, .arg = &user};
	const struct credentials_use use = {.method = response->cseq.name,
					    .uri = asked->uri,
					    .body = asked->body};
	int err;

	if (!realm && asked->dialog)
		return ENOENT;
	pl_set_str(&mine.username, conn->login.username);
	pl_set_str(&mine.password, conn->login.password);
	pl_set_str(&mine.realm, realm ? realm : "");
	err = credentials_answer(answer, &mine, response, &use);
	if (!err && !realm)
		conn_pins_learn(px->pins, conn, &answer->realm);
	return err;
}

int challenge_take(struct challenge *ch, struct proxy *px,
		   const struct challenge_asked *asked,
		   const struct smsg *response)
{
	const unsigned i = response->scode == 407;
	struct credentials_answer *answer;
	int err;

	if (!asked->conn->login.username)
		return ENOENT;
	answer = mem_zalloc(sizeof(*answer), NULL);
	if (!answer)
		return ENOMEM;

	err = answer_make(answer, px, asked, response);
	if (!err && refused(ch, i, answer))
		err = EACCES;
	err = err ? err : keep(ch, i, answer);
	mem_deref(answer);
	return err;
}

const char *challenge_why(int err)
{
	return err == EACCES   ? "username or password is wrong"
	       : err == ENOENT ? "no credentials for its realm or algorithm"
			       : "it cannot be answered";
}

void challenge_edit(const struct challenge *ch, struct smsg_edit *ed)
{
	struct pl val;

	for (unsigned i = 0; i < 2; i++) {
		if (!ch->kind[i].val)
			continue;
		pl_set_str(&val, ch->kind[i].val);
		smsg_edit_add(ed, ids[i], &val);
	}
}

void challenge_fields(const struct challenge *ch, struct smsg_field *fieldv,
		      size_t *n)
{
	static const char *const names[2] = {"Authorization",
					     "Proxy-Authorization"};

	for (unsigned i = 0; i < 2; i++) {
		if (!ch->kind[i].val)
			continue;
		pl_set_str(&fieldv[*n].name, names[i]);
		pl_set_str(&fieldv[(*n)++].val, ch->kind[i].val);
	}
}

void challenge_reset(struct challenge *ch)
{
	for (unsigned i = 0; i < 2; i++) {
		ch->kind[i].val = mem_deref(ch->kind[i].val);
		ch->kind[i].nonce = mem_deref(ch->kind[i].nonce);
		ch->kind[i].tries = 0;
	}
}

/* "<CSeq>\n", then a line for each: its kind, a space, the value. */
void challenge_print(const struct challenge *ch, uint32_t cseq, char *text,
		     size_t size)
{
	int n = 0, w;

	text[0] = '\0';
	if (!ch->kind[0].val && !ch->kind[1].val)
		return;
	n = re_snprintf(text, size, "%u\n", cseq);
	for (unsigned i = 0; i < 2 && n > 0; i++) {
		if (!ch->kind[i].val)
			continue;
		w = re_snprintf(text + n, size - (size_t)n, "%c %s\n",
				letters[i], ch->kind[i].val);
		n = w < 0 ? -1 : n + w;
	}
	if (n < 0)
		text[0] = '\0';
}

void challenge_edit_printed(const char *text, uint32_t cseq,
			    struct smsg_edit *ed)
{
	const char *line = strchr(text, '\n'), *end;
	struct pl num = {text, line ? (size_t)(line - text) : 0}, val;

	if (!num.l || pl_u32(&num) != cseq)
		return;
	for (++line; (end = strchr(line, '\n')); line = end + 1) {
		val = (struct pl){line + 2, (size_t)(end - line) - 2};
		if (end - line > 2)
			smsg_edit_add(ed, ids[*line == letters[1]], &val);
	}
}
