/*
 * control.h  A worker's tie to Redis: epoch, commands, news, heartbeat
 *
 * Media does not wait for it: the sessions live before Redis was ever
 * reached, and when it is gone. The order on the way up: link, epoch, command
 * stream, news, and when the stream's place is known, heartbeats, so that
 * nobody asks who would not hear it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_CONTROL_CONTROL_H
#define MEDIAD_CONTROL_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

#include "common/control/ctl_peer.h"

struct call_log_counts;
struct command_stats;
struct control;
struct redis_link;
struct news;
struct session_table;

/* It cannot serve (memory); the process had better begin anew. The control may
 * not be freed inside. */
typedef void(control_failed_h)(void *arg);

typedef void(control_checked_h)(void *arg);

/* What is pointed to outlives the control, but for addr, ip and ring. */
struct control_params {
	const char *addr; /* our own, node/slot */
	const char *ip;   /* shown in heartbeats */
	const struct redis_cfg *redis;
	struct keyring *ring;
	struct wheel *wheel;
	struct session_table *table;
	struct news *news;
	uint32_t max_sessions;
	bool leaves; /* draining: its calls are to go elsewhere */
	uint32_t log_keep_s; /* of the logs of calls; 0: they are told nothing */
	/* Redis has told which sessions are not ours any more; they are dropped
	 * after this call, which may bring some back, and before the first
	 * command. Once. NULL: nobody waits for it. */
	control_checked_h *checkedh;
	control_failed_h *failedh;
	void *arg;
};

/* The caller owns *controlp. Starts at once, and goes on trying. */
int control_alloc(struct control **controlp,
		  const struct control_params *params);

/* No new session from now on; said in a heartbeat at once. */
void control_drain(struct control *control);
/* The same for a while; leaves: its calls are to go elsewhere. */
void control_withdraw(struct control *control, bool leaves);
/* As before; not after control_drain(). */
void control_resume(struct control *control);
/* After a reload. */
void control_keys(struct control *control, struct keyring *ring);

/* 0: Redis was never reached. */
uint32_t control_epoch(const struct control *control);
/* Heartbeats are sent: commands will be served. */
bool control_ready(const struct control *control);
/* How much of the last second the loop was late, per mille (strain.h). */
uint32_t control_late(const struct control *control);
/* How many of its deadlines were late by a packet or more, per mille. */
uint32_t control_missed(const struct control *control);
/* How much it worked of the time that it had, per mille. */
uint32_t control_busy(const struct control *control);
/* The end: no heartbeat any more, we are off the list of workers at once. Give
 * the loop a moment before the control is freed. */
void control_leave(struct control *control);
/* Nothing is left to be told or answered. */
bool control_quiet(const struct control *control);
/* For figures of other parts that go to Redis. */
struct redis_link *control_link(const struct control *control);
const struct command_stats *control_commands(const struct control *control);
/* Of the logs of calls; NULL: they are told nothing. */
const struct call_log_counts *control_logged(const struct control *control);
/* NULL before there was an epoch. */
const struct ctl_counts *control_counts(const struct control *control);

#endif
