/*
 * cordctl_explain.c  cordctl route explain: where would this request go, and
 *                    why
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <re.h>

#include "routing/route_check.h"
#include "sigd/cordctl/cordctl_api.h"

static int print_json(const struct route_table *table,
		      const struct route_query *query)
{
	struct route_plan *plan = mem_zalloc(sizeof(*plan), NULL);
	struct mbuf *mb = mbuf_alloc(4096);
	int err = plan && mb ? route_decide_json(mb, table, query, plan)
			     : ENOMEM;

	if (!err)
		(void)re_printf("%b\n", mb->buf, mb->end);
	mem_deref(mb);
	mem_deref(plan);
	return err;
}

static int explain(const struct route_table *table,
		   const struct cordctl_opts *opts, struct cfg_errors *errs)
{
	struct route_ask_cfg *ask = NULL;
	struct route_query query;
	int err = route_ask_parse(&ask, "question", (char *)opts->ask->buf,
				  opts->ask->end, errs);

	err = err ? err : route_ask_query(&query, &ask->ask, table, NULL, errs);
	if (!err && opts->json)
		err = print_json(table, &query);
	else if (!err)
		err = cordctl_ladder(table, &query, opts->colour);
	mem_deref(ask);
	return err;
}

int cordctl_explain(const struct cordctl_opts *opts)
{
	struct cfg_errors *errs = NULL;
	struct route_table *table;
	const struct cordctl_remote remote = {.url = opts->url,
					      .token_file = opts->token_file,
					      .ca = opts->ca,
					      .json = opts->json};
	int code, err;

	if (opts->api && opts->ask->end)
		return cordctl_remote_explain(&remote, opts->ask);
	if (opts->nfiles != 1 || !opts->ask->end) {
		(void)re_fprintf(stderr, "cordctl: explain needs one FILE, and "
					 "--callee NUMBER\n");
		return CORDCTL_USAGE;
	}
	table = cordctl_load(opts->files[0], &code);
	if (!table)
		return code;
	err = cfg_errors_alloc(&errs);
	err = err ? err : explain(table, opts, errs);
	cordctl_say(errs);
	mem_deref(errs);
	mem_deref(table);
	return err == ENOMEM ? CORDCTL_SYSTEM : err ? CORDCTL_WRONG : 0;
}
