/*
 * test_resolve.c  Names against a DNS server of our own
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>
#include <re.h>

#include "common/loop.h"
#include "common/wheel.h"
#include "sigd/transport/resolve.h"
#include "tests/lib/loop_test.h"
#include "tests/lib/test.h"

enum { TYPE_A = 1, HEAD = 12 };

struct fixture {
	struct loop_test loop;
	struct resolver *resolver;
	int fd;
	struct loop_watch *watch;
	unsigned asked;  /* questions for an A record */
	bool silent;
	uint8_t ttl;
	struct resolve_ask *ask;
	unsigned answers, want;
	int err;
	size_t n;
	struct sa addr;
};

/* The name "nobody..." does not exist; any other is 192.0.2.7, without AAAA.
 * The answer is the question with a record behind it (RFC 1035 4.1). */
static void on_question(int flags, void *arg)
{
	struct fixture *fix = arg;
	struct sockaddr_storage from;
	socklen_t from_len = sizeof(from);
	uint8_t buf[512];
	ssize_t n;
	size_t end = HEAD;
	uint8_t answer[] = {0xc0, HEAD, 0, TYPE_A, 0, 1, 0, 0, 0, fix->ttl,
			    0, 4, 192, 0, 2, 7};
	bool nobody, a;
	(void)flags;

	n = recvfrom(fix->fd, buf, sizeof(buf) - sizeof(answer), 0,
		     (struct sockaddr *)&from, &from_len);
	if (n < HEAD + 5)
		return;
	nobody = !memcmp(buf + HEAD + 1, "nobody", 6);
	while (end < (size_t)n && buf[end])
		end += buf[end] + 1u;
	a = buf[end + 2] == TYPE_A;
	fix->asked += a;
	if (fix->silent)
		return;

	end += 5;
	buf[2] = 0x84;
	buf[3] = nobody ? 3 : 0;
	buf[7] = a && !nobody;
	buf[11] = 0; /* no additional records: EDNS is not spoken */
	if (buf[7])
		memcpy(buf + end, answer, sizeof(answer));
	(void)sendto(fix->fd, buf, end + (buf[7] ? sizeof(answer) : 0), 0,
		     (struct sockaddr *)&from, from_len);
}

static bool start(struct fixture *fix)
{
	struct resolver_cfg cfg = {.try_ms = 100};
	struct sa addr;
	char servers[64];
	socklen_t len;

	*fix = (struct fixture){.fd = -1, .ttl = 60};
	CHECK(loop_test_open(&fix->loop));
	fix->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	sa_set_str(&addr, "127.0.0.1", 0);
	CHECK(!bind(fix->fd, &addr.u.sa, addr.len));
	len = addr.len = sizeof(addr.u);
	CHECK(!getsockname(fix->fd, &addr.u.sa, &len));
	re_snprintf(servers, sizeof(servers), "%J", &addr);
	cfg.servers = servers;
	CHECK(!loop_watch_alloc(&fix->watch, fix->fd, LOOP_READ, on_question,
				fix));
	return CHECK(!resolver_alloc(&fix->resolver, fix->loop.wheel,
				     &cfg));
}

static void stop(struct fixture *fix)
{
	mem_deref(fix->ask);
	mem_deref(fix->resolver);
	mem_deref(fix->watch);
	loop_test_close(&fix->loop);
	close(fix->fd);
}

static void on_addrs(int err, const struct sa *addrs, size_t n, void *arg)
{
	struct fixture *fix = arg;

	++fix->answers;
	fix->err = err;
	fix->n	 = n;
	if (n)
		fix->addr = addrs[0];
	fix->ask = mem_deref(fix->ask);
}

static bool answered(void *arg)
{
	const struct fixture *fix = arg;

	return fix->answers >= fix->want;
}

static int ask(struct fixture *fix, const char *host)
{
	fix->answers = 0;
	fix->want    = 1;
	CHECK_INT(resolve(&fix->ask, fix->resolver, host, on_addrs, fix), 0);
	CHECK_INT(fix->answers, 0);
	CHECK(loop_test_until(&fix->loop, answered, fix, 5000));
	return fix->err;
}

static void a_name_becomes_an_address(void)
{
	struct fixture fix;
	struct sa want;

	if (start(&fix)) {
		sa_set_str(&want, "192.0.2.7", 0);
		CHECK_INT(ask(&fix, "pbx.example.test"), 0);
		CHECK_INT(fix.n, 1);
		CHECK(sa_cmp(&fix.addr, &want, SA_ADDR));
		CHECK_INT(ask(&fix, "nobody.example.test"), ENOENT);
	}
	stop(&fix);
}

static void what_is_known_is_not_asked_again(void)
{
	struct fixture fix;

	if (start(&fix)) {
		CHECK_INT(ask(&fix, "pbx.example.test"), 0);
		CHECK_INT(fix.asked, 1);
		CHECK_INT(ask(&fix, "PBX.example.test"), 0);
		CHECK_INT(fix.n, 1);
		CHECK_INT(fix.asked, 1);
	}
	stop(&fix);
}

static void an_address_and_an_invalid_name_ask_nobody(void)
{
	struct fixture fix;
	struct sa want;

	if (start(&fix)) {
		CHECK_INT(ask(&fix, "2001:db8::1"), 0);
		sa_set_str(&want, "2001:db8::1", 0);
		CHECK(sa_cmp(&fix.addr, &want, SA_ADDR));
		CHECK_INT(ask(&fix, "x7kd.invalid"), ENOENT);
		CHECK_INT(ask(&fix, "x7kd.INVALID."), ENOENT);
		CHECK_INT(fix.asked, 0);
		CHECK_INT(resolve(&fix.ask, fix.resolver, "", on_addrs, &fix),
			  EINVAL);
	}
	stop(&fix);
}

static void a_server_that_is_silent_is_a_timeout(void)
{
	struct fixture fix;

	if (start(&fix)) {
		fix.silent = true;
		CHECK_INT(ask(&fix, "pbx.example.test"), ETIMEDOUT);
		CHECK(fix.asked >= 2);
	}
	stop(&fix);
}

static void who_no_longer_asks_is_not_told(void)
{
	struct resolve_ask *other = NULL;
	struct fixture fix;

	if (start(&fix)) {
		CHECK(!resolve(&other, fix.resolver, "a.example.test",
			       on_addrs, &fix));
		mem_deref(other);
		CHECK_INT(ask(&fix, "a.example.test"), 0);
		CHECK_INT(fix.answers, 1);
		CHECK_INT(fix.asked, 1);
		/* and the end of all is silent */
		CHECK(!resolve(&fix.ask, fix.resolver, "b.example.test",
			       on_addrs, &fix));
		fix.answers = 0;
		fix.resolver = mem_deref(fix.resolver);
		CHECK_INT(fix.answers, 0);
	}
	stop(&fix);
}

static void on_one_of_many(int err, const struct sa *addrs, size_t n,
			   void *arg)
{
	struct fixture *fix = arg;
	(void)err;
	(void)addrs;
	(void)n;

	++fix->answers;
}

static void what_is_known_makes_room_for_what_is_asked(void)
{
	struct resolve_ask **asks =
		mem_zalloc(RESOLVE_NAMES_MAX * sizeof(*asks), NULL);
	struct fixture fix;
	char name[32];

	if (start(&fix)) {
		fix.want = RESOLVE_NAMES_MAX;
		for (unsigned i = 0; i < RESOLVE_NAMES_MAX; i++) {
			snprintf(name, sizeof(name), "n%u.invalid", i);
			REQUIRE(!resolve(&asks[i], fix.resolver, name,
					 on_one_of_many, &fix));
		}
		/* all of them are waited for */
		CHECK_INT(resolve(&fix.ask, fix.resolver, "pbx.example.test",
				  on_addrs, &fix),
			  ENOSPC);
		CHECK(loop_test_until(&fix.loop, answered, &fix, 5000));
		for (unsigned i = 0; i < RESOLVE_NAMES_MAX; i++)
			mem_deref(asks[i]);
		CHECK_INT(ask(&fix, "pbx.example.test"), 0);
		CHECK_INT(fix.n, 1);
	}
	mem_deref(asks);
	stop(&fix);
}

TEST_MAIN(TEST(what_is_known_makes_room_for_what_is_asked),
	  TEST(a_name_becomes_an_address),
	  TEST(what_is_known_is_not_asked_again),
	  TEST(an_address_and_an_invalid_name_ask_nobody),
	  TEST(a_server_that_is_silent_is_a_timeout),
	  TEST(who_no_longer_asks_is_not_told))
