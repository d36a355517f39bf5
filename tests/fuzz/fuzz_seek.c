/*
 * fuzz_seek.c  Answers to the checks of ours, where the far side is ICE-lite
 *
 * Input: steps of an operation byte, a length of two bytes and data.
 * Operations (modulo 7): 0 the data from A, 1 a right answer to the latest
 * check at A, from A, 2 the same with bytes changed (three bytes each: where,
 * where, XOR), 3 the same from B, 4 a refusal from A, 5 time passes, 6 what the
 * far side says next, by the first byte: other names, not lite, no candidates.
 *
 * SPDX-License-Identifier: MIT
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <re.h>

#include "common/log.h"
#include "common/wheel.h"
#include "mediad/transport/hs.h"
#include "mediad/transport/lite_stun.h"
#include "mediad/transport/mux.h"
#include "mediad/transport/path_web.h"
#include "tests/lib/fuzz.h"

enum {
	OPS = 7,
	STEPS_MAX = 64,
	ANSWER_MAX = 256,
};

struct bed {
	struct path_web_env env;
	struct cert *cert;
	struct path *path;
	struct sa addr, far[2];
	int fd, far_fd[2];
	uint8_t tid[LITE_STUN_TID]; /* of the latest check that A got */
	bool asked;
	bool right; /* a right answer was among them */
	uint64_t now_ms;
	char pwd[32];
};

static void on_lost(enum path_why why, void *arg)
{
	(void)why;
	(void)arg;
}

static const struct path_handlers handlers = {.lost = on_lost};

static int udp(struct sa *addr)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	sa_set_str(addr, "127.0.0.1", 0);
	if (fd < 0 || bind(fd, &addr->u.sa, addr->len) ||
	    getsockname(fd, &addr->u.sa, &addr->len))
		abort();
	return fd;
}

/* What does not change from input to input is made once. */
static struct bed *bed_get(void)
{
	static struct bed bed;
	uint8_t sock;

	if (bed.cert)
		return &bed;
	libre_init();
	log_init("fuzz", LOG_L_ERROR);
	bed.fd = udp(&bed.addr);
	bed.far_fd[0] = udp(&bed.far[0]);
	bed.far_fd[1] = udp(&bed.far[1]);
	bed.env.impl = &crypt_openssl;
	if (cert_make(&bed.cert) || wheel_alloc(&bed.env.wheel, 0) ||
	    hs_ctx_alloc(&bed.env.hs_ctx, bed.cert) ||
	    mux_alloc(&bed.env.mux, 16) || mux_add(bed.env.mux, bed.fd, &sock))
		abort();
	return &bed;
}

/* What A and B got. */
static void listen_to(struct bed *bed)
{
	uint8_t buf[2048];
	ssize_t n;

	mux_flush(bed->env.mux);
	while ((n = recv(bed->far_fd[0], buf, sizeof(buf), 0)) > 0) {
		if (n < 20 || buf[0] || buf[1] != 1)
			continue;
		memcpy(bed->tid, buf + 8, sizeof(bed->tid));
		bed->asked = true;
	}
	while (recv(bed->far_fd[1], buf, sizeof(buf), 0) > 0)
		;
}

static void shoot(struct bed *bed, unsigned from, const void *data, size_t len)
{
	(void)!sendto(bed->far_fd[from], data, len, 0, &bed->addr.u.sa,
		      bed->addr.len);
	mux_poll(bed->env.mux);
	listen_to(bed);
}

static void answer(struct bed *bed, unsigned from, const uint8_t *data,
		   size_t len)
{
	static const uint8_t mapped[8] = {0, 1, 0x12, 0x34, 1, 2, 3, 4};
	uint8_t msg[ANSWER_MAX];
	struct lite_stun_out out = {.msg = msg, .cap = sizeof(msg)};
	size_t n;

	lite_stun_begin(&out, LITE_STUN_SUCCESS, bed->tid);
	lite_stun_attr(&out, 0x0020, mapped, sizeof(mapped));
	n = lite_stun_end(&out, bed->pwd);
	for (; len >= 3 && n; data += 3, len -= 3)
		msg[(size_t)(data[0] << 8 | data[1]) % n] ^= data[2];
	/* changed twice it may be as it was */
	bed->right |= bed->asked && !from;
	shoot(bed, from, msg, n);
}

static void refuse(struct bed *bed)
{
	static const uint8_t code[4] = {0, 0, 4, 87};
	uint8_t msg[ANSWER_MAX];
	struct lite_stun_out out = {.msg = msg, .cap = sizeof(msg)};

	lite_stun_begin(&out, 0x0111, bed->tid);
	lite_stun_attr(&out, 0x0009, code, sizeof(code));
	shoot(bed, 0, msg, lite_stun_end(&out, bed->pwd));
}

static void tell(struct bed *bed, uint8_t bits)
{
	const struct cert_fp fp = {.hash = CERT_SHA256, .len = 32};
	struct path_web_remote rem = {
		.fps = &fp,
		.nfps = 1,
		.lite = !(bits & 2),
		.cands = bed->far,
		.ncands = bits & 4 ? 0 : 2,
	};

	str_ncpy(bed->pwd,
		 bits & 1 ? "other-password-of-theirs" : "abcdefghijklmnopqrstuv",
		 sizeof(bed->pwd));
	pl_set_str(&rem.ufrag, bits & 1 ? "Rest" : "Lite");
	pl_set_str(&rem.pwd, bed->pwd);
	(void)path_web_remote(bed->path, &rem);
}

static void step(struct bed *bed, uint8_t op, const uint8_t *data, size_t len)
{
	switch (op % OPS) {
	case 0:
		shoot(bed, 0, data, len);
		break;
	case 1:
		answer(bed, 0, NULL, 0);
		break;
	case 2:
		answer(bed, 0, data, len);
		break;
	case 3:
		answer(bed, 1, NULL, 0);
		break;
	case 4:
		refuse(bed);
		break;
	case 5:
		bed->now_ms += 1 + len;
		wheel_advance(bed->env.wheel, bed->now_ms);
		listen_to(bed);
		break;
	default:
		tell(bed, len ? data[0] : 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bed *bed = bed_get();
	struct sa peer;

	bed->asked = bed->right = false;
	if (path_web_alloc(&bed->path, &bed->env, "fuzz", &handlers, NULL))
		return 0;
	tell(bed, 0);
	for (unsigned i = 0; size >= 3 && i < STEPS_MAX; i++) {
		size_t len = (size_t)(data[1] << 8 | data[2]);

		if (len > size - 3)
			len = size - 3;
		step(bed, data[0], data + 3, len);
		data += 3 + len;
		size -= 3 + len;
	}
	/* B never answers a check of its own */
	if (!path_web_peer(bed->path, &peer))
		assert(bed->right && sa_cmp(&peer, &bed->far[0], SA_ALL));
	bed->path = mem_deref(bed->path);
	assert(!wheel_count(bed->env.wheel));
	return 0;
}
