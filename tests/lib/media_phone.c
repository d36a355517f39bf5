/*
 * media_phone.c  The media side of a PBX or a phone: RTP or SRTP, G.711
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <re.h>

#include "tests/lib/media_bed.h"
#include "tests/lib/media_phone.h"

enum {
	TRIES = 100
};

static void ports_close(struct media_phone *phone)
{
	for (size_t i = 0; i < 2; i++) {
		if (phone->fd[i] >= 0)
			close(phone->fd[i]);
		phone->fd[i] = -1;
	}
}

static void destructor(void *data)
{
	struct media_phone *phone = data;

	list_unlink(&phone->le);
	ports_close(phone);
	phone_keys_close(&phone->keys);
	phone_keys_close(&phone->dtls.rtcp);
	phone_dtls_close(phone);
	packet_check_close(&phone->check);
}

static int port_bind(int *fdp, struct sa *addr)
{
	*fdp = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	if (*fdp < 0 || bind(*fdp, &addr->u.sa, addr->len) ||
	    getsockname(*fdp, &addr->u.sa, &addr->len))
		return errno;
	return 0;
}

int media_phone_move(struct media_phone *phone)
{
	for (unsigned i = 0; i < TRIES; i++) {
		ports_close(phone);
		sa_set_str(&phone->addr[0], "127.0.0.1", 0);
		if (port_bind(&phone->fd[0], &phone->addr[0]) ||
		    sa_port(&phone->addr[0]) % 2)
			continue;
		sa_set_str(&phone->addr[1], "127.0.0.1",
			   (uint16_t)(sa_port(&phone->addr[0]) + 1));
		if (!port_bind(&phone->fd[1], &phone->addr[1]))
			return 0;
	}
	return EADDRINUSE;
}

struct media_phone *media_phone_open(struct media_bed *bed)
{
	struct media_phone *phone = mem_zalloc(sizeof(*phone), destructor);

	if (!phone)
		return NULL;
	phone->fd[0] = phone->fd[1] = -1;
	packet_check_open(&phone->check, 8000);
	phone->check.ts_slack_ms = 60;
	phone->bed = bed;
	phone->ssrc = rand_u32();
	phone->seq = 65000; /* wraps soon */
	phone->ts = 0xffff0000u;
	phone->pt = 8;
	phone->event = 101;
	phone->sending = true;
	if (media_phone_move(phone))
		return mem_deref(phone);
	list_append(&bed->phones, &phone->le, phone);
	return phone;
}

static const char *proto_of(const struct media_phone *phone)
{
	if (phone->dtls.setup)
		return phone->dtls.proto ? phone->dtls.proto
					 : "UDP/TLS/RTP/SAVP";
	if (phone->keys.proto)
		return phone->keys.proto;
	return phone->keys.suite ? "RTP/SAVP" : "RTP/AVP";
}

const char *media_phone_sdp(struct media_phone *phone)
{
	static char sdp[2048];

	snprintf(sdp, sizeof(sdp),
		 "v=0\r\no=pbx 12345 %u IN IP4 127.0.0.1\r\ns=call\r\n"
		 "c=IN IP4 %s\r\nt=0 0\r\nm=audio %u %s %s\r\n"
		 "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\n"
		 "%s%s%sa=%s\r\n",
		 ++phone->version, phone->conn ? phone->conn : "127.0.0.1",
		 sa_port(&phone->addr[0]),
		 proto_of(phone),
		 phone->formats ? phone->formats : "8 0 101",
		 phone->dtls.setup ? "" : phone_keys_line(&phone->keys),
		 phone_dtls_lines(phone),
		 phone->extra ? phone->extra : "",
		 phone->dir ? phone->dir : "sendrecv");
	return sdp;
}

int media_phone_take(struct media_phone *phone, const char *sdp, size_t len)
{
	const char *c, *m;
	unsigned port, pt;
	char ip[64];

	if (len >= sizeof(phone->sdp))
		return EOVERFLOW;
	memcpy(phone->sdp, sdp, len);
	phone->sdp[len] = '\0';
	c = strstr(phone->sdp, "c=IN IP4 ");
	m = strstr(phone->sdp, "m=audio ");
	if (!c || !m || sscanf(c, "c=IN IP4 %63s", ip) != 1 ||
	    sscanf(m, "m=audio %u %*s %u", &port, &pt) != 2)
		return EBADMSG;

	sa_set_str(&phone->peer[0], ip, (uint16_t)port);
	sa_set_str(&phone->peer[1], ip, (uint16_t)(port + 1));
	phone->pt = (uint8_t)pt;
	return phone->dtls.setup ? phone_dtls_take(phone, phone->sdp)
				 : phone_keys_take(&phone->keys, phone->sdp);
}

static enum sdpm_profile profile_of(const struct media_phone *phone)
{
	return phone->profile == SDPM_BROWSER ? SDPM_RTP : phone->profile;
}

static int says(struct media_phone *phone, const char *session, uint8_t leg,
		bool answer)
{
	struct session_remote remote = {
		.session = session,
		.call = "00000000000000ca",
		.tenant = "test",
		.leg = leg,
		.answer = answer,
		.create = !answer,
		.profile = profile_of(phone),
		.terms = phone->terms,
	};
	int err;

	if (!phone->keys.tx && !phone->dtls.setup)
		phone_keys_renew(&phone->keys);
	pl_set_str(&remote.sdp, media_phone_sdp(phone));
	err = session_leg_remote(phone->bed->table, &remote, NULL);
	if (!err && answer && !phone->dtls.setup)
		phone_keys_settle(&phone->keys);
	return err;
}

int media_phone_offers(struct media_phone *phone, const char *session,
		       uint8_t leg)
{
	return says(phone, session, leg, false);
}

int media_phone_answers(struct media_phone *phone, const char *session,
			uint8_t leg)
{
	return says(phone, session, leg, true);
}

int media_phone_gets(struct media_phone *phone, const char *session,
		     uint8_t leg, bool answer)
{
	struct session_local local = {
		.session = session,
		.call = "00000000000000ca",
		.tenant = "test",
		.leg = leg,
		.answer = answer,
		.create = !answer,
		.profile = profile_of(phone),
		.terms = phone->terms,
	};
	struct mbuf *mb = mbuf_alloc(1024);
	int err = mb ? 0 : ENOMEM;

	pl_set_str(&local.form, phone->form ? phone->form : "");
	if (!err)
		err = session_leg_local(phone->bed->table, &local, mb, NULL);
	if (!err)
		err = media_phone_take(phone, (char *)mb->buf, mb->end);
	if (!err && answer && !phone->dtls.setup)
		phone_keys_settle(&phone->keys);
	mem_deref(mb);
	return err;
}

int media_phone_calls(struct media_phone *phone, const char *session,
		      uint8_t leg)
{
	int err = media_phone_offers(phone, session, leg);

	return err ? err : media_phone_gets(phone, session, leg, true);
}

int media_phone_called(struct media_phone *phone, const char *session,
		       uint8_t leg)
{
	int err = media_phone_gets(phone, session, leg, false);

	return err ? err : media_phone_answers(phone, session, leg);
}

/* --- packets ------------------------------------------------------------------- */

static void put(uint8_t *p, uint32_t v, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		p[i] = (uint8_t)(v >> (8 * (bytes - 1 - i)));
}

void media_phone_send_raw(struct media_phone *phone, bool rtcp, const void *pkt,
			  size_t len)
{
	const struct sa *to = &phone->peer[rtcp];

	if (sa_isset(to, SA_ALL))
		(void)!sendto(phone->fd[rtcp], pkt, len, 0, &to->u.sa, to->len);
}

void media_phone_send(struct media_phone *phone, uint8_t pt,
		      const void *payload, size_t len)
{
	uint8_t pkt[1500] = {0x80, pt};

	put(pkt + 2, phone->seq++, 2);
	put(pkt + 4, phone->ts, 4);
	put(pkt + 8, phone->ssrc, 4);
	if (len > sizeof(pkt) - 12 - 32)
		return;
	memcpy(pkt + 12, payload, len);
	len += 12;
	if (phone_keys_seal(&phone->keys, false, pkt, &len))
		media_phone_send_raw(phone, false, pkt, len);
}

/* RTCP's keys, unless they are those of RTP. */
static struct phone_keys *reports_keys(struct media_phone *phone)
{
	return phone->dtls.setup && !phone->dtls.mux ? &phone->dtls.rtcp
						     : &phone->keys;
}

void media_phone_report(struct media_phone *phone, const void *pkt, size_t len)
{
	uint8_t buf[1500];

	memcpy(buf, pkt, len);
	if (phone_keys_seal(reports_keys(phone), true, buf, &len))
		media_phone_send_raw(phone, !phone->dtls.mux, buf, len);
}

void media_phone_tick(struct media_phone *phone)
{
	static const uint8_t silence[160] = {0xd5, 0xd5, 0xd5};
	const void *payload = phone->payload ? phone->payload : silence;

	phone->ts += 160;
	phone_dtls_poll(phone);
	if (phone->sending && (!phone->dtls.setup || phone->keys.tx))
		media_phone_send(phone, phone->pt, payload,
				 phone->payload ? phone->paylen
						: sizeof(silence));
}

static uint64_t unroll(struct media_phone *phone, uint16_t seq)
{
	int16_t step = (int16_t)(seq - (uint16_t)phone->high);
	uint64_t index = phone->heard ? phone->high + (uint64_t)(int64_t)step
				      : 65536u + seq;

	if (!phone->heard || step > 0)
		phone->high = index;
	return index;
}

static void hear(struct media_phone *phone, uint8_t *pkt, size_t len)
{
	uint64_t index;

	if (!phone_keys_open(&phone->keys, false, pkt, &len))
		return;
	index = unroll(phone, (uint16_t)(pkt[2] << 8 | pkt[3]));
	phone->heard++;
	phone->heard_ms = phone->bed->now_ms;
	packet_check_add(&phone->check, pkt, len, index, phone->bed->now_ms);
	if (phone->rtph)
		phone->rtph(pkt, len, phone->arg);
}

static void hear_report(struct media_phone *phone, uint8_t *pkt, size_t len)
{
	if (!phone_keys_open(reports_keys(phone), true, pkt, &len))
		return;
	phone->heard_rtcp++;
	phone->lastlen = len;
	memcpy(phone->last, pkt,
	       len < sizeof(phone->last) ? len : sizeof(phone->last));
}

static void on_packet(struct media_phone *phone, bool rtcp, uint8_t *pkt,
		      size_t len)
{
	if (pkt[0] >= 20 && pkt[0] < 64)
		phone_dtls_recv(phone, rtcp, pkt, len);
	else if (rtcp || (pkt[1] >= 192 && pkt[1] <= 223))
		hear_report(phone, pkt, len);
	else
		hear(phone, pkt, len);
}

void media_phone_poll(struct media_phone *phone)
{
	uint8_t buf[2048];

	for (size_t i = 0; i < 2; i++) {
		struct sa src;
		ssize_t n;

		for (;;) {
			src.len = sizeof(src.u);
			n = recvfrom(phone->fd[i], buf, sizeof(buf), 0,
				     &src.u.sa, &src.len);
			if (n < 0 && errno == ECONNREFUSED)
				continue;
			phone->empty += !n && !i;
			if (!n)
				continue;
			if (n < 12)
				break;
			if (sa_cmp(&src, &phone->peer[i], SA_ALL))
				on_packet(phone, i, buf, (size_t)n);
			else
				phone->foreign++;
		}
	}
}
