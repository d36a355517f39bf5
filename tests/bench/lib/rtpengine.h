/*
 * rtpengine.h  RTPEngine in user space, as a peer: a child of the benchmark
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_BENCH_LIB_RTPENGINE_H
#define TESTS_BENCH_LIB_RTPENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	RTPENGINE_SDP = 4096
};

struct rtpengine {
	pid_t pid;
	int fd; /* of its control protocol, "ng" */
	uint16_t ng; /* its port, on 127.0.0.1 */
	unsigned cookie;
};

/* False: it is not installed. Its version, one line, is written. */
bool rtpengine_version(char *version, size_t size);

/* Ready to serve when it returns; ends the program when it cannot be. */
void rtpengine_start(struct rtpengine *peer);
void rtpengine_stop(struct rtpengine *peer);

/* A call between who offers Opus and who answers with PCMU alone. What each
 * is told is written to their SDP. */
void rtpengine_call(struct rtpengine *peer, unsigned nr,
		    const char *const sdp[2], char told[2][RTPENGINE_SDP]);
/* The same with another codec than PCMU. */
void rtpengine_transcode(struct rtpengine *peer, unsigned nr,
			 const char *codec, const char *const sdp[2],
			 char told[2][RTPENGINE_SDP]);
/* A call between a page (ICE, DTLS-SRTP), which offers, and plain RTP with the
 * same codec: RTPEngine is lite and passive towards the page. */
void rtpengine_bridge(struct rtpengine *peer, unsigned nr,
		      const char *const sdp[2], char told[2][RTPENGINE_SDP]);
void rtpengine_end(struct rtpengine *peer, unsigned nr);

#endif
