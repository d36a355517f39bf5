/*
 * admin_stream.c  An answer of the admin's HTTP server that has no end
 *
 * While nothing waits the connection rests (admin_park_priv.h).
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <microhttpd.h>
#include <re.h>

#include "common/admin_http.h"
#include "common/admin_park_priv.h"
#include "common/admin_stream_priv.h"

enum {
	BLOCK = 4096, /* of libmicrohttpd, for each stream */
};

struct admin_stream {
	struct admin_park park;
	struct admin_parking *parking; /* of the engine; set with conn */
	struct MHD_Connection *conn; /* NULL: not yet, or gone */
	struct mbuf *mb;	     /* pos..end wait */
	size_t max;
	bool ended; /* nothing more is taken */
};

static void destructor(void *data)
{
	struct admin_stream *stream = data;

	list_unlink(&stream->park.le);
	mem_deref(stream->mb);
}

int admin_stream_alloc(struct admin_stream **streamp, struct admin_resp *resp,
		       size_t max)
{
	struct admin_stream *stream;

	if (!streamp || !resp || resp->stream || !max)
		return EINVAL;
	stream = mem_zalloc(sizeof(*stream), destructor);
	if (!stream)
		return ENOMEM;
	stream->mb = mbuf_alloc(BLOCK);
	if (!stream->mb) {
		mem_deref(stream);
		return ENOMEM;
	}
	stream->max = max;
	resp->stream = mem_ref(stream);
	*streamp = stream;
	return 0;
}

static void drop(struct admin_stream *stream)
{
	const union MHD_ConnectionInfo *info =
		stream->conn ? MHD_get_connection_info(
				       stream->conn,
				       MHD_CONNECTION_INFO_CONNECTION_FD)
			     : NULL;

	stream->ended = true;
	/* libmicrohttpd alone may close it */
	if (info)
		(void)shutdown(info->connect_fd, SHUT_RDWR);
	admin_park_wake(&stream->park);
}

int admin_stream_write(struct admin_stream *stream, const void *data,
		       size_t len)
{
	struct mbuf *mb = stream->mb;
	const size_t left = mbuf_get_left(mb);
	int err;

	if (stream->ended)
		return ENOTCONN;
	if (len > stream->max || left > stream->max - len) {
		drop(stream);
		return ENOBUFS;
	}
	memmove(mb->buf, mb->buf + mb->pos, left);
	mb->pos = mb->end = left;
	err = mbuf_write_mem(mb, data, len);
	mb->pos = 0;
	if (!err)
		admin_park_wake(&stream->park);
	return err;
}

void admin_stream_end(struct admin_stream *stream)
{
	if (!stream)
		return;
	stream->ended = true;
	admin_park_wake(&stream->park);
}

/* --- for the engine ----------------------------------------------------------- */

static ssize_t on_read(void *arg, uint64_t pos, char *buf, size_t max)
{
	struct admin_stream *stream = arg;
	const size_t n = min(mbuf_get_left(stream->mb), max);

	(void)pos;
	if (n)
		return mbuf_read_mem(stream->mb, (uint8_t *)buf, n)
			       ? MHD_CONTENT_READER_END_WITH_ERROR
			       : (ssize_t)n;
	if (stream->ended)
		return MHD_CONTENT_READER_END_OF_STREAM;
	admin_park_rest(&stream->park, stream->parking, stream->conn);
	return 0;
}

static void on_free(void *arg)
{
	struct admin_stream *stream = arg;

	stream->ended = true;
	stream->conn = NULL;
	mem_deref(stream);
}

struct MHD_Response *admin_stream_response(struct admin_stream *stream,
					   struct MHD_Connection *conn,
					   struct admin_parking *parking)
{
	struct MHD_Response *out = MHD_create_response_from_callback(
		MHD_SIZE_UNKNOWN, BLOCK, on_read, stream, on_free);

	if (!out) {
		stream->ended = true;
		return NULL;
	}
	mem_ref(stream);
	stream->conn = conn;
	stream->parking = parking;
	return out;
}
