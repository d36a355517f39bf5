/*
 * worker_due.h  A worker died: its connections are gone, and nobody has said so
 *
 * Each worker has a durable deadline of the kind `worker` (common/due.h; id:
 * node/slot, data: its epoch), which it moves ahead as long as it lives. When
 * the deadline passes twice another worker looks for the calls that hang on
 * connections of the dead one (call_sweep.h); its successor in the slot does so
 * when it starts. Each of them gets the grace of a flow that was lost
 * (rebind.h): who comes back has its calls, of who does not the other side gets
 * BYE.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_END_WORKER_DUE_H
#define SIGD_PROXY_END_WORKER_DUE_H

struct proxy;

int worker_due_start(struct proxy *px);
void worker_due_stop(struct proxy *px);

#endif
