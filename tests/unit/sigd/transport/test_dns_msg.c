/*
 * test_dns_msg.c  SRV and NAPTR records, right, wrong and endless
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "sigd/transport/dns_msg.h"
#include "tests/lib/mock_dns.h"

static const char name[] = "_sip._udp.a.test";

/* A question of this type, for mock_dns_answer(). */
static size_t question(struct mock_dns *dns, uint16_t type)
{
	size_t len = MOCK_HEAD;

	memset(dns->msg, 0, MOCK_HEAD);
	dns->msg[5] = 1;
	len += mock_dns_name(dns->msg + len, name);
	mock_dns_u16(dns->msg + len, type);
	mock_dns_u16(dns->msg + len + 2, 1);
	return len + 4;
}

static int read_all(struct dns_answer *answer, struct mock_dns *dns,
		    enum dns_type type, unsigned times)
{
	size_t len = mock_dns_answer(dns, question(dns, (uint16_t)type), times,
				     MOCK_MSG_MAX);

	return dns_answer_read(answer, type, dns->msg, len);
}

static struct mock_dns *begin(void)
{
	struct mock_dns *dns = mem_zalloc(sizeof(*dns), NULL);

	CHECK(dns != NULL);
	return dns;
}

static void srv_records_come_by_priority(void)
{
	struct mock_dns *dns = begin();
	struct dns_answer answer;

	mock_dns_srv(dns, name, (unsigned[]){20, 1, 5070}, "far.test");
	mock_dns_srv(dns, name, (unsigned[]){10, 2, 5060}, "near.test");
	dns->rr[0].ttl = 5;
	REQUIRE(!read_all(&answer, dns, DNS_SRV, 1));
	CHECK_INT(answer.n, 2);
	CHECK_INT(answer.ttl, 5);
	CHECK_STR(answer.srv[0].target, "near.test");
	CHECK_INT(answer.srv[0].weight, 2);
	CHECK_INT(answer.srv[1].port, 5070);
	mem_deref(dns);
}

static void naptr_records_come_by_order_and_preference(void)
{
	struct mock_dns *dns = begin();
	struct dns_answer answer;

	mock_dns_naptr(dns, name, (unsigned[]){10, 20}, "SIP+D2T", "_t.test");
	mock_dns_naptr(dns, name, (unsigned[]){10, 10}, "sip+d2u", "_u.test");
	REQUIRE(!read_all(&answer, dns, DNS_NAPTR, 1));
	CHECK_INT(answer.n, 2);
	CHECK_STR(answer.naptr[0].service, "SIP+D2U");
	CHECK_INT(answer.naptr[0].flag, 'S');
	CHECK_STR(answer.naptr[1].target, "_t.test");
	mem_deref(dns);
}

static void of_many_the_most_important_are_kept(void)
{
	struct mock_dns *dns = begin();
	struct dns_answer answer;
	char host[16];

	for (unsigned i = 0; i < 20; i++) {
		snprintf(host, sizeof(host), "h%u.test", 20 - i);
		mock_dns_srv(dns, name, (unsigned[]){20 - i, 0, 1}, host);
	}
	REQUIRE(!read_all(&answer, dns, DNS_SRV, 1));
	CHECK_INT(answer.n, DNS_RECORDS_MAX);
	for (unsigned i = 0; i < answer.n; i++)
		CHECK_INT(answer.srv[i].priority, i + 1);
	/* ... and a flood is looked at so far */
	REQUIRE(!read_all(&answer, dns, DNS_SRV, 80));
	CHECK_INT(answer.n, DNS_RECORDS_MAX);
	mem_deref(dns);
}

static void an_alias_before_them_does_not_matter(void)
{
	struct mock_dns *dns = begin();
	struct dns_answer answer;

	mock_dns_cname(dns, name, name);
	mock_dns_srv(dns, name, (unsigned[]){1, 1, 1}, "x.test");
	REQUIRE(!read_all(&answer, dns, DNS_SRV, 1));
	CHECK_INT(answer.n, 1);
	mem_deref(dns);
}

static void a_record_that_makes_no_sense_is_left_out(void)
{
	struct mock_dns *dns = begin();
	struct dns_answer answer;

	/* no port; a name with a space; one that points to itself */
	mock_dns_srv(dns, name, (unsigned[]){1, 1, 0}, "x.test");
	mock_dns_srv(dns, name, (unsigned[]){1, 1, 5060}, "a b.test");
	mock_dns_srv(dns, name, (unsigned[]){1, 1, 5060}, "ok.test");
	mock_dns_srv(dns, name, (unsigned[]){2, 1, 5060}, "");
	mock_dns_u16(dns->rr[3].data + 6, 0xffff);
	dns->rr[3].len = 8;
	mock_dns_srv(dns, name, (unsigned[]){3, 0, 0}, "");
	REQUIRE(!read_all(&answer, dns, DNS_SRV, 1));
	CHECK_INT(answer.n, 2);
	CHECK_STR(answer.srv[0].target, "ok.test");
	CHECK_STR(answer.srv[1].target, "");
	mem_deref(dns);
}

static void what_is_cut_off_is_no_answer(void)
{
	struct mock_dns *dns = begin();
	struct dns_answer answer;
	size_t len;

	mock_dns_srv(dns, name, (unsigned[]){1, 1, 5060}, "ok.test");
	len = mock_dns_answer(dns, question(dns, DNS_SRV), 1, MOCK_MSG_MAX);
	for (size_t cut = 0; cut < len; cut++)
		CHECK_INT(dns_answer_read(&answer, DNS_SRV, dns->msg, cut),
			  EBADMSG);
	CHECK_INT(dns_answer_read(&answer, DNS_SRV, dns->msg, len), 0);
	/* a question is none either */
	dns->msg[2] = 0;
	CHECK_INT(dns_answer_read(&answer, DNS_SRV, dns->msg, len), EBADMSG);
	mem_deref(dns);
}

TEST_MAIN(TEST(srv_records_come_by_priority),
	  TEST(naptr_records_come_by_order_and_preference),
	  TEST(of_many_the_most_important_are_kept),
	  TEST(an_alias_before_them_does_not_matter),
	  TEST(a_record_that_makes_no_sense_is_left_out),
	  TEST(what_is_cut_off_is_no_answer))
