/*
 * ctl_view.c  The fields of a message in their canonical order, and its MAC
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <re.h>

#include "common/control/ctl_priv.h"
#include "common/mac.h"

/* Bytewise, the shorter first. */
static int compare(const struct pl *a, const struct pl *b)
{
	int diff = memcmp(a->p, b->p, a->l < b->l ? a->l : b->l);

	return diff ? diff : (a->l > b->l) - (a->l < b->l);
}

bool ctl_view_add(struct ctl_view *view, const struct pl *name,
		  const struct pl *value)
{
	size_t i = view->n;

	if (i == CTL_FIELDS_MAX)
		return false;

	while (i && compare(&view->pairs[i - 1].name, name) > 0)
		i--;
	if (i && !compare(&view->pairs[i - 1].name, name))
		return false;

	memmove(&view->pairs[i + 1], &view->pairs[i],
		(view->n - i) * sizeof(view->pairs[0]));
	view->pairs[i] = (struct ctl_pair){*name, *value};
	view->n++;
	return true;
}

const struct pl *ctl_view_find(const struct ctl_view *view, const char *name)
{
	for (size_t i = 0; i < view->n; i++)
		if (!pl_strcmp(&view->pairs[i].name, name))
			return &view->pairs[i].value;
	return NULL;
}

static int put(struct mbuf *mb, const struct pl *text)
{
	int err = mbuf_write_u32(mb, htonl((uint32_t)text->l));

	return err ? err
		   : mbuf_write_mem(mb, (const uint8_t *)text->p, text->l);
}

/*
 * "cordboard-ctl-1", then each name and value with its length before it (32
 * bits, network order): no two sets of fields have the same bytes.
 */
static int canonical(struct mbuf *mb, const struct ctl_view *view)
{
	int err = mbuf_write_str(mb, "cordboard-ctl-1");

	for (size_t i = 0; i < view->n && !err; i++) {
		if (!pl_strcmp(&view->pairs[i].name, "mac"))
			continue;
		err = put(mb, &view->pairs[i].name);
		err |= put(mb, &view->pairs[i].value);
	}
	return err;
}

int ctl_view_mac(uint8_t mac[CTL_MAC_LEN], const struct ctl_view *view,
		 const uint8_t key[CTL_KEY_LEN])
{
	uint8_t digest[MAC_LEN];
	struct mbuf *mb = mbuf_alloc(2048);
	int err;

	if (!mb)
		return ENOMEM;

	err = canonical(mb, view);
	if (!err) {
		mac_sha256(digest, key, CTL_KEY_LEN, mb->buf, mb->end);
		memcpy(mac, digest, CTL_MAC_LEN);
	}
	mem_deref(mb);
	return err;
}
