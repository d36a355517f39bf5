/*
 * call_rtt.h  Round trips of a call's media, into the logs of its sides
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_END_CALL_RTT_H
#define SIGD_PROXY_END_CALL_RTT_H

struct call_record;
struct proxy;

/* It has ended: what mediad has told last (RTCP) is kept for the devices and
 * connections that were in it. Nobody waits. */
void call_rtt_note(struct proxy *px, const struct call_record *rec);

#endif
