/*
 * talk_page.c  RTP of a page whose media is up, at little cost
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <re.h>

#include "mediad/transport/crypt.h"
#include "tests/bench/lib/talk_page.h"
#include "tests/lib/mock_dtls.h"
#include "tests/lib/mock_media.h"

struct talk_page {
	struct crypt *tx, *rx;
	uint32_t ssrc; /* as on the wire */
	int fd;
};

static void destructor(void *data)
{
	struct talk_page *page = data;

	mem_deref(page->tx);
	mem_deref(page->rx);
}

static int crypt_of(struct crypt **cp, uint16_t suite, const uint8_t *key)
{
	return crypt_alloc(cp, &crypt_openssl, (enum crypt_suite)suite, key,
			   key + CRYPT_KEY_LEN);
}

int talk_page_alloc(struct talk_page **pagep, const struct mock_media *media)
{
	const struct mock_keys *keys = mock_media_keys(media);
	const struct sa *to = mock_media_peer(media);
	struct talk_page *page = mem_zalloc(sizeof(*page), destructor);
	int err;

	if (!page)
		return ENOMEM;
	page->ssrc = htonl(mock_media_ssrc(media));
	page->fd = mock_media_fd(media);
	err = keys ? crypt_of(&page->tx, keys->suite, keys->local) : ENOTCONN;
	if (!err)
		err = crypt_of(&page->rx, keys->suite, keys->remote);
	if (!err && connect(page->fd, &to->u.sa, to->len))
		err = errno;
	if (err)
		mem_deref(page);
	else
		*pagep = page;
	return err;
}

static uint16_t seq_of(const uint8_t *pkt)
{
	return (uint16_t)(pkt[2] << 8 | pkt[3]);
}

void talk_page_send(struct talk_page *page, uint8_t *pkt, size_t len)
{
	memcpy(pkt + 8, &page->ssrc, sizeof(page->ssrc));
	if (!crypt_rtp_protect(page->tx, pkt, &len, len + TALK_PAGE_ROOM,
			       seq_of(pkt)))
		(void)!send(page->fd, pkt, len, 0);
}

size_t talk_page_open(struct talk_page *page, uint8_t *out, size_t size,
		      const uint8_t *pkt, size_t len)
{
	if (len < 12 || len > size)
		return 0;
	memcpy(out, pkt, len);
	return crypt_rtp_unprotect(page->rx, out, &len, seq_of(out)) ? 0 : len;
}
