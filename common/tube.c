/*
 * tube.c  The tunnel between workers: what is sent where, and what came
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <re.h>

#include "common/tube_priv.h"

enum {
	REST_MS = 100
};

static void out_destructor(void *data)
{
	struct tube_out *out = data;

	list_unlink(&out->le);
}

static void on_rested(void *arg)
{
	const struct tube_door *door = arg;

	(void)loop_watch_set(door->watch, LOOP_READ);
}

int tube_door_accept(struct tube_door *door, struct wheel *wheel)
{
	int fd = accept4(door->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
		       errno == ENOMEM)) {
		(void)loop_watch_set(door->watch, 0);
		wheel_start(wheel, &door->rest, REST_MS, on_rested, door);
	}
	return fd;
}

void tube_door_close(struct tube_door *door)
{
	wheel_stop(&door->rest);
	door->watch = mem_deref(door->watch);
}

int tube_queue_add(struct tube_queue *queue, const uint8_t *data, size_t len)
{
	struct tube_out *out;

	if (queue->bytes + len > TUBE_QUEUE_MAX)
		return ENOBUFS;

	out = mem_alloc(sizeof(*out) + len, out_destructor);
	if (!out)
		return ENOMEM;

	memset(&out->le, 0, sizeof(out->le));
	memcpy(out->data, data, len);
	out->len = len;
	list_append(&queue->list, &out->le, out);
	queue->bytes += len;
	return 0;
}

void tube_queue_drop_first(struct tube_queue *queue)
{
	struct tube_out *out = list_ledata(queue->list.head);

	if (!out)
		return;

	queue->bytes -= out->len;
	mem_deref(out);
}

/* Tell the one who sent it, here or, of a relayed frame, at another box. */
static void lost(struct tube *tube, const uint8_t *data, size_t len)
{
	struct tube_frame frame, back;
	struct tube_addr dst;

	++tube->counts.tx_lost;
	if (tube_frame_read(&frame, &dst, data, len) ||
	    frame.type == TUBE_UNDELIVERED)
		return;

	if (frame.src.slot == tube->p.self.slot &&
	    !strcmp(frame.src.node, tube->p.self.node)) {
		if (tube->p.losth)
			tube->p.losth(&dst, frame.type, frame.ref, tube->p.arg);
		return;
	}
	back = (struct tube_frame){.type = TUBE_UNDELIVERED,
				   .flags = frame.type,
				   .src = dst,
				   .ref = frame.ref};
	(void)tube_send(tube, &frame.src, &back);
}

void tube_queue_lose(struct tube_queue *queue, struct tube *tube)
{
	/* A handler may send, and so append to the queue of a new peer: not
	 * to this one */
	struct tube_queue gone = *queue;
	struct le *le;

	memset(queue, 0, sizeof(*queue));
	for (le = gone.list.head; le; le = le->next)
		le->list = &gone.list;
	while ((le = gone.list.head)) {
		struct tube_out *out = le->data;

		mem_ref(out);
		tube_queue_drop_first(&gone);
		lost(tube, out->data, out->len);
		mem_deref(out);
	}
}

static bool same_box(const struct tube *tube, const struct tube_addr *addr)
{
	return !strcmp(addr->node, tube->p.self.node);
}

static int out(struct tube *tube, const struct tube_addr *dst,
	       const uint8_t *data, size_t len)
{
	int err;

	if (same_box(tube, dst))
		err = tube->unix_end ? tube_unix_send(tube->unix_end, dst->slot,
						      data, len)
				     : EHOSTUNREACH;
	else
		err = tube->tls ? tube_tls_send(tube->tls, dst->node, data, len)
				: EHOSTUNREACH;
	if (!err)
		++tube->counts.tx;
	else if (err == ENOBUFS)
		++tube->counts.tx_full;
	else
		++tube->counts.tx_refused;
	return err;
}

static void relay(struct tube *tube, const struct tube_addr *dst,
		  const uint8_t *buf, size_t len)
{
	++tube->counts.relayed;
	if (out(tube, dst, buf, len))
		lost(tube, buf, len);
}

static void deliver(struct tube *tube, const struct tube_frame *frame,
		    const struct tube_addr *dst)
{
	++tube->counts.rx;
	if (dst->epoch && dst->epoch != tube->p.self.epoch) {
		++tube->counts.rx_stale;
		if (tube->p.staleh && frame->type != TUBE_UNDELIVERED)
			tube->p.staleh(frame, tube->p.arg);
	} else if (frame->type == TUBE_UNDELIVERED) {
		if (tube->p.losth)
			tube->p.losth(&frame->src, frame->flags, frame->ref,
				      tube->p.arg);
	} else {
		tube->p.recvh(frame, tube->p.arg);
	}
}

void tube_input(struct tube *tube, const uint8_t *buf, size_t len,
		bool (*speaks_for)(const char *node, void *arg), void *arg)
{
	struct tube_frame frame;
	struct tube_addr dst;

	/* In a box every process of ours may pass on what came from another */
	if (tube_frame_read(&frame, &dst, buf, len) || !same_box(tube, &dst) ||
	    (speaks_for && !speaks_for(frame.src.node, arg))) {
		++tube->counts.rx_bad;
		return;
	}
	if (dst.slot == tube->p.self.slot)
		deliver(tube, &frame, &dst);
	else if (speaks_for)
		relay(tube, &dst, buf, len);
	else
		++tube->counts.rx_bad;
}

int tube_send(struct tube *tube, const struct tube_addr *dst,
	      const struct tube_frame *frame)
{
	struct tube_frame full;
	uint8_t *buf;
	size_t len;
	int err;

	if (!tube || !dst || !frame || !dst->slot || !dst->node[0] ||
	    strnlen(dst->node, sizeof(dst->node)) > NODE_NAME_MAX)
		return EINVAL;
	if (frame->len > TUBE_PAYLOAD_MAX)
		return EMSGSIZE;

	full = *frame;
	/* An undelivered frame comes back in the name of whom it was for */
	if (full.type != TUBE_UNDELIVERED)
		full.src = tube->p.self;
	len = tube_frame_size(&full, dst);
	/* Not tube->buf: the payload may be a frame that was just read */
	buf = mem_alloc(len, NULL);
	if (!buf)
		return ENOMEM;

	tube_frame_write(buf, &full, dst);
	err = out(tube, dst, buf, len);
	mem_deref(buf);
	return err;
}

static void tube_destructor(void *data)
{
	struct tube *tube = data;

	tube->p.losth = NULL;
	mem_deref(tube->unix_end);
	mem_deref(tube->tls);
	mem_deref(tube->buf);
}

int tube_alloc(struct tube **tubep, const struct tube_params *params)
{
	struct tube *tube;
	int err = 0;

	if (!tubep || !params || !params->recvh || !params->wheel ||
	    !params->self.node[0] || !params->self.slot || !params->self.epoch)
		return EINVAL;

	tube = mem_zalloc(sizeof(*tube), tube_destructor);
	if (!tube)
		return ENOMEM;

	tube->p = *params;
	tube->p.tls = NULL;
	tube->buf = mem_alloc(TUBE_FRAME_MAX + 1, NULL);
	if (!tube->buf)
		err = ENOMEM;
	if (!err && params->run_dir)
		err = tube_unix_alloc(&tube->unix_end, tube);
	if (!err && params->tls)
		err = tube_tls_alloc(&tube->tls, tube, params->tls);
	if (err)
		mem_deref(tube);
	else
		*tubep = tube;
	return err;
}

int tube_renew(struct tube *tube, char *errbuf, size_t errlen)
{
	if (!tube || !errbuf || !errlen)
		return EINVAL;

	errbuf[0] = '\0';
	return tube->tls ? tube_tls_renew(tube->tls, errbuf, errlen) : 0;
}

const struct tube_counts *tube_counts(const struct tube *tube)
{
	return tube ? &tube->counts : NULL;
}

const struct tube_addr *tube_self(const struct tube *tube)
{
	return &tube->p.self;
}
