/*
 * stack.h  The real thing, to be measured: Redis, sigd and mediad
 *
 * The programs that were built beside the benchmark, one worker each, on
 * loopback; Redis on a unix socket. All of it ends with the benchmark,
 * however that ends.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_BENCH_LIB_STACK_H
#define TESTS_BENCH_LIB_STACK_H

#include <stdbool.h>
#include <sys/types.h>
#include <re.h>

struct stack_cfg {
	bool media;          /* with mediad */
	unsigned users;      /* user(0) .. user(users - 1) */
	bool rtp;            /* mediad has ports for plain RTP, too */
	unsigned complexity; /* of its Opus */
	bool at_once;        /* packets wait for no others */
};

struct stack {
	char dir[64];
	struct sa wss, udp, tcp; /* of sigd */
	pid_t redis;
	pid_t sigd, mediad;               /* parents */
	pid_t sigd_worker, mediad_worker; /* those that do the work */
};

/* Ready to serve when it returns; ends the program when it cannot be. */
void stack_start(struct stack *stack, const struct stack_cfg *cfg);
void stack_stop(struct stack *stack);

#define STACK_DOMAIN   "bench.test"
#define STACK_REALM    "cordboard"
#define STACK_PASSWORD "secret"

/* A name: "user0000". */
void stack_user(char name[12], unsigned nr);

/* A certificate of P-256 and its key, in two files of PEM. */
void stack_certificate(const char *cert, const char *key);
/* 127.0.0.1 with a port that was free just now. */
void stack_free_port(struct sa *addr, int type);

#endif
