/*
 * rtpengine.c  RTPEngine in user space, as a peer: a child of the benchmark
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include <re.h>

#include "tests/bench/lib/bench.h"
#include "tests/bench/lib/rtpengine.h"
#include "tests/bench/lib/stack.h"

enum {
	TRIES = 50, /* until it listens */
	TRY_MS = 200,
	MESSAGE = 8192
};

bool rtpengine_version(char *version, size_t size)
{
	static const char word[] = "Version: ";
	FILE *f = popen("rtpengine --version 2>&1", "r");
	bool ok;

	version[0] = '\0';
	if (!f)
		return false;
	(void)!fgets(version, (int)size, f);
	version[strcspn(version, "\n")] = '\0';
	ok = !pclose(f);
	if (!strncmp(version, word, strlen(word)))
		memmove(version, version + strlen(word),
			strlen(version + strlen(word)) + 1);
	return ok && version[0];
}

/* The answer to a dictionary, without its cookie; false when none comes. */
static bool ask(struct rtpengine *peer, const char *dict, char *answer)
{
	char msg[MESSAGE], cookie[16];
	ssize_t n;
	int len;

	snprintf(cookie, sizeof(cookie), "c%u ", ++peer->cookie);
	len = snprintf(msg, sizeof(msg), "%s%s", cookie, dict);
	if (len >= (int)sizeof(msg) || send(peer->fd, msg, (size_t)len, 0) < 0)
		return false;

	n = recv(peer->fd, answer, MESSAGE - 1, 0);
	if (n <= 0)
		return false;
	answer[n] = '\0';
	return !strncmp(answer, cookie, strlen(cookie));
}

static pid_t run(const struct sa *ng)
{
	char listen[64];
	const char *const argv[] = {"rtpengine",
				    "--interface=127.0.0.1",
				    listen,
				    "--table=-1", /* no kernel module */
				    "--foreground",
				    "--log-stderr",
				    "--log-level=3",
				    "--num-threads=1",
				    "--port-min=10000",
				    "--port-max=23999",
				    "--delete-delay=0",
				    "--dtls-passive",
				    NULL};
	pid_t pid;
	int fd;

	snprintf(listen, sizeof(listen), "--listen-ng=127.0.0.1:%u",
		 sa_port(ng));
	fflush(NULL);
	pid = fork();
	if (pid)
		return pid;

	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	fd = open("/dev/null", O_WRONLY);
	dup2(fd, 1);
	dup2(fd, 2);
	execvp(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

void rtpengine_start(struct rtpengine *peer)
{
	const struct timeval wait = {.tv_usec = TRY_MS * 1000};
	char answer[MESSAGE];
	struct sa ng;

	*peer = (struct rtpengine){.fd = socket(AF_INET, SOCK_DGRAM, 0)};
	stack_free_port(&ng, SOCK_DGRAM);
	peer->ng = sa_port(&ng);
	if (connect(peer->fd, &ng.u.sa, ng.len) ||
	    setsockopt(peer->fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)))
		bench_die("no socket: %s", strerror(errno));
	peer->pid = run(&ng);
	for (unsigned i = 0; i < TRIES; i++) {
		if (ask(peer, "d7:command4:pinge", answer))
			return;
		usleep(TRY_MS * 1000); /* a refused one returns at once */
	}
	rtpengine_stop(peer);
	bench_die("rtpengine did not start");
}

void rtpengine_stop(struct rtpengine *peer)
{
	close(peer->fd);
	kill(peer->pid, SIGTERM);
	(void)waitpid(peer->pid, NULL, 0);
}

/* The value of "sdp" in a dictionary: "3:sdp<length>:<text>". */
static void take_sdp(const char *answer, char told[RTPENGINE_SDP])
{
	const char *at = strstr(answer, "3:sdp");
	char *text = NULL;
	unsigned long len = at ? strtoul(at + 5, &text, 10) : 0;

	if (!len || len >= RTPENGINE_SDP || *text != ':' ||
	    strlen(text + 1) < len)
		bench_die("rtpengine: %s", answer);
	memcpy(told, text + 1, len);
	told[len] = '\0';
}

void rtpengine_transcode(struct rtpengine *peer, unsigned nr,
			 const char *codec, const char *const sdp[2],
			 char told[2][RTPENGINE_SDP])
{
	char dict[MESSAGE - 16], answer[MESSAGE];

	snprintf(dict, sizeof(dict),
		 "d7:command5:offer7:call-id8:call%04u8:from-tag1:a"
		 "3:ICE6:remove5:codecd4:maskl4:opuse9:transcodel%zu:%see"
		 "3:sdp%zu:%se",
		 nr % 10000, strlen(codec), codec, strlen(sdp[0]), sdp[0]);
	if (!ask(peer, dict, answer))
		bench_die("rtpengine does not answer an offer");
	take_sdp(answer, told[1]);
	snprintf(dict, sizeof(dict),
		 "d7:command6:answer7:call-id8:call%04u8:from-tag1:a"
		 "6:to-tag1:b3:ICE6:remove3:sdp%zu:%se",
		 nr % 10000, strlen(sdp[1]), sdp[1]);
	if (!ask(peer, dict, answer))
		bench_die("rtpengine does not answer an answer");
	take_sdp(answer, told[0]);
}

void rtpengine_call(struct rtpengine *peer, unsigned nr,
		    const char *const sdp[2], char told[2][RTPENGINE_SDP])
{
	rtpengine_transcode(peer, nr, "PCMU", sdp, told);
}

/* Keys of a dictionary in their order (bencode). */
static void ask_for(struct rtpengine *peer, const char *dict,
		    char told[RTPENGINE_SDP])
{
	char answer[MESSAGE];

	if (!ask(peer, dict, answer))
		bench_die("rtpengine does not answer: %s", dict);
	take_sdp(answer, told);
}

void rtpengine_bridge(struct rtpengine *peer, unsigned nr,
		      const char *const sdp[2], char told[2][RTPENGINE_SDP])
{
	char dict[MESSAGE - 16];

	snprintf(dict, sizeof(dict),
		 "d7:command5:offer4:DTLS7:passive3:ICE6:remove"
		 "8:ICE-lite8:backward"
		 "7:call-id8:brdg%04u8:from-tag1:a8:rtcp-muxl5:demuxe3:sdp%zu:%s18:transport-protocol"
		 "7:RTP/AVPe",
		 nr % 10000, strlen(sdp[0]), sdp[0]);
	ask_for(peer, dict, told[1]);
	snprintf(dict, sizeof(dict),
		 "d7:command6:answer3:ICE5:force8:ICE-lite7:forward"
		 "7:call-id8:brdg%04u8:from-tag1:a6:to-tag1:b"
		 "3:sdp%zu:%s18:transport-protocol17:UDP/TLS/RTP/SAVPFe",
		 nr % 10000, strlen(sdp[1]), sdp[1]);
	ask_for(peer, dict, told[0]);
}

void rtpengine_end(struct rtpengine *peer, unsigned nr)
{
	char dict[200], answer[MESSAGE];

	snprintf(dict, sizeof(dict),
		 "d7:command6:delete7:call-id8:brdg%04u8:from-tag1:ae",
		 nr % 10000);
	if (!ask(peer, dict, answer))
		bench_die("rtpengine does not answer: %s", dict);
}
