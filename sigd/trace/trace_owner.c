/*
 * trace_owner.c  Whose a message of a trace is, when several tenants have used
 *                its Call-ID
 *
 * SPDX-License-Identifier: MIT
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "sigd/trace/trace_msg.h"
#include "sigd/trace/trace_owner.h"

uint32_t trace_tag_hash(const struct pl *tag)
{
	const uint32_t hash = hash_joaat((const uint8_t *)tag->p, tag->l);

	return hash ? hash : 1;
}

bool trace_owner_is(const char *value, const char *tenant)
{
	const size_t len = strlen(tenant);

	for (const char *p = strchr(value, ' '); p && len;
	     p = strchr(p + 1, ' ')) {
		if (!strncmp(p + 1, tenant, len) &&
		    (!p[1 + len] || p[1 + len] == ' '))
			return true;
	}
	return false;
}

void trace_owners_add(struct trace_owners *owners, const char *field,
		      const char *value, const char *tenant)
{
	const bool his = trace_owner_is(value, tenant);
	char *end;
	unsigned long tag, nr;

	if (strncmp(field, "of.", 3))
		return;
	tag = strtoul(field + 3, &end, 16);
	nr = strtoul(value, NULL, 10);
	if (*end || tag > UINT32_MAX || nr > TRACE_DIALOGS_MAX)
		return;
	owners->shared |= !his;
	if (owners->n == TRACE_DIALOGS_MAX)
		return;
	owners->dialogs[owners->n].tag = (uint32_t)tag;
	owners->dialogs[owners->n].nr = (unsigned)nr;
	owners->dialogs[owners->n++].his = his;
}

bool trace_owners_may_read(const struct trace_owners *owners,
			   const struct pl *message)
{
	struct pl tags[2];
	uint32_t hash[2];
	unsigned first = UINT_MAX;
	bool his = false;

	if (!owners->shared)
		return true;
	trace_tags(&tags[0], &tags[1], message->p, message->l);
	for (unsigned i = 0; i < 2; i++)
		hash[i] = tags[i].l ? trace_tag_hash(&tags[i]) : 0;
	for (unsigned i = 0; i < owners->n; i++) {
		const uint32_t tag = owners->dialogs[i].tag;

		if ((tag != hash[0] && tag != hash[1]) ||
		    owners->dialogs[i].nr >= first)
			continue;
		first = owners->dialogs[i].nr;
		his = owners->dialogs[i].his;
	}
	return his;
}
