/*
 * limit_note.c  Somebody has reached a limit of calls: said once in a while
 *
 * SPDX-License-Identifier: MIT
 */
#include "sigd/guard/alarm.h"
#include "sigd/proxy/limit_note.h"

void limit_note(struct proxy *px, enum status code, const char *tenant,
		const char *name)
{
	struct alarm_about about = {.why = PL("all its calls are there")};

	if (code != STATUS_CALL_LIMIT && code != STATUS_RATE_LIMITED)
		return;
	pl_set_str(&about.tenant, tenant);
	if (name)
		pl_set_str(&about.name, name);
	if (code == STATUS_RATE_LIMITED)
		pl_set_str(&about.why, "more calls a second than it may");
	alarm_note(px->alarms,
		   code == STATUS_CALL_LIMIT ? ALARM_CALL_LIMIT
					     : ALARM_CALL_RATE, &about);
}
