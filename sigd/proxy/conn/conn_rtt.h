/*
 * conn_rtt.h  Round trips of the media of a connection's calls, by the minute
 *
 * A PBX may have a thousand calls: a row for each would push all else out of
 * its list (journal.h). A worker sums its own up; who asks adds what the
 * workers say.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_CONN_CONN_RTT_H
#define SIGD_PROXY_CONN_CONN_RTT_H

#include <stdint.h>

struct conn_rtts;
struct journal;
struct wheel;

enum { CONN_RTT_MAX = 4096 }; /* connections; of more nothing is kept */

/* Both outlive it. */
int conn_rtts_alloc(struct conn_rtts **rttsp, struct journal *journal,
		    struct wheel *wheel);
void conn_rtts_add(struct conn_rtts *rtts, const char *tenant,
		   const char *conn, uint32_t us);

#endif
