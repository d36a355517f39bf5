/*
 * reg_expiry.c  Devices that do not come back in time
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/due.h"
#include "common/log.h"
#include "sigd/proxy/news.h"
#include "sigd/proxy/proxy_priv.h"
#include "sigd/proxy/register/reg_expiry.h"
#include "sigd/registrar/registrar.h"
#include "sigd/transport/flow.h"

enum {
	SLACK_MS = 500, /* a refresh is under way */
	LOOKS_MAX = 256, /* at once; others come again after the lease */
};

/* "u<tenant>/<user>", of a PBX "c<tenant>/<connection>". */
static bool id_print(char id[DUE_ID_MAX + 1], const struct registrar_aor *aor)
{
	return re_snprintf(id, DUE_ID_MAX + 1, "%c%r/%r",
			   aor->connection ? 'c' : 'u', &aor->tenant,
			   &aor->user) > 0;
}

/* The texts are those of id. */
static bool id_read(struct registrar_aor *aor, const struct pl *id)
{
	const char *slash = pl_strchr(id, '/');

	if (!slash || (*id->p != 'u' && *id->p != 'c'))
		return false;
	aor->connection = *id->p == 'c';
	aor->tenant = (struct pl){id->p + 1, (size_t)(slash - id->p) - 1};
	aor->user = (struct pl){slash + 1,
				(size_t)(id->p + id->l - slash) - 1};
	return aor->tenant.l && aor->user.l;
}

static void look_in(struct proxy *px, const struct registrar_aor *aor,
		    uint32_t ms)
{
	static const struct pl none = PL("");
	char text[DUE_ID_MAX + 1];
	struct pl id;

	if (!id_print(text, aor))
		return;
	pl_set_str(&id, text);
	(void)due_schedule(px->bindings, &id, &none,
			   min(ms, (uint32_t)DUE_DELAY_MAX_MS), NULL, NULL);
}

/* --- who has not come back ------------------------------------------------------ */

static void tell(struct proxy *px, const struct registrar_aor *aor,
		 const struct registrar_list *list)
{
	char tenant[COOKIE_TENANT_MAX + 1], user[CALL_TEXT_MAX];
	struct flow_id flow;

	/* that of a PBX is in its log */
	if (aor->connection ||
	    pl_strcpy(&aor->tenant, tenant, sizeof(tenant)) ||
	    pl_strcpy(&aor->user, user, sizeof(user)))
		return;
	for (size_t i = 0; i < list->nlate; i++) {
		const struct registrar_late *late = &list->late[i];

		log_info(NULL, "a device did not come back in time",
			 "tenant=%s user=%s", tenant, user);
		if (!flow_id_unpack(&flow, late->flow, late->flow_len))
			news_registration(px->news, NEWS_EXPIRED, tenant, user,
					  &flow);
	}
}

void reg_expiry_registered(struct proxy *px, const struct registrar_aor *aor,
			   const struct registrar_list *list)
{
	tell(px, aor, list);
	if (list->added || list->sooner || list->look || list->removed)
		look_in(px, aor,
			list->n ? registrar_first_ms(list) + SLACK_MS : 0);
}

void reg_expiry_look(struct proxy *px, const struct registrar_aor *aor)
{
	look_in(px, aor, 0);
}

/* --- it is due --------------------------------------------------------------------- */

struct look {
	struct le le;
	struct proxy *px;
	struct registrar_ask *ask;
	uint64_t token;
	char id[DUE_ID_MAX + 1];
};

static void destructor(void *data)
{
	struct look *look = data;

	list_unlink(&look->le);
	mem_deref(look->ask);
}

static void on_ended(const struct registrar_list *list, void *arg)
{
	struct look *look = arg;
	struct registrar_aor aor;
	struct pl id;

	pl_set_str(&id, look->id);
	if (list->code == STATUS_OK && id_read(&aor, &id)) {
		tell(look->px, &aor, list);
		if (list->n)
			(void)due_again(look->px->bindings, &id, look->token,
					registrar_first_ms(list) + SLACK_MS);
		else
			(void)due_done(look->px->bindings, &id, look->token);
	}
	/* else the claim ends, and it comes again */
	mem_deref(look);
}

static void on_due(const struct due_item *item, void *arg)
{
	struct proxy *px = arg;
	struct registrar_params params = {.link = px->deps.redis,
					  .h = on_ended};
	struct look *look;

	if (!id_read(&params.aor, &item->id)) {
		(void)due_done(px->bindings, &item->id, item->token);
		return;
	}
	if (list_count(&px->looks) >= LOOKS_MAX)
		return;
	look = mem_zalloc(sizeof(*look), destructor);
	if (!look)
		return;
	look->px = px;
	look->token = item->token;
	list_append(&px->looks, &look->le, look);
	params.arg = look;
	if (pl_strcpy(&item->id, look->id, sizeof(look->id)) ||
	    registrar_expire(&look->ask, &params))
		mem_deref(look);
}

int reg_expiry_start(struct proxy *px)
{
	const struct due_params params = {
		.link = px->deps.redis, .wheel = px->deps.wheel,
		.poll = px->poll, .kind = "binding", .fireh = on_due,
		.arg = px};

	return due_alloc(&px->bindings, &params);
}
