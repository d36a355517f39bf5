/*
 * tls_name.c  Is this certificate that of a SIP domain? (RFC 5922)
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <strings.h>
#include <openssl/x509v3.h>
#include <re.h>

#include "sigd/transport/tls_name.h"

enum verdict {
	NOT_SAID, /* there is no name of this kind */
	ANOTHER,
	MATCH
};

/* A name with a zero in it is a lie (it would end there for strcmp()). */
static bool same(const ASN1_STRING *name, size_t skip, const char *domain)
{
	const char *text = (const char *)ASN1_STRING_get0_data(name);
	size_t len = (size_t)ASN1_STRING_length(name), want = strlen(domain);

	return len >= skip && len - skip == want &&
	       !strncasecmp(text + skip, domain, want) &&
	       !memchr(text, '\0', len);
}

/* RFC 5922 7.1: "sip:" and a host alone; with a user part it names a person. */
static bool is_sip_uri(const ASN1_STRING *uri)
{
	const char *text = (const char *)ASN1_STRING_get0_data(uri);
	size_t len = (size_t)ASN1_STRING_length(uri);

	return len > 4 && !strncasecmp(text, "sip:", 4) &&
	       !memchr(text, '@', len);
}

static enum verdict by_names(const GENERAL_NAMES *names, int type,
			     const char *domain)
{
	enum verdict verdict = NOT_SAID;

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
		const size_t skip = type == GEN_URI ? 4 : 0;

		if (name->type != type ||
		    (type == GEN_URI && !is_sip_uri(name->d.ia5)))
			continue;
		if (same(name->d.ia5, skip, domain))
			return MATCH;
		verdict = ANOTHER;
	}
	return verdict;
}

static bool by_address(const GENERAL_NAMES *names, const struct sa *addr)
{
	uint8_t bytes[16];
	int len = 4;

	if (sa_af(addr) == AF_INET6) {
		sa_in6(addr, bytes);
		len = 16;
	} else {
		const uint32_t in = htonl(sa_in(addr));

		memcpy(bytes, &in, sizeof(in));
	}
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

		if (name->type == GEN_IPADD &&
		    ASN1_STRING_length(name->d.ip) == len &&
		    !memcmp(ASN1_STRING_get0_data(name->d.ip), bytes,
			    (size_t)len))
			return true;
	}
	return false;
}

static bool by_common_name(const X509 *cert, const char *domain)
{
	const X509_NAME *subject = X509_get_subject_name(cert);
	int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);

	return at >= 0 &&
	       same(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)),
		    0, domain);
}

bool tls_name_is(const struct x509_st *cert, const char *domain)
{
	GENERAL_NAMES *names;
	enum verdict verdict;
	struct sa addr;
	bool ok;

	if (!cert || !domain || !domain[0])
		return false;

	names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	if (!sa_set_str(&addr, domain, 0)) {
		ok = by_address(names, &addr);
	} else {
		verdict = by_names(names, GEN_URI, domain);
		if (verdict == NOT_SAID)
			verdict = by_names(names, GEN_DNS, domain);
		ok = verdict == NOT_SAID ? by_common_name(cert, domain)
					 : verdict == MATCH;
	}
	GENERAL_NAMES_free(names);
	return ok;
}
