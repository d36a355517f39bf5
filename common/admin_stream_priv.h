/*
 * admin_stream_priv.h  A stream, as the engine sees it
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_ADMIN_STREAM_PRIV_H
#define COMMON_ADMIN_STREAM_PRIV_H

#include <re.h>

#include "common/admin_stream.h"

struct MHD_Connection;
struct MHD_Response;

/* Those of an engine that are being sent; it outlives them. */
struct admin_streams {
	struct list list;
	void (*wakeh)(void *arg); /* libmicrohttpd has something to do */
	void *arg;
};

/* What is queued on the connection. NULL: no memory. */
struct MHD_Response *admin_stream_response(struct admin_stream *stream,
					   struct MHD_Connection *conn,
					   struct admin_streams *streams);
/* Before libmicrohttpd is stopped: it must not have suspended ones then. */
void admin_streams_end(struct admin_streams *streams);

#endif
