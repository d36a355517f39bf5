/*
 * fuzz_dtls.c  Datagrams at a browser's path, before and after a valid check
 *
 * Input: steps of an operation byte, a length of two bytes and data.
 * Operations (modulo 5): 0 a valid check from address A, 1 the data from A, 2
 * the data from B, which no check has shown, 3 time passes, 4 fingerprint.
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
	OPS = 5,
	STEPS_MAX = 64
};

struct bed {
	struct path_web_env env;
	struct cert *cert;
	struct path *path;
	struct sa addr;
	int fd, a, b;
	uint64_t now_ms;
};

static void on_lost(enum path_why why, void *arg)
{
	(void)why;
	(void)arg;
}

static const struct path_handlers handlers = {.lost = on_lost};

static int udp(struct sa *addr)
{
	struct sa sa;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	sa_set_str(&sa, "127.0.0.1", 0);
	if (fd < 0 || bind(fd, &sa.u.sa, sa.len) ||
	    getsockname(fd, &sa.u.sa, &sa.len))
		abort();
	if (addr)
		*addr = sa;
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
	bed.a = udp(NULL);
	bed.b = udp(NULL);
	bed.env.impl = &crypt_openssl;
	if (cert_make(&bed.cert) || wheel_alloc(&bed.env.wheel, 0) ||
	    hs_ctx_alloc(&bed.env.hs_ctx, bed.cert) ||
	    mux_alloc(&bed.env.mux, 16) || mux_add(bed.env.mux, bed.fd, &sock))
		abort();
	return &bed;
}

static void drain(int fd)
{
	uint8_t buf[2048];

	while (recv(fd, buf, sizeof(buf), MSG_DONTWAIT) > 0)
		;
}

static void shoot(struct bed *bed, int fd, const void *data, size_t len)
{
	(void)!sendto(fd, data, len, 0, &bed->addr.u.sa, bed->addr.len);
	mux_poll(bed->env.mux);
	mux_flush(bed->env.mux);
	drain(fd);
}

static void check(struct bed *bed)
{
	const struct lite_creds *creds = path_web_creds(bed->path);
	static const uint8_t tid[12] = {0};
	uint8_t msg[256];
	struct lite_stun_out out = {.msg = msg, .cap = sizeof(msg)};
	char user[64];

	re_snprintf(user, sizeof(user), "%s:Brow", creds->ufrag);
	lite_stun_begin(&out, LITE_STUN_REQUEST, tid);
	lite_stun_attr(&out, 0x0006, user, strlen(user));
	lite_stun_attr(&out, 0x0025, NULL, 0);
	shoot(bed, bed->a, msg, lite_stun_end(&out, creds->pwd));
}

static void tell(struct bed *bed)
{
	struct cert_fp fp = {.hash = CERT_SHA256, .len = 32};
	struct path_web_remote rem = {.fps = &fp, .nfps = 1};

	pl_set_str(&rem.ufrag, "Brow");
	(void)path_web_remote(bed->path, &rem);
}

static void step(struct bed *bed, uint8_t op, const uint8_t *data, size_t len)
{
	const struct path_stats *st = path_stats(bed->path);
	uint64_t before;

	switch (op % OPS) {
	case 0:
		check(bed);
		break;
	case 1:
		shoot(bed, bed->a, data, len);
		break;
	case 2:
		/* nothing of a stranger's gets through; STUN is another
		 * target's matter */
		if (!len || data[0] < 4)
			break;
		before = st->refused + st->early + st->bad_auth;
		shoot(bed, bed->b, data, len);
		assert(before == st->refused + st->early + st->bad_auth);
		break;
	case 3:
		bed->now_ms += 1 + len;
		wheel_advance(bed->env.wheel, bed->now_ms);
		break;
	default:
		tell(bed);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bed *bed = bed_get();

	if (path_web_alloc(&bed->path, &bed->env, "fuzz", &handlers, NULL))
		return 0;
	for (unsigned i = 0; size >= 3 && i < STEPS_MAX; i++) {
		size_t len = (size_t)(data[1] << 8 | data[2]);

		if (len > size - 3)
			len = size - 3;
		step(bed, data[0], data + 3, len);
		data += 3 + len;
		size -= 3 + len;
	}
	/* nobody has the key of a certificate of zeros */
	assert(path_web_suite(bed->path) == CRYPT_NONE);
	bed->path = mem_deref(bed->path);
	assert(!wheel_count(bed->env.wheel));
	return 0;
}
