/*
 * test_tls_name.c  Whose certificate it is (RFC 5922 7)
 *
 * SPDX-License-Identifier: MIT
 */
#include <openssl/x509v3.h>

#include "sigd/transport/tls_name.h"
#include "tests/lib/test.h"

/* san: as OpenSSL's configuration has it; NULL: none. */
static X509 *certificate(const char *cn, const char *san)
{
	X509 *x509 = X509_new();
	X509_EXTENSION *ext;

	X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN",
				   MBSTRING_ASC, (const uint8_t *)cn, -1, -1,
				   0);
	if (san) {
		ext = X509V3_EXT_nconf_nid(NULL, NULL, NID_subject_alt_name,
					   san);
		X509_add_ext(x509, ext, -1);
		X509_EXTENSION_free(ext);
	}
	return x509;
}

static void a_certificate_is_of_the_names_in_it(void)
{
	static const struct {
		const char *cn, *san, *domain;
		bool ok;
	} rows[] = {
		{"x", "URI:sip:example.com", "example.com", true},
		{"x", "URI:sip:example.com", "EXAMPLE.com", true},
		{"x", "URI:sip:alice@example.com,DNS:other", "example.com",
		 false},
		{"x", "URI:https://example.com", "example.com", false},
		{"x", "DNS:example.com", "example.com", true},
		{"x", "DNS:a.test,DNS:example.com", "example.com", true},
		/* URIs of SIP say it all (7.1 step 2) */
		{"x", "URI:sip:other.test,DNS:example.com", "example.com",
		 false},
		/* no wildcards (7.2) */
		{"x", "DNS:*.example.com", "pbx.example.com", false},
		{"*.example.com", NULL, "pbx.example.com", false},
		{"example.com", NULL, "example.com", true},
		/* the common name only when nothing else is there */
		{"example.com", "DNS:other.test", "example.com", false},
		{"example.com", NULL, "example.co", false},
		{"x", "IP:192.0.2.1", "192.0.2.1", true},
		{"x", "IP:192.0.2.1", "192.0.2.2", false},
		{"192.0.2.1", "DNS:192.0.2.1", "192.0.2.1", false},
		{"x", "IP:2001:db8::1", "2001:db8::1", true},
		{"example.com", NULL, "", false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		X509 *x509 = certificate(rows[i].cn, rows[i].san);

		if (!CHECK(tls_name_is(x509, rows[i].domain) == rows[i].ok))
			printf("# row %zu\n", i);
		X509_free(x509);
	}
	CHECK(!tls_name_is(NULL, "example.com"));
}

TEST_MAIN(TEST(a_certificate_is_of_the_names_in_it))
