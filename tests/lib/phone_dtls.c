/*
 * phone_dtls.c  Keys of a media_phone by DTLS, without ICE (RFC 5763)
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <re.h>

#include "tests/lib/media_phone.h"
#include "tests/lib/mock_dtls.h"
#include "tests/lib/phone_dtls.h"

static void on_rtp_send(const uint8_t *pkt, size_t len, void *arg)
{
	media_phone_send_raw(arg, false, pkt, len);
}

static void on_rtcp_send(const uint8_t *pkt, size_t len, void *arg)
{
	media_phone_send_raw(arg, true, pkt, len);
}

static void dress(const struct phone_dtls *dtls)
{
	for (unsigned i = 0; i < 2; i++) {
		if (dtls->large)
			mock_dtls_large(dtls->end[i]);
		if (dtls->strong)
			mock_dtls_strong(dtls->end[i]);
	}
}

static void forget(struct media_phone *phone)
{
	struct phone_dtls *dtls = &phone->dtls;

	phone_dtls_close(phone);
	dtls->shaken[0] = dtls->shaken[1] = dtls->serves = false;
}

int phone_dtls_renew(struct media_phone *phone)
{
	struct phone_dtls *dtls = &phone->dtls;

	forget(phone);
	if (mock_dtls_alloc(&dtls->end[0], NULL, on_rtp_send, phone) ||
	    mock_dtls_again(&dtls->end[1], dtls->end[0], on_rtcp_send, phone))
		return ENOMEM;
	dress(dtls);
	return 0;
}

static int renew_as(struct media_phone *phone, const struct mock_dtls *as)
{
	struct phone_dtls *dtls = &phone->dtls;

	forget(phone);
	if (mock_dtls_again(&dtls->end[0], as, on_rtp_send, phone) ||
	    mock_dtls_again(&dtls->end[1], as, on_rtcp_send, phone))
		return ENOMEM;
	dress(dtls);
	return 0;
}

int phone_dtls_restart(struct media_phone *phone)
{
	struct mock_dtls *was = mem_ref(phone->dtls.end[0]);
	int err = renew_as(phone, was);

	mem_deref(was);
	return err;
}

int phone_dtls_share(struct media_phone *phone, const struct media_phone *with)
{
	phone->dtls.setup = with->dtls.setup;
	phone->dtls.mux = with->dtls.mux;
	return renew_as(phone, with->dtls.end[0]);
}

const char *phone_dtls_lines(struct media_phone *phone)
{
	struct phone_dtls *dtls = &phone->dtls;

	if (!dtls->setup)
		return "";
	if (!dtls->end[0] && phone_dtls_renew(phone))
		return "";
	snprintf(dtls->text, sizeof(dtls->text),
		 "a=fingerprint:%s\r\na=setup:%s\r\n%s",
		 dtls->lie ? dtls->lie : mock_dtls_fingerprint(dtls->end[0]),
		 dtls->setup, dtls->mux ? "a=rtcp-mux\r\n" : "");
	return dtls->text;
}

int phone_dtls_take(struct media_phone *phone, const char *sdp)
{
	const char *fp = strstr(sdp, "a=fingerprint:");
	struct phone_dtls *dtls = &phone->dtls;
	bool serves;

	if (!dtls->setup)
		return 0;
	if (!fp || sscanf(fp, "a=fingerprint:%255[^\r\n]", dtls->far) != 1 ||
	    (!dtls->end[0] && phone_dtls_renew(phone)))
		return EBADMSG;
	if (dtls->shaken[0])
		return 0;
	serves = strstr(sdp, "a=setup:active") ||
		 (strstr(sdp, "a=setup:actpass") &&
		  !strcmp(dtls->setup, "passive"));
	if (serves && !dtls->serves) {
		mock_dtls_serve(dtls->end[0]);
		mock_dtls_serve(dtls->end[1]);
	}
	dtls->serves = serves;
	return 0;
}

static void settle(struct phone_dtls *dtls, struct phone_keys *keys, bool rtcp)
{
	struct mock_keys got;
	int err;

	if (dtls->shaken[rtcp] ||
	    !mock_dtls_keys(dtls->end[rtcp], dtls->far, &got, &err))
		return;
	dtls->shaken[rtcp] = true;
	dtls->handshakes += !rtcp;
	phone_keys_set(keys,
		       got.suite == 7 ? "AEAD_AES_128_GCM"
				      : "AES_CM_128_HMAC_SHA1_80",
		       got.local, got.remote);
}

static void settle_all(struct media_phone *phone)
{
	struct phone_dtls *dtls = &phone->dtls;

	settle(dtls, &phone->keys, false);
	if (!dtls->mux)
		settle(dtls, &dtls->rtcp, true);
}

void phone_dtls_poll(struct media_phone *phone)
{
	struct phone_dtls *dtls = &phone->dtls;

	if (!dtls->end[0] || dtls->mute || !dtls->far[0])
		return;
	for (unsigned i = 0; i < (dtls->mux ? 1u : 2u); i++)
		mock_dtls_poll(dtls->end[i]);
	settle_all(phone);
}

void phone_dtls_recv(struct media_phone *phone, bool rtcp, const uint8_t *pkt,
		     size_t len)
{
	if (!phone->dtls.end[rtcp] || phone->dtls.mute)
		return;
	mock_dtls_recv(phone->dtls.end[rtcp], pkt, len);
	settle_all(phone);
}

void phone_dtls_close(struct media_phone *phone)
{
	phone->dtls.end[0] = mem_deref(phone->dtls.end[0]);
	phone->dtls.end[1] = mem_deref(phone->dtls.end[1]);
}
