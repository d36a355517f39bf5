/*
 * call_facts_priv.h  The facts of a call, for the files that find them
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_ADMIN_CALL_FACTS_PRIV_H
#define SIGD_ADMIN_CALL_FACTS_PRIV_H

#include "sigd/admin/call_facts.h"

/* One entry of the log. */
struct told {
	struct call_facts *facts;
	const struct call_log_entry *entry;
	uint64_t ms;
};

/* --- call_facts.c --- */

/* "" when absent. */
void facts_text(char *out, size_t size, const struct pl *data,
		const char *name);
/* Left as it was when absent. */
void facts_text_if(char *out, size_t size, const struct pl *data,
		   const char *name);
/* 0 when absent. */
uint64_t facts_number(const struct pl *data, const char *name);
bool facts_says(const struct pl *data, const char *name, const char *value);

/* --- call_facts_media.c --- */

void facts_media(const struct told *told);
void facts_leg_end(struct call_facts *facts, size_t nr, uint64_t end_ms);

#endif
