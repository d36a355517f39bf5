/*
 * invite_place.c  Which media worker has the session of a call
 *
 * Heartbeats are a second old: the one that was chosen may take no session any
 * more. Then nothing has left us yet, as no offer was made, and another one is
 * asked the same.
 *
 * SPDX-License-Identifier: MIT
 */
#include "common/log.h"
#include "sigd/call/call_dialog.h"
#include "sigd/proxy/invite/invite_priv.h"

enum {
	MOVES_MAX = 3
};

enum status invite_place(struct invite *inv)
{
	const char *at = media_client_pick(inv->px->deps.media, NULL);

	if (!at)
		return STATUS_NO_MEDIA_NODE;

	str_ncpy(inv->rec.media, at, sizeof(inv->rec.media));
	return STATUS_OK;
}

/* Another one may do it: this one has no room, is about to end, or ended. */
static bool elsewhere(enum status code)
{
	return code == STATUS_DRAINING || code == STATUS_OVERLOAD ||
	       code == STATUS_NO_PORT || code == STATUS_STALE_EPOCH ||
	       code == STATUS_TIMEOUT;
}

/* Should it have made it after all. */
static void leave(const struct invite *inv)
{
	struct ctl_req req = {.verb = CTL_SESSION_DROP,
			      .end = {.reason = STATUS_DRAINING}};

	str_ncpy(req.session, inv->rec.session, sizeof(req.session));
	(void)media_client_tell(inv->px->deps.media, inv->rec.media, &req);
}

bool invite_move(struct invite *inv, enum status code)
{
	struct proxy *px = inv->px;
	const char *at;

	if (!elsewhere(code) || inv->moves >= MOVES_MAX || inv->answered)
		return false;
	at = media_client_pick(px->deps.media, inv->rec.media);
	if (!at)
		return false;

	++inv->moves;
	log_info(inv->rec.call, "another media worker is asked",
		 "was=%s why=%s now=%s", inv->rec.media, status_text(code), at);
	leave(inv);
	str_ncpy(inv->rec.media, at, sizeof(inv->rec.media));
	call_media(px->deps.redis, inv->rec.call, inv->rec.media);
	return true;
}
