/*
 * call_rtt.h  Round trips of a call's media, into the logs of its sides
 *
 * mediad tells what RTCP says of each leg (docs/redis.md, `media`). While a
 * call is up the worker that answered it looks once a minute
 * (proxy_cfg.rtt_ms), and whoever ends it once more. Should the first one die
 * the end alone is told. Nobody waits for any of it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_END_CALL_RTT_H
#define SIGD_PROXY_END_CALL_RTT_H

struct call_record;
struct proxy;

enum { CALL_RTT_MAX = 20000 }; /* calls that are looked at; of more the end */

/* It is up. */
void call_rtt_watch(struct proxy *px, const struct call_record *rec);
/* It has ended. */
void call_rtt_note(struct proxy *px, const struct call_record *rec);

#endif
