/*
 * legs.h  Calls through mediad, asked for as sigd asks
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_BENCH_LIB_LEGS_H
#define TESTS_BENCH_LIB_LEGS_H

#include "common/redis_link.h"
#include "common/status.h"
#include "tests/lib/loop_test.h"

struct ctl_ans;
struct ctl_client;
struct ctl_nodes;
struct ctl_req;
struct keyring;
struct stack;

enum {
	LEGS_SDP = 4096
};

struct legs {
	struct loop_test *lt;
	struct redis_cfg cfg;
	char sock[128];
	struct redis_link *link;
	struct keyring *ring;
	struct ctl_client *client;
	struct ctl_nodes *nodes;
	bool answered;
	enum status status;
	char sdp[LEGS_SDP]; /* of the last answer */
};

/* Of a stack with media; both outlive it. Ends the program when mediad cannot
 * be asked. */
void legs_open(struct legs *legs, struct loop_test *lt,
	       const struct stack *stack);
void legs_close(struct legs *legs);

/* As rtpengine_call(), rtpengine_bridge() and rtpengine_end(). */
void legs_call(struct legs *legs, unsigned nr, const char *const sdp[2],
	       char told[2][LEGS_SDP]);
void legs_transcode(struct legs *legs, unsigned nr, const char *codec,
		    const char *const sdp[2], char told[2][LEGS_SDP]);
void legs_bridge(struct legs *legs, unsigned nr, const char *const sdp[2],
		 char told[2][LEGS_SDP]);
void legs_end(struct legs *legs, unsigned nr);

#endif
