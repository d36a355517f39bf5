/*
 * sigd_cfg_trace.c  conf/sigd.yaml: traces
 *
 * SPDX-License-Identifier: MIT
 */
#include "sigd/sigd_cfg.h"
#include "sigd/transport/flow.h"

static const struct cfg_choice transports[] = {
	{"udp", FLOW_UDP, "One packet a message; a long one may be lost."},
	{"tcp", FLOW_TCP, "One connection of each worker."},
	{NULL, 0, NULL},
};

#define HOMER(member) CFG_AT(struct sigd_homer_cfg, member)
static const struct cfg_field homer_fields[] = {
	{"address", CFG_ADDR, HOMER(address), .flags = CFG_F_REQUIRED,
	 .help = "Where it listens for HEP, version 3.",
	 .example = "192.0.2.9:9060"},
	{"transport", CFG_ENUM, HOMER(transport), .choices = transports,
	 .def = "udp", .help = "How it is reached."},
	{"id", CFG_INT, HOMER(id), .max = 4294967295, .def = "2001",
	 .help = "Capture agent id of this node."},
	{"key", CFG_STRING, HOMER(key), .max = 64, .flags = CFG_F_SECRET,
	 .help = "Its authentication key."},
	CFG_END,
};
static const struct cfg_table homer_table = {
	sizeof(struct sigd_homer_cfg), "homer", homer_fields,
	"A capture server, such as Homer.", 0};

#define TRACE(member) CFG_AT(struct sigd_trace_cfg, member)
static const struct cfg_field trace_fields[] = {
	{"keep", CFG_DURATION, TRACE(keep_ms), .max = 604800000, .def = "1h",
	 .help = "How long SIP messages are kept in Redis, from the last one "
		 "of their Call-ID; 0s: not at all."},
	{"call_size", CFG_SIZE, TRACE(call_size), .min = 4096,
	 .max = 16777216, .def = "64KiB",
	 .help = "Most of one Call-ID, as stored (some quarter of what was "
		 "said); what comes later is counted."},
	{"size", CFG_SIZE, TRACE(size), .min = 1048576,
	 .max = 1099511627776, .def = "256MiB",
	 .help = "Most of all in Redis, as stored; the oldest give way."},
	{"memory", CFG_SIZE, TRACE(memory), .min = 65536,
	 .max = 1073741824, .def = "8MiB",
	 .help = "Most that waits for Redis in one worker."},
	{"keys", CFG_BOOL, TRACE(keys), .def = "false",
	 .help = "Are keys that were pressed (SIP INFO) to be read in it?"},
	{"homer", CFG_TABLE, TRACE(homer), .flags = CFG_F_PTR,
	 .table = &homer_table, .help = "Each message is told there, too."},
	CFG_END,
};
const struct cfg_table sigd_trace_table = {
	sizeof(struct sigd_trace_cfg), "trace", trace_fields,
	"SIP messages as they came and went, without their secrets.", 0};
