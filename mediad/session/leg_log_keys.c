/*
 * leg_log_keys.c  Keys that were pressed, for the log of the call
 *
 * Which key it was is nobody's business, unless the configuration says so:
 * people press card numbers.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "mediad/session/leg_log.h"
#include "mediad/session/session_priv.h"

enum {
	EVENT_LEN = 4, /* RFC 4733, 2.3 */
	KEYS = 16,
};

static void add_key(struct call_log_data *data, const struct leg *leg,
		    uint8_t code)
{
	static const char keys[KEYS + 1] = "0123456789*#ABCD";
	char key[2] = "*";

	if (leg->session->table->cfg.log_digits && code < KEYS)
		key[0] = keys[code];
	call_log_text(data, "digit", key);
}

void leg_log_key(struct leg *leg, bool in, const char *by, uint8_t code)
{
	struct call_log_data data;

	call_log_begin(&data);
	call_log_text(&data, "dir", in ? "in" : "out");
	call_log_text(&data, "by", by);
	add_key(&data, leg, code);
	leg_log(leg, "dtmf", &data);
}

/* How it goes on to the other side. */
static const char *on_by(const struct leg *leg)
{
	const struct leg *peer = leg->peer;

	if (!peer)
		return NULL;
	if (leg_event(peer))
		return "rtp";
	return peer->terms.digits == SESSION_DIGITS_RTP ||
			       peer->terms.digits == SESSION_DIGITS_TONES
		       ? "tone"
		       : "told";
}

/* Of each key many packets come, all with the timestamp of its begin. */
void leg_log_event(struct leg *leg, const struct strm_pkt *sp,
		   const uint8_t *pkt)
{
	struct leg_log *log = &leg->log;
	struct call_log_data data;
	const uint8_t code = sp->h.paylen < EVENT_LEN ? KEYS : pkt[sp->h.hdr];

	if (code >= KEYS || (log->event && log->event_ts == sp->h.ts))
		return;
	log->event = true;
	log->event_ts = sp->h.ts;
	call_log_begin(&data);
	call_log_text(&data, "dir", "in");
	call_log_text(&data, "by", "rtp");
	call_log_text(&data, "on", on_by(leg));
	add_key(&data, leg, code);
	leg_log(leg, "dtmf", &data);
}
