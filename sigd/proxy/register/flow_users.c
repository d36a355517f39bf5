/*
 * flow_users.c  Who is registered over a connection
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "sigd/journal/journal.h"
#include "sigd/proxy/end/rebind.h"
#include "sigd/proxy/invite/invite.h"
#include "sigd/proxy/news.h"
#include "sigd/proxy/register/flow_users.h"
#include "sigd/proxy/register/reg_journal.h"
#include "sigd/proxy/relay/relay.h"
#include "sigd/registrar/registrar.h"

struct flow_user {
	struct le le;
	char *tenant, *user;
	bool registered; /* over it; else he has called */
	uint32_t device;
	struct rtt_fold rtt;
};

struct flow_users {
	struct list users;
	struct token_pass *pass; /* it was opened with; NULL: none */
};

static void user_destructor(void *data)
{
	struct flow_user *fu = data;

	list_unlink(&fu->le);
	mem_deref(fu->tenant);
	mem_deref(fu->user);
}

static void users_destructor(void *data)
{
	struct flow_users *users = data;

	list_flush(&users->users);
	mem_deref(users->pass);
}

static void destroy(void *user)
{
	mem_deref(user);
}

static struct flow_user *find(const struct flow_users *users,
			      const char *tenant, const char *user)
{
	struct le *le;

	LIST_FOREACH(&users->users, le) {
		struct flow_user *fu = le->data;

		if (!strcmp(fu->tenant, tenant) && !strcmp(fu->user, user))
			return fu;
	}
	return NULL;
}

static struct flow_users *users_of(struct flow *flow)
{
	struct flow_users *users = flow_user(flow);

	if (!users) {
		users = mem_zalloc(sizeof(*users), users_destructor);
		if (users)
			flow_user_set(flow, users, destroy);
	}
	return users;
}

int flow_users_pass_set(struct flow *flow, struct token_pass *pass)
{
	struct flow_users *users = users_of(flow);

	if (!users)
		return ENOMEM;
	mem_deref(users->pass);
	users->pass = mem_ref(pass);
	return 0;
}

struct token_pass *flow_users_pass(const struct proxy *px,
				   const struct flow_id *id)
{
	const struct flow *flow = flow_table_find(
		transport_flows(px->deps.transport), id);
	const struct flow_users *users = flow ? flow_user(flow) : NULL;

	return users ? users->pass : NULL;
}

void flow_users_note(struct proxy *px, const struct flow_id *id,
		     const char *tenant, const char *user)
{
	struct flow *flow = flow_table_find(
		transport_flows(px->deps.transport), id);
	struct flow_users *users = flow ? users_of(flow) : NULL;
	struct flow_user *fu;

	if (!users || find(users, tenant, user) ||
	    list_count(&users->users) >= FLOW_USERS_MAX)
		return;

	fu = mem_zalloc(sizeof(*fu), user_destructor);
	if (!fu)
		return;
	if (str_dup(&fu->tenant, tenant) || str_dup(&fu->user, user))
		mem_deref(fu);
	else
		list_append(&users->users, &fu->le, fu);
}

/* NULL: not noted. */
static struct flow_user *noted(const struct proxy *px, const struct flow_id *id,
			       const char *tenant, const char *user)
{
	const struct flow *flow = flow_table_find(
		transport_flows(px->deps.transport), id);

	return flow && flow_user(flow) ? find(flow_user(flow), tenant, user)
				       : NULL;
}

void flow_users_registered(struct proxy *px, const struct flow_id *id,
			   const char *tenant, const char *user, bool is)
{
	struct flow_user *fu = noted(px, id, tenant, user);

	if (!fu || fu->registered == is)
		return;
	fu->registered = is;
	if (is)
		++px->registered;
	else
		--px->registered;
	news_registration(px->news, is ? NEWS_ADDED : NEWS_REMOVED, tenant,
			  user, id);
}

void flow_users_each(const struct flow *flow, flow_users_h *h, void *arg)
{
	const struct flow_users *users = flow_user(flow);
	struct le *le;

	if (!users)
		return;
	LIST_FOREACH(&users->users, le) {
		const struct flow_user *fu = le->data;

		h(fu->tenant, fu->user, arg);
	}
}

void flow_users_device(struct proxy *px, const struct flow_id *id,
		       const char *tenant, const char *user, uint32_t device)
{
	struct flow_user *fu = noted(px, id, tenant, user);

	if (fu)
		fu->device = device;
}

uint32_t flow_users_device_of(const struct proxy *px, const struct flow_id *id,
			      const char *tenant, const char *user)
{
	const struct flow_user *fu = noted(px, id, tenant, user);

	return fu ? fu->device : 0;
}

/* --- round trips ------------------------------------------------------------ */

static void rtt_put(struct proxy *px, const struct flow_user *fu,
		    struct rtt_row *row)
{
	struct journal_of of = {.whose = JOURNAL_USER};

	row->kind = RTT_WEBSOCKET;
	row->device = fu->device;
	pl_set_str(&of.tenant, fu->tenant);
	pl_set_str(&of.name, fu->user);
	journal_rtt(px->journal, &of, row);
}

void proxy_pong(struct flow *flow, uint32_t us, void *arg)
{
	struct proxy *px = arg;
	struct flow_users *users = flow_user(flow);
	struct rtt_row row;
	struct le *le;

	if (!users)
		return;
	LIST_FOREACH(&users->users, le) {
		struct flow_user *fu = le->data;

		if (fu->device &&
		    rtt_fold_add(&fu->rtt, &row, proxy_unix_ms(), us))
			rtt_put(px, fu, &row);
	}
}

/* --- its end ----------------------------------------------------------------- */

static void user_gone(struct proxy *px, const struct flow *flow,
		      struct flow_user *fu)
{
	struct rtt_row row;

	if (fu->device && rtt_fold_end(&fu->rtt, &row))
		rtt_put(px, fu, &row);
	if (!fu->registered)
		return;
	--px->registered;
	news_registration(px->news, NEWS_LOST, fu->tenant, fu->user,
			  flow_id_of(flow));
}

void proxy_flow_gone(struct flow *flow, void *arg)
{
	struct proxy *px = arg;
	struct flow_users *users = flow_user(flow);
	char text[FLOW_TEXT_MAX + 1], said[REG_SAID_MAX];
	uint8_t packed[FLOW_PACK_MAX];
	struct le *le;
	size_t len;

	invite_flow_gone(px, flow_id_of(flow));
	relay_flow_gone(px, flow_id_of(flow));
	if (!users || flow_id_pack(flow_id_of(flow), packed, &len))
		return;

	reg_journal_said(said, flow_remote(flow),
			 flow_id_text(text, flow_id_of(flow)), NULL);
	LIST_FOREACH(&users->users, le) {
		struct flow_user *fu = le->data;
		struct registrar_aor aor = {.connection = false};

		pl_set_str(&aor.tenant, fu->tenant);
		pl_set_str(&aor.user, fu->user);
		(void)registrar_flow_gone(px->deps.redis, &aor, packed, len,
					  said);
		user_gone(px, flow, fu);
		rebind_lost(px, &aor, &(struct aor_flow){packed, len});
	}
}
