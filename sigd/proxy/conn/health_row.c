/*
 * health_row.c  What is known of a connection's health, as text in Redis
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/pairs.h"
#include "common/redis_link.h"
#include "sigd/proxy/conn/health_row.h"

int health_row_print(char text[HEALTH_ROW_MAX], const struct health_row *row)
{
	struct pl by, why, whom;

	pl_set_str(&by, row->by);
	pl_set_str(&why, row->why);
	pl_set_str(&whom, row->whom);
	return re_snprintf(text, HEALTH_ROW_MAX,
			   "state=%s since=%llu until=%llu times=%u by=%H "
			   "why=%H for=%H",
			   route_state_name(row->state), row->since_ms,
			   row->until_ms, row->times, redis_key_part, &by,
			   redis_key_part, &why, redis_key_part, &whom) < 0
		       ? EOVERFLOW
		       : 0;
}

int health_row_parse(struct health_row *row, const struct pl *text)
{
	uint64_t times = 0;
	char state[16] = "";
	struct pl name;
	int err;

	memset(row, 0, sizeof(*row));
	err  = pairs_text(state, sizeof(state), text, "state");
	err |= pairs_num(&row->since_ms, text, "since", INT64_MAX);
	err |= pairs_num(&row->until_ms, text, "until", INT64_MAX);
	err |= pairs_num(&times, text, "times", UINT32_MAX);
	err |= pairs_text(row->by, sizeof(row->by), text, "by");
	err |= pairs_text(row->why, sizeof(row->why), text, "why");
	/* rows of before have none */
	if (pairs_text(row->whom, sizeof(row->whom), text, "for"))
		row->whom[0] = '\0';
	pl_set_str(&name, state);
	row->times = (uint32_t)times;
	return err || !route_state_parse(&row->state, &name) ? EBADMSG : 0;
}
