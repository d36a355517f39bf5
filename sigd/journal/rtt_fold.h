/*
 * rtt_fold.h  Round trips of one minute, and their form in Redis
 *
 * A row has 18 bytes, big-endian:
 *
 *	1  version of the form: 1
 *	1  what was measured: enum rtt_kind
 *	4  device (binding_device()), 0: of no device
 *	4  minute, unix
 *	2  least, 2 mean, 2 most: in tenths of a millisecond; 65535 is as much
 *	   or more
 *	2  how many
 *
 * Rows of the same minute add up. Pure: time is an argument.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_JOURNAL_RTT_FOLD_H
#define SIGD_JOURNAL_RTT_FOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	RTT_ROW_LEN = 18
};

enum rtt_kind {
	RTT_WEBSOCKET, /* ping and pong */
	RTT_OPTIONS,   /* a probe and its answer */
	RTT_REGISTER,  /* ours and its answer */
	RTT_RTCP,      /* media of a call */
	RTT_KINDS
};

/* "websocket"; NULL behind the last. */
const char *rtt_kind_name(enum rtt_kind kind);

/* Plain data; all zero: nothing yet. */
struct rtt_row {
	enum rtt_kind kind;
	uint32_t device;
	uint32_t minute; /* unix */
	uint32_t min_us, mean_us, max_us;
	uint32_t count;
};

void rtt_row_pack(uint8_t buf[RTT_ROW_LEN], const struct rtt_row *row);
/* EBADMSG: not one of ours. */
int rtt_row_unpack(struct rtt_row *row, const uint8_t *buf, size_t len);
/* What another row says of the same minute. */
void rtt_row_add(struct rtt_row *row, const struct rtt_row *other);

/* What has been measured and not yet been told; all zero: nothing. */
struct rtt_fold {
	uint32_t minute;
	uint32_t min_us, max_us, count;
	uint64_t sum_us;
	bool begun; /* the first is told at once */
};

/* True: *row is to be kept, its kind and device are the caller's to set. It is
 * the first, or the minute before is over. */
bool rtt_fold_add(struct rtt_fold *fold, struct rtt_row *row, uint64_t unix_ms,
		  uint32_t us);
/* What is left at the end; false: nothing. */
bool rtt_fold_end(struct rtt_fold *fold, struct rtt_row *row);

#endif
