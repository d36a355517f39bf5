/*
 * line_news.h  Word to who keeps the registrations at PBXs: devices come and
 *              go, and somebody wants all anew
 *
 * Keys, of the shard that the line is in (shard.h):
 *   cb:{u:<n>}:lines  sorted set: lines that are wanted, until when (unix ms)
 *   cb:{u:<n>}:news   list: "<line> <until>", 0: no more; "!<tenant>/<connection>":
 *                     register all of it anew. Read by the holder of the
 *                     shard's lease (sigd/upstream/news.c).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_REGISTER_LINE_NEWS_H
#define SIGD_PROXY_REGISTER_LINE_NEWS_H

#include "sigd/proxy/conn/shard.h"

struct proxy;
struct registrar_list;
struct route_user;

enum { LINE_NEWS_MAX = TRUNK_NAME_MAX + 24 };

/* The user's devices are these now. Nothing is done for a user without a line
 * that depends on them. With Redis away the next REGISTER says it. */
void line_news_devices(struct proxy *px, const struct route_user *user,
		       const struct registrar_list *list);

#endif
