/*
 * admin_stream_priv.h  A stream, as the engine sees it
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_ADMIN_STREAM_PRIV_H
#define COMMON_ADMIN_STREAM_PRIV_H

#include "common/admin_stream.h"

struct MHD_Connection;
struct MHD_Response;
struct admin_parking;

/* What is queued on the connection. NULL: no memory. */
struct MHD_Response *admin_stream_response(struct admin_stream *stream,
					   struct MHD_Connection *conn,
					   struct admin_parking *parking);

#endif
