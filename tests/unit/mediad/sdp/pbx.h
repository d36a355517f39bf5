/*
 * pbx.h  Offers in the way that PBXs and phones of plain RTP write them
 *
 * Written by hand after what each of them is known to send.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_UNIT_MEDIAD_SDP_PBX_H
#define TESTS_UNIT_MEDIAD_SDP_PBX_H

/* Asterisk, chan_pjsip */
#define ASTERISK                                                        \
	"v=0\r\no=- 1187204586 1187204586 IN IP4 192.0.2.10\r\n"        \
	"s=Asterisk\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\n"                \
	"m=audio 14236 RTP/AVP 0 8 9 101\r\n"                           \
	"a=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"              \
	"a=rtpmap:9 G722/8000\r\na=rtpmap:101 telephone-event/8000\r\n" \
	"a=fmtp:101 0-16\r\na=ptime:20\r\na=maxptime:140\r\na=sendrecv\r\n"

/* Asterisk, with Opus and events for it */
#define ASTERISK_OPUS                                                   \
	"v=0\r\no=- 44 46 IN IP4 192.0.2.10\r\ns=Asterisk\r\n"          \
	"c=IN IP4 192.0.2.10\r\nt=0 0\r\n"                              \
	"m=audio 14238 RTP/AVP 107 8 101 110\r\n"                       \
	"a=rtpmap:107 opus/48000/2\r\na=fmtp:107 useinbandfec=1\r\n"    \
	"a=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n" \
	"a=fmtp:101 0-16\r\na=rtpmap:110 telephone-event/48000\r\n"     \
	"a=fmtp:110 0-16\r\na=ptime:20\r\na=maxptime:60\r\na=sendrecv\r\n"

/* FreeSWITCH: a=rtcp though it is port + 1, comfort noise */
#define FREESWITCH                                                          \
	"v=0\r\no=FreeSWITCH 1620000000 1620000001 IN IP4 198.51.100.5\r\n" \
	"s=FreeSWITCH\r\nc=IN IP4 198.51.100.5\r\nt=0 0\r\n"                \
	"m=audio 27410 RTP/AVP 8 0 101 13\r\n"                              \
	"a=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n"                  \
	"a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n"          \
	"a=rtpmap:13 CN/8000\r\na=rtcp:27411 IN IP4 198.51.100.5\r\n"       \
	"a=ptime:20\r\n"

/* Cisco gateway: c= twice, events with their own names, fax offered */
#define CISCO                                                              \
	"v=0\r\no=CiscoSystemsSIP-GW-UserAgent 3971 8247 IN IP4 "          \
	"203.0.113.9\r\ns=SIP Call\r\nc=IN IP4 203.0.113.9\r\nt=0 0\r\n"   \
	"m=audio 18060 RTP/AVP 0 8 18 100 101\r\n"                         \
	"c=IN IP4 203.0.113.9\r\na=rtpmap:0 PCMU/8000\r\n"                 \
	"a=rtpmap:8 PCMA/8000\r\na=rtpmap:18 G729/8000\r\n"                \
	"a=fmtp:18 annexb=no\r\na=rtpmap:100 X-NSE/8000\r\n"               \
	"a=fmtp:100 192-194\r\na=rtpmap:101 telephone-event/8000\r\n"      \
	"a=fmtp:101 0-16\r\na=X-sqn:0\r\na=X-cap: 1 audio RTP/AVP 100\r\n" \
	"a=X-cpar: a=rtpmap:100 X-NSE/8000\r\na=X-cap: 2 image udptl t38\r\n"

/* baresip: bandwidth, labels, SSRC, rtcp on port + 1 said */
#define BARESIP                                                       \
	"v=0\r\no=- 3840283 2017354 IN IP4 127.0.0.1\r\ns=-\r\n"      \
	"c=IN IP4 127.0.0.1\r\nt=0 0\r\na=tool:baresip 1.0.0\r\n"     \
	"m=audio 20582 RTP/AVP 0 8 101\r\nb=AS:125\r\n"               \
	"a=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"            \
	"a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n"    \
	"a=rtcp:20583\r\na=sendrecv\r\na=label:1\r\na=rtcp-rsize\r\n" \
	"a=ssrc:1827466364 cname:sip:pbx@127.0.0.1\r\na=ptime:20\r\n"

/* A phone of 2002: no rtpmap, no events, LF alone, blanks at line ends, a
 * user with blanks, c= below the m-line only */
#define OLD_PHONE                                                      \
	"v=0\no=Front Desk 2 8000 8000 IN IP4 10.0.0.77\ns= \nt=0 0\n" \
	"m=audio 5004 RTP/AVP 0 8 18\nc=IN IP4 10.0.0.77\na=sendrecv \n"

/* With camera and fax, audio second, direction for all before any m-line */
#define MANY_LINES                                                   \
	"v=0\r\no=pbx 1 1 IN IP4 192.0.2.10\r\ns=-\r\n"              \
	"c=IN IP4 192.0.2.10\r\nb=CT:384\r\nt=0 0\r\na=sendonly\r\n" \
	"m=video 5000 RTP/AVP 34 96\r\na=rtpmap:96 H264/90000\r\n"   \
	"m=audio 5002 RTP/AVP 8 101\r\n"                             \
	"a=rtpmap:101 telephone-event/8000\r\n"                      \
	"m=image 5004 udptl t38\r\na=T38FaxVersion:0\r\n"            \
	"m=audio 5006 RTP/AVP 0\r\nm=video 0 RTP/AVP\r\n"

/* On hold as in RFC 2543, below the m-line, with the session's c= as it was */
#define HOLD_2543                                                         \
	"v=0\r\no=pbx 1 2 IN IP4 192.0.2.10\r\ns=-\r\n"                   \
	"c=IN IP4 192.0.2.10\r\nt=0 0\r\nm=audio 14236 RTP/AVP 8 101\r\n" \
	"c=IN IP4 0.0.0.0\r\na=rtpmap:101 telephone-event/8000\r\n"

#endif
