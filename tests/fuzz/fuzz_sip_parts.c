/*
 * fuzz_sip_parts.c  URIs and header values, each by its own decoder
 *
 * The first byte chooses the decoder, the rest is its text.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <re.h>

#include "sigd/sip/shdr.h"
#include "tests/lib/fuzz.h"

static void must(bool ok)
{
	if (!ok)
		abort();
}

/* What was found lies in the text. */
static void inside(const struct pl *part, const struct pl *text)
{
	must(!part->l ||
	     (part->p >= text->p && part->p + part->l <= text->p + text->l));
}

static void print_user(const struct pl *user)
{
	char *text = NULL;
	struct suri uri;
	struct pl pl;

	if (!user->l)
		return;
	must(!re_sdprintf(&text, "sip:%H@h", suri_print_user, user));
	pl_set_str(&pl, text);
	must(!suri_decode(&uri, &pl));
	mem_deref(text);
}

static void check_uri(const struct suri *uri, const struct pl *text)
{
	char *buf = malloc(text->l + 1);
	size_t len = 0;

	inside(&uri->text, text);
	inside(&uri->user, text);
	inside(&uri->password, text);
	inside(&uri->host, text);
	inside(&uri->params, text);
	inside(&uri->headers, text);
	must(suri_equal(uri, uri));
	must(suri_user_equal(&uri->user, &uri->user));
	must(buf && !suri_unescape(buf, text->l + 1, &len, &uri->user));
	print_user(&(struct pl){buf, len});
	(void)suri_param(uri, "lr", NULL);
	free(buf);
}

static void fuzz_uri(const struct pl *text)
{
	struct suri uri, other;
	struct pl rest = *text;
	const char *sep = text->l ? memchr(text->p, '\n', text->l) : NULL;

	if (sep) {
		/* two URIs: comparing is the same both ways */
		struct pl a = {text->p, (size_t)(sep - text->p)};
		struct pl b = {sep + 1, text->l - a.l - 1};

		if (!suri_decode(&uri, &a) && !suri_decode(&other, &b))
			must(suri_equal(&uri, &other) ==
			     suri_equal(&other, &uri));
		return;
	}
	if (!suri_decode(&uri, &rest))
		check_uri(&uri, text);
}

static void fuzz_addr(const struct pl *text)
{
	struct pl rest = *text, last = rest, val;
	struct shdr_addr addr, again;
	char buf[64];

	while (!shdr_addr_next(&addr, &rest)) {
		must(rest.l < last.l || !rest.l);
		last = rest;
		inside(&addr.val, text);
		inside(&addr.dname, text);
		inside(&addr.params, text);
		inside(&addr.tag, text);
		must(!shdr_addr_decode(&again, &addr.val));
		must(again.star == addr.star && again.tag.l == addr.tag.l);
		if (!addr.star)
			check_uri(&addr.uri, text);
		(void)shdr_unquote(buf, sizeof(buf), &addr.dname);
		(void)shdr_param(&addr.params, "q", &val);
	}
}

static void fuzz_via(const struct pl *text)
{
	struct pl rest = *text, last = rest;
	struct shdr_via via, again;

	while (!shdr_via_next(&via, &rest)) {
		must(rest.l < last.l || !rest.l);
		last = rest;
		inside(&via.val, text);
		inside(&via.sentby, text);
		inside(&via.branch, text);
		inside(&via.received, text);
		must(!shdr_via_decode(&again, &via.val));
		must(again.port == via.port && again.rport == via.rport);
		(void)shdr_via_rfc3261(&via);
	}
}

static void fuzz_list(const struct pl *text)
{
	struct pl rest = *text, val;
	size_t last = rest.l + 1;

	while (!shdr_list_next(&val, &rest)) {
		must(rest.l < last);
		last = rest.l;
		inside(&val, text);
	}
	(void)shdr_list_has(text, "timer");
}

static void fuzz_params(const struct pl *text)
{
	struct pl rest = *text;
	struct shdr_param param;
	char buf[32];

	while (!shdr_param_next(&param, &rest)) {
		inside(&param.name, text);
		inside(&param.val, text);
		(void)shdr_unquote(buf, sizeof(buf), &param.val);
	}
}

static void fuzz_auth(const struct pl *text)
{
	struct shdr_digest digest;
	struct shdr_auth auth;

	if (!shdr_auth_decode(&auth, text)) {
		inside(&auth.scheme, text);
		inside(&auth.params, text);
	}
	if (!shdr_digest_decode(&digest, text)) {
		inside(&digest.realm, text);
		inside(&digest.nonce, text);
		inside(&digest.response, text);
	}
}

static void fuzz_numbers(const struct pl *text)
{
	struct shdr_cseq cseq;
	struct shdr_rack rack;
	uint32_t num;
	uint16_t q;

	(void)shdr_cseq_decode(&cseq, text);
	(void)shdr_rack_decode(&rack, text);
	if (!shdr_number(&num, text, 255))
		must(num <= 255);
	(void)shdr_seconds(&num, text);
	if (!shdr_q(&q, text))
		must(q <= 1000);
	(void)shdr_id(text->p, text->l);
}

static void fuzz_replaces(const struct pl *text)
{
	struct shdr_replaces rep;
	char buf[128];

	if (!shdr_replaces_decode(&rep, text)) {
		inside(&rep.callid, text);
		inside(&rep.to_tag, text);
		inside(&rep.from_tag, text);
	}
	if (!shdr_replaces_of_uri(&rep, buf, sizeof(buf), text))
		must(rep.callid.l && rep.to_tag.l && rep.from_tag.l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const fuzzv[])(const struct pl *text) = {
		fuzz_uri,    fuzz_addr, fuzz_via,     fuzz_list,
		fuzz_params, fuzz_auth, fuzz_numbers, fuzz_replaces,
	};
	struct pl text;
	char *copy;

	if (size < 2)
		return 0;
	copy = malloc(size - 1);
	must(copy != NULL);
	memcpy(copy, data + 1, size - 1);
	text = (struct pl){copy, size - 1};
	fuzzv[data[0] % ARRAY_SIZE(fuzzv)](&text);
	free(copy);
	return 0;
}
