/*
 * challenge.c  The other side asks who we are: 401 and 407 of a PBX
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "sigd/auth/credentials.h"
#include "sigd/proxy/challenge.h"

enum {
	TRIES_MAX = 2
};

static const enum shdr_id ids[2] = {SHDR_AUTHORIZATION,
				    SHDR_PROXY_AUTHORIZATION};

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

int challenge_take(struct challenge *ch, const struct route_connection *conn,
		   const struct smsg *response, const struct pl *uri)
{
	const struct route_conn_login *login = &conn->login;
	struct credentials_use use = {.uri = *uri, .nc = 1};
	const unsigned i = response->scode == 407;
	struct credentials_answer *answer;
	struct credentials mine;
	int err;

	if (!login->username)
		return ENOENT;
	answer = mem_zalloc(sizeof(*answer), NULL);
	if (!answer)
		return ENOMEM;

	pl_set_str(&mine.username, login->username);
	pl_set_str(&mine.password, login->password);
	pl_set_str(&mine.realm, login->realm ? login->realm : "");
	use.method = response->cseq.name;
	err = credentials_answer(answer, &mine, response, &use);
	if (!err && refused(ch, i, answer))
		err = EACCES;
	err = err ? err : keep(ch, i, answer);
	mem_deref(answer);
	return err;
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
