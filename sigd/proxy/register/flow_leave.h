/*
 * flow_leave.h  Connections of devices are closed, one after the other: this
 *               worker is to be empty
 *
 * Who is told to go (1001, RFC 6455 7.4.1) connects again, elsewhere, and
 * registers: its calls go on over the new connection (end/rebind.h). So all do
 * not come at once: they go within a minute, and with many longer. A device
 * whose call is being set up stays until that is over; one in a call, too,
 * unless all are to go now. Connections of PBXs stay: nothing hangs on them.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_REGISTER_FLOW_LEAVE_H
#define SIGD_PROXY_REGISTER_FLOW_LEAVE_H

#include <stdbool.h>
#include <stdint.h>

struct flow_leave;
struct proxy;

/* now: who is in a call, too. The caller owns *leavep; mem_deref() ends it, and
 * who is there stays. */
int flow_leave_alloc(struct flow_leave **leavep, struct proxy *px, bool now);
/* Connections of devices that are there still. */
uint32_t flow_leave_left(const struct flow_leave *leave);

#endif
