/*
 * test_credentials.c  Our answers to challenges, checked by our own checker
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <re.h>

#include "sigd/auth/credentials.h"
#include "sigd/auth/digest.h"
#include "tests/lib/test.h"
#include "tests/unit/sigd/sip/view.h"

#define HEAD(code)                                                           \
	"SIP/2.0 " code "\r\n"                                               \
	"Via: SIP/2.0/UDP h;branch=z9hG4bKa\r\n"                             \
	"From: <sip:a@x>;tag=1\r\nTo: <sip:b@x>;tag=2\r\n"                   \
	"Call-ID: c\r\nCSeq: 1 INVITE\r\n"
#define WWW "WWW-Authenticate: Digest "
#define PROXY "Proxy-Authenticate: Digest "
#define END "\r\n"

static const struct credentials_use use = {
	.method = {"INVITE", 6}, .uri = {"sip:b@pbx.example.com", 21},
	.body = {"v=0", 3}};

static int answer_as(struct credentials_answer *answer, const char *text,
		     const char *user, const char *realm)
{
	struct credentials who = {.password = PL("secret")};
	struct view v;
	int err;

	pl_set_str(&who.username, user);
	pl_set_str(&who.realm, realm);
	view_text(&v, text);
	CHECK_INT(v.err, 0);
	err = credentials_answer(answer, &who, &v.msg, &use);
	if (!err)
		answer->nonce = (struct pl)PL("");
	view_close(&v);
	return err;
}

static int answer_to(struct credentials_answer *answer, const char *text)
{
	return answer_as(answer, text, "trunk", "");
}

/* What the checker of the other side says to it. */
static int checked(const struct credentials_answer *answer)
{
	const struct digest_request req = {use.method, use.uri};
	const struct pl user = PL("trunk"), pass = PL("secret");
	struct digest_secret secret;
	struct shdr_digest digest;
	struct pl val;
	uint32_t nc;
	int err;

	pl_set_str(&val, answer->val);
	err = shdr_digest_decode(&digest, &val);
	if (err)
		return err;
	err = digest_secret_make(&secret, &user, &digest.realm, &pass);
	CHECK_INT(err, 0);
	err = digest_check(&digest, &secret, &req, &nc);
	if (!err)
		CHECK_INT(nc, 1);
	return err;
}

static bool has(const struct credentials_answer *answer, const char *part)
{
	return strstr(answer->val, part) != NULL;
}

static void an_answer_is_what_the_checker_expects(void)
{
	struct credentials_answer a;

	CHECK_INT(answer_to(&a, HEAD("401 U") WWW
			    "realm=\"r\", nonce=\"n\", qop=\"auth\"" END END),
		  0);
	CHECK_INT(a.header, SHDR_AUTHORIZATION);
	CHECK(has(&a, "algorithm=MD5"));
	CHECK_INT(checked(&a), 0);
	CHECK_INT(answer_to(&a, HEAD("407 P") PROXY
			    "realm=\"r\", nonce=\"n\", algorithm=SHA-256, "
			    "qop=\"auth-int,auth\"" END END), 0);
	CHECK_INT(a.header, SHDR_PROXY_AUTHORIZATION);
	CHECK(has(&a, "algorithm=SHA-256"));
	CHECK_INT(checked(&a), 0);
}

static void sha_256_is_taken_wherever_it_stands(void)
{
	struct credentials_answer a;

	CHECK_INT(answer_to(&a, HEAD("401 U") WWW
			    "realm=\"r\", nonce=\"n\", qop=\"auth\"" END WWW
			    "realm=\"r\", nonce=\"m\", algorithm=SHA-256, "
			    "qop=\"auth\"" END END), 0);
	CHECK(has(&a, "algorithm=SHA-256"));
	CHECK(has(&a, "nonce=\"m\""));
	CHECK_INT(checked(&a), 0);
}

static void another_realm_is_not_answered(void)
{
	struct credentials_answer a;
	static const char challenge[] = HEAD("401 U") WWW
		"realm=\"evil\", nonce=\"n\", qop=\"auth\"" END END;

	CHECK_INT(answer_as(&a, challenge, "trunk", "pbx"), ENOENT);
	CHECK_INT(answer_as(&a, challenge, "trunk", "evil"), 0);
}

static void what_cannot_be_answered_is_told(void)
{
	struct credentials_answer a;

	CHECK_INT(answer_to(&a, HEAD("401 U") WWW
			    "realm=\"r\", nonce=\"n\", qop=\"other\""
			    END END), ENOENT);
	CHECK_INT(answer_to(&a, HEAD("401 U") WWW
			    "realm=\"r\", nonce=\"n\", algorithm=X" END END),
		  ENOENT);
	CHECK_INT(answer_to(&a, HEAD("401 U")
			    "WWW-Authenticate: Bearer realm=\"r\"" END END),
		  ENOENT);
	CHECK_INT(answer_to(&a, HEAD("401 U") END), ENOENT);
	CHECK_INT(answer_to(&a, HEAD("403 F") WWW
			    "realm=\"r\", nonce=\"n\"" END END), EINVAL);
}

/* RFC 2617 3.2.2.1: MD5(A1):nonce:MD5(A2), computed with md5sum:
 * A1 = trunk:r:secret, A2 = INVITE:sip:b@pbx.example.com, nonce n */
static void a_challenge_without_qop_is_answered_as_rfc_2069_had_it(void)
{
	struct credentials_answer a;

	CHECK_INT(answer_to(&a, HEAD("401 U") WWW
			    "realm=\"r\", nonce=\"n\"" END END), 0);
	CHECK(!has(&a, "qop=") && !has(&a, "nc=") && !has(&a, "cnonce="));
	CHECK(has(&a, "response=\"08fb18b89b9481bd5f9cf50702eb6fb3\""));
}

static const struct pl *part(const struct credentials_answer *a,
			     struct shdr_digest *digest, size_t offset)
{
	struct pl val;

	pl_set_str(&val, a->val);
	CHECK_INT(shdr_digest_decode(digest, &val), 0);
	return (const struct pl *)(const void *)((char *)digest + offset);
}

/* RFC 7616 3.4.3: A2 = method:uri:H(body), where auth is not offered. */
static void the_body_is_vouched_for_when_nothing_else_is_offered(void)
{
	struct credentials_answer a;
	char body[DIGEST_HEX_MAX + 1], ha1[DIGEST_HEX_MAX + 1],
		ha2[DIGEST_HEX_MAX + 1], want[DIGEST_HEX_MAX + 1];
	const struct pl user[3] = {PL("trunk"), PL("r"), PL("secret")};
	struct pl a2[3] = {use.method, use.uri, {0}};
	struct pl all[6] = {{0}, PL("n"), PL("00000001"), {0},
			    PL("auth-int"), {0}};
	struct shdr_digest digest;

	CHECK_INT(answer_to(&a, HEAD("401 U") WWW
			    "realm=\"r\", nonce=\"n\", qop=\"auth-int\""
			    END END), 0);
	CHECK(has(&a, "qop=auth-int"));
	all[3] = *part(&a, &digest, offsetof(struct shdr_digest, cnonce));
	CHECK_INT(digest_hash(body, DIGEST_MD5, &use.body, 1), 0);
	pl_set_str(&a2[2], body);
	CHECK_INT(digest_hash(ha1, DIGEST_MD5, user, 3), 0);
	CHECK_INT(digest_hash(ha2, DIGEST_MD5, a2, 3), 0);
	pl_set_str(&all[0], ha1);
	pl_set_str(&all[5], ha2);
	CHECK_INT(digest_hash(want, DIGEST_MD5, all, 6), 0);
	CHECK(!pl_strcmp(&digest.response, want));
}

static uint32_t third_use(const struct pl *nonce, void *arg)
{
	CHECK(!pl_strcmp(nonce, "n"));
	*(bool *)arg = true;
	return 3;
}

static void a_nonce_that_was_used_before_is_counted(void)
{
	bool asked = false;
	struct credentials who = {.username = PL("trunk"),
				  .password = PL("secret"),
				  .nch = third_use, .arg = &asked};
	struct credentials_answer a;
	struct view v;

	view_text(&v, HEAD("401 U") WWW
		  "realm=\"r\", nonce=\"n\", qop=\"auth\"" END END);
	CHECK_INT(credentials_answer(&a, &who, &v.msg, &use), 0);
	CHECK(asked && has(&a, "nc=00000003"));
	view_close(&v);
}

static void opaque_stale_and_escapes_go_back_as_they_came(void)
{
	struct credentials_answer a;

	CHECK_INT(answer_to(&a, HEAD("401 U") WWW
			    "realm=\"a \\\"b\\\"\", nonce=\"n\", stale=TRUE, "
			    "opaque=\"o\\\\\", qop=\"auth\"" END END), 0);
	CHECK(a.stale);
	CHECK(has(&a, "opaque=\"o\\\\\""));
	CHECK(has(&a, "realm=\"a \\\"b\\\"\""));
	CHECK_INT(checked(&a), 0);
}

static void nobody_ends_our_header_field(void)
{
	struct credentials_answer a;
	static const char challenge[] = HEAD("401 U") WWW
		"realm=\"r\", nonce=\"n\", qop=\"auth\"" END END;

	CHECK_INT(answer_as(&a, challenge, "a\"b", ""), EINVAL);
	CHECK_INT(answer_as(&a, challenge, "a\r\nX: y", ""), EINVAL);
	CHECK_INT(answer_to(&a, HEAD("401 U") WWW
			    "realm=\"r\",\r\n nonce=\"n\r\n m\", "
			    "qop=\"auth\"" END END), 0);
	CHECK(!strpbrk(a.val, "\r\n"));
}

static void a_session_algorithm_is_answered(void)
{
	struct credentials_answer a;

	CHECK_INT(answer_to(&a, HEAD("401 U") WWW
			    "realm=\"r\", nonce=\"n\", algorithm=MD5-sess, "
			    "qop=\"auth\"" END END), 0);
	CHECK(has(&a, "algorithm=MD5-sess"));
}

static void an_answer_that_does_not_fit_is_refused(void)
{
	struct credentials_answer a;
	static char text[8192];
	char long_opaque[2000];

	memset(long_opaque, 'o', sizeof(long_opaque) - 1);
	long_opaque[sizeof(long_opaque) - 1] = '\0';
	re_snprintf(text, sizeof(text), HEAD("401 U") WWW
		    "realm=\"r\", nonce=\"n\", opaque=\"%s\"" END END,
		    long_opaque);
	CHECK_INT(answer_to(&a, text), EOVERFLOW);
}

TEST_MAIN(TEST(an_answer_is_what_the_checker_expects),
	  TEST(sha_256_is_taken_wherever_it_stands),
	  TEST(another_realm_is_not_answered),
	  TEST(what_cannot_be_answered_is_told),
	  TEST(a_challenge_without_qop_is_answered_as_rfc_2069_had_it),
	  TEST(the_body_is_vouched_for_when_nothing_else_is_offered),
	  TEST(a_nonce_that_was_used_before_is_counted),
	  TEST(opaque_stale_and_escapes_go_back_as_they_came),
	  TEST(nobody_ends_our_header_field),
	  TEST(a_session_algorithm_is_answered),
	  TEST(an_answer_that_does_not_fit_is_refused))
