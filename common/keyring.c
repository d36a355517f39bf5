/*
 * keyring.c  The cluster's secrets by key id, and which of them seals now
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <openssl/crypto.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <re.h>

#include "common/fingerprint.h"
#include "common/keyring.h"
#include "common/keyring_priv.h"
#include "common/seal.h"

enum {
	PURPOSES = SEAL_TICKET + 1,
	SECRET_MIN = 16,
	SECRET_MAX = 64,
	FILE_MAX = 16384,
};

/* The info of HKDF: a name, so that the order of the enum is not a format. */
static const char *const purpose_info[PURPOSES] = {
	[SEAL_COOKIE] = "cordboard cookie",
	[SEAL_BRANCH] = "cordboard branch",
	[SEAL_FLOW] = "cordboard flow",
	[SEAL_CONTACT] = "cordboard contact",
	[SEAL_NONCE] = "cordboard nonce",
	[SEAL_CTL] = "cordboard ctl",
	[SEAL_TICKET] = "cordboard ticket",
	[SEAL_SUB] = "cordboard subscription",
	[SEAL_SUB_URI] = "cordboard subscription uri",
};

struct secret {
	uint8_t id;
	uint64_t from_s; /* not-before, unix seconds */
	uint8_t key[PURPOSES][KEYRING_KEY_LEN];
	EVP_CIPHER_CTX *seals[PURPOSES];
	EVP_CIPHER_CTX *opens[PURPOSES];
};

struct keyring {
	size_t count;
	struct secret secret[KEYRING_MAX];
};

struct reader {
	struct keyring *ring;
	EVP_CIPHER *siv;
	EVP_KDF *hkdf;
	unsigned line;
	char *errbuf;
	size_t errlen;
};

static void destructor(void *arg)
{
	struct keyring *ring = arg;

	for (size_t i = 0; i < ring->count; i++) {
		for (size_t p = 0; p < PURPOSES; p++) {
			EVP_CIPHER_CTX_free(ring->secret[i].seals[p]);
			EVP_CIPHER_CTX_free(ring->secret[i].opens[p]);
		}
	}
	OPENSSL_cleanse(ring, sizeof(*ring));
}

__attribute__((format(printf, 2, 3))) static int fail(const struct reader *rd,
						      const char *fmt, ...)
{
	va_list ap;
	int n;

	if (!rd->errlen)
		return EINVAL;
	n = rd->line ? snprintf(rd->errbuf, rd->errlen, "%u: ", rd->line) : 0;
	if (n < 0 || (size_t)n >= rd->errlen)
		return EINVAL;
	va_start(ap, fmt);
	vsnprintf(rd->errbuf + n, rd->errlen - (size_t)n, fmt, ap);
	va_end(ap);
	return EINVAL;
}

static int derive(const struct reader *rd, uint8_t key[KEYRING_KEY_LEN],
		  const char *info, uint8_t *secret, size_t len)
{
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(rd->hkdf);
	OSSL_PARAM param[] = {
		OSSL_PARAM_utf8_string(OSSL_KDF_PARAM_DIGEST,
				       (char[]){"SHA256"}, 6),
		OSSL_PARAM_octet_string(OSSL_KDF_PARAM_KEY, secret, len),
		OSSL_PARAM_octet_string(OSSL_KDF_PARAM_INFO, (void *)info,
					strlen(info)),
		OSSL_PARAM_END,
	};
	int ok = ctx && EVP_KDF_derive(ctx, key, KEYRING_KEY_LEN, param) > 0;

	EVP_KDF_CTX_free(ctx);
	return ok ? 0 : ENOMEM;
}

static int make_contexts(const struct reader *rd, struct secret *sec,
			 unsigned purpose)
{
	EVP_CIPHER_CTX *seals = sec->seals[purpose] = EVP_CIPHER_CTX_new();
	EVP_CIPHER_CTX *opens = sec->opens[purpose] = EVP_CIPHER_CTX_new();
	const uint8_t *key = sec->key[purpose];

	if (!seals || !opens ||
	    !EVP_EncryptInit_ex(seals, rd->siv, NULL, key, NULL) ||
	    !EVP_DecryptInit_ex(opens, rd->siv, NULL, key, NULL))
		return ENOMEM;
	return 0;
}

static int add_secret(struct reader *rd, uint8_t id, uint64_t from_s,
		      uint8_t *secret, size_t len)
{
	struct keyring *ring = rd->ring;
	struct secret *sec;
	int err = 0;

	for (size_t i = 0; i < ring->count; i++) {
		if (ring->secret[i].id == id)
			return fail(rd, "key id %u stands twice", id);
	}
	if (ring->count == KEYRING_MAX)
		return fail(rd, "more than %d keys", KEYRING_MAX);

	sec = &ring->secret[ring->count++];
	sec->id = id;
	sec->from_s = from_s;
	for (unsigned p = 0; p < PURPOSES && !err; p++) {
		err = derive(rd, sec->key[p], purpose_info[p], secret, len);
		if (!err)
			err = make_contexts(rd, sec, p);
	}
	return err;
}

/* The next word of a line; empty at its end or at a comment. */
static struct pl next_word(struct pl *line)
{
	struct pl word;

	while (line->l && strchr(" \t\r", *line->p))
		pl_advance(line, 1);
	word = (struct pl){line->p, 0};
	if (line->l && *line->p == '#')
		line->l = 0;
	while (line->l && !strchr(" \t\r", *line->p)) {
		++word.l;
		pl_advance(line, 1);
	}
	return word;
}

static bool only_digits(const struct pl *word)
{
	for (size_t i = 0; i < word->l; i++) {
		if (word->p[i] < '0' || word->p[i] > '9')
			return false;
	}
	return word->l > 0;
}

/* RFC 3339 in UTC, whole seconds: 2026-11-20T10:00:00Z */
static bool read_time(const struct pl *word, uint64_t *sec)
{
	static const char form[] = "dddd-dd-ddTdd:dd:ddZ";
	char text[sizeof(form)];
	struct tm tm = {0};
	time_t t;
	int mday;

	if (!pl_strcmp(word, "-")) {
		*sec = 0;
		return true;
	}
	if (word->l != sizeof(form) - 1)
		return false;
	for (size_t i = 0; i < word->l; i++) {
		bool digit = word->p[i] >= '0' && word->p[i] <= '9';

		if (form[i] == 'd' ? !digit : word->p[i] != form[i])
			return false;
	}
	pl_strcpy(word, text, sizeof(text));
	if (!strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm))
		return false;
	/* timegm() makes 2 March of 30 February */
	mday = tm.tm_mday;
	t = timegm(&tm);
	if (t < 0 || tm.tm_mday != mday)
		return false;
	*sec = (uint64_t)t;
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool read_secret(const struct pl *word, uint8_t secret[SECRET_MAX],
			size_t *len)
{
	if (word->l % 2 || word->l < 2 * SECRET_MIN || word->l > 2 * SECRET_MAX)
		return false;
	for (size_t i = 0; i < word->l / 2; i++) {
		int hi = hex_digit(word->p[2 * i]);
		int lo = hex_digit(word->p[2 * i + 1]);

		if (hi < 0 || lo < 0)
			return false;
		secret[i] = (uint8_t)(hi << 4 | lo);
	}
	*len = word->l / 2;
	return true;
}

static int read_line(struct reader *rd, struct pl line)
{
	struct pl id = next_word(&line), from, hex, more;
	uint8_t secret[SECRET_MAX];
	uint64_t from_s;
	size_t len;
	int err;

	if (!id.l)
		return 0;
	from = next_word(&line);
	hex = next_word(&line);
	more = next_word(&line);

	if (!only_digits(&id) || id.l > 3 || pl_u32(&id) > 255)
		return fail(rd, "expected a key id from 0 to 255");
	if (!read_time(&from, &from_s))
		return fail(rd, "expected the time from which the key seals, "
				"like 2026-11-20T10:00:00Z, or -");
	if (!read_secret(&hex, secret, &len))
		return fail(rd, "expected a secret of %d to %d hex digits",
			    2 * SECRET_MIN, 2 * SECRET_MAX);
	if (more.l)
		return fail(rd, "text after the secret");

	err = add_secret(rd, (uint8_t)pl_u32(&id), from_s, secret, len);
	OPENSSL_cleanse(secret, sizeof(secret));
	return err;
}

static int read_lines(struct reader *rd, const char *text, size_t len)
{
	int err = 0;

	while (len && !err) {
		const char *end = memchr(text, '\n', len);
		size_t n = end ? (size_t)(end - text) : len;

		++rd->line;
		err = read_line(rd, (struct pl){text, n});
		n += end ? 1 : 0;
		text += n;
		len -= n;
	}
	if (err == ENOMEM)
		fail(rd, "out of memory");
	rd->line = 0;
	if (!err && !rd->ring->count)
		err = fail(rd, "no key in the file");
	return err;
}

int keyring_parse(struct keyring **ringp, const char *text, size_t len,
		  char *errbuf, size_t errlen)
{
	struct reader rd = {.errbuf = errbuf, .errlen = errlen};
	int err = ENOMEM;

	if (!ringp || (!text && len))
		return EINVAL;
	if (errlen)
		errbuf[0] = '\0';

	rd.ring = mem_zalloc(sizeof(*rd.ring), destructor);
	rd.siv = EVP_CIPHER_fetch(NULL, "AES-128-SIV", NULL);
	rd.hkdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	if (rd.ring && rd.siv && rd.hkdf)
		err = read_lines(&rd, text, len);
	else
		fail(&rd, "out of memory, or OpenSSL without AES-128-SIV");

	EVP_CIPHER_free(rd.siv);
	EVP_KDF_free(rd.hkdf);
	if (err)
		mem_deref(rd.ring);
	else
		*ringp = rd.ring;
	return err;
}

static int read_file(int fd, char *text, size_t *len, struct reader *rd)
{
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st))
		return errno;
	if (!S_ISREG(st.st_mode))
		return fail(rd, "not a regular file");
	if (st.st_mode & S_IRWXO) {
		fail(rd, "open to others (mode %03o): use chmod 600",
		     st.st_mode & 0777u);
		return EACCES;
	}
	for (*len = 0; *len < FILE_MAX; *len += (size_t)n) {
		n = read(fd, text + *len, FILE_MAX - *len);
		if (n < 0)
			return errno;
		if (!n)
			return 0;
	}
	return fail(rd, "larger than %d bytes", FILE_MAX);
}

int keyring_load(struct keyring **ringp, const char *path, char *errbuf,
		 size_t errlen)
{
	struct reader rd = {.errbuf = errbuf, .errlen = errlen};
	char text[FILE_MAX];
	size_t len = 0;
	int fd, err;

	if (!ringp || !path)
		return EINVAL;
	if (errlen)
		errbuf[0] = '\0';

	/* non-blocking: opening a FIFO must not hang the start */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	err = fd < 0 ? errno : read_file(fd, text, &len, &rd);
	if (fd >= 0)
		close(fd);
	if (!err)
		err = keyring_parse(ringp, text, len, errbuf, errlen);
	else if (errlen && !errbuf[0])
		fail(&rd, "cannot read: %s", strerror(err));
	OPENSSL_cleanse(text, sizeof(text));
	return err;
}

int keyring_current(const struct keyring *ring, uint64_t now_s, uint8_t *id)
{
	const struct secret *best = NULL;

	if (!ring || !id)
		return EINVAL;
	for (size_t i = 0; i < ring->count; i++) {
		const struct secret *sec = &ring->secret[i];

		if (sec->from_s <= now_s &&
		    (!best || sec->from_s >= best->from_s))
			best = sec;
	}
	if (!best)
		return ENOENT;
	*id = best->id;
	return 0;
}

size_t keyring_ids(const struct keyring *ring, uint8_t ids[KEYRING_MAX])
{
	for (size_t i = 0; ring && i < ring->count; i++)
		ids[i] = ring->secret[i].id;
	return ring ? ring->count : 0;
}

/* A hash of keys that HKDF has made: of a secret of 128 bits or more nobody
 * learns anything from it. */
void keyring_fingerprint(const struct keyring *ring, struct fingerprint *print)
{
	for (size_t i = 0; ring && i < ring->count; i++) {
		const struct secret *sec = &ring->secret[i];

		fingerprint_add(print, &sec->id, sizeof(sec->id));
		fingerprint_add(print, &sec->from_s, sizeof(sec->from_s));
		fingerprint_add(print, sec->key[SEAL_COOKIE],
				KEYRING_KEY_LEN);
	}
}

static const struct secret *find(const struct keyring *ring, uint8_t id,
				 unsigned purpose)
{
	if (!ring || purpose >= PURPOSES)
		return NULL;
	for (size_t i = 0; i < ring->count; i++) {
		if (ring->secret[i].id == id)
			return &ring->secret[i];
	}
	return NULL;
}

int keyring_key(const struct keyring *ring, uint8_t id, unsigned purpose,
		const uint8_t **key)
{
	const struct secret *sec = find(ring, id, purpose);

	if (!sec || !key)
		return ENOENT;
	*key = sec->key[purpose];
	return 0;
}

const EVP_CIPHER_CTX *keyring_siv(const struct keyring *ring, uint8_t id,
				  unsigned purpose, bool seals)
{
	const struct secret *sec = find(ring, id, purpose);

	if (!sec)
		return NULL;
	return seals ? sec->seals[purpose] : sec->opens[purpose];
}
