/*
 * trace_pack.c  A batch of records, made small (LZ4)
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <lz4.h>

#include "sigd/trace/trace_pack.h"

enum {
	FORMAT = 1,
	HEAD = 5,
	SPEED = 1, /* the best of LZ4's; others are faster by a tenth */
};

/* What a message is likely to say. It may not change but with FORMAT. */
static const char dictionary[] =
	"a=candidate:1 1 udp 2130706431 typ host generation 0\r\n"
	"a=fingerprint:sha-256 a=setup:actpass a=setup:passive a=ice-ufrag:"
	"a=ice-pwd:***\r\na=ice-lite\r\na=rtcp-mux\r\na=mid:0\r\n"
	"a=rtpmap:111 opus/48000/2\r\na=rtpmap:0 PCMU/8000\r\n"
	"a=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
	"a=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n"
	"v=0\r\no=- 0 0 IN IP4 \r\ns=-\r\nc=IN IP4 \r\nt=0 0\r\n"
	"m=audio 9 UDP/TLS/RTP/SAVPF 111 0 8 101\r\nm=audio RTP/AVP 0 8 101\r\n"
	"SIP/2.0 486 Busy Here\r\nSIP/2.0 487 Request Terminated\r\n"
	"SIP/2.0 401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"\", "
	"nonce=\"\", algorithm=SHA-256, qop=\"auth\"\r\n"
	"Authorization: Digest username=\"\", uri=\"sip:\", response=***, "
	"cnonce=\"\", nc=00000001\r\nREGISTER sip:OPTIONS sip:CANCEL sip:"
	"Contact: <sip:;transport=ws>;+sip.instance=\"<urn:uuid:"
	"\";expires=600\r\nSupported: path,gruu,outbound,replaces,timer,100rel"
	"\r\nAllow: INVITE,ACK,CANCEL,BYE,UPDATE,MESSAGE,OPTIONS,REFER,INFO,"
	"NOTIFY,SUBSCRIBE,PRACK\r\nUser-Agent: \r\n"
	"Record-Route: <sip:;lr>\r\nContent-Type: application/sdp\r\n"
	"SIP/2.0 100 Trying\r\nSIP/2.0 180 Ringing\r\nSIP/2.0 200 OK\r\n"
	"ACK sip:BYE sip:INVITE sip: SIP/2.0\r\nVia: SIP/2.0/UDP "
	";rport;branch=z9hG4bK\r\nVia: SIP/2.0/WSS .invalid;branch=z9hG4bK\r\n"
	"Max-Forwards: 70\r\nFrom: <sip:>;tag=\r\nTo: <sip:>;tag=\r\n"
	"Call-ID: \r\nCSeq: 1 INVITE\r\nCSeq: 2 BYE\r\nContent-Length: "
	"0\r\n\r\n";

struct trace_packer {
	LZ4_stream_t lz4;
};

int trace_packer_alloc(struct trace_packer **packerp)
{
	struct trace_packer *packer = mem_zalloc(sizeof(*packer), NULL);

	if (!packer)
		return ENOMEM;
	*packerp = packer;
	return 0;
}

int trace_pack(struct trace_packer *packer, struct mbuf *mb,
	       const uint8_t *data, size_t len)
{
	int err, n, most;

	if (len > TRACE_BATCH_MAX)
		return E2BIG;
	most = LZ4_compressBound((int)len);
	err = mbuf_write_u8(mb, FORMAT);
	err |= mbuf_write_u32(mb, htonl((uint32_t)len));
	if (!err && mbuf_get_space(mb) < (size_t)most)
		err = mbuf_resize(mb, mb->pos + (size_t)most);
	if (err)
		return ENOMEM;
	(void)LZ4_initStream(&packer->lz4, sizeof(packer->lz4));
	(void)LZ4_loadDict(&packer->lz4, dictionary, sizeof(dictionary) - 1);
	n = LZ4_compress_fast_continue(&packer->lz4, (const char *)data,
				       (char *)mb->buf + mb->pos, (int)len,
				       most, SPEED);
	if (n <= 0)
		return ENOMEM;
	mb->pos += (size_t)n;
	mb->end = mb->pos;
	return 0;
}

int trace_unpack(struct mbuf **mbp, const uint8_t *data, size_t len)
{
	struct mbuf *mb;
	uint32_t size;
	int n;

	if (len < HEAD || len > TRACE_BATCH_MAX || data[0] != FORMAT)
		return EBADMSG;
	memcpy(&size, data + 1, sizeof(size));
	size = ntohl(size);
	if (!size || size > TRACE_BATCH_MAX)
		return EBADMSG;
	mb = mbuf_alloc(size);
	if (!mb)
		return ENOMEM;
	n = LZ4_decompress_safe_usingDict((const char *)data + HEAD,
					  (char *)mb->buf, (int)(len - HEAD),
					  (int)size, dictionary,
					  sizeof(dictionary) - 1);
	if (n != (int)size) {
		mem_deref(mb);
		return EBADMSG;
	}
	mb->end = size;
	*mbp = mb;
	return 0;
}
