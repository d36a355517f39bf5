/*
 * talk.h  The far ends of many calls, and what they say to each other
 *
 * A call is between a page (ICE, DTLS-SRTP) and a PBX (plain RTP); both speak
 * Opus of 24 kbit/s, a packet each 20 ms, spread evenly over all. Each packet
 * has the time in it at which it was sent, so that who hears it knows for how
 * long it was under way. What is not authentic was not heard.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_BENCH_LIB_TALK_H
#define TESTS_BENCH_LIB_TALK_H

#include <stdbool.h>
#include <stdint.h>
#include <re.h>

#include "tests/lib/loop_test.h"

struct talk;

enum {
	TALK_SDP = 4096
};

/* Has a program join both: sdp of the page's offer and the PBX's answer, what
 * each of them is told goes to told. */
typedef void(talk_join_h)(void *program, unsigned nr,
			  const char *const sdp[2], char told[2][TALK_SDP]);

struct talk_cfg {
	struct loop_test *lt;
	const char *profiles; /* of DTLS-SRTP, OpenSSL's names */
	talk_join_h *joinh;
	void *program;
	const struct sa *bare; /* not NULL: calls by tests/bench/lib/bare.h,
				  neither page nor SRTP; no joinh */
};

struct talk_heard {
	unsigned wanted; /* that were to be sent: less is another load */
	unsigned sent, heard;
	double ms[3];    /* under way: median, 99 %, longest */
	double own_load; /* of one core, by the far ends themselves */
};

/* The caller owns *talkp; its calls end with it, without a word. */
int talk_alloc(struct talk **talkp, const struct talk_cfg *cfg);

/* So many calls in all. Ends the program when one does not come up. */
void talk_calls(struct talk *talk, unsigned count);
unsigned talk_count(const struct talk *talk);
/* All speak for that long; *heard may be NULL. */
void talk_speak(struct talk *talk, unsigned ms, struct talk_heard *heard);
/* Nobody says anything. */
void talk_pause(struct talk *talk, unsigned ms);

#endif
