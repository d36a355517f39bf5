/*
 * invite_why.c  Why a call goes where it goes, kept with its record
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "routing/route.h"
#include "sigd/call/call_record.h"
#include "sigd/proxy/invite/invite_why.h"

void invite_why(char why[CALL_WHY_MAX + 1], const struct route_plan *plan)
{
	static const char cut[] = "  ...\n";
	char *text = NULL, *rest, *line;
	size_t head;

	*why = '\0';
	if (re_sdprintf(&text, "%H", route_plan_explain, plan))
		return;
	/* the question and the result count more than who was passed by
	 * first: lines behind the first one are left out */
	line = strchr(text, '\n');
	rest = line ? line + 1 : text;
	head = (size_t)(rest - text);
	if (strlen(text) > CALL_WHY_MAX && head + sizeof(cut) < CALL_WHY_MAX) {
		while (rest && head + strlen(cut) + strlen(rest) >
				       CALL_WHY_MAX) {
			rest = strchr(rest, '\n');
			rest = rest ? rest + 1 : NULL;
		}
		(void)re_snprintf(why, CALL_WHY_MAX + 1, "%b%s%s", text, head,
				  cut, rest ? rest : "");
	} else {
		str_ncpy(why, text, CALL_WHY_MAX + 1);
	}
	mem_deref(text);
}
