/*
 * command.h  A request of the control protocol, served by the sessions
 *
 * One request in, one answer out, at once: all calls of session.h are. Knows
 * no Redis and no wire; link.h brings requests here.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_CONTROL_COMMAND_H
#define MEDIAD_CONTROL_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "common/control/ctl_msg.h"
#include "mediad/control/grade.h"

struct command;
struct session_figures;
struct session_table;
struct wheel;

/* A session was ended by command. found: as it was last; valid during the
 * call, as figures. */
typedef void(command_ended_h)(const struct session_figures *found,
			      const struct ctl_figures *figures,
			      enum status reason, void *arg);

/* table and wheel outlive it. The caller owns *commandp. */
int command_alloc(struct command **commandp, struct session_table *table,
		  struct wheel *wheel, command_ended_h *endedh, void *arg);

/*
 * ans is filled always; its texts, SDP and figures are the command's, valid
 * until the next call.
 */
void command_serve(struct command *command, const struct ctl_req *req,
		   struct ctl_ans *ans);

/* From now on requests that would make a session are refused as draining. */
void command_drain(struct command *command, bool drain);

/* The figures of a session as the protocol has them. */
void command_figures(struct ctl_figures *to, const struct session_figures *from,
		     uint64_t now_ms);

struct command_stats {
	uint64_t served[CTL_VERB_COUNT];
	uint64_t failed[CTL_VERB_COUNT]; /* of those */
	uint64_t full, late, draining; /* sessions refused: a limit, lag, or
					  the end */
	struct grades grades; /* of sessions that were ended */
};
const struct command_stats *command_stats(const struct command *command);

#endif
