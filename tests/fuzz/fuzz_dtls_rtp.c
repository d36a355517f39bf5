/*
 * fuzz_dtls_rtp.c  Datagrams at a PBX's port while keys are to come by DTLS
 *
 * Input: steps of an operation byte, a length of two bytes and data.
 * Operations (modulo 6): 0 the data from the address of the SDP, 1 from another
 * port of its host, 2 and 3 the same at the port of RTCP, 4 time passes, 5 an
 * agreement, by the first byte: we begin, mux, anew, c=0.0.0.0, source policy.
 * A ClientHello whose cookie is of 0xff brings the one that is right: which that
 * is no input could know.
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
#include "mediad/transport/assoc.h"
#include "mediad/transport/hello.h"
#include "mediad/transport/hs.h"
#include "mediad/transport/hub.h"
#include "mediad/transport/path_rtp.h"
#include "tests/lib/fuzz.h"

enum {
	OPS = 6,
	STEPS_MAX = 64,
};

struct bed {
	struct path_rtp_env env;
	struct cert *cert;
	struct path *path;
	struct sa at[2], far[2];
	int fd[2]; /* of the SDP, and another one */
	uint64_t now_ms;
	bool lost;
};

/* Nothing is heard: nobody has the key of a certificate of zeros. */
static void on_media(const struct path_packet *packet, void *arg)
{
	(void)packet;
	(void)arg;
	abort();
}

static void on_lost(enum path_why why, void *arg)
{
	struct bed *bed = arg;

	(void)why;
	bed->lost = true;
}

static const struct path_handlers handlers = {
	.rtp = on_media,
	.rtcp = on_media,
	.lost = on_lost,
};

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
	struct hub_iface iface = {.name = ""};

	if (bed.cert)
		return &bed;
	libre_init();
	log_init("fuzz", LOG_L_ERROR);
	bed.fd[0] = udp(&bed.far[0]);
	bed.fd[1] = udp(&bed.far[1]);
	sa_set_str(&iface.bind, "127.0.0.1", 0);
	iface.advertise = iface.bind;
	iface.lo = (uint16_t)(21000 + getpid() % 4000 * 2);
	iface.hi = (uint16_t)(iface.lo + 63);
	if (cert_make(&bed.cert) || wheel_alloc(&bed.env.wheel, 0) ||
	    hs_ctx_alloc(&bed.env.hs_ctx, bed.cert) ||
	    hub_alloc(&bed.env.hub) || hub_add(bed.env.hub, &iface))
		abort();
	return &bed;
}

static void drain(int fd)
{
	uint8_t buf[2048];

	while (recv(fd, buf, sizeof(buf), MSG_DONTWAIT) > 0)
		;
}

/* What it could have been sent. */
static void bring_cookie(const struct bed *bed, unsigned from, unsigned at,
			 uint8_t *pkt, size_t len)
{
	const struct hs_way way = {&bed->far[from], "fuzz",
				   sa_port(&bed->at[at])};
	uint8_t mark[HS_COOKIE_LEN];
	struct hello hello;

	memset(mark, 0xff, sizeof(mark));
	if (!hello_read(&hello, pkt, len) || !hello_brings(&hello, mark))
		return;
	if (hs_ctx_cookie(bed->env.hs_ctx, pkt + (hello.cookie - pkt), &way))
		abort();
}

static void shoot(struct bed *bed, unsigned from, unsigned at,
		  const uint8_t *data, size_t len)
{
	const struct sa *to = &bed->at[at];
	uint8_t pkt[65536];

	memcpy(pkt, data, len);
	bring_cookie(bed, from, at, pkt, len);
	(void)!sendto(bed->fd[from], pkt, len, 0, &to->u.sa, to->len);
	hub_poll(bed->env.hub);
	drain(bed->fd[0]);
	drain(bed->fd[1]);
}

static void agree(struct bed *bed, uint8_t bits)
{
	const struct cert_fp fp = {.hash = CERT_SHA256, .len = 32};
	const struct assoc_remote remote = {
		.fps = &fp,
		.nfps = 1,
		.client = bits & 1,
		.anew = bits & 4,
	};
	struct path_rtp_terms terms = {
		.rtp = bed->far[0],
		.rtcp = bed->far[0],
		.mux = bits & 2,
		.pts = {1 << 8},
		.dtls = &remote,
	};

	if (bits & 8)
		sa_init(&terms.rtp, AF_UNSPEC);
	(void)!path_rtp_agree(bed->path, &terms);
}

static void step(struct bed *bed, uint8_t op, const uint8_t *data, size_t len)
{
	static const uint8_t pkt[40] = {0x80, 8};

	switch (op % OPS) {
	case 4:
		bed->now_ms += 1 + len;
		wheel_advance(bed->env.wheel, bed->now_ms);
		break;
	case 5:
		agree(bed, len ? data[0] : 0);
		break;
	default:
		shoot(bed, op % OPS & 1, op % OPS >> 1, data, len);
	}
	assert(path_send_rtp(bed->path, pkt, sizeof(pkt), 0));
}

static bool begin(struct bed *bed, uint8_t policy)
{
	struct source_rule rule = {
		.policy = (enum source_policy)(policy % SOURCE_POLICIES)};

	rule.nnets = 1;
	if (!cfg_cidr_read(&rule.nets[0], "127.0.0.0/8"))
		abort();
	if (path_rtp_alloc(&bed->path, &bed->env, &rule, &handlers, bed))
		return false;
	path_rtp_expect(bed->path, "fuzz", true);
	if (path_rtp_open(bed->path, AF_INET)) {
		bed->path = mem_deref(bed->path);
		return false;
	}
	bed->at[0] = bed->at[1] = *path_rtp_local(bed->path);
	sa_set_port(&bed->at[1], (uint16_t)(sa_port(&bed->at[0]) + 1));
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bed *bed = bed_get();

	if (!size || !begin(bed, data[0]))
		return 0;
	bed->lost = false;
	++data;
	--size;
	for (unsigned i = 0; size >= 3 && i < STEPS_MAX && !bed->lost; i++) {
		size_t len = (size_t)(data[1] << 8 | data[2]);

		if (len > size - 3)
			len = size - 3;
		step(bed, data[0], data + 3, len);
		data += 3 + len;
		size -= 3 + len;
	}
	bed->path = mem_deref(bed->path);
	assert(!wheel_count(bed->env.wheel));
	return 0;
}
