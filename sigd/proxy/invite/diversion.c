/*
 * diversion.c  Who has sent a call elsewhere, told to who gets it
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "sigd/proxy/invite/diversion.h"
#include "sigd/sip/suri.h"

enum { INDEX_MAX = 64, COUNTED_MAX = 100 };

unsigned diversions_before(const struct smsg *msg)
{
	struct shdr_addr addr;
	struct smsg_iter it;
	unsigned sum = 0;

	smsg_iter_init(&it, msg, SHDR_DIVERSION);
	for (unsigned i = 0; i < COUNTED_MAX && !smsg_iter_addr(&it, &addr);
	     i++) {
		uint32_t count = 1;
		struct pl val;

		/* RFC 5806 6: one value may stand for several */
		if (!shdr_param(&addr.params, "counter", &val) ||
		    shdr_number(&count, &val, COUNTED_MAX) || !count)
			count = 1;
		sum += count;
	}
	return sum;
}

/* RFC 5806: what a 302 of a phone is. */
static const char *reason_of(uint16_t code)
{
	return code == 302 ? "deflection" : "unconditional";
}

static void diversion_edit(struct smsg_edit *ed, const struct diversions *done,
			   const char *domain)
{
	for (unsigned i = 0; i < done->n; i++) {
		struct pl by, text;

		pl_set_str(&by, done->list[i].by);
		text = smsg_edit_text(ed, "<sip:%H@%s>;reason=%s;counter=1",
				      suri_print_user, &by, domain,
				      reason_of(done->list[i].code));
		/* the latest one stands first */
		smsg_edit_push(ed, SHDR_DIVERSION, &text);
	}
}

static bool is_index(const struct pl *val)
{
	for (size_t i = 0; i < val->l; i++) {
		if (val->p[i] != '.' && (val->p[i] < '0' || val->p[i] > '9'))
			return false;
	}
	return val->l != 0;
}

/* RFC 7044 10.3: below the last entry there is, whose index is dotted numbers;
 * false: one that makes no sense. */
static bool index_begin(char index[INDEX_MAX], const struct smsg *msg)
{
	struct pl text = pl_null, val;
	struct shdr_addr last;
	struct smsg_iter it;

	smsg_iter_init(&it, msg, SHDR_HISTORY_INFO);
	while (!smsg_iter_value(&it, &val))
		text = val;
	if (!text.p) {
		str_ncpy(index, "1", INDEX_MAX);
		return true;
	}
	if (shdr_addr_decode(&last, &text) ||
	    !shdr_param(&last.params, "index", &val) || !is_index(&val))
		return false;
	return re_snprintf(index, INDEX_MAX, "%r.1", &val) > 0;
}

static void history_add(struct smsg_edit *ed, const struct pl *user,
			const char *domain, uint16_t cause, const char *rest)
{
	struct pl text;

	if (cause)
		text = smsg_edit_text(
			ed, "<sip:%H@%s?Reason=SIP%%3Bcause%%3D%u>;%s",
			suri_print_user, user, domain, cause, rest);
	else
		text = smsg_edit_text(ed, "<sip:%H@%s>;%s", suri_print_user,
				      user, domain, rest);
	smsg_edit_add(ed, SHDR_HISTORY_INFO, &text);
}

/* Who was asked, and where each has sent it: an entry for each, the next below
 * the one that it is of ("mp": mapped to another user). */
static void history_edit(struct smsg_edit *ed, const struct diversions *done,
			 const char *domain, bool kept)
{
	char index[INDEX_MAX], rest[2 * INDEX_MAX], from[INDEX_MAX] = "";
	const struct smsg *msg = ed->msg;

	if (!kept)
		str_ncpy(index, "1", sizeof(index));
	else if (!index_begin(index, msg))
		return;
	for (unsigned i = 0; i <= done->n; i++) {
		const char *user = i < done->n ? done->list[i].by
					       : done->list[i - 1].to;
		struct pl pl;

		pl_set_str(&pl, user);
		re_snprintf(rest, sizeof(rest), "index=%s%s%s", index,
			    from[0] ? ";mp=" : "", from);
		history_add(ed, &pl, domain,
			    i < done->n ? done->list[i].code : 0, rest);
		str_ncpy(from, index, sizeof(from));
		if (re_snprintf(index, sizeof(index), "%s.1", from) < 0)
			return;
	}
}

void diversions_edit(struct smsg_edit *ed, const struct diversions *done,
		     const char *domain, bool kept)
{
	if (!done || !done->n || !domain)
		return;
	diversion_edit(ed, done, domain);
	history_edit(ed, done, domain, kept);
}
