/*
 * trace.h  What was said, for whoever asks later: the tap of a worker
 *
 * Every SIP message that comes or goes passes here once, where the bytes do.
 * Secrets are masked (trace_mask.h) before anything else; then it is kept in
 * Redis (trace_store.h), and told to a capture server (trace_hep.h), as the
 * configuration says.
 *
 * A trace is found by its Call-ID, and by labels that who serves the message
 * adds: who it was, which call, which connection.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_TRACE_TRACE_H
#define SIGD_TRACE_TRACE_H

#include "sigd/trace/trace_homer.h"
#include "sigd/trace/trace_owner.h"
#include "sigd/trace/trace_store.h"
#include "sigd/trace/trace_tally.h"

#define TRACE_ASKED "asked:"

struct trace;
struct transport_tap;

struct trace_cfg {
	struct trace_store_cfg store; /* keep_ms 0: nothing is kept */
	bool keys;                    /* keys that were pressed may be read */
	struct sa homer;              /* AF_UNSPEC: there is none */
	bool homer_tcp;
	uint32_t homer_id;
	const char *homer_key; /* NULL: none; borrowed */
};

struct trace_counts {
	uint64_t taken;    /* messages */
	uint64_t nameless; /* without a Call-ID, or a too long one */
	struct trace_store_counts store;
	struct trace_homer_counts homer;
	struct trace_tally tally; /* of all messages, traced or not */
};

/* worker: "node/slot", copied. */
int trace_alloc(struct trace **tracep, const struct trace_cfg *cfg,
		const char *worker, struct redis_link *redis,
		struct wheel *wheel);

/* Handler for the transport; arg is the trace. */
void trace_tap(const struct transport_tap *tap, void *arg);

/*
 * Of which dialog it is, for whom it is: its Call-ID, and the tag of who began
 * it. led: he is called in it; else he has shown that he began it. Who comes
 * with a dialog that is another tenant's is known as one who asked.
 */
struct trace_dialog {
	struct pl callid, tag;
	bool led;
};

/*
 * Labels; trace and all texts may be NULL, and nothing happens then. A name
 * that is no part of a key is encoded (redis_key_part()).
 *	t:<tenant>/u:<user>	t:<tenant>/c:<connection>	call:<id>
 *	t:<tenant>/d:<device>/<user>	device: binding_device(), in hex
 *	asked:t:<tenant>/u:<user>	who says so, and was refused: found as
 *					t:<tenant>/u:<user>, but no trace is
 *					that tenant's by it
 */
void trace_user(struct trace *trace, const struct trace_dialog *dialog,
		const char *tenant, const struct pl *user);
void trace_asked(struct trace *trace, const struct pl *callid,
		 const char *tenant, const struct pl *user);
void trace_device(struct trace *trace, const struct trace_dialog *dialog,
		  const char *tenant, const struct pl *user, uint32_t device);
/* Its label; false: it is too long. */
bool trace_device_label(char label[TRACE_LABEL_MAX + 1], const char *tenant,
			const struct pl *user, uint32_t device);
void trace_connection(struct trace *trace, const struct trace_dialog *dialog,
		      const char *tenant, const char *connection);
void trace_call(struct trace *trace, const struct pl *callid, const char *call);

void trace_counts(const struct trace *trace, struct trace_counts *counts);

#endif
