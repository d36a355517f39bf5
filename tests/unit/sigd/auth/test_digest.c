/*
 * test_digest.c  Digest authentication against the examples of RFC 7616
 *
 * SPDX-License-Identifier: MIT
 */
#include <re.h>

#include "sigd/auth/digest.h"
#include "tests/lib/test.h"

/* RFC 7616 section 3.9.1: both algorithms, one request */
#define RFC_PARAMS(alg, resp)                                                \
	"Digest username=\"Mufasa\", realm=\"http-auth@example.org\", "      \
	"uri=\"/dir/index.html\", algorithm=" alg ", "                       \
	"nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", "           \
	"nc=00000001, "                                                      \
	"cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", "          \
	"qop=auth, response=\"" resp "\", "                                  \
	"opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""

#define MD5_RIGHT "8ca523f5e9506fed4657c9700eebdbec"
#define SHA_RIGHT                                                            \
	"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"

static const struct digest_request request = {
	.method = {"GET", 3},
	.uri    = {"/dir/index.html", 15},
};

static int check_as(const char *params, const struct digest_secret *secret,
		    const struct digest_request *req, uint32_t *nc)
{
	struct shdr_digest digest;
	struct pl val;
	int err;

	pl_set_str(&val, params);
	err = shdr_digest_decode(&digest, &val);
	return err ? err : digest_check(&digest, secret, req, nc);
}

static int check(const char *params)
{
	const struct pl user = PL("Mufasa"), pass = PL("Circle of Life");
	const struct pl realm = PL("http-auth@example.org");
	struct digest_secret secret;
	uint32_t nc = 0;
	int err;

	CHECK_INT(digest_secret_make(&secret, &user, &realm, &pass), 0);
	err = check_as(params, &secret, &request, &nc);
	if (!err)
		CHECK_INT(nc, 1);
	return err;
}

static void the_examples_of_rfc_7616_are_right(void)
{
	CHECK_INT(check(RFC_PARAMS("MD5", MD5_RIGHT)), 0);
	CHECK_INT(check(RFC_PARAMS("SHA-256", SHA_RIGHT)), 0);
}

static void hex_digits_compare_without_case(void)
{
	CHECK_INT(check(RFC_PARAMS("MD5", "8CA523F5E9506FED4657C9700EEBDBEC")),
		  0);
}

static void a_wrong_digit_is_refused(void)
{
	CHECK_INT(check(RFC_PARAMS("MD5", "8ca523f5e9506fed4657c9700eebdbed")),
		  EACCES);
	CHECK_INT(check(RFC_PARAMS("MD5", "8ca523f5")), EACCES);
	/* the answer of one algorithm is none of the other */
	CHECK_INT(check(RFC_PARAMS("SHA-256", MD5_RIGHT)), EACCES);
}

static void an_unknown_algorithm_or_quality_is_refused(void)
{
	CHECK_INT(check(RFC_PARAMS("MD5-sess", MD5_RIGHT)), EBADMSG);
	CHECK_INT(check("Digest username=\"Mufasa\", "
			"realm=\"http-auth@example.org\", "
			"uri=\"/dir/index.html\", nonce=\"x\", "
			"response=\"" MD5_RIGHT "\""),
		  EBADMSG);
}

static void another_uri_is_refused(void)
{
	const struct digest_request other = {
		.method = {"GET", 3}, .uri = {"/dir/other.html", 15}};
	struct digest_secret secret = digest_nobody;
	uint32_t nc;

	CHECK_INT(check_as(RFC_PARAMS("MD5", MD5_RIGHT), &secret, &other,
			   &nc), EBADMSG);
}

/* The URI with its parameters in another order, under a wrong response: EACCES
 * when they were compared. */
static int turned_round(unsigned params)
{
	char one[1024] = "sip:h", two[1024] = "sip:h", text[2048];
	struct digest_secret secret = digest_nobody;
	struct digest_request req = {.method = {"GET", 3}};
	uint32_t nc;

	for (unsigned i = 0; i < params; i++) {
		char *p = one + strlen(one), *q = two + strlen(two);

		(void)re_snprintf(p, 8, ";p%03u", i);
		(void)re_snprintf(q, 8, ";p%03u", params - 1 - i);
	}
	pl_set_str(&req.uri, one);
	(void)re_snprintf(text, sizeof(text),
			  "Digest username=\"a\", realm=\"r\", uri=\"%s\", "
			  "nonce=\"n\", nc=00000001, cnonce=\"c\", qop=auth, "
			  "response=\"" MD5_RIGHT "\"",
			  two);
	return check_as(text, &secret, &req, &nc);
}

/* Thousands of parameters, each looked for among thousands, stop a worker. */
static void only_short_uris_may_differ_in_their_text(void)
{
	CHECK_INT(turned_round(2), EACCES);
	CHECK_INT(turned_round(100), EACCES);
	CHECK_INT(turned_round(110), EBADMSG);
}

/* What would be right if the zeros that stand for nobody were the hash of a
 * password: anybody can reckon that out. */
#define MD5_ZEROS "e31b4d242f622a7e7c94d414a936fe92"
#define SHA_ZEROS                                                            \
	"284ec689d4a4e779c90748d181c48d9a1c4a53c7c867e874248868ff7f82d93b"

static void nobody_is_never_right(void)
{
	/* a copy, as whoever looks a user up has it */
	struct digest_secret secret = digest_nobody;
	uint32_t nc;

	CHECK_INT(check_as(RFC_PARAMS("MD5", MD5_RIGHT), &digest_nobody,
			   &request, &nc), EACCES);
	CHECK_INT(check_as(RFC_PARAMS("MD5", MD5_ZEROS), &digest_nobody,
			   &request, &nc), EACCES);
	CHECK_INT(check_as(RFC_PARAMS("MD5", MD5_ZEROS), &secret, &request,
			   &nc), EACCES);
	CHECK_INT(check_as(RFC_PARAMS("SHA-256", SHA_ZEROS), &secret, &request,
			   &nc), EACCES);
	/* nor is one who has a password for the other algorithm alone */
	secret.ha1[DIGEST_SHA256][0] = '1';
	CHECK_INT(check_as(RFC_PARAMS("MD5", MD5_ZEROS), &secret, &request,
			   &nc), EACCES);
}

static void a_secret_unknown_for_an_algorithm_is_never_right(void)
{
	struct digest_secret secret = digest_nobody;
	uint32_t nc;

	secret.ha1[DIGEST_MD5][0] = '\0';
	CHECK_INT(check_as(RFC_PARAMS("MD5", MD5_RIGHT), &secret, &request,
			   &nc), EACCES);
}

static void a_nonce_count_has_eight_hex_digits(void)
{
	static const char *const bad[] = {"1", "00000000", "0000000g",
					  "000000001"};
	struct digest_secret secret = digest_nobody;
	char params[512];
	uint32_t nc;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		re_snprintf(params, sizeof(params),
			    "Digest username=\"u\", realm=\"r\", nonce=\"n\", "
			    "uri=\"/dir/index.html\", qop=auth, "
			    "cnonce=\"c\", nc=%s, response=\"%s\"",
			    bad[i], MD5_RIGHT);
		CHECK_INT(check_as(params, &secret, &request, &nc), EBADMSG);
	}
}

/* Neither is offered by us: one way to write a name is enough. */
static void a_hidden_name_is_refused(void)
{
	struct digest_secret secret = digest_nobody;
	uint32_t nc;

	CHECK_INT(check_as(RFC_PARAMS("MD5", MD5_RIGHT) ", userhash=true",
			   &secret, &request, &nc), EBADMSG);
	CHECK_INT(check_as(RFC_PARAMS("MD5", MD5_RIGHT)
			   ", username*=UTF-8''a", &secret, &request, &nc),
		  EBADMSG);
	CHECK_INT(check_as(RFC_PARAMS("MD5", MD5_RIGHT) ", userhash=false",
			   &secret, &request, &nc), EACCES);
}

static void a_challenge_reads_back(void)
{
	const struct pl realm = PL("cordboard");
	char val[DIGEST_CHALLENGE_MAX];
	struct shdr_digest digest;
	struct pl text;

	CHECK_INT(digest_challenge(val, DIGEST_SHA256, &realm, "abc", true),
		  0);
	pl_set_str(&text, val);
	CHECK_INT(shdr_digest_decode(&digest, &text), 0);
	CHECK(!pl_strcmp(&digest.realm, "cordboard"));
	CHECK(!pl_strcmp(&digest.nonce, "abc"));
	CHECK(!pl_strcmp(&digest.algorithm, "SHA-256"));
	CHECK(!pl_strcmp(&digest.stale, "true"));
}

TEST_MAIN(TEST(the_examples_of_rfc_7616_are_right),
	  TEST(hex_digits_compare_without_case),
	  TEST(a_wrong_digit_is_refused),
	  TEST(an_unknown_algorithm_or_quality_is_refused),
	  TEST(another_uri_is_refused),
	  TEST(only_short_uris_may_differ_in_their_text), TEST(nobody_is_never_right),
	  TEST(a_secret_unknown_for_an_algorithm_is_never_right),
	  TEST(a_nonce_count_has_eight_hex_digits),
	  TEST(a_hidden_name_is_refused),
	  TEST(a_challenge_reads_back))
