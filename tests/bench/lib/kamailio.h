/*
 * kamailio.h  Debian's kamailio, as a peer: a child of the benchmark
 *
 * One process for UDP and one for TCP, bindings in memory alone; it challenges
 * (MD5) and checks, as sigd does, but counts no nonces.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_BENCH_LIB_KAMAILIO_H
#define TESTS_BENCH_LIB_KAMAILIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <re.h>

struct stack;

struct kamailio {
	char dir[64];
	struct sa wss, udp;
	pid_t pid;
};

/* False: it is not installed, or lacks its modules for TLS and WebSocket. Its
 * version, one line, is written. */
bool kamailio_version(char *version, size_t size);

/* Ready to serve when it returns; ends the program when it cannot be. ng: the
 * port of an RTPEngine on 127.0.0.1 for calls from pages to phones; 0: it is a
 * registrar alone. */
void kamailio_start(struct kamailio *peer, uint16_t ng);
void kamailio_stop(struct kamailio *peer);

/* CPU of all its processes, microseconds. */
double kamailio_cpu(const struct kamailio *peer);

#endif
