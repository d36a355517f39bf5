/*
 * rest_trace.c  A trace: what is told of it, whose it is, and the latest of a
 *               user, device, connection or call
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>

#include "common/countof.h"
#include "common/id.h"
#include "sigd/admin/rest_log.h"
#include "sigd/admin/rest_trace.h"
#include "sigd/trace/trace.h"

/* --- one of them -------------------------------------------------------------- */

bool rest_trace_key(char key[REST_KEY_MAX], const char *id, const char *what)
{
	if (strlen(id) != REST_TRACE_ID_LEN ||
	    strspn(id, "0123456789abcdef") != REST_TRACE_ID_LEN)
		return false;
	re_snprintf(key, REST_KEY_MAX, "cb:{t:%c}:%s:%s", id[0], what, id + 1);
	return true;
}

/* "t:<tenant>/u:<user>", "t:<tenant>/c:<connection>" */
static void party(struct jsonw *json, const struct pl *label)
{
	struct pl tenant, kind, name;
	char text[TRACE_LABEL_MAX + 1];

	if (re_regex(label->p, label->l, "t:[^/]+/[uc]1:[^ ]+", &tenant, &kind,
		     &name))
		return;
	rest_unescape(text, sizeof(text), &name);
	jsonw_object(json, NULL);
	jsonw_pl(json, "tenant", &tenant);
	jsonw_str(json, *kind.p == 'u' ? "user" : "connection", text);
	jsonw_end(json);
}

/* The next word of a list of labels. */
static bool next_label(struct pl *label, struct pl *labels)
{
	while (labels->l && *labels->p == ' ')
		pl_advance(labels, 1);
	label->p = labels->p;
	label->l = 0;
	while (labels->l && *labels->p != ' ') {
		pl_advance(labels, 1);
		++label->l;
	}
	return label->l > 0;
}

/* Has been refused, and was not let in with the same Call-ID afterwards. */
static bool is_superseded(const struct pl *asked, const char *text)
{
	const size_t skip = strlen(TRACE_ASKED);
	const struct pl name = {asked->p + skip, asked->l - skip};
	struct pl labels, label;

	pl_set_str(&labels, text);
	while (next_label(&label, &labels)) {
		if (!pl_cmp(&label, &name))
			return true;
	}
	return false;
}

static bool is_asked(const struct pl *label)
{
	return label->l > strlen(TRACE_ASKED) &&
	       !memcmp(label->p, TRACE_ASKED, strlen(TRACE_ASKED));
}

/* A party of another tenant is told to this one (NULL: all) when they were in
 * one dialog. */
static bool may_know(const struct pl *label, const struct redis_val *of,
		     const char *tenant)
{
	char other[TRACE_LABEL_MAX + 1];
	struct pl pl;

	if (!tenant)
		return true;
	if (re_regex(label->p, label->l, "t:[^/]+/", &pl) ||
	    pl_strcpy(&pl, other, sizeof(other)))
		return false;
	if (!strcmp(other, tenant))
		return true;
	for (size_t i = 1; !is_asked(label) && i < of->len; i += 2) {
		const struct redis_val *name = &of->el[i - 1];
		const struct redis_val *val = &of->el[i];

		if (name->type == REDIS_STR && val->type == REDIS_STR &&
		    !strncmp(name->str, "of.", 3) &&
		    trace_owner_is(val->str, tenant) &&
		    trace_owner_is(val->str, other))
			return true;
	}
	return false;
}

static void labels_write(struct jsonw *json, const struct redis_val *of,
			 const char *tenant)
{
	const char *text = rest_text(of, "labels");
	struct trace_owners owners;
	struct pl labels, label, call = {NULL, 0};

	jsonw_array(json, "parties");
	pl_set_str(&labels, text);
	while (next_label(&label, &labels)) {
		if (label.l > 5 && !memcmp(label.p, "call:", 5))
			call = (struct pl){label.p + 5, label.l - 5};
		else if ((!is_asked(&label) || !is_superseded(&label, text)) &&
			 may_know(&label, of, tenant))
			party(json, &label);
	}
	jsonw_end(json);
	/* of two that have used a Call-ID nobody can tell whose the call is */
	rest_trace_owners(&owners, of, tenant);
	if (call.l && !owners.shared)
		jsonw_pl(json, "call", &call);
	else
		jsonw_null(json, "call");
}

bool rest_trace_may_see(const struct admin_req *req,
			const struct redis_val *of)
{
	const char *only = admin_req_tenant(req);

	return !only || rest_trace_is_of(of, only);
}

/* A trace of two tenants is of both; of one that only was asked (TRACE_ASKED)
 * it is not: everybody can ask. */
bool rest_trace_is_of(const struct redis_val *of, const char *tenant)
{
	char begin[REST_KEY_MAX];
	struct pl labels, label, t;

	pl_set_str(&t, tenant);
	re_snprintf(begin, sizeof(begin), "t:%H/", redis_key_part, &t);
	pl_set_str(&labels, rest_text(of, "labels"));
	while (next_label(&label, &labels)) {
		if (label.l > strlen(begin) &&
		    !memcmp(label.p, begin, strlen(begin)))
			return true;
	}
	return false;
}

void rest_trace_owners(struct trace_owners *owners, const struct redis_val *of,
		       const char *tenant)
{
	memset(owners, 0, sizeof(*owners));
	for (size_t i = 1; tenant && of->type == REDIS_ARRAY && i < of->len;
	     i += 2) {
		if (of->el[i - 1].type == REDIS_STR &&
		    of->el[i].type == REDIS_STR)
			trace_owners_add(owners, of->el[i - 1].str,
					 of->el[i].str, tenant);
	}
}

static uint64_t number(const struct redis_val *flat, const char *field)
{
	uint64_t num = 0;

	(void)redis_num(redis_field(flat, field), &num);
	return num;
}

void rest_trace_write(struct jsonw *json, const char *id,
		      const struct redis_val *of, const char *tenant)
{
	jsonw_str(json, "id", id);
	jsonw_str(json, "call_id", rest_text(of, "call_id"));
	rest_time(json, "first", number(of, "first"));
	rest_time(json, "last", number(of, "last"));
	jsonw_uint(json, "messages_kept", number(of, "messages"));
	jsonw_uint(json, "messages_cut", number(of, "cut"));
	labels_write(json, of, tenant);
}

/* --- which there are ------------------------------------------------------------ */

static int by_last(const void *pa, const void *pb)
{
	const struct rest_known *a = pa, *b = pb;

	return a->last_ms > b->last_ms ? -1 : a->last_ms < b->last_ms;
}

/* [id, score, id, score ...] */
static void add(struct rest_knowns *knowns, unsigned shard,
		const struct redis_val *set)
{
	for (size_t i = 0; set->type == REDIS_ARRAY && i + 1 < set->len &&
			   knowns->n < COUNTOF(knowns->list);
	     i += 2) {
		struct rest_known *known = &knowns->list[knowns->n];

		if (set->el[i].type != REDIS_STR ||
		    set->el[i].len != TRACE_ID_LEN ||
		    !redis_num(&set->el[i + 1], &known->last_ms))
			continue;
		re_snprintf(known->id, sizeof(known->id), "%x%s", shard,
			    set->el[i].str);
		++knowns->n;
	}
}

/* Those of a label: each shard has its own, of which the last are looked at. */
bool rest_trace_by_label(struct rest_knowns *knowns, struct admin *admin,
			 struct admin_resp *resp, const char *label)
{
	const unsigned most = COUNTOF(knowns->list) / TRACE_SHARDS - 1;
	const struct redis_val *set;
	char key[REST_KEY_MAX], last[16];

	re_snprintf(last, sizeof(last), "%u", most);
	for (unsigned shard = 0; shard < TRACE_SHARDS; shard++) {
		re_snprintf(key, sizeof(key), "cb:{t:%x}:by:%s", shard, label);
		if (!rest_ask(&set, admin, resp, "ZREVRANGE", key, "0", last,
			      "WITHSCORES", NULL))
			return false;
		add(knowns, shard, set);
	}
	qsort(knowns->list, knowns->n, sizeof(knowns->list[0]), by_last);
	return true;
}

/* An instance, or the Contact of one that has none. */
static uint32_t device_number(const char *name)
{
	const bool contact = !strncmp(name, "sip:", 4) ||
			     !strncmp(name, "sips:", 5);
	char device[REST_DEVICE_MAX + 1];

	re_snprintf(device, sizeof(device), contact ? "c:%s" : "i:%s:0", name);
	return rest_device_number(device);
}

static bool no_label(struct admin_resp *resp, const char *field,
		     const char *detail)
{
	admin_resp_field(resp, 400, field, detail);
	return false;
}

static bool label_of_call(char label[TRACE_LABEL_MAX + 1], const char *call,
			  struct admin_resp *resp)
{
	if (id_valid(call, strlen(call)) &&
	    re_snprintf(label, TRACE_LABEL_MAX + 1, "call:%s", call) > 0)
		return true;
	return no_label(resp, "call", "An id of 16 hexadecimal digits.");
}

bool rest_trace_label(char label[TRACE_LABEL_MAX + 1],
		      const struct admin_req *req, struct admin_resp *resp,
		      const char *whose)
{
	const char *call = admin_req_query(req, "call");
	const char *tenant = rest_tenant_asked(req);
	const char *user = admin_req_query(req, "user");
	const char *conn = admin_req_query(req, "connection");
	const char *device = admin_req_query(req, "device");
	struct pl t, name;
	bool fits;

	if (call)
		return label_of_call(label, call, resp);
	if (!tenant || !user == !conn)
		return no_label(resp, !tenant ? "tenant"
				      : conn  ? "connection"
					      : "user",
				whose);
	pl_set_str(&t, tenant);
	pl_set_str(&name, user ? user : conn);
	if (user && device)
		fits = trace_device_label(label, tenant, &name,
					  device_number(device));
	else
		fits = re_snprintf(label, TRACE_LABEL_MAX + 1, "t:%H/%c:%H",
				   redis_key_part, &t, user ? 'u' : 'c',
				   redis_key_part, &name) > 0;
	return fits || no_label(resp, user ? "user" : "connection",
				"The name is too long.");
}
