/*
 * test_media_worker.c  A whole worker in a process of its own, asked through
 *                      Redis, killed, succeeded, drained
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <re.h>

#include "common/control/ctl_client.h"
#include "common/control/ctl_event.h"
#include "common/control/ctl_node.h"
#include "common/keyring.h"
#include "common/log.h"
#include "mediad/media_worker.h"
#include "mediad/mediad_cfg.h"
#include "mediad/transport/cert.h"
#include "tests/lib/ctl_sample.h"
#include "tests/lib/redis_server.h"
#include "tests/lib/test.h"

#define SESSION "0123456789abcdef"
#define CALL    "fedcba9876543210"
#define OFFER                                                              \
	"v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"                \
	"m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=rtcp-mux\r\n"                \
	"a=rtpmap:111 opus/48000/2\r\na=ice-ufrag:abcd\r\n"                \
	"a=ice-pwd:abcdefghijklmnopqrstuv\r\na=setup:actpass\r\n"          \
	"a=fingerprint:sha-256 A0:A1:A2:A3:A4:A5:A6:A7:A8:A9:AA:AB:AC:AD:" \
	"AE:AF:B0:B1:B2:B3:B4:B5:B6:B7:B8:B9:BA:BB:BC:BD:BE:BF\r\n"

struct fixture {
	struct redis_bed bed;
	struct keyring *ring;
	struct mediad_setup setup;
	int fd;        /* as the parent keeps it */
	pid_t pids[2]; /* the first, and its heir */
	int go[2];     /* pipe: starts the heir */

	struct ctl_client *client;
	struct ctl_nodes *nodes;
	struct ctl_listener *listener;
	int answers, events;
	enum status status;
	char sdp[2048]; /* of the last answer */
	struct ctl_event event;
	uint32_t epoch; /* of the last worker asked */
	int want;
};

static bool write_file(const char *name, const char *fmt, ...)
{
	char path[300];
	FILE *file;
	va_list ap;

	snprintf(path, sizeof(path), "%s/%s", test_tmpdir(), name);
	file = fopen(path, "w");
	if (!file)
		return false;

	va_start(ap, fmt);
	vfprintf(file, fmt, ap);
	va_end(ap);
	fclose(file);
	return !chmod(path, 0600);
}

static bool cfg_make(struct fixture *fix)
{
	struct mediad_setup *setup = &fix->setup;
	struct cfg_errors *errs = NULL;
	/* of those that the system gives to nobody */
	unsigned rtp = 6000 + 8 * ((unsigned)getpid() % 480);
	char path[300];
	bool ok;

	snprintf(path, sizeof(path), "%s/mediad.yaml", test_tmpdir());
	ok = write_file("keys", "%s", CTL_SAMPLE_KEYS) &&
	     write_file("mediad.yaml",
			"node: t1\nkeys: keys\nstate_dir: .\n"
			"certificate: dtls.pem\ndrain: 300ms\n"
			"interfaces: [{name: lo, bind: 127.0.0.1, "
			"rtp_ports: [%u, %u]}]\n"
			"redis: {path: %s}\n",
			rtp, rtp + 7, fix->bed.server.sock) &&
	     !cfg_errors_alloc(&errs) &&
	     !mediad_cfg_load(&setup->cfg, path, errs) &&
	     !keyring_load(&setup->ring, setup->cfg->keys, NULL, 0) &&
	     !cert_load_or_make(&setup->cert, setup->cfg->certificate);
	if (!ok && errs)
		(void)re_printf("# %H", cfg_errors_print, errs);
	mem_deref(errs);
	return ok;
}

/* In the child: a loop and sockets of its own. */
static void child(struct fixture *fix)
{
	struct worker_sock sock = {.name = "lo",
				   .fd = fix->fd,
				   .cfg = fix->setup.cfg->ifaces};
	struct worker worker = {.slot = 1,
				.socks = &sock,
				.nsocks = 1,
				.cfg = &fix->setup,
				.parent_fd = -1};
	struct media_worker *mw = NULL;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	str_ncpy(worker.node, "t1", sizeof(worker.node));
	log_init("mediad/1", LOG_L_WARN);
	_exit(worker_main(&worker, &media_worker_hooks, &mw));
}

/* Both are forked before this process has a loop, which a child would
 * inherit; the heir waits. */
static void spawn(struct fixture *fix, unsigned i)
{
	char byte;

	fflush(NULL);
	fix->pids[i] = fork();
	if (fix->pids[i])
		return;

	close(fix->go[1]);
	if (i && read(fix->go[0], &byte, 1) != 1)
		_exit(1);
	child(fix);
}

static int reap(struct fixture *fix, unsigned i)
{
	int status = 0;

	waitpid(fix->pids[i], &status, 0);
	fix->pids[i] = 0;
	return status;
}

static void succeed(struct fixture *fix)
{
	kill(fix->pids[0], SIGKILL);
	reap(fix, 0);
	CHECK(write(fix->go[1], "", 1) == 1);
}

static void on_answer(int err, const struct ctl_ans *ans, void *arg)
{
	struct fixture *fix = arg;

	CHECK_INT(err, 0);
	++fix->answers;
	fix->status = ans ? ans->status : STATUS_COUNT;
	if (ans)
		(void)pl_strcpy(&ans->sdp, fix->sdp, sizeof(fix->sdp));
}

static void on_event(const struct ctl_event *event, const struct ctl_env *env,
		     const char *token, void *arg)
{
	struct fixture *fix = arg;

	(void)env;
	fix->event = *event;
	++fix->events;
	ctl_event_done(fix->listener, token);
}

/* The worker lives, and is another than the one asked before. */
static bool is_ready(void *arg)
{
	const struct fixture *fix = arg;
	const struct ctl_node *node = ctl_nodes_find(fix->nodes, "t1/1");

	return node && ctl_client_ready(fix->client) &&
	       node->epoch > fix->epoch;
}

static bool await_worker(struct fixture *fix)
{
	if (!redis_test_until(fix->bed.wheel, 10000, is_ready, fix))
		return false;

	fix->epoch = ctl_nodes_find(fix->nodes, "t1/1")->epoch;
	return true;
}

static bool has_answers(void *arg)
{
	const struct fixture *fix = arg;

	return fix->answers >= fix->want;
}

static bool has_events(void *arg)
{
	const struct fixture *fix = arg;

	return fix->events >= fix->want;
}

static bool begin(struct fixture *fix)
{
	struct ctl_peer peer;

	memset(fix, 0, sizeof(*fix));
	/* no loop yet: the child makes its own, and libre's is inherited */
	if (!redis_server_start(&fix->bed.server))
		return false;
	fix->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	if (!CHECK(cfg_make(fix)))
		return false;

	if (!CHECK(!pipe(fix->go)))
		return false;
	spawn(fix, 0);
	spawn(fix, 1);
	fix->ring = ctl_sample_keys();
	fix->bed.cfg = (struct redis_cfg){.path = fix->bed.server.sock};
	CHECK(!loop_init(1024));
	CHECK(!wheel_alloc(&fix->bed.wheel, loop_now_ms()));
	loop_drive(fix->bed.wheel);
	CHECK(!redis_link_alloc(&fix->bed.link, &fix->bed.cfg, fix->bed.wheel,
				NULL, NULL));
	peer = (struct ctl_peer){.addr = "s1/1",
				 .epoch = 77,
				 .link = fix->bed.link,
				 .cfg = &fix->bed.cfg,
				 .ring = fix->ring,
				 .wheel = fix->bed.wheel};
	CHECK(!ctl_client_alloc(&fix->client, &peer, 5000));
	CHECK(!ctl_nodes_alloc(&fix->nodes, fix->bed.link, fix->bed.wheel));
	CHECK(!ctl_listener_alloc(&fix->listener, &peer, on_event, fix));
	return CHECK(await_worker(fix));
}

static void finish(struct fixture *fix)
{
	char path[300];

	for (unsigned i = 0; i < 2; i++) {
		if (fix->pids[i]) {
			kill(fix->pids[i], SIGKILL);
			reap(fix, i);
		}
	}
	/* the next case begins with nothing */
	snprintf(path, sizeof(path), "%s/mediad-t1-1.state", test_tmpdir());
	(void)unlink(path);
	close(fix->go[0]);
	close(fix->go[1]);
	mem_deref(fix->client);
	mem_deref(fix->nodes);
	mem_deref(fix->listener);
	mem_deref(fix->ring);
	mem_deref(fix->setup.cert);
	mem_deref(fix->setup.ring);
	mem_deref(fix->setup.cfg);
	close(fix->fd);
	redis_bed_stop(&fix->bed);
}

static enum status ask(struct fixture *fix, const struct ctl_req *req)
{
	fix->want = fix->answers + 1;
	CHECK_INT(ctl_call(fix->client, "t1/1", fix->epoch, req, on_answer,
			   fix),
		  0);
	CHECK(redis_test_until(fix->bed.wheel, 8000, has_answers, fix));
	return fix->status;
}

static enum status offer(struct fixture *fix)
{
	struct ctl_req req = {.verb = CTL_LEG_REMOTE, .session = SESSION};

	req.remote.leg = 1;
	req.remote.create = true;
	strcpy(req.remote.call, CALL);
	pl_set_str(&req.remote.tenant, "acme");
	pl_set_str(&req.remote.sdp, OFFER);
	return ask(fix, &req);
}

static bool event_comes(struct fixture *fix)
{
	fix->want = fix->events + 1;
	return redis_test_until(fix->bed.wheel, 10000, has_events, fix);
}

/* Nothing of it can be resumed, and both sides have to hear of that. */
static void a_successor_tells_what_died_too_early(void)
{
	struct fixture fix;

	if (begin(&fix)) {
		CHECK_INT(offer(&fix), STATUS_OK);
		succeed(&fix);
		CHECK(event_comes(&fix));
		CHECK_INT(fix.event.kind, CTL_EV_SESSION_LOST);
		CHECK_INT(fix.event.why, STATUS_MEDIA_NODE_LOST);
		CHECK_STR(fix.event.call, CALL);
		CHECK(await_worker(&fix));
		CHECK_INT(offer(&fix), STATUS_OK);
	}
	finish(&fix);
}

static void draining_ends_with_the_time_allowed(void)
{
	struct fixture fix;
	int status;

	if (begin(&fix)) {
		CHECK_INT(offer(&fix), STATUS_OK);
		kill(fix.pids[0], SIGTERM);
		CHECK(event_comes(&fix));
		CHECK_INT(fix.event.kind, CTL_EV_SESSION_LOST);
		CHECK_INT(fix.event.why, STATUS_ADMIN);
		status = reap(&fix, 0);
		CHECK(WIFEXITED(status) && !WEXITSTATUS(status));
	}
	finish(&fix);
}

/* Nobody is asked for a file before calls are taken over. */
static void a_successor_needs_no_file_but_its_state(void)
{
	struct fixture fix;
	char path[300];

	if (begin(&fix)) {
		snprintf(path, sizeof(path), "%s/keys", test_tmpdir());
		CHECK(!unlink(path));
		CHECK(!unlink(fix.setup.cfg->certificate));
		succeed(&fix);
		CHECK(await_worker(&fix));
	}
	finish(&fix);
}

/* --- plain RTP ------------------------------------------------------------------ */

struct pbx {
	int fd;
	struct sa addr, peer;
	uint16_t seq;
	unsigned heard;
};

static bool pbx_calls(struct fixture *fix, struct pbx *pbx)
{
	struct ctl_req req = {.verb = CTL_LEG_REMOTE, .session = SESSION};
	const char *line;
	char sdp[300];

	memset(pbx, 0, sizeof(*pbx));
	sa_set_str(&pbx->addr, "127.0.0.1", 0);
	pbx->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	if (pbx->fd < 0 || bind(pbx->fd, &pbx->addr.u.sa, pbx->addr.len) ||
	    getsockname(pbx->fd, &pbx->addr.u.sa, &pbx->addr.len))
		return false;
	snprintf(sdp, sizeof(sdp),
		 "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\n"
		 "c=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio %u RTP/AVP 8\r\n",
		 sa_port(&pbx->addr));
	req.remote.leg = 1;
	req.remote.create = true;
	req.remote.profile = CTL_RTP;
	strcpy(req.remote.call, CALL);
	pl_set_str(&req.remote.tenant, "acme");
	pl_set_str(&req.remote.sdp, sdp);
	CHECK_INT(ask(fix, &req), STATUS_OK);
	req.verb = CTL_LEG_JOIN;
	req.join = (struct ctl_leg_join){.leg = 1, .service = CTL_ECHO};
	CHECK_INT(ask(fix, &req), STATUS_OK);
	req.verb = CTL_LEG_LOCAL;
	memset(&req.local, 0, sizeof(req.local));
	req.local.leg = 1;
	req.local.want = CTL_ANSWER;
	req.local.profile = CTL_RTP;
	CHECK_INT(ask(fix, &req), STATUS_OK);
	line = strstr(fix->sdp, "m=audio ");
	sa_set_str(&pbx->peer, "127.0.0.1",
		   line ? (uint16_t)atoi(line + 8) : 0);
	return line != NULL;
}

/* A packet at each look; true when 25 came back. */
static bool is_echoed(void *arg)
{
	struct pbx *pbx = arg;
	uint8_t pkt[172] = {0x80, 8, (uint8_t)(pbx->seq >> 8),
			    (uint8_t)pbx->seq};
	struct sa src = {.len = sizeof(src.u)};

	++pbx->seq;
	(void)!sendto(pbx->fd, pkt, sizeof(pkt), 0, &pbx->peer.u.sa,
		      pbx->peer.len);
	while (recvfrom(pbx->fd, pkt, sizeof(pkt), 0, &src.u.sa, &src.len) > 0)
		pbx->heard += sa_cmp(&src, &pbx->peer, SA_ALL);
	return pbx->heard >= 25;
}

/* By the loop, with sockets that the successor has bound again. */
static void plain_rtp_is_echoed_across_a_death(void)
{
	struct fixture fix;
	uint64_t begun;
	struct pbx pbx = {.fd = -1};

	if (begin(&fix) && CHECK(pbx_calls(&fix, &pbx))) {
		CHECK(redis_test_until(fix.bed.wheel, 5000, is_echoed, &pbx));
		begun = tmr_jiffies();
		succeed(&fix);
		pbx.heard = 0;
		CHECK(redis_test_until(fix.bed.wheel, 5000, is_echoed, &pbx));
		printf("# 25 packets are back %u ms after the death\n",
		       (unsigned)(tmr_jiffies() - begun));
		CHECK(await_worker(&fix));
		CHECK_INT(fix.events, 0);
	}
	close(pbx.fd);
	finish(&fix);
}

TEST_MAIN(TEST(plain_rtp_is_echoed_across_a_death),
	  TEST(a_successor_tells_what_died_too_early),
	  TEST(draining_ends_with_the_time_allowed),
	  TEST(a_successor_needs_no_file_but_its_state))
