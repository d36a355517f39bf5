/*
 * fuzz_route.c  A routing table and questions to it
 *
 * The input is a routing.yaml up to a line "%%%", then lines
 * "method caller callee". Without one the table is a fixed one and all of
 * the input is questions.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>
#include <re.h>

#include "routing/route.h"
#include "routing/route_conn.h"
#include "tests/lib/fuzz.h"

static const char fixed[] =
	"tenants:\n"
	"  demo:\n"
	"    domains: [\"*\", a.example, \"[::1]\"]\n"
	"    realm: demo\n"
	"    users: {alice: {password: a}, u301: {password: b}}\n"
	"    routes:\n"
	"      - {name: a, match: {callee: 'echo|\\*43'}, to: {service: "
	"echo}}\n"
	"      - {name: b, match: {callee: '(a+)+$'}, to: {service: tone}}\n"
	"      - {name: c, match: {callee: '7(.*)', caller: '[^x]*'}, to: "
	"{user: \"u${1}\"}}\n"
	"      - {name: d, match: {method: [INVITE, INFO]}, to: {reject: "
	"{}}}\n";

/* The next word of a line; the last takes the rest. */
static struct pl word(struct pl *line, char end)
{
	const char *stop = line->l ? memchr(line->p, end, line->l) : NULL;
	struct pl part = {line->p, stop ? (size_t)(stop - line->p) : line->l};

	pl_advance(line, (ssize_t)(part.l + (stop ? 1 : 0)));
	return part;
}

static void check_target(const struct route_target *target)
{
	switch (target->kind) {
	case ROUTE_TO_USER:
		if (!target->user || !target->user->name)
			abort();
		break;
	case ROUTE_TO_SERVICE:
		if (!strcmp(route_service_name(target->service), "none"))
			abort();
		break;
	case ROUTE_TO_REJECT:
		if (target->code < 400 || target->code > 699 || !target->phrase)
			abort();
		break;
	case ROUTE_TO_REDIRECT:
		if (target->code < 300 || target->code > 399 ||
		    !pl_isset(&target->uri))
			abort();
		break;
	case ROUTE_TO_CONNECTION:
		if (!target->connection || !target->connection->name)
			abort();
		break;
	}
}

/* The method's bytes are also an address. */
static const struct route_connection *sender(const struct route_table *table,
					     const struct route_tenant *tenant,
					     const struct pl *bytes)
{
	const struct route_connection *conn;
	struct route_origin origin = {.tenant = tenant};
	uint8_t addr[16] = {0};
	struct sa sa;

	memcpy(addr, bytes->p, min(bytes->l, sizeof(addr)));
	if (bytes->l < sizeof(addr))
		sa_set_in(&sa, (uint32_t)addr[0] << 24 | addr[1], addr[2]);
	else
		sa_set_in6(&sa, addr, 5060);
	origin.addr = &sa;
	conn = route_connection_by_source(table, &origin);
	if (conn && conn->tenant != tenant)
		abort();
	return conn;
}

static void on_note(const struct route_note *note, void *arg)
{
	unsigned *notes = arg;

	if (!note->tenant)
		abort();
	++*notes;
}

/* One whom the file does not know is each plan's own. */
static bool same_user(const struct route_user *a, const struct route_user *b)
{
	return a == b || (a && b && !strcmp(a->name, b->name));
}

/* With a look at every rule it is the same plan, and each of its steps is
 * told. */
static void ask_slowly(const struct route_table *table,
		       const struct route_query *query,
		       const struct route_plan *fast)
{
	struct route_query noted = *query;
	struct route_plan slow;
	unsigned notes = 0;

	noted.noteh = on_note;
	noted.arg = &notes;
	if (route_decide(table, &noted, &slow) ||
	    slow.rule != fast->rule || slow.ntargets != fast->ntargets ||
	    slow.nleft != fast->nleft || notes != slow.considered ||
	    slow.considered < fast->considered)
		abort();
	for (unsigned i = 0; i < slow.ntargets; i++) {
		const struct route_target *a = &fast->targets[i];
		const struct route_target *b = &slow.targets[i];

		if (a->kind != b->kind || !same_user(a->user, b->user) ||
		    a->connection != b->connection || a->code != b->code ||
		    a->tenant != b->tenant || !a->form != !b->form ||
		    (a->form && pl_cmp(&a->form->callee, &b->form->callee)))
			abort();
	}
}

static void ask(const struct route_table *table, struct pl line)
{
	struct route_query query = {.now = 1795025100};
	struct route_plan plan;
	char *text = NULL;
	struct sa source;

	query.method = word(&line, ' ');
	query.caller = word(&line, ' ');
	query.callee = line;
	/* bytes of the caller are also where it comes from */
	sa_set_in(&source, 0xc0000200u | (query.caller.l & 0xff), 5060);
	query.source = query.caller.l ? &source : NULL;
	query.tenant = route_tenant_by_domain(table, &query.caller);
	if (!query.tenant)
		query.tenant = route_tenant_at(table, 0);
	query.from = sender(table, query.tenant, &query.method);
	if (route_decide(table, &query, &plan) != (query.tenant ? 0 : EINVAL))
		abort();
	if (!plan.ntargets || plan.ntargets > ROUTE_TARGETS_MAX)
		abort();
	if (query.tenant)
		ask_slowly(table, &query, &plan);
	for (unsigned i = 0; i < plan.ntargets; i++)
		check_target(&plan.targets[i]);
	if (re_sdprintf(&text, "%H%H", route_plan_explain, &plan,
			route_plan_json, &plan))
		abort();
	mem_deref(text);
}

static void use_table(const struct route_table *table, struct pl rest)
{
	struct cfg_view view = route_table_view(table);
	char *text = NULL;
	unsigned asked = 0;

	if (re_sdprintf(&text, "%H", cfg_print, &view))
		abort();
	mem_deref(text);
	while (rest.l && asked++ < 20)
		ask(table, word(&rest, '\n'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pl rest = {(const char *)data, size};
	const char *cut = size ? memmem(data, size, "\n%%%\n", 5) : NULL;
	struct route_table *table = NULL;
	struct cfg_errors *errs = NULL;
	int err;

	if (cfg_errors_alloc(&errs))
		return 0;
	if (cut) {
		size_t len = (size_t)(cut + 1 - rest.p);

		err = route_table_parse(&table, "f", rest.p, len, errs);
		pl_advance(&rest, (ssize_t)len + 4);
	} else {
		err = route_table_parse(&table, "f", fixed, strlen(fixed),
					errs);
	}
	if (!err != !cfg_errors_count(errs) || !err != !!table)
		abort();
	if (!err)
		use_table(table, rest);
	mem_deref(table);
	mem_deref(errs);
	return 0;
}
