/*
 * certs.c  Certificates with their keys, and which one a client gets
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <re.h>

#include "sigd/transport/certs.h"

enum {
	BUCKETS = 256,
	NAME_MAX_LEN = 255, /* of a domain, RFC 1035 2.3.4 */
	WHY_LEN = 600
};

/* One pair as loaded; shared by the sets that have it. */
struct pair {
	char *cert, *key; /* files */
	X509 *leaf;
	STACK_OF(X509) * chain;
	EVP_PKEY *pkey;
	int64_t expiry_s;
};

struct entry {
	struct le le; /* of certs.pairs */
	struct pair *pair;
};

struct domain {
	struct le le; /* of certs.domains, by name without case */
	char *name;
	const struct pair *pair;
};

struct certs {
	struct list pairs; /* struct entry, as configured */
	struct hash *domains;
};

/* --- a pair --------------------------------------------------------------- */

static void pair_destructor(void *data)
{
	struct pair *pair = data;

	X509_free(pair->leaf);
	sk_X509_pop_free(pair->chain, X509_free);
	EVP_PKEY_free(pair->pkey);
	mem_deref(pair->cert);
	mem_deref(pair->key);
}

/* In words; OpenSSL's first error is the cause, the others tell who stumbled
 * over it. */
static int fail(char *why, const char *what, const char *file)
{
	unsigned long code = ERR_peek_error();
	const char *text = ERR_SYSTEM_ERROR(code)
				   ? strerror(ERR_GET_REASON(code))
				   : ERR_reason_error_string(code);

	snprintf(why, WHY_LEN, "%s %s: %s", what, file,
		 code && text ? text : "cannot be used");
	ERR_clear_error();
	return EINVAL;
}

/* The last one of a chain is followed by the end of the file. */
static bool at_end(void)
{
	unsigned long code = ERR_peek_last_error();
	bool end = ERR_GET_LIB(code) == ERR_LIB_PEM &&
		   ERR_GET_REASON(code) == PEM_R_NO_START_LINE;

	ERR_clear_error();
	return end;
}

static bool read_chain(struct pair *pair, BIO *bio)
{
	X509 *next;

	pair->leaf = PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL);
	pair->chain = sk_X509_new_null();
	if (!pair->leaf || !pair->chain)
		return false;
	while ((next = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
		if (sk_X509_push(pair->chain, next) > 0)
			continue;
		X509_free(next);
		return false;
	}
	return at_end();
}

static bool read_key(struct pair *pair, BIO *bio)
{
	pair->pkey = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	return pair->pkey && X509_check_private_key(pair->leaf, pair->pkey);
}

static int read_file(struct pair *pair, const char *path, const char *what,
		     bool (*readh)(struct pair *, BIO *), char *why)
{
	BIO *bio = BIO_new_file(path, "r");
	bool ok = bio && readh(pair, bio);

	BIO_free(bio);
	return ok ? 0 : fail(why, what, path);
}

static int64_t expiry(const X509 *x509)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(X509_get0_notAfter(x509), &tm) != 1)
		return 0;
	return (int64_t)timegm(&tm);
}

/* For which names it is, is a matter of the host check of RFC 6125 that the
 * clients will do: a wildcard must stand in it as such. */
static bool is_for(const struct pair *pair, const char *domain)
{
	unsigned flags =
		strncmp(domain, "*.", 2) ? 0 : X509_CHECK_FLAG_NO_WILDCARDS;

	return X509_check_host(pair->leaf, domain, 0, flags, NULL) == 1;
}

static int check_domains(const struct pair *pair, const struct certs_pair *cfg,
			 char *why)
{
	for (size_t i = 0; i < cfg->ndomains; i++) {
		if (is_for(pair, cfg->domains[i]))
			continue;
		snprintf(why, WHY_LEN, "certificate %s: is not for %s",
			 cfg->cert, cfg->domains[i]);
		return EINVAL;
	}
	return 0;
}

static int pair_load(struct pair **pairp, const struct certs_pair *cfg,
		     char *why)
{
	struct pair *pair;
	int err;

	ERR_clear_error();
	if (!cfg->cert || !cfg->key)
		return fail(why, "tls", "without certificate");
	pair = mem_zalloc(sizeof(*pair), pair_destructor);
	if (!pair)
		return ENOMEM;

	err = str_dup(&pair->cert, cfg->cert);
	err |= str_dup(&pair->key, cfg->key);
	if (err)
		err = ENOMEM;
	else
		err = read_file(pair, cfg->cert, "certificate", read_chain,
				why);
	if (!err)
		err = read_file(pair, cfg->key, "key", read_key, why);
	if (!err)
		err = check_domains(pair, cfg, why);
	if (err) {
		mem_deref(pair);
		return err;
	}
	pair->expiry_s = expiry(pair->leaf);
	*pairp = pair;
	return 0;
}

/* --- the set -------------------------------------------------------------- */

static void entry_destructor(void *data)
{
	struct entry *entry = data;

	list_unlink(&entry->le);
	mem_deref(entry->pair);
}

static void domain_destructor(void *data)
{
	struct domain *domain = data;

	hash_unlink(&domain->le);
	mem_deref(domain->name);
}

static void certs_destructor(void *data)
{
	struct certs *certs = data;

	hash_flush(certs->domains);
	mem_deref(certs->domains);
	list_flush(&certs->pairs);
}

static struct pair *find_file(const struct certs *certs, const char *cert,
			      const char *key)
{
	for (struct le *le = list_head(&certs->pairs); le; le = le->next) {
		const struct entry *entry = le->data;

		if (!strcmp(entry->pair->cert, cert) &&
		    (!key || !strcmp(entry->pair->key, key)))
			return entry->pair;
	}
	return NULL;
}

static bool is_domain(struct le *le, void *arg)
{
	const struct domain *domain = le->data;

	return !strcasecmp(domain->name, arg);
}

static const struct pair *find_domain(const struct certs *certs, char *name)
{
	const struct domain *domain =
		list_ledata(hash_lookup(certs->domains, hash_joaat_str_ci(name),
					is_domain, name));

	return domain ? domain->pair : NULL;
}

static int domain_add(struct certs *certs, const char *name,
		      const struct pair *pair)
{
	struct domain *domain = mem_zalloc(sizeof(*domain), domain_destructor);

	if (!domain)
		return ENOMEM;
	if (str_dup(&domain->name, name)) {
		mem_deref(domain);
		return ENOMEM;
	}
	domain->pair = pair;
	hash_append(certs->domains, hash_joaat_str_ci(name), &domain->le,
		    domain);
	return 0;
}

/* Takes the reference of the pair. */
static int pair_add(struct certs *certs, struct pair *pair,
		    const struct certs_pair *cfg)
{
	struct entry *entry = mem_zalloc(sizeof(*entry), entry_destructor);
	int err = 0;

	if (!entry) {
		mem_deref(pair);
		return ENOMEM;
	}
	entry->pair = pair;
	list_append(&certs->pairs, &entry->le, entry);
	for (size_t i = 0; i < cfg->ndomains && !err; i++)
		err = domain_add(certs, cfg->domains[i], pair);
	return err;
}

int certs_load(struct certs **certsp, const struct certs_pair *pairs, size_t n,
	       const struct certs *earlier, certs_bad_h *badh, void *arg)
{
	struct certs *certs = mem_zalloc(sizeof(*certs), certs_destructor);
	int err = certs ? hash_alloc(&certs->domains, BUCKETS) : ENOMEM;
	bool bad = false;

	for (size_t i = 0; i < n && !err; i++) {
		struct pair *pair = NULL;
		char why[WHY_LEN];

		err = pair_load(&pair, &pairs[i], why);
		if (err == EINVAL) {
			err = 0;
			bad = true;
			badh(why, arg);
			pair = earlier && pairs[i].cert && pairs[i].key
				       ? mem_ref(find_file(earlier,
							   pairs[i].cert,
							   pairs[i].key))
				       : NULL;
		}
		if (pair)
			err = pair_add(certs, pair, &pairs[i]);
	}
	if (!err && bad && !earlier)
		err = EINVAL;
	if (err)
		mem_deref(certs);
	else
		*certsp = certs;
	return err;
}

/* --- asking it ------------------------------------------------------------ */

static const struct pair *choose(const struct certs *certs, const char *name,
				 const char *own)
{
	const struct pair *pair = NULL;
	char buf[NAME_MAX_LEN + 2], *dot;
	const struct entry *first;

	if (name && *name && strlen(name) <= NAME_MAX_LEN) {
		strcpy(buf + 1, name);
		pair = find_domain(certs, buf + 1);
		dot = strchr(buf + 1, '.');
		if (!pair && dot && dot > buf + 1) {
			dot[-1] = '*';
			pair = find_domain(certs, dot - 1);
		}
	}
	if (!pair && own)
		pair = find_file(certs, own, NULL);
	first = list_ledata(list_head(&certs->pairs));
	return pair || !first ? pair : first->pair;
}

int certs_serve(const struct certs *certs, const char *name, const char *own,
		struct ssl_st *ssl)
{
	const struct pair *pair = certs ? choose(certs, name, own) : NULL;

	if (!pair)
		return ENOENT;
	return SSL_use_cert_and_key(ssl, pair->leaf, pair->pkey, pair->chain,
				    1) == 1
		       ? 0
		       : EINVAL;
}

int64_t certs_expiry(const struct certs *certs, const char **filep)
{
	int64_t first = 0;

	for (struct le *le = certs ? list_head(&certs->pairs) : NULL; le;
	     le = le->next) {
		const struct entry *entry = le->data;

		if (first && entry->pair->expiry_s >= first)
			continue;
		first = entry->pair->expiry_s;
		if (filep)
			*filep = entry->pair->cert;
	}
	return first;
}
