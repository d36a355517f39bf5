/*
 * smsg_frame.c  Cutting a byte stream into SIP messages
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <strings.h>
#include <re.h>

#include "sigd/sip/schar.h"
#include "sigd/sip/smsg.h"
#include "sigd/sip/smsg_frame.h"

enum {
	FRAME_GROW = 1024
};

struct smsg_frame {
	uint8_t *buf; /* NULL while nothing is held */
	size_t size;
	size_t start; /* the next piece begins here */
	size_t end;
	size_t seen; /* from start: no end of the head before this */
	size_t need; /* from start: whole message; 0: not known yet */
	size_t max;
	bool crlf;        /* the piece before was a line break */
	const char *dead; /* why the stream is lost */
};

static void destructor(void *arg)
{
	struct smsg_frame *frame = arg;

	mem_deref(frame->buf);
}

int smsg_frame_alloc(struct smsg_frame **framep, size_t max)
{
	struct smsg_frame *frame = mem_zalloc(sizeof(*frame), destructor);

	if (!frame)
		return ENOMEM;
	frame->max = max && max < SMSG_MAX ? max : SMSG_MAX;
	*framep = frame;
	return 0;
}

size_t smsg_frame_held(const struct smsg_frame *frame)
{
	return frame ? frame->end - frame->start : 0;
}

static int grow(struct smsg_frame *frame, size_t need)
{
	size_t size = frame->size ? frame->size : FRAME_GROW;
	uint8_t *buf;

	while (size < need)
		size *= 2;
	if (size == frame->size)
		return 0;

	buf = frame->buf ? mem_realloc(frame->buf, size)
			 : mem_alloc(size, NULL);
	if (!buf)
		return ENOMEM;
	frame->buf = buf;
	frame->size = size;
	return 0;
}

int smsg_frame_put(struct smsg_frame *frame, const uint8_t *data, size_t len)
{
	const size_t held = smsg_frame_held(frame);
	int err;

	if (frame->dead)
		return EBADMSG;
	if (!len)
		return 0;

	if (frame->start && held)
		memmove(frame->buf, frame->buf + frame->start, held);
	frame->start = 0;
	frame->end = held;
	err = grow(frame, held + len);
	if (err)
		return err;

	memcpy(frame->buf + held, data, len);
	frame->end = held + len;
	return 0;
}

static void give(struct smsg_frame *frame, struct smsg_piece *piece,
		 enum smsg_piece_kind kind, size_t len)
{
	piece->kind = kind;
	piece->data = frame->buf + frame->start;
	piece->len = len;
	piece->why = NULL;
	frame->start += len;
	frame->seen = frame->need = 0;
	frame->crlf = kind == SMSG_PIECE_CRLF;
}

static int lost(struct smsg_frame *frame, struct smsg_piece *piece, size_t len,
		const char *why)
{
	frame->dead = why;
	piece->kind = SMSG_PIECE_MSG;
	piece->data = frame->buf ? frame->buf + frame->start : NULL;
	piece->len = len;
	piece->why = why;
	return EBADMSG;
}

/* White space and folds (RFC 3261 7.3.1): no view exists yet. */
static const char *skip_lws(const char *p, const char *end)
{
	for (;;) {
		p = schar_lws(p, end);
		if (end - p < 3 || p[0] != '\r' || p[1] != '\n' ||
		    (p[2] != ' ' && p[2] != '\t'))
			return p;
		p += 3;
	}
}

/* Is this line Content-Length? Then *val is behind its colon. */
static bool is_length(const char *p, const char *end, const char **val)
{
	const char *e = schar_span(p, end, SCHAR_TOKEN);

	if (shdr_id(p, (size_t)(e - p)) != SHDR_CONTENT_LENGTH)
		return false;
	e = schar_lws(e, end);
	*val = e + 1;
	return e < end && *e == ':';
}

static int length_value(uint32_t *num, const char *p, const char *end)
{
	struct pl text;
	const char *e;

	p = skip_lws(p, end);
	e = schar_span(p, end, SCHAR_DIGIT);
	schar_set(&text, p, e);
	e = skip_lws(e, end);
	if (end - e < 2 || e[0] != '\r' || e[1] != '\n')
		return EBADMSG;
	return shdr_number(num, &text, SMSG_MAX);
}

/* The one Content-Length of a head; NULL, or what is wrong. */
static const char *find_length(uint32_t *num, const char *p, const char *end)
{
	bool found = false;

	for (;;) {
		const char *val;

		p = memchr(p, '\n', (size_t)(end - p));
		if (!p)
			break;
		++p;
		if (p[-2] != '\r' || !is_length(p, end, &val))
			continue;
		if (found)
			return "Duplicate Content-Length";
		if (length_value(num, val, end))
			return "Bad Content-Length";
		found = true;
	}
	return found ? NULL : "Missing Content-Length";
}

/* Looks for the end of the head. EAGAIN, EBADMSG, or 0 and frame->need. */
static int read_head(struct smsg_frame *frame, struct smsg_piece *piece)
{
	uint8_t *p = frame->buf + frame->start;
	const size_t held = smsg_frame_held(frame);
	const uint8_t *e;
	const char *why;
	uint32_t len = 0;
	size_t head;

	/* rubbish (a TLS hello, HTTP without a method) is not waited for */
	if (!schar_is((char)*p, SCHAR_TOKEN))
		return lost(frame, piece, 0, "Not SIP");

	e = memmem(p + frame->seen, held - frame->seen, "\r\n\r\n", 4);
	if (!e) {
		frame->seen = held > 3 ? held - 3 : 0;
		if (held > frame->max)
			return lost(frame, piece, 0, "Message Too Large");
		return EAGAIN;
	}

	head = (size_t)(e - p) + 4;
	why = find_length(&len, (char *)p, (char *)p + head);
	if (why)
		return lost(frame, piece, head, why);
	if (head + len > frame->max)
		return lost(frame, piece, head, "Message Too Large");
	frame->need = head + len;
	return 0;
}

static int next(struct smsg_frame *frame, struct smsg_piece *piece)
{
	const size_t held = smsg_frame_held(frame);
	const uint8_t *p;
	int err;

	if (!held)
		return EAGAIN;

	p = frame->buf + frame->start;
	if (*p == '\r') {
		if (held < 2)
			return EAGAIN;
		if (p[1] != '\n')
			return lost(frame, piece, 0, "Not SIP");
		give(frame, piece,
		     frame->crlf ? SMSG_PIECE_PING : SMSG_PIECE_CRLF, 2);
		return 0;
	}

	if (!frame->need) {
		err = read_head(frame, piece);
		if (err)
			return err;
	}
	if (held < frame->need)
		return EAGAIN;
	give(frame, piece, SMSG_PIECE_MSG, frame->need);
	return 0;
}

int smsg_frame_next(struct smsg_frame *frame, struct smsg_piece *piece)
{
	int err;

	if (frame->dead)
		return lost(frame, piece, 0, frame->dead);

	err = next(frame, piece);
	if (err == EAGAIN && !smsg_frame_held(frame)) {
		/* an idle connection holds no memory */
		frame->buf = mem_deref(frame->buf);
		frame->size = frame->start = frame->end = 0;
	}
	return err;
}
