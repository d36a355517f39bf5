/*
 * trace_owner.h  Whose a message of a trace is, when several tenants have used
 *                its Call-ID
 *
 * Who calls chooses the Call-ID, and may choose one that he has seen. So the
 * dialogs of a trace have owners: who was let in with the tag of a From first
 * (it began the dialog), and whoever that one called. A message is theirs whose
 * dialog was begun first, of those that its tags name; what is of no dialog
 * that anybody was let in with is nobody's, unless the trace has one owner
 * alone. Fields of cb:{t:<x>}:of:<id>: `of.<hash of the tag>`, "<which it was>
 * <tenant> [<tenant> ..]".
 *
 * Pure.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_TRACE_TRACE_OWNER_H
#define SIGD_TRACE_TRACE_OWNER_H

#include <stdbool.h>
#include <stdint.h>
#include <re.h>

/* Of a trace; who comes later owns nothing. Of a tenant less (trace_store.c). */
enum { TRACE_DIALOGS_MAX = 256 };

/* What a tenant may read of a trace. Plain data; zero to begin. */
struct trace_owners {
	bool shared; /* not all of it is his */
	unsigned n;
	struct {
		uint32_t tag;
		unsigned nr; /* which it was */
		bool his;
	} dialogs[TRACE_DIALOGS_MAX];
};

/* Of a field and its value; others are passed over. */
void trace_owners_add(struct trace_owners *owners, const char *field,
		      const char *value, const char *tenant);
bool trace_owners_may_read(const struct trace_owners *owners,
			   const struct pl *message);
/* Is this tenant in the value? */
bool trace_owner_is(const char *value, const char *tenant);

/* Never 0. */
uint32_t trace_tag_hash(const struct pl *tag);

#endif
