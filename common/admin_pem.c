/*
 * admin_pem.c  Certificate and key of the admin interface
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <re.h>

#include "common/admin_conf.h"
#include "common/admin_pem.h"

enum {
	PEM_MAX = 256 * 1024,
};

static void text_destructor(void *data)
{
	char *text = data;

	OPENSSL_cleanse(text, strlen(text));
}

/* The whole file, 0-terminated. */
static int text_read(char **textp, int fd)
{
	char *text = mem_zalloc(PEM_MAX + 1, text_destructor);
	size_t used = 0;
	ssize_t n = 1;

	if (!text)
		return ENOMEM;
	while (n > 0 && used < PEM_MAX) {
		n = read(fd, text + used, PEM_MAX - used);
		if (n > 0)
			used += (size_t)n;
	}
	if (n) {
		int err = n < 0 ? errno : EFBIG;

		mem_deref(text);
		return err;
	}
	*textp = text;
	return 0;
}

static int file_read(char **textp, const char *path, char *why, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int err = fd < 0 ? errno : text_read(textp, fd);

	if (fd >= 0)
		close(fd);
	if (err)
		re_snprintf(why, size, "%s: %s", path, strerror(err));
	return err;
}

static bool fits(const struct admin_pem *pem)
{
	BIO *cert_bio = BIO_new_mem_buf(pem->cert, -1);
	BIO *key_bio = BIO_new_mem_buf(pem->key, -1);
	X509 *cert =
		cert_bio ? PEM_read_bio_X509(cert_bio, NULL, NULL, NULL) : NULL;
	EVP_PKEY *key =
		key_bio ? PEM_read_bio_PrivateKey(key_bio, NULL, NULL, NULL)
			: NULL;
	bool ok = cert && key && X509_check_private_key(cert, key) == 1;

	EVP_PKEY_free(key);
	X509_free(cert);
	BIO_free(key_bio);
	BIO_free(cert_bio);
	ERR_clear_error();
	return ok;
}

int admin_pem_load(struct admin_pem *pem, const struct admin_conf *conf,
		   char *why, size_t size)
{
	int err;

	*pem = (struct admin_pem){NULL, NULL};
	if (!conf->certificate)
		return 0;

	err = file_read(&pem->cert, conf->certificate, why, size);
	if (!err)
		err = file_read(&pem->key, conf->key, why, size);
	if (!err && !fits(pem)) {
		re_snprintf(why, size,
			    "%s: no certificate in PEM with the key of %s",
			    conf->certificate, conf->key);
		err = EINVAL;
	}
	if (err)
		admin_pem_drop(pem);
	return err;
}

void admin_pem_drop(struct admin_pem *pem)
{
	pem->cert = mem_deref(pem->cert);
	pem->key = mem_deref(pem->key);
}
