/*
 * sigd_audit.c  Who changed what by REST, and who guesses tokens
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "common/admin.h"
#include "common/countof.h"
#include "common/log.h"
#include "sigd/guard/alarm.h"
#include "sigd/sigd_audit.h"

enum {
	PATH_MAX_LEN = 512, /* of what is told; it has 1,024 at most */
};

static void tell(struct admin *admin, const struct redis_arg *argv, size_t argc)
{
	const struct redis_val *val;

	/* the log has it already */
	(void)redis_sync_send(admin_redis(admin), argv, argc, &val);
}

void sigd_audit_change(const struct admin_change *change, struct admin *admin)
{
	char source[64], status[8], path[PATH_MAX_LEN];

	re_snprintf(source, sizeof(source), "%j", change->source);
	re_snprintf(status, sizeof(status), "%u", change->status);
	str_ncpy(path, change->path, sizeof(path));
	log_info(NULL,
		 change->status < 400 ? "changed by REST" : "refused by REST",
		 "by=%s method=%s path=%s status=%s source=%s", change->by,
		 change->method, path, status, source);

	const struct redis_arg argv[] = {
		redis_str("XADD"),
		redis_str("cb:news"),
		redis_str("MAXLEN"),
		redis_str("~"),
		redis_str("100000"),
		redis_str("*"),
		redis_str("type"),
		redis_str("audit.change"),
		redis_str("tenant"),
		redis_str(change->tenant ? change->tenant : ""),
		redis_str("by"),
		redis_str(change->by),
		redis_str("method"),
		redis_str(change->method),
		redis_str("path"),
		redis_str(path),
		redis_str("status"),
		redis_str(status),
		redis_str("source"),
		redis_str(source)};

	tell(admin, argv, COUNTOF(argv));
}

void sigd_audit_guess(const struct sa *source, struct admin *admin)
{
	char text[64];

	re_snprintf(text, sizeof(text), "%j", source);
	log_warn(NULL, "alarm", "kind=%s source=%s why=tokens of REST",
		 alarm_name(ALARM_GUESSING), text);

	const struct redis_arg argv[] = {
		redis_str("XADD"),   redis_str("cb:alarms"),
		redis_str("MAXLEN"), redis_str("~"),
		redis_str("1000"),   redis_str("*"),
		redis_str("kind"),   redis_str(alarm_name(ALARM_GUESSING)),
		redis_str("worker"), redis_str("admin"),
		redis_str("tenant"), redis_str(""),
		redis_str("name"),   redis_str(""),
		redis_str("source"), redis_str(text),
		redis_str("why"),    redis_str("tokens of REST")};

	tell(admin, argv, COUNTOF(argv));
}
