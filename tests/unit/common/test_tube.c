/*
 * test_tube.c  The tunnel between workers, in a box and between boxes
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>
#include <re.h>

#include "common/tube.h"
#include "common/tube_frame.h"
#include "tests/lib/loop_test.h"
#include "tests/lib/pki.h"
#include "tests/lib/test.h"

enum {
	WAIT_MS = 5000
};

/* The system's, but for when there are no descriptors. */
static bool no_descriptors;
static unsigned accepts;

int accept4(int fd, struct sockaddr *restrict addr, socklen_t *restrict len,
	    int flags)
{
	++accepts;
	if (no_descriptors) {
		errno = EMFILE;
		return -1;
	}
	return (int)syscall(SYS_accept4, fd, addr, len, flags);
}

struct end {
	struct tube *tube;
	unsigned received, stale, lost;
	struct tube_frame last; /* its payload: */
	uint8_t payload[TUBE_PAYLOAD_MAX];
	struct tube_addr lost_dst;
	uint64_t lost_ref;
	uint8_t lost_type;
	/* between boxes */
	struct tube_tls_cfg tls;
	char cert[300], key[300];
	struct sa addr;
	struct end *peer; /* the only other node it knows */
	const char *peer_node;
};

static struct loop_test lt;
static char dir[80]; /* a unix path has 107 bytes */

static void keep(struct end *end, const struct tube_frame *frame)
{
	end->last = *frame;
	if (frame->len)
		memcpy(end->payload, frame->payload, frame->len);
	end->last.payload = end->payload;
}

static void on_recv(const struct tube_frame *frame, void *arg)
{
	struct end *end = arg;

	++end->received;
	keep(end, frame);
}

static void on_stale(const struct tube_frame *frame, void *arg)
{
	struct end *end = arg;

	++end->stale;
	keep(end, frame);
}

static void on_lost(const struct tube_addr *dst, uint8_t type, uint64_t ref,
		    void *arg)
{
	struct end *end = arg;

	++end->lost;
	end->lost_dst = *dst;
	end->lost_type = type;
	end->lost_ref = ref;
}

static int start(struct end *end, const char *node, uint8_t slot,
		 uint32_t epoch)
{
	struct tube_params params = {
		.self = {.slot = slot, .epoch = epoch},
		.run_dir = dir,
		.wheel = lt.wheel,
		.tls = end->tls.cert ? &end->tls : NULL,
		.recvh = on_recv,
		.staleh = on_stale,
		.losth = on_lost,
		.arg = end,
	};

	strcpy(params.self.node, node);
	return tube_alloc(&end->tube, &params);
}

static bool set_up(void)
{
	signal(SIGPIPE, SIG_IGN);
	snprintf(dir, sizeof(dir), "%s/run", test_tmpdir());
	(void)mkdir(dir, 0700);
	return CHECK(loop_test_open(&lt));
}

static void tear_down(struct end *ends, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		ends[i].tube = mem_deref(ends[i].tube);
		if (ends[i].tls.cert && ends[i].tls.fd >= 0)
			close(ends[i].tls.fd);
	}
	loop_test_close(&lt);
}

static int send_text(struct end *end, const char *node, uint8_t slot,
		     uint32_t epoch, const char *text)
{
	struct tube_addr dst = {.slot = slot, .epoch = epoch};
	const struct tube_frame frame = {
		.type = 9,
		.flags = 1,
		.ref = 42,
		.payload = (const uint8_t *)text,
		.len = strlen(text),
	};

	strcpy(dst.node, node);
	return tube_send(end->tube, &dst, &frame);
}

struct reach {
	const unsigned *count;
	unsigned want;
};

static bool reached(void *arg)
{
	struct reach *reach = arg;

	return *reach->count >= reach->want;
}

static bool until(const unsigned *count, unsigned want)
{
	struct reach reach = {count, want};

	return loop_test_until(&lt, reached, &reach, WAIT_MS);
}

/* --- in a box ----------------------------------------------------------- */

static void a_frame_goes_to_the_worker_it_names(void)
{
	static struct end ends[3];

	memset(ends, 0, sizeof(ends));
	REQUIRE(set_up());
	for (uint8_t i = 0; i < 3; i++) {
		if (start(&ends[i], "a1", i + 1, 100 + i)) {
			tear_down(ends, 3);
			return;
		}
	}
	CHECK(!send_text(&ends[0], "a1", 2, 101, "hello"));
	if (!test_oom_hit())
		CHECK(until(&ends[1].received, 1));
	CHECK_INT(ends[2].received, 0);
	CHECK_STR(ends[1].last.src.node, "a1");
	CHECK_INT(ends[1].last.src.slot, 1);
	CHECK_INT(ends[1].last.src.epoch, 100);
	CHECK_INT(ends[1].last.type, 9);
	CHECK_INT(ends[1].last.flags, 1);
	CHECK_INT(ends[1].last.ref, 42);
	CHECK_INT(ends[1].last.len, 5);
	CHECK(!memcmp(ends[1].payload, "hello", 5));
	CHECK_INT(tube_counts(ends[0].tube)->tx, 1);
	CHECK_INT(tube_counts(ends[1].tube)->rx, 1);
	/* and to itself */
	CHECK(!send_text(&ends[0], "a1", 1, 0, "me"));
	if (!test_oom_hit())
		CHECK(until(&ends[0].received, 1));
	tear_down(ends, 3);
}

static void the_biggest_payload_goes_through_whole(void)
{
	static uint8_t big[TUBE_PAYLOAD_MAX + 1];
	static struct end ends[2];
	const struct tube_addr dst = {.node = "a1", .slot = 2};
	struct tube_frame frame = {.type = 1,
				   .payload = big,
				   .len = TUBE_PAYLOAD_MAX};

	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (uint8_t)(i * 7 >> 3);
	memset(ends, 0, sizeof(ends));
	REQUIRE(set_up());
	CHECK(!start(&ends[0], "a1", 1, 1));
	CHECK(!start(&ends[1], "a1", 2, 1));
	CHECK(!tube_send(ends[0].tube, &dst, &frame));
	CHECK(until(&ends[1].received, 1));
	CHECK_INT(ends[1].last.len, TUBE_PAYLOAD_MAX);
	CHECK(!memcmp(ends[1].payload, big, TUBE_PAYLOAD_MAX));
	frame.len++;
	CHECK_INT(tube_send(ends[0].tube, &dst, &frame), EMSGSIZE);
	tear_down(ends, 2);
}

static void who_is_not_there_is_an_error_at_once(void)
{
	static struct end ends[2];

	memset(ends, 0, sizeof(ends));
	REQUIRE(set_up());
	CHECK(!start(&ends[0], "a1", 1, 1));
	CHECK_INT(send_text(&ends[0], "a1", 2, 0, "x"), ECONNREFUSED);
	CHECK_INT(send_text(&ends[0], "b2", 1, 0, "x"), EHOSTUNREACH);
	CHECK(!start(&ends[1], "a1", 2, 1));
	CHECK(!send_text(&ends[0], "a1", 2, 0, "x"));
	ends[1].tube = mem_deref(ends[1].tube);
	CHECK_INT(send_text(&ends[0], "a1", 2, 0, "x"), ECONNREFUSED);
	CHECK_INT(tube_counts(ends[0].tube)->tx_refused, 3);
	tear_down(ends, 2);
}

static void a_successor_takes_over_the_path_of_the_dead(void)
{
	static struct end ends[3];
	char path[400];
	struct stat st;

	memset(ends, 0, sizeof(ends));
	REQUIRE(set_up());
	CHECK(!start(&ends[0], "a1", 1, 1));
	CHECK(!start(&ends[1], "a1", 2, 10));
	CHECK(!send_text(&ends[0], "a1", 2, 10, "old"));
	CHECK(until(&ends[1].received, 1));

	/* the old one is still there when the new one starts */
	CHECK(!start(&ends[2], "a1", 2, 11));
	ends[1].tube = mem_deref(ends[1].tube);
	snprintf(path, sizeof(path), "%s/a1-2.sock", dir);
	CHECK(!stat(path, &st));
	CHECK_INT(st.st_mode & 0777, 0600);
	CHECK(!send_text(&ends[0], "a1", 2, 0, "new"));
	CHECK(until(&ends[2].received, 1));
	ends[2].tube = mem_deref(ends[2].tube);
	CHECK(stat(path, &st) && errno == ENOENT);

	/* a path left by a process that was killed */
	CHECK(!close(open(path, O_CREAT | O_RDWR, 0600)));
	CHECK_INT(send_text(&ends[0], "a1", 2, 0, "x"), ECONNREFUSED);
	CHECK(!start(&ends[2], "a1", 2, 12));
	CHECK(!send_text(&ends[0], "a1", 2, 0, "new"));
	CHECK(until(&ends[2].received, 2));
	tear_down(ends, 3);
}

static void a_frame_for_another_epoch_is_told_apart(void)
{
	static struct end ends[2];

	memset(ends, 0, sizeof(ends));
	REQUIRE(set_up());
	CHECK(!start(&ends[0], "a1", 1, 1));
	CHECK(!start(&ends[1], "a1", 2, 11));
	CHECK(!send_text(&ends[0], "a1", 2, 10, "for the dead"));
	CHECK(until(&ends[1].stale, 1));
	CHECK_INT(ends[1].received, 0);
	CHECK_INT(ends[1].last.ref, 42);
	CHECK_INT(tube_counts(ends[1].tube)->rx_stale, 1);
	tear_down(ends, 2);
}

/* A worker that does not read: only its socket is there. */
static int deaf_worker(const char *name, bool take)
{
	struct sockaddr_un path = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);

	snprintf(path.sun_path, sizeof(path.sun_path), "%s/%s", dir, name);
	(void)unlink(path.sun_path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&path, sizeof(path)) ||
	    listen(fd, 4))
		abort();
	(void)take;
	return fd;
}

static void a_deaf_worker_fills_its_own_queue_alone(void)
{
	static uint8_t big[60000];
	static struct end ends[2];
	const struct tube_addr deaf = {.node = "a1", .slot = 9};
	const struct tube_frame frame = {.type = 5,
					 .ref = 77,
					 .payload = big,
					 .len = sizeof(big)};
	unsigned sent = 0, lost;
	int fd, err = 0;

	memset(ends, 0, sizeof(ends));
	REQUIRE(set_up());
	CHECK(!start(&ends[0], "a1", 1, 1));
	CHECK(!start(&ends[1], "a1", 2, 1));
	fd = deaf_worker("a1-9.sock", false);
	while (!err && sent < 1000) {
		err = tube_send(ends[0].tube, &deaf, &frame);
		sent += !err;
	}
	CHECK_INT(err, ENOBUFS);
	CHECK(sent > TUBE_QUEUE_MAX / sizeof(big) - 1);
	CHECK(sent < 40);
	CHECK_INT(tube_counts(ends[0].tube)->tx_full, 1);
	CHECK(!send_text(&ends[0], "a1", 2, 0, "others"));
	CHECK(until(&ends[1].received, 1));

	/* it dies: what waits here is lost, and told */
	close(fd);
	CHECK(until(&ends[0].lost, 17));
	lost = ends[0].lost;
	CHECK_INT(lost, 17);
	CHECK_INT(ends[0].lost_ref, 77);
	CHECK_INT(ends[0].lost_type, 5);
	CHECK_INT(ends[0].lost_dst.slot, 9);
	CHECK_INT(send_text(&ends[0], "a1", 9, 0, "x"), ECONNREFUSED);
	tear_down(ends, 2);
}

static void a_slow_worker_gets_all_in_order(void)
{
	static uint8_t big[60000];
	static struct end ends[2];
	const struct tube_addr dst = {.node = "a1", .slot = 2};
	struct tube_frame frame = {.type = 5,
				   .payload = big,
				   .len = sizeof(big)};

	memset(ends, 0, sizeof(ends));
	REQUIRE(set_up());
	CHECK(!start(&ends[0], "a1", 1, 1));
	CHECK(!start(&ends[1], "a1", 2, 1));
	for (unsigned i = 0; i < 15; i++) {
		frame.ref = i;
		CHECK(!tube_send(ends[0].tube, &dst, &frame));
	}
	for (unsigned i = 0; i < 15; i++)
		CHECK(until(&ends[1].received, i + 1));
	CHECK_INT(ends[1].last.ref, 14);
	CHECK_INT(ends[0].lost, 0);
	tear_down(ends, 2);
}

static void what_is_no_frame_is_counted(void)
{
	struct sockaddr_un path = {.sun_family = AF_UNIX};
	static struct end ends[1];
	static uint8_t junk[TUBE_FRAME_MAX + 100];
	const uint64_t *bad;
	int fd, size = 400000;

	memset(ends, 0, sizeof(ends));
	REQUIRE(set_up());
	CHECK(!start(&ends[0], "a1", 1, 1));
	snprintf(path.sun_path, sizeof(path.sun_path), "%s/a1-1.sock", dir);
	fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	REQUIRE(!connect(fd, (struct sockaddr *)&path, sizeof(path)));
	CHECK(send(fd, "x", 1, 0) == 1);
	CHECK(send(fd, junk, sizeof(junk), 0) == (ssize_t)sizeof(junk));
	/* a frame that is meant for another slot */
	const struct tube_frame frame = {
		.type = 1, .src = {.node = "a1", .slot = 3, .epoch = 1}};
	const struct tube_addr other = {.node = "a1", .slot = 2};
	tube_frame_write(junk, &frame, &other);
	CHECK(send(fd, junk, tube_frame_size(&frame, &other), 0) > 0);
	const struct tube_addr right = {.node = "a1", .slot = 1};
	tube_frame_write(junk, &frame, &right);
	CHECK(send(fd, junk, tube_frame_size(&frame, &right), 0) > 0);
	CHECK(until(&ends[0].received, 1));
	bad = &tube_counts(ends[0].tube)->rx_bad;
	CHECK_INT(*bad, 3);
	close(fd);
	tear_down(ends, 1);
}

static bool never(void *arg)
{
	(void)arg;
	return false;
}

static void lack_of_descriptors_does_not_spin(void)
{
	static struct end end;
	struct sockaddr_un path = {.sun_family = AF_UNIX};
	int fd;

	memset(&end, 0, sizeof(end));
	REQUIRE(set_up());
	REQUIRE(!start(&end, "a1", 1, 100));
	snprintf(path.sun_path, sizeof(path.sun_path), "%s/a1-1.sock", dir);
	fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	CHECK(!connect(fd, (struct sockaddr *)&path, sizeof(path)));
	CHECK(send(fd, "x", 1, 0) == 1);
	accepts = 0;
	no_descriptors = true;
	loop_test_until(&lt, never, NULL, 300);
	no_descriptors = false;
	CHECK(accepts > 0 && accepts < 10);
	/* and then it is served */
	CHECK(until((const unsigned *)&tube_counts(end.tube)->rx_bad, 1));
	close(fd);
	tear_down(&end, 1);
}

/* --- between boxes ------------------------------------------------------ */

static int look_up(struct sa *addr, const char *node, void *arg)
{
	struct end *end = arg;

	if (!end->peer || strcmp(node, end->peer_node))
		return ENOENT;

	*addr = end->peer->addr;
	return 0;
}

/* name: what its certificate says, which should be its node. */
static void box(struct end *end, const char *name, const struct pki_ca *signer,
		const struct pki_ca *trusted)
{
	snprintf(end->cert, sizeof(end->cert), "%s/%s.cert", test_tmpdir(),
		 name);
	snprintf(end->key, sizeof(end->key), "%s/%s.key", test_tmpdir(), name);
	pki_issue(signer, name, end->cert, end->key);
	sa_set_str(&end->addr, "127.0.0.1", 0);
	end->tls = (struct tube_tls_cfg){
		.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0),
		.cert = end->cert,
		.key = end->key,
		.ca = trusted->path,
		.lookuph = look_up,
		.arg = end,
	};
	if (bind(end->tls.fd, &end->addr.u.sa, end->addr.len) ||
	    listen(end->tls.fd, 16) ||
	    getsockname(end->tls.fd, &end->addr.u.sa, &end->addr.len))
		abort();
}

static void acquaint(struct end *a, const char *an, struct end *b,
		     const char *bn)
{
	a->peer = b;
	a->peer_node = bn;
	b->peer = a;
	b->peer_node = an;
}

static void frames_cross_between_boxes(void)
{
	static uint8_t big[TUBE_PAYLOAD_MAX];
	static struct end ends[2];
	const struct tube_addr b2 = {.node = "b2", .slot = 1};
	const struct tube_frame frame = {.type = 8,
					 .payload = big,
					 .len = sizeof(big)};
	struct pki_ca ca;

	memset(ends, 0, sizeof(ends));
	REQUIRE(set_up());
	pki_ca_make(&ca, "cluster");
	box(&ends[0], "a1", &ca, &ca);
	box(&ends[1], "b2", &ca, &ca);
	acquaint(&ends[0], "a1", &ends[1], "b2");
	CHECK(!start(&ends[0], "a1", 1, 5));
	CHECK(!start(&ends[1], "b2", 1, 6));
	CHECK(!send_text(&ends[0], "b2", 1, 6, "over there"));
	CHECK(until(&ends[1].received, 1));
	CHECK_STR(ends[1].last.src.node, "a1");
	CHECK_INT(ends[1].last.src.epoch, 5);
	CHECK(!memcmp(ends[1].payload, "over there", 10));
	CHECK(!send_text(&ends[1], "a1", 1, 5, "and back"));
	CHECK(until(&ends[0].received, 1));
	for (unsigned i = 0; i < 12; i++)
		CHECK(!tube_send(ends[0].tube, &b2, &frame));
	CHECK(until(&ends[1].received, 13));
	CHECK_INT(ends[1].last.len, sizeof(big));
	CHECK(!send_text(&ends[0], "b2", 1, 9, "stale"));
	CHECK(until(&ends[1].stale, 1));
	tear_down(ends, 2);
	pki_ca_free(&ca);
}

static void the_worker_that_took_it_passes_it_on_to_the_slot(void)
{
	static struct end ends[3];
	struct pki_ca ca;

	memset(ends, 0, sizeof(ends));
	REQUIRE(set_up());
	pki_ca_make(&ca, "cluster");
	box(&ends[0], "a1", &ca, &ca);
	box(&ends[1], "b2", &ca, &ca);
	acquaint(&ends[0], "a1", &ends[1], "b2");
	CHECK(!start(&ends[0], "a1", 1, 5));
	CHECK(!start(&ends[1], "b2", 1, 6));
	CHECK(!start(&ends[2], "b2", 2, 7)); /* no TLS of its own */
	CHECK(!send_text(&ends[0], "b2", 2, 7, "slot two"));
	CHECK(until(&ends[2].received, 1));
	CHECK_STR(ends[2].last.src.node, "a1");
	CHECK_INT(ends[1].received, 0);
	CHECK_INT(tube_counts(ends[1].tube)->relayed, 1);

	/* a slot that is not there: the sender is told */
	CHECK(!send_text(&ends[0], "b2", 3, 0, "nobody"));
	CHECK(until(&ends[0].lost, 1));
	CHECK_INT(ends[0].lost_ref, 42);
	CHECK_INT(ends[0].lost_type, 9);
	CHECK_INT(ends[0].lost_dst.slot, 3);
	CHECK_STR(ends[0].lost_dst.node, "b2");
	tear_down(ends, 3);
	pki_ca_free(&ca);
}

static void a_node_speaks_for_its_own_workers_alone(void)
{
	static struct end ends[2];
	const uint64_t *bad;
	struct pki_ca ca;

	memset(ends, 0, sizeof(ends));
	REQUIRE(set_up());
	pki_ca_make(&ca, "cluster");
	box(&ends[0], "evil", &ca, &ca); /* and says that it is a1 */
	box(&ends[1], "b2", &ca, &ca);
	acquaint(&ends[0], "a1", &ends[1], "b2");
	CHECK(!start(&ends[0], "a1", 1, 5));
	CHECK(!start(&ends[1], "b2", 1, 6));
	CHECK(!send_text(&ends[0], "b2", 1, 6, "I am a1"));
	bad = &tube_counts(ends[1].tube)->rx_bad;
	for (int i = 0; i < 1000 && !*bad; i++)
		loop_test_until(&lt, reached,
				&(struct reach){&ends[1].received, 1}, 5);
	CHECK_INT(*bad, 1);
	CHECK_INT(ends[1].received, 0);
	/* who calls a1 does not talk to it, either */
	CHECK(!send_text(&ends[1], "a1", 1, 5, "x"));
	CHECK(until(&ends[1].lost, 1));
	CHECK_INT(send_text(&ends[1], "a1", 1, 5, "x"), EHOSTUNREACH);
	tear_down(ends, 2);
	pki_ca_free(&ca);
}

/* The certificate of a box has ended, or was made for another: a new one
 * serves from the next link on, without a restart. */
static void a_new_certificate_makes_a_node_known(void)
{
	static struct end ends[2];
	char cert[300], key[300], why[300];
	struct end fresh;
	struct pki_ca ca;
	FILE *f;

	memset(ends, 0, sizeof(ends));
	memset(&fresh, 0, sizeof(fresh));
	REQUIRE(set_up());
	pki_ca_make(&ca, "cluster");
	box(&ends[0], "old", &ca, &ca);
	box(&ends[1], "b2", &ca, &ca);
	acquaint(&ends[0], "a1", &ends[1], "b2");
	CHECK(!start(&ends[0], "a1", 1, 5));
	CHECK(!start(&ends[1], "b2", 1, 6));
	CHECK(!send_text(&ends[1], "a1", 1, 5, "x"));
	CHECK(until(&ends[1].lost, 1));
	CHECK_INT(tube_tls_check(&ends[0].tls, "a1", why, sizeof(why)), EINVAL);
	CHECK(strstr(why, "old.cert: no DNS name \"a1\""));

	/* a broken one changes nothing */
	snprintf(cert, sizeof(cert), "%s", ends[0].cert);
	snprintf(key, sizeof(key), "%s", ends[0].key);
	box(&fresh, "a1", &ca, &ca);
	f = fopen(cert, "w");
	fclose(f);
	CHECK_INT(tube_renew(ends[0].tube, why, sizeof(why)), EINVAL);
	CHECK(strstr(why, "old.cert: "));
	CHECK(!rename(fresh.cert, cert));
	CHECK_INT(tube_renew(ends[0].tube, why, sizeof(why)), EINVAL);
	CHECK(strstr(why, "old.key: "));
	CHECK(!rename(fresh.key, key));
	CHECK(!tube_renew(ends[0].tube, why, sizeof(why)));
	CHECK(!tube_tls_check(&ends[0].tls, "a1", why, sizeof(why)));
	close(fresh.tls.fd);

	/* what failed is tried again after a second */
	for (int i = 0; i < 300 && !ends[0].received; i++) {
		(void)send_text(&ends[1], "a1", 1, 5, "now");
		loop_test_until(&lt, reached,
				&(struct reach){&ends[0].received, 1}, 10);
	}
	CHECK(ends[0].received > 0);
	tear_down(ends, 2);
	pki_ca_free(&ca);
}

static void another_ca_is_not_trusted(void)
{
	static struct end ends[2];
	struct pki_ca ours, theirs;

	memset(ends, 0, sizeof(ends));
	REQUIRE(set_up());
	pki_ca_make(&ours, "cluster");
	pki_ca_make(&theirs, "other");
	box(&ends[0], "a1", &theirs, &ours);
	box(&ends[1], "b2", &ours, &ours);
	acquaint(&ends[0], "a1", &ends[1], "b2");
	CHECK(!start(&ends[0], "a1", 1, 5));
	CHECK(!start(&ends[1], "b2", 1, 6));
	CHECK(!send_text(&ends[0], "b2", 1, 6, "x"));
	/* TLS 1.3: the caller has finished before it is refused */
	for (int i = 0; i < 1000 && !tube_counts(ends[1].tube)->tls_failed; i++)
		loop_test_until(&lt, reached,
				&(struct reach){&ends[1].received, 1}, 5);
	CHECK_INT(tube_counts(ends[1].tube)->tls_failed, 1);
	CHECK_INT(ends[1].received, 0);
	CHECK(!send_text(&ends[1], "a1", 1, 5, "x"));
	CHECK(until(&ends[1].lost, 1));
	tear_down(ends, 2);
	pki_ca_free(&ours);
	pki_ca_free(&theirs);
}

static void a_box_that_is_gone_is_told_and_not_tried_for_a_while(void)
{
	static struct end ends[2];
	struct pki_ca ca;

	memset(ends, 0, sizeof(ends));
	REQUIRE(set_up());
	pki_ca_make(&ca, "cluster");
	box(&ends[0], "a1", &ca, &ca);
	box(&ends[1], "b2", &ca, &ca);
	acquaint(&ends[0], "a1", &ends[1], "b2");
	CHECK(!start(&ends[0], "a1", 1, 5));
	CHECK_INT(send_text(&ends[0], "c3", 1, 0, "x"), EHOSTUNREACH);
	CHECK(!close(ends[1].tls.fd));
	ends[1].tls.fd = -1;
	CHECK(!send_text(&ends[0], "b2", 1, 0, "x"));
	CHECK(until(&ends[0].lost, 1));
	CHECK_INT(ends[0].lost_ref, 42);
	CHECK_INT(send_text(&ends[0], "b2", 1, 0, "x"), EHOSTUNREACH);
	CHECK_INT(ends[0].lost, 1);
	tear_down(ends, 2);
	pki_ca_free(&ca);
}

TEST_MAIN(TEST_OOM(a_frame_goes_to_the_worker_it_names),
	  TEST(the_biggest_payload_goes_through_whole),
	  TEST(who_is_not_there_is_an_error_at_once),
	  TEST(a_successor_takes_over_the_path_of_the_dead),
	  TEST(a_frame_for_another_epoch_is_told_apart),
	  TEST(a_deaf_worker_fills_its_own_queue_alone),
	  TEST(a_slow_worker_gets_all_in_order),
	  TEST(what_is_no_frame_is_counted),
	  TEST(lack_of_descriptors_does_not_spin),
	  TEST(frames_cross_between_boxes),
	  TEST(the_worker_that_took_it_passes_it_on_to_the_slot),
	  TEST(a_node_speaks_for_its_own_workers_alone),
	  TEST(a_new_certificate_makes_a_node_known),
	  TEST(another_ca_is_not_trusted),
	  TEST(a_box_that_is_gone_is_told_and_not_tried_for_a_while))
