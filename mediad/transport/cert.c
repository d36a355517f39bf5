/*
 * cert.c  The node's DTLS certificate
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <re.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include "mediad/transport/cert.h"
#include "mediad/transport/cert_priv.h"

enum {
	SECONDS_A_DAY = 86400,
	LIFE_DAYS = 3650
};

static void destructor(void *arg)
{
	struct cert *cert = arg;

	EVP_PKEY_free(cert->key);
	X509_free(cert->x509);
}

static int fingerprint(struct cert *cert)
{
	struct cert_fp fp;
	uint8_t *der = NULL;
	int len = i2d_X509(cert->x509, &der);
	int err;

	if (len <= 0)
		return ENOMEM;
	err = cert_fp_of(&fp, CERT_SHA256, der, (size_t)len);
	OPENSSL_free(der);
	if (!err)
		err = cert_fp_print(cert->fp, sizeof(cert->fp), &fp);
	return err;
}

/* Takes key and x509, also when it fails. */
static int wrap(struct cert **certp, EVP_PKEY *key, X509 *x509)
{
	struct cert *cert = mem_zalloc(sizeof(*cert), destructor);
	int err;

	if (!cert) {
		EVP_PKEY_free(key);
		X509_free(x509);
		return ENOMEM;
	}
	cert->key = key;
	cert->x509 = x509;
	err = key && x509 ? fingerprint(cert) : EBADMSG;
	if (err)
		mem_deref(cert);
	else
		*certp = cert;
	return err;
}

/* A name that tells nothing about us, and a random serial (RFC 8827, 6.5 asks
 * nothing more than a fingerprint of it). */
static bool fill(X509 *x509, EVP_PKEY *key)
{
	X509_NAME *name = X509_get_subject_name(x509);
	uint64_t serial = 0;

	return RAND_bytes((uint8_t *)&serial, sizeof(serial)) == 1 &&
	       ASN1_INTEGER_set_uint64(X509_get_serialNumber(x509),
				       serial >> 1) &&
	       X509_set_version(x509, X509_VERSION_3) &&
	       X509_gmtime_adj(X509_getm_notBefore(x509), -SECONDS_A_DAY) &&
	       X509_time_adj_ex(X509_getm_notAfter(x509), LIFE_DAYS, 0, NULL) &&
	       X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
					  (const uint8_t *)"media", -1, -1,
					  0) &&
	       X509_set_issuer_name(x509, name) && X509_set_pubkey(x509, key) &&
	       X509_sign(x509, key, EVP_sha256()) > 0;
}

int cert_make(struct cert **certp)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x509 = X509_new();

	if (!key || !x509 || !fill(x509, key)) {
		EVP_PKEY_free(key);
		X509_free(x509);
		return ENOMEM;
	}
	return wrap(certp, key, x509);
}

int cert_load(struct cert **certp, const char *path)
{
	FILE *f = fopen(path, "re");
	EVP_PKEY *key;
	X509 *x509;

	if (!f)
		return errno;
	key = PEM_read_PrivateKey(f, NULL, NULL, NULL);
	x509 = PEM_read_X509(f, NULL, NULL, NULL);
	fclose(f);
	if (key && x509 && X509_check_private_key(x509, key) != 1)
		key = (EVP_PKEY_free(key), NULL);
	return wrap(certp, key, x509);
}

static int write_pem(const struct cert *cert, int fd)
{
	FILE *f = fdopen(fd, "w");
	int ok;

	if (!f) {
		close(fd);
		return ENOMEM;
	}
	ok = PEM_write_PrivateKey(f, cert->key, NULL, NULL, 0, NULL, NULL) &&
	     PEM_write_X509(f, cert->x509) && !fflush(f) && !fsync(fileno(f));
	return fclose(f) || !ok ? EIO : 0;
}

/* link() refuses to replace: of two that start at once, one wins, and both
 * load its file. */
static int make_file(const char *path)
{
	struct cert *cert = NULL;
	char tmp[1024];
	int fd, err;

	if (snprintf(tmp, sizeof(tmp), "%s.XXXXXX", path) >= (int)sizeof(tmp))
		return ENAMETOOLONG;
	err = cert_make(&cert);
	if (err)
		return err;

	fd = mkostemp(tmp, O_CLOEXEC); /* mode 0600 */
	err = fd < 0 ? errno : write_pem(cert, fd);
	if (!err && link(tmp, path) && errno != EEXIST)
		err = errno;
	if (fd >= 0)
		unlink(tmp);
	mem_deref(cert);
	return err;
}

int cert_load_or_make(struct cert **certp, const char *path)
{
	int err = cert_load(certp, path);

	if (err != ENOENT)
		return err;
	err = make_file(path);
	return err ? err : cert_load(certp, path);
}

const char *cert_fp_text(const struct cert *cert)
{
	return cert->fp;
}
