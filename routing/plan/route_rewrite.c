/*
 * route_rewrite.c  As what a request goes on: numbers, name, headers
 *
 * What a pattern captures is somebody else's text and may hold any byte. It
 * goes into headers, so a byte that ends a line, or would be seen by nobody,
 * lets the whole request fail.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <re.h>

#include "routing/plan/route_walk.h"
#include "routing/route_priv.h"

/* --- load --------------------------------------------------------------------- */

static int check(struct route_rule_load *load, const struct route_cond *cond,
		 const struct cfg_pos *pos, const char *key, const char *text)
{
	bool fixed;

	return text ? route_rule_template(load, cond, pos, key, text, &fixed)
		    : 0;
}

int route_rewrite_load(struct route_rule_load *load,
		       const struct route_rule *rule)
{
	const struct route_rewrite *rw = rule->rewrite;
	const struct route_header_edits *headers = rw ? rw->headers : NULL;
	int err = 0;

	if (!rw)
		return 0;
	if (rw->callee)
		err |= check(load, rule->callee, &rw->pos, "callee",
			     rw->callee->set);
	if (rw->caller)
		err |= check(load, rule->caller, &rw->pos, "caller",
			     rw->caller->set);
	err |= check(load, rule->caller, &rw->pos, "display", rw->display);
	for (uint32_t i = 0; headers && i < headers->nadd; i++)
		err |= check(load, rule->callee, &headers->pos,
			     headers->add[i].name, headers->add[i].value);
	return err ? EINVAL : 0;
}

/* --- texts -------------------------------------------------------------------- */

/* It can stand in a header, and people can see it. */
static bool is_sayable(const struct pl *text)
{
	for (size_t i = 0; i < text->l; i++) {
		if ((uint8_t)text->p[i] < ' ' || text->p[i] == 0x7f)
			return false;
	}
	return true;
}

static int write_text(struct route_walk *walk, struct pl *out,
		      const char *text, const struct route_captures *captures)
{
	int err = route_walk_write(walk, out, text, captures, false);

	return err ? err : is_sayable(out) ? 0 : EBADMSG;
}

/* --- numbers ------------------------------------------------------------------ */

static void shorten(struct pl *number, const struct route_renumber *re)
{
	const size_t len = re->strip ? strlen(re->strip) : 0;

	if (len && number->l >= len && !memcmp(number->p, re->strip, len))
		pl_advance(number, (ssize_t)len);
	pl_advance(number, (ssize_t)min((size_t)re->cut, number->l));
}

static int lengthen(struct route_walk *walk, struct pl *number,
		    const char *front)
{
	struct pl head, tail;
	int err;

	pl_set_str(&head, front);
	err = route_walk_keep(walk, &head, &head);
	err = err ? err : route_walk_keep(walk, &tail, number);
	/* they stand behind each other */
	*number = (struct pl){head.p, head.l + number->l};
	return err;
}

/* As the tenant's people would write it, or the world. */
static int reform(struct route_walk *walk, struct pl *number,
		  const struct route_renumber *re)
{
	const struct route_input *in = &walk->input;
	const struct dialing *dialing = in->tenant->dialing;
	struct route_engine *engine = in->table->engine;
	char text[TELNUM_MAX + 1];
	struct number read;
	struct pl pl;
	int err;

	number_read(&read, dialing, engine, number);
	if (!read.e164[0])
		return 0;
	err = number_write(text, sizeof(text), dialing, engine, read.e164,
			   (enum number_form)(re->form - 1));
	pl_set_str(&pl, text);
	return err ? err : route_walk_keep(walk, number, &pl);
}

static int renumber(struct route_walk *walk, struct pl *number,
		    const struct route_renumber *re,
		    const struct route_captures *captures)
{
	int err = 0;

	if (!re)
		return 0;
	walk->rewritten = true;
	if (re->set)
		err = route_walk_write(walk, number, re->set, captures, false);
	if (err)
		return err;
	shorten(number, re);
	if (re->add)
		err = lengthen(walk, number, re->add);
	if (re->form && !err)
		err = reform(walk, number, re);
	if (err || number->l > ROUTE_NUMBER_MAX)
		return EOVERFLOW;
	return number->l && is_sayable(number) ? 0 : EBADMSG;
}

/* --- headers ------------------------------------------------------------------ */

/* What a rule before has added. */
static void forget(struct route_plan *plan, const char *name)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < plan->nheaders; i++) {
		const struct route_header *header = &plan->headers[i];

		if (strcasecmp(header->name, name))
			plan->headers[kept++] = *header;
	}
	plan->nheaders = kept;
}

static struct route_header *add_header(struct route_plan *plan,
				       const char *name)
{
	struct route_header *header = &plan->headers[plan->nheaders];

	if (plan->nheaders >= ROUTE_HEADERS_MAX)
		return NULL;
	++plan->nheaders;
	*header = (struct route_header){.name = name};
	return header;
}

static int edit_headers(struct route_walk *walk,
			const struct route_header_edits *edits,
			const struct route_captures *captures)
{
	struct route_header *header;
	int err = 0;

	for (uint32_t i = 0; edits && i < edits->nremove; i++) {
		forget(walk->plan, edits->remove[i]);
		if (!add_header(walk->plan, edits->remove[i]))
			return EOVERFLOW;
	}
	for (uint32_t i = 0; edits && i < edits->nadd && !err; i++) {
		header = add_header(walk->plan, edits->add[i].name);
		err = header ? write_text(walk, &header->value,
					  edits->add[i].value, captures)
			     : EOVERFLOW;
	}
	walk->rewritten |= edits != NULL;
	return err;
}

/* --- the whole ------------------------------------------------------------------ */

int route_rewrite_do(struct route_walk *walk, const struct route_rule *rule)
{
	const struct route_rewrite *rw = rule->rewrite;
	struct route_input *in = &walk->input;
	int err;

	if (!rw)
		return 0;
	if (rw->caller_id) {
		walk->caller_id = rw->caller_id;
		walk->rewritten = true;
	}
	err = edit_headers(walk, rw->headers, &in->in_callee);
	if (!err && rw->display) {
		err = write_text(walk, &walk->display, rw->display,
				 &in->in_caller);
		walk->rewritten = true;
	}
	err = err ? err
		  : renumber(walk, &in->caller, rw->caller, &in->in_caller);
	walk->caller_set |= rw->caller != NULL;
	/* last: what was captured may be of the number before */
	return err ? err
		   : renumber(walk, &in->callee, rw->callee, &in->in_callee);
}

const struct route_form *route_rewrite_form(struct route_walk *walk)
{
	struct route_plan *plan = walk->plan;
	struct route_form *form = &plan->forms[plan->nforms];

	if (!walk->rewritten || plan->nforms >= ROUTE_FORMS_MAX)
		return NULL;
	++plan->nforms;
	*form = (struct route_form){.callee = walk->input.callee,
				    .caller = walk->input.caller,
				    .caller_set = walk->caller_set,
				    .display = walk->display,
				    .caller_id = walk->caller_id,
				    .headers = plan->headers,
				    .nheaders = plan->nheaders};
	return form;
}
