/*
 * test_media_reach.c  Where packets go because a far side says so, and where not
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <re.h>

#include "common/countof.h"
#include "mediad/sdp/sdp_model.h"
#include "mediad/transport/lite.h"
#include "mediad/transport/mux.h"
#include "mediad/transport/reach.h"
#include "tests/lib/media_bed.h"
#include "tests/lib/test.h"

static const char *const S = "00000000000000a1";

/* 10/8 but 10.1.2/24, and one link-local host. */
static struct reach reach_make(void)
{
	struct reach reach = {.ndeny = 1, .nallow = 2};

	CHECK(cfg_cidr_read(&reach.deny[0], "10.0.0.0/8"));
	CHECK(cfg_cidr_read(&reach.allow[0], "10.1.2.0/24"));
	CHECK(cfg_cidr_read(&reach.allow[1], "169.254.7.7"));
	return reach;
}

/* --- an SDP of plain RTP --------------------------------------------------------- */

static int offer(struct media_bed *bed, unsigned nr, const char *host,
		 const char *line, struct sdpm_error *why)
{
	struct session_remote remote = {
		.session = media_id(nr),
		.call = "00000000000000ca",
		.tenant = "test",
		.leg = 1,
		.create = true,
		.profile = SDPM_RTP,
	};
	char sdp[1024];

	re_snprintf(sdp, sizeof(sdp),
		    "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n"
		    "c=IN IP4 %s\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n%s",
		    host, line);
	pl_set_str(&remote.sdp, sdp);
	return session_leg_remote(bed->table, &remote, why);
}

static void no_media_goes_where_it_must_not(void)
{
	static const struct {
		const char *host, *line;
		int err;
	} cases[] = {
		{"198.51.100.7", "", 0},
		{"192.168.7.7", "", 0}, /* may be a PBX */
		{"169.254.169.254", "", ENOTSUP},
		{"169.254.7.7", "", 0}, /* allowed */
		{"224.0.0.251", "", ENOTSUP},
		{"239.1.2.3", "", ENOTSUP},
		{"255.255.255.255", "", ENOTSUP},
		{"240.0.0.1", "", ENOTSUP},
		{"0.1.2.3", "", ENOTSUP},
		{"10.7.7.7", "", ENOTSUP},
		{"10.1.2.7", "", 0}, /* allowed */
		{"10.1.3.7", "", ENOTSUP},
		{"198.51.100.7", "a=rtcp:4001 IN IP4 10.7.7.7\r\n", ENOTSUP},
		{"198.51.100.7", "a=rtcp:4001 IN IP4 224.0.0.1\r\n", ENOTSUP},
		{"198.51.100.7", "a=rtcp:4001 IN IP4 10.1.2.7\r\n", 0},
	};
	const struct reach reach = reach_make();
	struct media_bed bed = {0};

	REQUIRE(media_bed_open(&bed, NULL) == 0);
	bed.env.reach = &reach;
	for (unsigned i = 0; i < COUNTOF(cases); i++) {
		struct sdpm_error why = {0};
		int err = offer(&bed, i, cases[i].host, cases[i].line, &why);

		if (!CHECK_INT(err, cases[i].err))
			printf("# %s %s", cases[i].host, cases[i].line);
		if (cases[i].err)
			CHECK_INT(why.sip, 488);
	}
	media_bed_close(&bed);
}

/* Video on a port of its own: it is refused alone. */
static void no_video_goes_where_it_must_not(void)
{
	const struct reach reach = reach_make();
	struct media_bed bed = {0};
	struct session_remote remote = {
		.session = S,
		.call = "00000000000000ca",
		.tenant = "test",
		.leg = 2,
		.profile = SDPM_RTP,
		.terms.video = true,
		.sdp = PL("v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n"
			  "t=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"
			  "c=IN IP4 198.51.100.7\r\n"
			  "m=video 4002 RTP/AVPF 96\r\n"
			  "c=IN IP4 10.7.7.7\r\na=rtpmap:96 VP8/90000\r\n"),
		.create = true,
	};
	struct session_local local = {.session = S,
				      .leg = 2,
				      .answer = true,
				      .profile = SDPM_RTP};
	struct mbuf *mb = mbuf_alloc(2048);
	struct media_page *page;

	REQUIRE(mb && media_bed_open(&bed, NULL) == 0);
	bed.env.reach = &reach;
	page = media_page_open(&bed);
	page->video = true;
	CHECK_INT(media_page_calls(page, S, 1), 0);
	CHECK_INT(session_leg_remote(bed.table, &remote, NULL), 0);
	CHECK_INT(session_leg_join(bed.table, S, 1, 2, NULL), 0);
	CHECK_INT(session_leg_local(bed.table, &local, mb, NULL), 0);
	mbuf_write_u8(mb, 0);
	CHECK(strstr((char *)mb->buf, "m=video 0 "));
	CHECK(!strstr((char *)mb->buf, "m=audio 0 "));
	mem_deref(mb);
	media_bed_close(&bed);
}

/* --- candidates -------------------------------------------------------------------- */

enum {
	HOSTS = 4
};

struct hosts {
	int fd[HOSTS];
	struct sa addr[HOSTS];
	unsigned heard[HOSTS];
};

static void hosts_open(struct hosts *hosts)
{
	for (unsigned i = 0; i < HOSTS; i++) {
		struct sa *addr = &hosts->addr[i];
		char ip[32];

		re_snprintf(ip, sizeof(ip), "127.0.0.%u", 2 + i);
		sa_set_str(addr, ip, 0);
		hosts->fd[i] = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
		CHECK(!bind(hosts->fd[i], &addr->u.sa, addr->len) &&
		      !getsockname(hosts->fd[i], &addr->u.sa, &addr->len));
		hosts->heard[i] = 0;
	}
}

static void hosts_listen(struct hosts *hosts)
{
	uint8_t buf[1500];

	for (unsigned i = 0; i < HOSTS; i++)
		while (recv(hosts->fd[i], buf, sizeof(buf), 0) > 0)
			++hosts->heard[i];
}

static void hosts_close(struct hosts *hosts)
{
	for (unsigned i = 0; i < HOSTS; i++)
		close(hosts->fd[i]);
}

static const char lite_sdp[] =
	"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
	"a=ice-lite\r\nm=audio 9 UDP/TLS/RTP/SAVPF 8\r\n"
	"c=IN IP4 0.0.0.0\r\na=ice-ufrag:abcd\r\n"
	"a=ice-pwd:abcdefghijklmnopqrstuv\r\na=rtcp-mux\r\n"
	"a=setup:actpass\r\na=fingerprint:sha-256 00:01:02:03:04:"
	"05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:"
	"18:19:1A:1B:1C:1D:1E:1F\r\n";

/* What it says, and what we say to it: checks begin. */
static int hear(struct media_bed *bed, const char *sdp)
{
	struct mbuf *mb = mbuf_alloc(2048);
	int err = media_remote(bed, S, 1, false, sdp, NULL);

	if (!err)
		err = media_local(bed, S, 1, true, mb, NULL);
	mem_deref(mb);
	return err;
}

/* Taken, of a kind that is not, of a network that is not, and a name. */
static void only_candidates_that_may_be_are_checked(void)
{
	static const char *const types[] = {"host", "srflx", "host", "relay"};
	struct reach reach = {.ndeny = 1, .no_types = 1 << SDPM_SRFLX};
	struct media_bed bed = {0};
	struct hosts hosts;
	char sdp[2048];
	size_t n = sizeof(lite_sdp) - 1;

	REQUIRE(media_bed_open(&bed, NULL) == 0);
	hosts_open(&hosts);
	CHECK(cfg_cidr_read(&reach.deny[0], "127.0.0.4/32"));
	bed.env.reach = &reach;
	memcpy(sdp, lite_sdp, n + 1);
	for (unsigned i = 0; i < HOSTS; i++)
		n += (size_t)re_snprintf(
			sdp + n, sizeof(sdp) - n,
			"a=candidate:%u 1 udp %u %j %u typ %s\r\n", i,
			2130706431 - i, &hosts.addr[i],
			sa_port(&hosts.addr[i]), types[i]);
	re_snprintf(sdp + n, sizeof(sdp) - n,
		    "a=candidate:9 1 udp 2130706432 "
		    "9b36eaac-bb2e-49bb-bb78-21c41c499900.local 4000 typ "
		    "host\r\n");
	CHECK_INT(hear(&bed, sdp), 0);
	media_bed_run(&bed, 3000);
	hosts_listen(&hosts);
	CHECK(hosts.heard[0] > 0);
	CHECK_INT(hosts.heard[1], 0);
	CHECK_INT(hosts.heard[2], 0);
	CHECK(hosts.heard[3] > 0);
	hosts_close(&hosts);
	media_bed_close(&bed);
}

/* RFC 8445, 14: thousands of them cost eight, one each 50 ms, and have an
 * end. */
static void thousands_of_candidates_cost_few_checks(void)
{
	enum {
		MANY = 2000,
		FEW = 200,
		LINE = 80
	};
	struct media_bed bed = {0};
	struct hosts hosts;
	char *sdp = mem_alloc(sizeof(lite_sdp) + MANY * LINE, NULL);
	size_t n = sizeof(lite_sdp) - 1, few = 0;

	REQUIRE(sdp && media_bed_open(&bed, NULL) == 0);
	hosts_open(&hosts);
	memcpy(sdp, lite_sdp, n + 1);
	for (unsigned i = 0; i < MANY; i++) {
		few = i == FEW ? n : few;
		n += (size_t)re_snprintf(
			sdp + n, LINE,
			"a=candidate:%u 1 udp %u %j %u typ host\r\n", i,
			2130706431 - i, &hosts.addr[0],
			sa_port(&hosts.addr[0]) > MANY
				? sa_port(&hosts.addr[0]) - i
				: 40000 + i);
	}
	/* that is no SDP; a few hundred are one */
	CHECK_INT(hear(&bed, sdp), EBADMSG);
	sdp[few] = '\0';
	CHECK_INT(hear(&bed, sdp), 0);
	media_bed_run(&bed, 100);
	CHECK(mux_stats(bed.env.mux)->tx >= 1);
	CHECK(mux_stats(bed.env.mux)->tx <= 3);
	media_bed_run(&bed, 58000);
	CHECK(mux_stats(bed.env.mux)->tx > LITE_PAIRS_MAX);
	CHECK(mux_stats(bed.env.mux)->tx <= 7 * LITE_PAIRS_MAX);
	hosts_close(&hosts);
	mem_deref(sdp);
	media_bed_close(&bed);
}

/* Who may not be reached is not answered either. */
static void who_checks_from_elsewhere_gets_no_answer(void)
{
	struct reach reach = {.ndeny = 1};
	struct media_bed bed = {0};
	struct media_page *page;

	REQUIRE(media_bed_open(&bed, NULL) == 0);
	CHECK(cfg_cidr_read(&reach.deny[0], "127.0.0.1/32"));
	bed.env.reach = &reach;
	page = media_page_open(&bed);
	CHECK_INT(media_page_calls(page, S, 1), 0);
	CHECK_INT(session_leg_join(bed.table, S, 1, 0, "tone"), 0);
	media_bed_run(&bed, 3000);
	CHECK_INT(mux_stats(bed.env.mux)->tx, 0);
	CHECK_INT(mock_media_stats(page->mock)->answers, 0);
	bed.env.reach = NULL;
	CHECK(media_bed_ready(&bed));
	media_bed_close(&bed);
}

TEST_MAIN(TEST(no_media_goes_where_it_must_not),
	  TEST(no_video_goes_where_it_must_not),
	  TEST(only_candidates_that_may_be_are_checked),
	  TEST(thousands_of_candidates_cost_few_checks),
	  TEST(who_checks_from_elsewhere_gets_no_answer))
