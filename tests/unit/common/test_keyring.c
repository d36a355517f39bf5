/*
 * test_keyring.c  Key files: what loads, which key seals, what is refused
 *
 * SPDX-License-Identifier: MIT
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include <sys/stat.h>
#include <re.h>

#include "common/keyring.h"
#include "common/seal.h"
#include "tests/lib/test.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define S1 "000102030405060708090a0b0c0d0e0f"
#define S2 "ffeeddccbbaa99887766554433221100"

static int parse(struct keyring **ringp, const char *text, char err[100])
{
	return keyring_parse(ringp, text, strlen(text), err, 100);
}

static void newest_key_whose_time_has_come_seals(void)
{
	struct keyring *ring = NULL;
	char why[100];
	uint8_t id;

	if (parse(&ring,
		  "# two keys\n"
		  "7 - " S1 "\n"
		  "\t 9  2026-01-01T00:00:00Z\t" S2 " # next year\r\n"
		  "255 2030-06-30T12:00:00Z " S2 S2 S2 S2,
		  why)) {
		CHECK_STR(why, "");
		return;
	}
	CHECK(!keyring_current(ring, 0, &id) && id == 7);
	CHECK(!keyring_current(ring, 1767225599, &id) && id == 7);
	CHECK(!keyring_current(ring, 1767225600, &id) && id == 9);
	CHECK(!keyring_current(ring, 4000000000, &id) && id == 255);
	mem_deref(ring);
}

static void no_key_seals_before_its_time(void)
{
	struct keyring *ring = NULL;
	char why[100];
	uint8_t id = 1;

	REQUIRE(!parse(&ring, "1 2026-01-01T00:00:00Z " S1, why));
	CHECK_INT(keyring_current(ring, 1000, &id), ENOENT);
	mem_deref(ring);
}

static void keys_differ_by_purpose_and_by_secret(void)
{
	struct keyring *ring = NULL;
	const uint8_t *key[14] = {NULL}, *none;
	char why[100];

	REQUIRE(!parse(&ring, "1 - " S1 "\n2 - " S2, why));
	for (unsigned i = 0; i < 14; i++)
		CHECK(!keyring_key(ring, (uint8_t)(1 + i / 7), i % 7, &key[i]));
	for (unsigned i = 0; i < 14; i++) {
		for (unsigned k = 0; k < i; k++)
			CHECK(memcmp(key[i], key[k], KEYRING_KEY_LEN));
	}
	CHECK_INT(keyring_key(ring, 3, SEAL_CTL, &none), ENOENT);
	CHECK_INT(keyring_key(ring, 1, SEAL_TICKET + 1, &none), ENOENT);
	mem_deref(ring);
}

/*
 * Computed with another implementation:
 * openssl kdf -keylen 32 -kdfopt digest:SHA256 -kdfopt hexkey:<S1> \
 *   -kdfopt info:"cordboard ctl" HKDF
 */
static void keys_are_those_of_hkdf_sha256(void)
{
	static const uint8_t want[] = {
		0x8F, 0x4A, 0x43, 0x62, 0x01, 0xEF, 0x46, 0xDC,
		0x4C, 0xC4, 0x64, 0x3D, 0x9B, 0x52, 0xC8, 0xCA,
		0xE4, 0x4D, 0x14, 0x0A, 0x9D, 0x4D, 0x70, 0x96,
		0x08, 0x22, 0xF9, 0xAA, 0x6B, 0x19, 0x7D, 0xB2,
	};
	struct keyring *ring = NULL;
	const uint8_t *key = NULL;
	char why[100];

	REQUIRE(!parse(&ring, "1 - " S1, why));
	REQUIRE(!keyring_key(ring, 1, SEAL_CTL, &key));
	CHECK(!memcmp(key, want, sizeof(want)));
	mem_deref(ring);
}

static void broken_lines_are_named(void)
{
	static const struct {
		const char *text, *want;
	} bad[] = {
		{"", "no key in the file"},
		{"# nothing\n\n", "no key in the file"},
		{"1 - " S1 "\n1 - " S2, "2: key id 1 stands twice"},
		{"256 - " S1, "1: expected a key id from 0 to 255"},
		{"-1 - " S1, "1: expected a key id from 0 to 255"},
		{"0001 - " S1, "1: expected a key id from 0 to 255"},
		{"x - " S1, "1: expected a key id from 0 to 255"},
		{"\n1 - " S1 " more", "2: text after the secret"},
		{"1 - " S1 "0", "1: expected a secret of 32 to 128 hex digits"},
		{"1 - 0011", "1: expected a secret of 32 to 128 hex digits"},
		{"1 -", "1: expected a secret of 32 to 128 hex digits"},
		{"1 - " S1 "0x",
		 "1: expected a secret of 32 to 128 hex digits"},
		{"1 - " S1 S1 S1 S1 "00",
		 "1: expected a secret of 32 to 128 hex digits"},
	};
	char why[100];

	for (size_t i = 0; i < COUNT(bad); i++) {
		struct keyring *ring = NULL;

		CHECK_INT(parse(&ring, bad[i].text, why), EINVAL);
		CHECK_STR(why, bad[i].want);
		CHECK(!ring);
	}
}

static void times_that_do_not_exist_are_refused(void)
{
	static const char *const bad[] = {
		"2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z",
		"2026-01-01T25:00:00Z", "2026-01-01 00:00:00Z",
		"2026-01-01T00:00:00",  "2026-01-01T00:00:00+01:00",
		"1767225600",           "1969-01-01T00:00:00Z",
		"2026-01-01T00:00:0xZ", "--",
	};
	char text[100], why[100];

	for (size_t i = 0; i < COUNT(bad); i++) {
		struct keyring *ring = NULL;

		re_snprintf(text, sizeof(text), "3 %s " S1, bad[i]);
		CHECK_INT(parse(&ring, text, why), EINVAL);
		CHECK(!strncmp(why, "1: expected the time", 20));
	}
}

static void a_seventeenth_key_is_refused(void)
{
	struct keyring *ring = NULL;
	char text[2000] = "", why[100];

	for (int i = 0; i < 17; i++)
		re_snprintf(text + strlen(text), sizeof(text) - strlen(text),
			    "%d - " S1 "\n", i);
	CHECK_INT(parse(&ring, text, why), EINVAL);
	CHECK_STR(why, "17: more than 16 keys");
}

static void secrets_never_reach_the_error_text(void)
{
	struct keyring *ring = NULL;
	char why[100];

	CHECK(parse(&ring, "1 - " S1 "zz", why));
	CHECK(!strstr(why, "0001"));
	CHECK(parse(&ring, "x - " S1, why));
	CHECK(!strstr(why, "0001"));
}

static bool write_file(const char *path, mode_t mode)
{
	static const char text[] = "1 - " S1 "\n";
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
	bool ok;

	if (fd < 0)
		return false;
	ok = write(fd, text, strlen(text)) > 0 && !fchmod(fd, mode);
	close(fd);
	return ok;
}

static void file_open_to_others_is_refused(void)
{
	struct keyring *ring = NULL;
	char path[300], why[100];

	re_snprintf(path, sizeof(path), "%s/keys", test_tmpdir());
	REQUIRE(write_file(path, 0644));
	CHECK_INT(keyring_load(&ring, path, why, sizeof(why)), EACCES);
	CHECK_STR(why, "open to others (mode 644): use chmod 600");

	REQUIRE(write_file(path, 0640));
	CHECK(!keyring_load(&ring, path, why, sizeof(why)));
	mem_deref(ring);
}

static void absent_and_odd_files_are_named(void)
{
	struct keyring *ring = NULL;
	char path[300], why[100];

	re_snprintf(path, sizeof(path), "%s/absent", test_tmpdir());
	CHECK_INT(keyring_load(&ring, path, why, sizeof(why)), ENOENT);
	CHECK_STR(why, "cannot read: No such file or directory");
	CHECK_INT(keyring_load(&ring, test_tmpdir(), why, sizeof(why)), EINVAL);
	CHECK_STR(why, "not a regular file");
	re_snprintf(path, sizeof(path), "%s/fifo", test_tmpdir());
	REQUIRE(!mkfifo(path, 0600));
	CHECK_INT(keyring_load(&ring, path, why, sizeof(why)), EINVAL);
	CHECK_STR(why, "not a regular file");
}

static void short_error_buffers_are_not_overrun(void)
{
	struct keyring *ring = NULL;
	char why[4] = {1, 1, 1, 1};

	CHECK(keyring_parse(&ring, "x", 1, why, 3));
	CHECK_INT(why[3], 1);
	CHECK(keyring_parse(&ring, "x", 1, NULL, 0));
}

TEST_MAIN(TEST_OOM(newest_key_whose_time_has_come_seals),
	  TEST(no_key_seals_before_its_time),
	  TEST(keys_differ_by_purpose_and_by_secret),
	  TEST(keys_are_those_of_hkdf_sha256), TEST(broken_lines_are_named),
	  TEST(times_that_do_not_exist_are_refused),
	  TEST(a_seventeenth_key_is_refused),
	  TEST(secrets_never_reach_the_error_text),
	  TEST(file_open_to_others_is_refused),
	  TEST(absent_and_odd_files_are_named),
	  TEST(short_error_buffers_are_not_overrun))
