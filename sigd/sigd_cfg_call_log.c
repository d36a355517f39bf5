/*
 * sigd_cfg_call_log.c  conf/sigd.yaml: logs of calls
 *
 * SPDX-License-Identifier: MIT
 */
#include "common/call_log_store.h"
#include "sigd/sigd_cfg.h"

#define CALL_LOG(member) CFG_AT(struct sigd_call_log_cfg, member)
static const struct cfg_field call_log_fields[] = {
	{"keep", CFG_DURATION, CALL_LOG(keep_ms), .max = 2592000000,
	 .def = "24h",
	 .help = "How long the log of a call is kept in Redis, from its last "
		 "entry; of a call that was refused at once an hour at most. "
		 "0s: there are no logs, and no timelines. Say the same in "
		 "mediad.yaml."},
	{"size", CFG_SIZE, CALL_LOG(size), .max = 1099511627776, .def = "1GiB",
	 .help = "Most that the logs of all calls take of Redis' memory: those "
		 "of the calls that ended first give way. 0: there are none; "
		 "say keep: 0s in mediad.yaml, too, which has no size. A call "
		 "of three minutes takes some 10 KiB."},
	CFG_END,
};
const struct cfg_table sigd_call_log_table = {
	sizeof(struct sigd_call_log_cfg), "call_log", call_log_fields,
	"What happened to calls, as their timelines tell it.", 0};

void sigd_cfg_call_log(struct call_log_cfg *log, const struct sigd_cfg *cfg)
{
	const struct sigd_call_log_cfg *from = &cfg->call_log;

	log->size = from->size;
	log->keep_s = from->size ? (from->keep_ms + 999) / 1000 : 0;
}
