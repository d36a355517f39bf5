/*
 * sse_frame.c  One server-sent event
 *
 * SPDX-License-Identifier: MIT
 */
#include "sigd/sse/sse_priv.h"

int sse_frame(struct mbuf *mb, const char *id, const char *name,
	       const struct mbuf *data)
{
	size_t len = data->end;
	int err = 0;

	if (len && data->buf[len - 1] == '\n')
		--len;
	if (id)
		err = mbuf_printf(mb, "id: %s\n", id);
	if (!err && name)
		err = mbuf_printf(mb, "event: %s\n", name);
	if (!err)
		err = mbuf_write_str(mb, "data: ");
	if (!err)
		err = mbuf_write_mem(mb, data->buf, len);
	return err ? err : mbuf_write_str(mb, "\n\n");
}
