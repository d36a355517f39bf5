/*
 * rest_registrations.c  GET /v1/registrations: which devices can be reached
 *
 *   ?tenant=T            those of a tenant, by pages
 *   ?tenant=T&user=U     those of one user
 *   ?search=, ?device=, ?address=, ?agent=   of these
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>

#include "sigd/admin/rest_registrations.h"
#include "sigd/transport/flow.h"

enum {
	STEPS_MAX = 200, /* of SCAN, for one answer */
	LOOKS_MAX = 1000, /* users, ... */
	DEVICES_MAX = 64, /* of a user */
	ADDRESS_MAX = 64,
};

/* Parts of what it has to have; NULL: anything. Borrowed texts. */
struct filter {
	const char *search, *device, *address, *agent;
};

struct device {
	uint64_t at;
	const struct redis_val *name, *val;
};

/* An answer while it is written. */
struct page {
	struct rest_reg_walk walk;
	struct filter filter;
	struct jsonw json;
	size_t limit, n, looks;
	uint64_t next[4];
	bool more;
};

/* --- one device ------------------------------------------------------------------- */

static void address_of(char text[ADDRESS_MAX], const struct binding *binding)
{
	if (!sa_isset(&binding->remote, SA_ALL) ||
	    re_snprintf(text, ADDRESS_MAX, "%J", &binding->remote) < 0)
		text[0] = '\0';
}

static bool fits(const struct filter *filter, const struct binding *binding,
		 const char *user, const char *device)
{
	char address[ADDRESS_MAX];

	address_of(address, binding);
	return rest_list_has(device, filter->device) &&
	       rest_list_has(address, filter->address) &&
	       rest_list_has(binding->agent, filter->agent) &&
	       (rest_list_has(user, filter->search) ||
		rest_list_has(device, filter->search) ||
		rest_list_has(binding->contact, filter->search) ||
		rest_list_has(address, filter->search) ||
		rest_list_has(binding->agent, filter->search));
}

static void write(struct jsonw *json, const char *user, const char *device,
		  const struct binding *binding)
{
	char text[FLOW_TEXT_MAX + 1], address[ADDRESS_MAX];
	struct flow_id flow;

	address_of(address, binding);
	jsonw_object(json, NULL);
	jsonw_str(json, "user", user);
	jsonw_str(json, "device", device);
	jsonw_str(json, "contact", binding->contact);
	jsonw_str(json, "address", address[0] ? address : NULL);
	jsonw_str(json, "agent", binding->agent);
	jsonw_fixed(json, "q", binding->q, 3);
	rest_time(json, "expires", binding->ends_ms);
	if (!flow_id_unpack(&flow, binding->flow, binding->flow_len))
		jsonw_str(json, "flow", flow_id_text(text, &flow));
	jsonw_end(json);
}

/* False: the page is full. */
static bool device_take(struct page *page, const char *user, uint64_t key,
			const struct device *device)
{
	const char *name = device->name->str;
	const struct pl line = {device->val->str, device->val->len};
	struct binding binding;

	/* what has ended is there until its user asks again */
	if (binding_parse(&binding, &line) ||
	    binding.ends_ms <= rest_now_ms() ||
	    !fits(&page->filter, &binding, user, name))
		return true;
	page->more = page->n == page->limit;
	if (page->more)
		return false;
	write(&page->json, user, name, &binding);
	++page->n;
	page->next[2] = key;
	page->next[3] = device->at;
	return true;
}

/* --- one user --------------------------------------------------------------------- */

static int by_at(const void *pa, const void *pb)
{
	const struct device *a = pa, *b = pb;

	return a->at < b->at ? -1 : a->at > b->at;
}

static size_t devices_read(struct device devices[DEVICES_MAX],
			   const struct redis_val *flat, uint64_t behind)
{
	size_t n = 0;

	for (size_t i = 1; flat->type == REDIS_ARRAY && i < flat->len &&
			   n < DEVICES_MAX;
	     i += 2) {
		struct device *device = &devices[n];

		device->name = &flat->el[i - 1];
		device->val = &flat->el[i];
		if (device->name->type != REDIS_STR ||
		    device->val->type != REDIS_STR)
			continue;
		device->at = rest_reg_hash(device->name->str,
					   device->name->len);
		n += device->at > behind;
	}
	if (n)
		qsort(devices, n, sizeof(devices[0]), by_at);
	return n;
}

/* *full: no more may be told. False: resp is an error. */
static bool user_take(bool *full, struct page *page,
		      const struct rest_reg_key *key)
{
	const struct rest_reg_walk *walk = &page->walk;
	struct device devices[DEVICES_MAX];
	const char *slash = strchr(key->text, '/');
	const char *end = strrchr(key->text, '}');
	const struct redis_val *flat;
	char user[BINDING_KEY_MAX];
	struct pl part;
	size_t n;

	*full = false;
	if (!slash || !end || end < slash)
		return true;
	if (!rest_ask(&flat, walk->admin, walk->resp, "HGETALL", key->text,
		      NULL))
		return false;
	part = (struct pl){slash + 1, (size_t)(end - slash - 1)};
	rest_unescape(user, sizeof(user), &part);
	n = devices_read(devices, flat,
			 key->at == walk->key ? walk->device : 0);
	for (size_t i = 0; i < n && !*full; i++)
		*full = !device_take(page, user, key->at, &devices[i]);
	return true;
}

static bool of_user(struct page *page, const char *tenant, const char *user)
{
	struct rest_reg_key key = {.at = 1};
	struct pl t, u;
	bool full;

	pl_set_str(&t, tenant);
	pl_set_str(&u, user);
	page->limit = SIZE_MAX;
	if (!binding_key(key.text, sizeof(key.text), &t, &u, "bind"))
		return user_take(&full, page, &key);
	admin_resp_field(page->walk.resp, 400, "user",
			 "The name is too long.");
	return false;
}

/* --- all of a tenant --------------------------------------------------------------- */

/* What is told of the step that is at hand. False: resp is an error. */
static bool step_take(bool *full, struct page *page)
{
	struct rest_reg_walk *walk = &page->walk;

	memcpy(page->next, (uint64_t[]){walk->from, walk->to, walk->key,
					walk->device}, sizeof(page->next));
	*full = false;
	for (size_t i = 0; i < walk->n && !*full; i++) {
		if (!user_take(full, page, &walk->keys[i]))
			return false;
		if (*full || ++page->looks < LOOKS_MAX)
			continue;
		page->next[2] = walk->keys[i].at;
		page->next[3] = UINT64_MAX;
		page->more = *full = true;
	}
	return true;
}

/* False: resp is an error. */
static bool of_tenant(struct page *page)
{
	struct rest_reg_walk *walk = &page->walk;
	bool full = false;

	for (unsigned i = 0; !full; i++) {
		if (i == STEPS_MAX) {
			memcpy(page->next, (uint64_t[]){walk->from, 0, 0, 0},
			       sizeof(page->next));
			page->more = true;
			break;
		}
		if (!rest_reg_walk_step(walk) || !step_take(&full, page))
			return false;
		if (!full && !rest_reg_walk_next(walk))
			break;
	}
	return true;
}

void rest_registrations(const struct admin_req *req, struct admin_resp *resp,
			void *arg)
{
	const char *tenant = rest_tenant_asked(req);
	const char *user = admin_req_query(req, "user");
	struct page page = {
		.walk = {.admin = arg, .resp = resp},
		.filter = {.search = admin_req_query(req, "search"),
			   .device = admin_req_query(req, "device"),
			   .address = admin_req_query(req, "address"),
			   .agent = admin_req_query(req, "agent")}};
	bool ok;

	if (!tenant || !tenant[0]) {
		admin_resp_field(resp, 400, "tenant", "It is missing.");
		return;
	}
	if (!rest_tenant(arg, tenant)) {
		admin_resp_problem(resp, 404, "There is no such tenant.");
		return;
	}
	ok = rest_limit(&page.limit, req, resp) &&
	     rest_reg_walk_begin(&page.walk, tenant,
				 admin_req_query(req, "cursor"));
	if (ok) {
		jsonw_init(&page.json, resp->mb);
		jsonw_object(&page.json, NULL);
		jsonw_str(&page.json, "tenant", tenant);
		jsonw_array(&page.json, "registrations");
		ok = user ? of_user(&page, tenant, user) : of_tenant(&page);
	}
	mem_deref(page.walk.keys);
	if (!ok)
		return;
	jsonw_end(&page.json);
	rest_list_next(&page.json, page.next, 4, page.more);
	jsonw_end(&page.json);
	rest_done(&page.json, resp);
}
