/*
 * registrar.c  Bindings in Redis: one REGISTER is one round trip
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "common/redis_link.h"
#include "sigd/registrar/registrar.h"
#include "sigd/registrar/registrar_priv.h"

struct registrar_ask {
	struct redis_link *link;
	registrar_h *h;
	void *arg;
};

static void destructor(void *data)
{
	struct registrar_ask *ask = data;

	redis_link_forget(ask->link, ask);
}

static int ask_alloc(struct registrar_ask **askp,
		     const struct registrar_params *params)
{
	struct registrar_ask *ask = mem_zalloc(sizeof(*ask), destructor);

	if (!ask)
		return ENOMEM;

	ask->link = params->link;
	ask->h	  = params->h;
	ask->arg  = params->arg;
	*askp = ask;
	return 0;
}

static enum status reply_code(const struct redis_val *val)
{
	if (!val || val->type != REDIS_ARRAY || val->len < 2)
		return STATUS_INTERNAL;
	if (redis_is(&val->el[0], "ok"))
		return STATUS_OK;
	if (redis_is(&val->el[0], "stale"))
		return STATUS_AUTH_STALE;
	if (redis_is(&val->el[0], "cseq"))
		return STATUS_BAD_CSEQ;
	if (redis_is(&val->el[0], "limit"))
		return STATUS_BINDING_LIMIT;

	return STATUS_INTERNAL;
}

/* Best q first; among equals the order of Redis. The last one is new. */
static void sort_in(struct registrar_list *list)
{
	struct binding *last = &list->bindings[list->n];
	size_t at = list->n++;
	struct binding copy;

	while (at > 0 && list->bindings[at - 1].q < last->q)
		--at;
	if (&list->bindings[at] == last)
		return;

	copy = *last;
	memmove(&list->bindings[at + 1], &list->bindings[at],
		(list->n - 1 - at) * sizeof(copy));
	list->bindings[at] = copy;
}

/* "+-<>@ <hex> <hex>" (registrar_script.c) */
static void news_read(struct registrar_list *list, const struct redis_val *val)
{
	const char *p = val->str;

	list->added = strchr(p, '+') != NULL;
	list->removed = strchr(p, '-') != NULL;
	list->sooner = strchr(p, '<') != NULL;
	list->look = strchr(p, '>') != NULL;
	list->calls = strchr(p, '@') != NULL;
	while ((p = strchr(p, ' ')) && list->nlate < REGISTRAR_BINDINGS_MAX) {
		struct registrar_late *late = &list->late[list->nlate];
		const size_t len = strcspn(++p, " ") / 2;
		char hex[2 * BINDING_FLOW_MAX + 1];

		if (len > sizeof(late->flow))
			continue;
		str_ncpy(hex, p, 2 * len + 1);
		if (str_hex(late->flow, len, hex))
			continue;
		late->flow_len = len;
		++list->nlate;
	}
}

/* {code, now, news, field, value, field, value ...} */
static void list_fill(struct registrar_list *list, const struct redis_val *val)
{
	uint64_t now = 0;

	list->code = reply_code(val);
	if (list->code != STATUS_OK)
		return;

	if (redis_num(&val->el[1], &now))
		list->now_ms = now;
	if (val->len > 2 && val->el[2].type == REDIS_STR)
		news_read(list, &val->el[2]);
	for (size_t i = 4; i < val->len; i += 2) {
		struct pl field = {val->el[i - 1].str, val->el[i - 1].len};
		struct pl text = {val->el[i].str, val->el[i].len};
		struct binding *last = &list->bindings[list->n];

		/* what is not ours in the hash is passed over */
		if (list->n >= REGISTRAR_BINDINGS_MAX || !text.p || !field.p ||
		    binding_parse(last, &text))
			continue;
		last->device = binding_device(&field);
		sort_in(list);
	}
}

static void on_reply(int err, const struct redis_val *val, void *arg)
{
	struct registrar_ask *ask = arg;
	struct registrar_list *list = mem_alloc(sizeof(*list), NULL);
	static const struct registrar_list no_memory = {
		.code = STATUS_INTERNAL};

	/* room for 32 kB of bindings, of which one is used: not zeroed */
	if (list) {
		list->n = list->nlate = 0;
		list->added = list->removed = false;
		list->sooner = list->look = list->calls = false;
		list->now_ms = 0;
		list->code = STATUS_REDIS_DOWN;
	}
	if (list && !err)
		list_fill(list, val);

	/* the owner may free the question in here */
	ask->h(list ? list : &no_memory, ask->arg);
	mem_deref(list);
}

uint32_t registrar_first_ms(const struct registrar_list *list)
{
	uint64_t first = UINT64_MAX;

	for (size_t i = 0; i < list->n; i++)
		first = min(first, list->bindings[i].ends_ms);
	if (!list->n)
		return 0;
	return first > list->now_ms
		       ? (uint32_t)min(first - list->now_ms, 1ull << 31)
		       : 1;
}

static int key_print(char key[BINDING_KEY_MAX],
		     const struct registrar_aor *aor, const char *what)
{
	return aor->connection
		       ? binding_conn_key(key, BINDING_KEY_MAX, &aor->tenant,
					  &aor->user, what)
		       : binding_key(key, BINDING_KEY_MAX, &aor->tenant,
				     &aor->user, what);
}

int registrar_ask_eval(struct registrar_ask **askp,
		       const struct registrar_params *params,
		       const struct redis_script *script,
		       const struct redis_arg *argv, size_t argc)
{
	char bind[BINDING_KEY_MAX], nonce[BINDING_KEY_MAX],
		journal[BINDING_KEY_MAX], calls[BINDING_KEY_MAX], what[32];
	const struct registrar_aor *aor = &params->aor;
	struct registrar_ask *ask;
	int err;

	re_snprintf(what, sizeof(what), "nc:%s",
		    params->proof.nonce_id ? params->proof.nonce_id : "");
	err  = key_print(bind, aor, "bind");
	err |= key_print(nonce, aor, what);
	err |= key_print(journal, aor, "log");
	err |= key_print(calls, aor, "calls");
	if (err)
		return EOVERFLOW;

	err = ask_alloc(&ask, params);
	if (err)
		return err;

	const struct redis_arg keys[4] = {redis_str(bind), redis_str(nonce),
					  redis_str(journal), redis_str(calls)};

	err = redis_link_eval(ask->link, script, keys, 4, argv, argc,
			      on_reply, ask);
	if (err)
		ask = mem_deref(ask);
	else
		*askp = ask;
	return err;
}
