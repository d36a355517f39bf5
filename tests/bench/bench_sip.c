/*
 * bench_sip.c  CPU time to decode and to forward a SIP message, beside libre
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <re.h>

#include "common/wheel.h"
#include "sigd/sip/smsg_build.h"
#include "sigd/sip/smsg_edit.h"
#include "sigd/txn/txn.h"
#include "tests/bench/lib/bench.h"

enum {
	ROUNDS = 200000,
	RUNS = 5
};

static const char invite_head[] =
	"INVITE sip:echo@example.org SIP/2.0\r\n"
	"Via: SIP/2.0/WSS 4qf4rr3s7s4k.invalid;branch=z9hG4bK7612048\r\n"
	"Max-Forwards: 69\r\n"
	"To: <sip:echo@example.org>\r\n"
	"From: \"Alice\" <sip:alice@example.org>;tag=kv5b3lq8uk\r\n"
	"Call-ID: 2o7i4n03t2e5c1j8k9aa\r\n"
	"CSeq: 4711 INVITE\r\n"
	"Proxy-Authorization: Digest algorithm=SHA-256, username=\"alice\", "
	"realm=\"example.org\", nonce=\"AQEx0q7bSsmd5cG5yFJ0a2wDKq8bVyWnHq2\", "
	"uri=\"sip:echo@example.org\", response=\"4bca0e0d8b8b8cf1d0a8f2d1f7e5a"
	"c1c64f0b9a3e2d4c6b8a0f1e3d5c7b9a8d6\", qop=auth, cnonce=\"abcdef01\", "
	"nc=00000001\r\n"
	"Contact: <sip:8kdk2v1f@4qf4rr3s7s4k.invalid;transport=ws;ob>\r\n"
	"Content-Type: application/sdp\r\n"
	"Session-Expires: 90\r\n"
	"Allow: INVITE,ACK,CANCEL,BYE,UPDATE,MESSAGE,OPTIONS,REFER,INFO,"
	"NOTIFY\r\n"
	"Supported: timer,ice,replaces,outbound\r\n"
	"User-Agent: JsSIP 3.13.8\r\n";

static const char sdp[] =
	"v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
	"a=group:BUNDLE 0\r\na=extmap-allow-mixed\r\na=msid-semantic: WMS a\r\n"
	"m=audio 51472 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126\r\n"
	"c=IN IP4 192.0.2.17\r\na=rtcp:9 IN IP4 0.0.0.0\r\n"
	"a=candidate:1467250027 1 udp 2122260223 192.0.2.17 51472 typ host "
	"generation 0 network-id 1\r\n"
	"a=candidate:3180493051 1 udp 1686052607 203.0.113.77 51472 typ srflx "
	"raddr 192.0.2.17 rport 51472 generation 0 network-id 1\r\n"
	"a=candidate:435653019 1 tcp 1518280447 192.0.2.17 9 typ host tcptype "
	"active generation 0 network-id 1\r\n"
	"a=ice-ufrag:F7gI\r\na=ice-pwd:x9cml/YzichV2+XlhiMu8g01\r\n"
	"a=ice-options:trickle\r\na=fingerprint:sha-256 "
	"D2:FA:0E:C3:22:59:5E:14:"
	"95:69:92:3D:13:B4:84:24:2C:C2:A2:C0:3E:FD:34:8E:5E:EA:6F:AF:52:CE:E6:"
	"0F\r\na=setup:actpass\r\na=mid:0\r\na=sendrecv\r\na=rtcp-mux\r\n"
	"a=rtpmap:111 opus/48000/2\r\na=rtcp-fb:111 transport-cc\r\n"
	"a=fmtp:111 minptime=10;useinbandfec=1\r\na=rtpmap:63 red/48000/2\r\n"
	"a=rtpmap:9 G722/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 "
	"PCMA/8000\r\n"
	"a=rtpmap:13 CN/8000\r\na=rtpmap:110 telephone-event/48000\r\n"
	"a=rtpmap:126 telephone-event/8000\r\na=ssrc:3735928559 "
	"cname:1c2d3e4f\r\n";

static const char reg[] =
	"REGISTER sip:example.org SIP/2.0\r\n"
	"Via: SIP/2.0/WSS 4qf4rr3s7s4k.invalid;branch=z9hG4bK5201122\r\n"
	"Max-Forwards: 69\r\n"
	"To: <sip:alice@example.org>\r\n"
	"From: \"Alice\" <sip:alice@example.org>;tag=kv5b3lq8uk\r\n"
	"Call-ID: 2o7i4n03t2e5c1j8k9aa\r\n"
	"CSeq: 12 REGISTER\r\n"
	"Contact: <sip:8kdk2v1f@4qf4rr3s7s4k.invalid;transport=ws>;"
	"+sip.ice;reg-id=1;+sip.instance=\"<urn:uuid:8f2b4c6d-1111-4222-8333-"
	"944455566677>\";expires=600\r\n"
	"Expires: 600\r\n"
	"Allow: INVITE,ACK,CANCEL,BYE,UPDATE,MESSAGE,OPTIONS,REFER,INFO\r\n"
	"Supported: path,gruu,outbound\r\n"
	"User-Agent: JsSIP 3.13.8\r\n"
	"Content-Length: 0\r\n\r\n";

typedef int(bench_h)(uint8_t *buf, size_t len);

static int decode(uint8_t *buf, size_t len)
{
	struct smsg msg;
	struct smsg_err why;

	return smsg_decode(&msg, buf, len, NULL, &why);
}

/* What a proxy does with a request from a browser. */
static int forward(uint8_t *buf, size_t len)
{
	static const char via[] =
		"SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK"
		"AQEuR8x0c2Jq3vVYJ1ZrP7kq9bU2mXl4nTz0dWs6yHfGaEoC;rport";
	static const char rr[] =
		"<sip:AQEuR8x0c2Jq3vVYJ1ZrP7kq9bU2mXl4nTz0dWs6"
		"yHfGaEoCQwErTyUiOpAsDfGhJkLzXcVbNm@192.0.2.1;lr>";
	static const char uri[] = "sip:200@192.0.2.80:5060";
	static const char src[] = "203.0.113.77";
	struct pl v = PL(via), r = PL(rr), u = PL(uri), s = PL(src);
	struct smsg msg;
	struct smsg_err why;
	struct smsg_edit ed;
	uint8_t out[8192];
	size_t n;
	int err = smsg_decode(&msg, buf, len, NULL, &why);

	if (err)
		return err;
	err = smsg_source_set(&msg, &s, 40123);
	smsg_edit_init(&ed, &msg);
	smsg_edit_uri(&ed, &u);
	smsg_edit_push(&ed, SHDR_VIA, &v);
	smsg_edit_push(&ed, SHDR_RECORD_ROUTE, &r);
	smsg_edit_hop(&ed);
	smsg_edit_remove(&ed, SHDR_PROXY_AUTHORIZATION);
	smsg_edit_replace_value(&ed, SHDR_CONTACT, 0, &r);
	smsg_edit_remove_prefix(&ed, "X-Cordboard-");
	return err | smsg_edit_write(&ed, out, sizeof(out), &n);
}

/* --- a whole server transaction over a reliable transport ----------------- */

static struct {
	struct wheel *wheel;
	struct txn_table *table;
	uint64_t now;
} txn;

static int on_send(const struct txn_dest *dest, const uint8_t *msg, size_t len,
		   void *arg)
{
	(void)dest, (void)msg, (void)len, (void)arg;
	return 0;
}

static int transaction(uint8_t *buf, size_t len)
{
	const struct txn_dest src = {.reliable = true};
	const struct smsg_reply reply = {.scode = 200, .to_tag = PL("a1b2")};
	struct txn_srv *st = NULL;
	struct smsg_err why;
	struct smsg msg;
	int err = smsg_decode(&msg, buf, len, NULL, &why);

	if (err || txn_recv_request(txn.table, &msg, &st) != TXN_NEW)
		return EINVAL;
	err = txn_srv_start(&st, txn.table, &msg, &src, NULL, NULL);
	if (!err)
		err = txn_srv_respond(st, &reply);
	wheel_advance(txn.wheel, ++txn.now);
	return err;
}

static int libre_decode(uint8_t *buf, size_t len)
{
	struct mbuf *copy = mbuf_alloc(len);
	struct sip_msg *msg = NULL;
	int err;

	/* libre keeps a reference to the buffer it decodes */
	if (!copy)
		return ENOMEM;
	err = mbuf_write_mem(copy, buf, len);
	copy->pos = 0;
	if (!err)
		err = sip_msg_decode(&msg, copy);
	mem_deref(msg);
	mem_deref(copy);
	return err;
}

static void run(const char *what, const char *text, bench_h *h)
{
	const size_t len = strlen(text);
	uint8_t buf[8192];
	char note[40];
	double best = 1e9;
	int err = 0;

	memcpy(buf, text, len);
	for (int i = 0; i < RUNS; i++) {
		double t = bench_cpu_us();

		for (int n = 0; n < ROUNDS / RUNS; n++)
			err |= h(buf, len);
		t = (bench_cpu_us() - t) / (ROUNDS / RUNS);
		if (t < best)
			best = t;
	}
	snprintf(note, sizeof(note), "%zu bytes%s", len, err ? ", FAILED" : "");
	BENCH(what, best, "us", 0, note);
}

int main(void)
{
	char invite[8192];

	snprintf(invite, sizeof(invite), "%sContent-Length: %zu\r\n\r\n%s",
		 invite_head, strlen(sdp), sdp);

	bench_title("A SIP message read, checked and written on, in cache, "
		    "without sockets; the\npeer is libre's parser. The whole "
		    "way of a message through sigd: bench_call.\n");
	if (wheel_alloc(&txn.wheel, 0) ||
	    txn_table_alloc(&txn.table, NULL, txn.wheel, on_send, NULL))
		return 1;

	run("INVITE decode", invite, decode);
	run("INVITE decode, edit, write", invite, forward);
	run("INVITE decode by libre", invite, libre_decode);
	run("REGISTER decode", reg, decode);
	run("REGISTER decode, edit, write", reg, forward);
	run("REGISTER decode by libre", reg, libre_decode);
	run("REGISTER decoded and answered", reg, transaction);
	mem_deref(txn.table);
	mem_deref(txn.wheel);
	return 0;
}
