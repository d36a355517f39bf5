/*
 * test_cert.c  The node's certificate and fingerprints
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <re.h>

#include "mediad/transport/cert.h"
#include "tests/lib/test.h"

static int parse(struct cert_fp *fp, const char *text)
{
	struct pl pl;

	pl_set_str(&pl, text);
	return cert_fp_parse(fp, &pl);
}

static void a_made_certificate_has_a_fingerprint(void)
{
	struct cert *cert = NULL;
	struct cert_fp fp;

	if (cert_make(&cert))
		return;
	CHECK(!strncmp(cert_fp_text(cert), "sha-256 ", 8));
	CHECK_INT(parse(&fp, cert_fp_text(cert)), 0);
	CHECK_INT(fp.hash, CERT_SHA256);
	CHECK_INT(fp.len, 32);
	mem_deref(cert);
}

static void the_file_is_made_once_and_private(void)
{
	struct cert *one = NULL, *two = NULL;
	char path[300];
	struct stat st;

	snprintf(path, sizeof(path), "%s/node.pem", test_tmpdir());
	CHECK_INT(cert_load(&one, path), ENOENT);
	REQUIRE(!cert_load_or_make(&one, path));
	REQUIRE(!cert_load_or_make(&two, path));
	CHECK_STR(cert_fp_text(one), cert_fp_text(two));
	CHECK(!stat(path, &st) && (st.st_mode & 0777) == 0600);
	mem_deref(one);
	mem_deref(two);
}

static void a_broken_file_is_told_and_kept(void)
{
	struct cert *cert = NULL;
	char path[300];
	FILE *f;

	snprintf(path, sizeof(path), "%s/broken.pem", test_tmpdir());
	f = fopen(path, "w");
	REQUIRE(f);
	fputs("not a key\n", f);
	fclose(f);
	CHECK_INT(cert_load_or_make(&cert, path), EBADMSG);
	CHECK(!cert);
}

static void fingerprints_parse_strictly(void)
{
	struct cert_fp fp;

	CHECK_INT(parse(&fp, "SHA-1 00:01:02:03:04:05:06:07:08:09:0a:0B:0c:0d:"
			     "0e:0f:10:11:12:FF"),
		  0);
	CHECK_INT(fp.hash, CERT_SHA1);
	CHECK_INT(fp.len, 20);
	CHECK_INT(fp.md[19], 0xff);
	CHECK_INT(fp.md[10], 10);
	CHECK_INT(parse(&fp, ""), EBADMSG);
	CHECK_INT(parse(&fp, "sha-1"), EBADMSG);
	CHECK_INT(parse(&fp, "sha-1 "), EBADMSG);
	CHECK_INT(parse(&fp, "sha-1 00:01"), EBADMSG);
	CHECK_INT(parse(&fp, "sha-1 00:01:02:03:04:05:06:07:08:09:0a:0B:0c:0d:"
			     "0e:0f:10:11:12:FG"),
		  EBADMSG);
	CHECK_INT(parse(&fp, "sha-1 00:01:02:03:04:05:06:07:08:09:0a:0B:0c:0d:"
			     "0e:0f:10:11:12-FF"),
		  EBADMSG);
	CHECK_INT(parse(&fp, "md5 00:01:02:03:04:05:06:07:08:09:0a:0b:0c:0d:"
			     "0e:0f"),
		  ENOTSUP);
}

static void the_strongest_hash_counts(void)
{
	static const uint8_t der[] = "a certificate";
	struct cert_fp fps[3];

	REQUIRE(!cert_fp_of(&fps[0], CERT_SHA1, der, sizeof(der)));
	REQUIRE(!cert_fp_of(&fps[1], CERT_SHA512, der, sizeof(der)));
	REQUIRE(!cert_fp_of(&fps[2], CERT_SHA256, der, sizeof(der)));
	CHECK_INT(cert_fp_check(fps, 3, der, sizeof(der)), 0);
	CHECK_INT(cert_fp_check(fps, 1, der, sizeof(der)), 0);
	fps[1].md[63] ^= 1;
	/* a right sha-1 does not heal a wrong sha-512 */
	CHECK_INT(cert_fp_check(fps, 3, der, sizeof(der)), EBADE);
	/* of several with the same hash one has to match (RFC 8122, 5) */
	fps[0] = fps[1];
	fps[0].md[63] ^= 1;
	CHECK_INT(cert_fp_check(fps, 3, der, sizeof(der)), 0);
	CHECK_INT(cert_fp_check(fps, 3, der, sizeof(der) - 1), EBADE);
	CHECK_INT(cert_fp_check(NULL, 0, der, sizeof(der)), EINVAL);
}

TEST_MAIN(TEST_OOM(a_made_certificate_has_a_fingerprint),
	  TEST(the_file_is_made_once_and_private),
	  TEST(a_broken_file_is_told_and_kept),
	  TEST(fingerprints_parse_strictly), TEST(the_strongest_hash_counts))
