/*
 * bare.h  The least that a server between clients and Redis can do
 *
 * The limit to read a figure by: a process that takes a message (TLS over TCP,
 * or UDP), asks Redis for a PONG, and gives as many bytes back as an answer to
 * a REGISTER has; or passes a packet on. epoll, OpenSSL, nothing else. What it
 * costs is the kernel's, Redis' protocol and the cipher; and, with one message
 * a millisecond, what this machine takes to wake a process.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_BENCH_LIB_BARE_H
#define TESTS_BENCH_LIB_BARE_H

#include <sys/types.h>
#include <re.h>

struct stack;

enum {
	BARE_ASK = 800,    /* bytes of a message */
	BARE_ANSWER = 360, /* of what comes back */
	/* first byte of a packet on UDP that goes on to the port of 127.0.0.1
	 * that the next two bytes name, in this machine's order */
	BARE_RELAY = 'P'
};

struct bare {
	struct sa tls, udp;
	pid_t pid;
};

/* With the certificate and the Redis of a stack. */
void bare_start(struct bare *bare, const struct stack *stack);
void bare_stop(struct bare *bare);

#endif
