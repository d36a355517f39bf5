/*
 * media_watch.h  A media worker is gone: its calls are moved, or end; one that
 *                drains may want its calls moved, too
 *
 * Each worker looks who is gone (common/control/ctl_gone.h); who gets the lease
 * sees to all its calls: looks for them twice, because one may have been answered
 * just then, and takes the dead one off the list. When it dies meanwhile
 * another worker finds the same and goes on.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_MOVE_MEDIA_WATCH_H
#define SIGD_PROXY_MOVE_MEDIA_WATCH_H

struct media_watch;
struct proxy;

int media_watch_alloc(struct media_watch **watchp, struct proxy *px);

#endif
