/*
 * flow_users.c  Who is registered over a connection
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/wheel.h"
#include "sigd/journal/journal.h"
#include "sigd/proxy/end/rebind.h"
#include "sigd/proxy/invite/invite.h"
#include "sigd/proxy/news.h"
#include "sigd/proxy/register/flow_users.h"
#include "sigd/proxy/register/reg_expiry.h"
#include "sigd/proxy/register/reg_journal.h"
#include "sigd/proxy/relay/relay.h"
#include "sigd/registrar/registrar.h"

enum { LAPSE_SLACK_MS = 2000 }; /* a refresh is under way */

struct flow_user {
	struct le le;
	struct proxy *px;
	char *tenant, *user;
	struct wheel_timer lapse; /* when he has not come again by then */
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

	wheel_stop(&fu->lapse);
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
	fu->px = px;
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

static void forget(struct flow_user *fu)
{
	wheel_stop(&fu->lapse);
	if (fu->registered)
		--fu->px->registered;
	fu->registered = false;
}

static void on_lapse(void *arg)
{
	forget(arg);
}

static bool is_flow(const uint8_t *flow, size_t len, const uint8_t *other,
		    size_t other_len)
{
	return len == other_len && !memcmp(flow, other, len);
}

/* When the last of what is bound over it ends, in ms from now; 0: nothing is. */
static uint64_t bound_ms(const struct registrar_list *list,
			 const uint8_t *flow, size_t len)
{
	uint64_t last = list->now_ms;

	for (size_t i = 0; i < list->n; i++) {
		const struct binding *b = &list->bindings[i];

		if (is_flow(b->flow, b->flow_len, flow, len))
			last = max(last, b->ends_ms);
	}
	return last - list->now_ms;
}

/* He was there, and was not in between. */
static bool was_late(const struct registrar_list *list, const uint8_t *flow,
		     size_t len)
{
	for (size_t i = 0; i < list->nlate; i++) {
		if (is_flow(list->late[i].flow, list->late[i].flow_len, flow,
			    len))
			return true;
	}
	return false;
}

/* His time is over here; whoever found that has told it, or will. */
static bool is_late(const struct proxy *px, const struct flow_user *fu)
{
	return wheel_runs(&fu->lapse) &&
	       wheel_now(px->deps.wheel) + LAPSE_SLACK_MS > fu->lapse.due_ms;
}

static void registered_set(struct flow_user *fu, const struct flow_id *id,
			   bool is)
{
	struct proxy *px = fu->px;

	if (fu->registered == is)
		return;
	if (is)
		++px->registered;
	else
		forget(fu);
	fu->registered = is;
	news_registration(px->news, is ? NEWS_ADDED : NEWS_REMOVED, fu->tenant,
			  fu->user, id);
}

/* Over UDP there is no connection that is noted. */
static void datagram_tell(struct proxy *px, const struct flow_id *id,
			  const char *tenant, const char *user,
			  const struct registrar_list *list)
{
	if (list->added)
		news_registration(px->news, NEWS_ADDED, tenant, user, id);
	if (list->removed)
		news_registration(px->news, NEWS_REMOVED, tenant, user, id);
}

void flow_users_bound(struct proxy *px, const struct flow_id *id,
		      const char *tenant, const char *user,
		      const struct registrar_list *list)
{
	struct flow_user *fu = noted(px, id, tenant, user);
	uint8_t packed[FLOW_PACK_MAX];
	uint64_t ms;
	size_t len;

	if (id->kind == FLOW_UDP)
		datagram_tell(px, id, tenant, user, list);
	if (!fu || flow_id_pack(id, packed, &len))
		return;
	if (was_late(list, packed, len) || (list->added && is_late(px, fu)))
		forget(fu);
	ms = bound_ms(list, packed, len);
	registered_set(fu, id, ms > 0);
	if (ms)
		wheel_start(px->deps.wheel, &fu->lapse, ms + LAPSE_SLACK_MS,
			    on_lapse, fu);
}

void flow_users_unbound(struct proxy *px, const struct flow_id *id,
			const char *tenant, const char *user)
{
	struct flow_user *fu = noted(px, id, tenant, user);

	if (fu)
		registered_set(fu, id, false);
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
	const bool late = is_late(px, fu);
	struct rtt_row row;

	if (fu->device && rtt_fold_end(&fu->rtt, &row))
		rtt_put(px, fu, &row);
	if (!fu->registered)
		return;
	forget(fu);
	if (late)
		return;
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
		if (fu->registered)
			reg_expiry_look(px, &aor);
		user_gone(px, flow, fu);
		rebind_lost(px, &aor, &(struct aor_flow){packed, len});
	}
}
