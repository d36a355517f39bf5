/*
 * sdp_read.c  Session description: text to struct sdpm_desc (RFC 8866)
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include <re.h>
#include <openssl/crypto.h>

#include "mediad/sdp/sdp_codec.h"
#include "mediad/sdp/sdp_read.h"
#include "mediad/sdp/sdp_read_priv.h"
#include "mediad/sdp/sdp_text.h"

/* One allocation: the description, its m-lines, the copy of the text. */
struct holder {
	struct sdpm_desc desc;
	size_t text_at, text_len;
	struct sdpm_media media[];
};

/* There may be keys in it. */
static void holder_destructor(void *arg)
{
	struct holder *holder = arg;

	OPENSSL_cleanse((char *)holder + holder->text_at, holder->text_len);
}

enum {
	ORIGIN_WORDS = 5 /* id, version, network, type, address */
};

int sdpm_bad(struct sdpm_reader *reader, const char *why)
{
	reader->error->sip = 400;
	reader->error->line = reader->line;
	str_ncpy(reader->error->why, why, sizeof(reader->error->why));
	return EBADMSG;
}

bool sdpm_address(struct sa *addr, const struct pl *text, uint16_t port)
{
	struct pl rest = *text, net, type, host;
	struct sa sa;

	if (!sdpm_word(&net, &rest) || !sdpm_word(&type, &rest) ||
	    !sdpm_word(&host, &rest))
		return false;

	/* "/ttl" of a multicast address */
	rest = host;
	sdpm_cut(&host, &rest, '/');
	if (!sdpm_is(&net, "IN") || sa_set(&sa, &host, port))
		return true;
	if (sdpm_is(&type, sa_af(&sa) == AF_INET6 ? "IP6" : "IP4"))
		*addr = sa;
	return true;
}

static int origin_line(struct sdpm_reader *r, const struct pl *val)
{
	struct sdpm_origin *origin = &r->desc->origin;
	struct pl rest = *val, word, last[ORIGIN_WORDS] = {0};
	size_t n = 0;

	if (r->seen.origin)
		return sdpm_bad(r, "two o= lines");
	/* the user may have blanks in it, or be none: count from the end */
	for (; sdpm_word(&word, &rest); n++) {
		memmove(last, last + 1, sizeof(last) - sizeof(last[0]));
		last[ORIGIN_WORDS - 1] = word;
	}
	if (n < ORIGIN_WORDS)
		return sdpm_bad(r, "o= has not six fields");

	origin->user.p = val->p;
	origin->user.l = (size_t)(last[0].p - val->p);
	while (origin->user.l && origin->user.p[origin->user.l - 1] == ' ')
		--origin->user.l;
	origin->id = last[0];
	origin->version = last[1];
	origin->addr = last[4];
	r->seen.origin = true;
	return 0;
}

static int connection_line(struct sdpm_reader *r, const struct pl *val)
{
	struct sa *addr = r->media ? &r->media->addr : &r->session.addr;
	bool *seen = r->media ? &r->seen.addr : &r->session.have_addr;

	/* several are several layers of multicast: the first will do */
	if (*seen)
		return 0;
	memset(addr, 0, sizeof(*addr));
	if (!sdpm_address(addr, val, r->media ? r->media->port : 0))
		return sdpm_bad(r, "c= has not three fields");

	*seen = true;
	return 0;
}

static enum sdpm_kind kind_of(const struct pl *type)
{
	if (sdpm_is(type, "audio"))
		return SDPM_AUDIO;
	if (sdpm_is(type, "video"))
		return SDPM_VIDEO;
	if (sdpm_is(type, "application"))
		return SDPM_APPLICATION;

	return SDPM_OTHER;
}

static bool is_rtp(const struct pl *proto)
{
	struct pl rest = *proto, part;

	while (sdpm_cut(&part, &rest, '/')) {
		if (sdpm_is_nocase(&part, "RTP"))
			return true;
	}
	return false;
}

static int format_add(struct sdpm_reader *r, uint32_t pt)
{
	struct sdpm_media *media = r->media;
	struct sdpm_format *format;

	for (size_t i = 0; i < media->nformats; i++) {
		if (media->formats[i].pt == pt)
			return 0;
	}
	if (media->nformats == SDPM_FORMATS_MAX)
		return 0;

	format = &media->formats[media->nformats++];
	format->pt = (uint8_t)pt;
	sdpm_codec_static(format);
	return 0;
}

static int formats_read(struct sdpm_reader *r)
{
	struct pl rest = r->media->fmts, fmt;
	bool rtp = is_rtp(&r->media->proto);
	uint32_t pt;
	bool any = false;

	while (sdpm_word(&fmt, &rest)) {
		any = true;
		if (!sdpm_token(&fmt, SDPM_FMT_MAX, "/:"))
			return sdpm_bad(r, "format of an m-line is no token");
		if (!rtp)
			continue;
		if (!sdpm_number(&pt, &fmt, 127))
			return sdpm_bad(r, "payload type is not 0 to 127");
		format_add(r, pt);
	}
	/* of a stream that is off some say no more */
	return any || !r->media->port ? 0 : sdpm_bad(r, "m= without a format");
}

static int port_read(struct sdpm_reader *r, struct pl text)
{
	struct pl port;
	uint32_t num, count;

	sdpm_cut(&port, &text, '/');
	if (!sdpm_number(&num, &port, 65535))
		return sdpm_bad(r, "port of an m-line is not 0 to 65535");
	if (text.l && !sdpm_number(&count, &text, 65535))
		return sdpm_bad(r, "port count of an m-line is no number");

	r->media->port = (uint16_t)num;
	return 0;
}

static int media_line(struct sdpm_reader *r, const struct pl *val)
{
	struct pl rest = *val, port;
	struct sdpm_media *media;
	int err;

	if (r->desc->nmedia == SDPM_MEDIA_MAX)
		return sdpm_bad(r, "too many m-lines");

	media = &r->desc->media[r->desc->nmedia];
	if (!sdpm_word(&media->type, &rest) || !sdpm_word(&port, &rest) ||
	    !sdpm_word(&media->proto, &rest))
		return sdpm_bad(r, "m= has not four fields");
	if (!sdpm_token(&media->type, SDPM_TYPE_MAX, "") ||
	    !sdpm_token(&media->proto, SDPM_PROTO_MAX, "/"))
		return sdpm_bad(r, "type or proto of an m-line is no token");

	++r->desc->nmedia;
	r->media = media;
	r->seen.addr = r->seen.dir = false;
	media->kind = kind_of(&media->type);
	media->dir = r->session.dir;
	media->bundle = -1;
	media->fmts = rest;
	err = port_read(r, port);
	if (err)
		return err;

	if (sa_af(&r->session.addr) != AF_UNSPEC) {
		media->addr = r->session.addr;
		sa_set_port(&media->addr, media->port);
	}
	return formats_read(r);
}

static int line_read(struct sdpm_reader *r, const struct pl *line)
{
	struct pl val;

	if (line->l < 2 || line->p[1] != '=')
		return sdpm_bad(r, "line is not <letter>=<value>");
	if (memchr(line->p, '\0', line->l) || memchr(line->p, '\r', line->l))
		return sdpm_bad(r, "control character in a line");

	val.p = line->p + 2;
	val.l = line->l - 2;
	if (r->line == 1)
		return sdpm_is(line, "v=0") ? 0 : sdpm_bad(r, "no v=0 first");
	if (r->line == 2 && line->p[0] != 'o')
		return sdpm_bad(r, "no o= after v=");

	switch (line->p[0]) {

	case 'a':
		return sdpm_attribute(r, &val);
	case 'm':
		return media_line(r, &val);
	case 'c':
		return connection_line(r, &val);
	case 'o':
		return origin_line(r, &val);
	case 's':
		if (r->seen.name || r->media)
			return sdpm_bad(r, "two s= lines, or below an m-line");
		r->seen.name = true;
		return 0;
	case 'b':
	case 'e':
	case 'i':
	case 'k':
	case 'p':
	case 'r':
	case 't':
	case 'u':
	case 'z':
		return 0;
	default:
		/* RFC 8866 5: a letter not known must not be acted upon */
		return sdpm_bad(r, "unknown type of line");
	}
}

static int lines_read(struct sdpm_reader *r, struct pl text)
{
	struct pl line;
	int err;

	while (sdpm_cut(&line, &text, '\n')) {
		if (++r->line > SDPM_LINES_MAX)
			return sdpm_bad(r, "too many lines");
		if (line.l && line.p[line.l - 1] == '\r')
			--line.l;
		if (line.l > SDPM_LINE_MAX)
			return sdpm_bad(r, "line too long");
		/* an empty line at the very end is what editors leave */
		if (!line.l && !text.l)
			break;
		err = line_read(r, &line);
		if (err)
			return err;
	}
	r->line = 0;
	return r->seen.origin ? 0 : sdpm_bad(r, "no o= line");
}

static void transport_inherit(struct sdpm_transport *tp,
			      const struct sdpm_transport *from)
{
	/* a ufrag belongs to its pwd: never one from here, one from there */
	if (!tp->ufrag.l && !tp->pwd.l) {
		tp->ufrag = from->ufrag;
		tp->pwd = from->pwd;
	}
	if (!tp->tls_id.l)
		tp->tls_id = from->tls_id;
	if (!tp->ice_options.l)
		tp->ice_options = from->ice_options;
	if (tp->setup == SDPM_SETUP_NONE)
		tp->setup = from->setup;
	if (!tp->nprints) {
		tp->nprints = from->nprints;
		memcpy(tp->prints, from->prints, sizeof(tp->prints));
	}
}

static struct sdpm_media *media_by_mid(const struct sdpm_desc *desc,
				       const struct pl *mid)
{
	for (size_t i = 0; i < desc->nmedia; i++) {
		if (desc->media[i].mid.l && sdpm_same(&desc->media[i].mid, mid))
			return &desc->media[i];
	}
	return NULL;
}

/* RFC 9143 7.1: members known, each in one group only; the first is tagged */
static int bundle_read(struct sdpm_reader *r, uint8_t group)
{
	struct pl rest = r->groups[group], mid;
	bool first = true;

	while (sdpm_word(&mid, &rest)) {
		struct sdpm_media *media = media_by_mid(r->desc, &mid);

		if (!media)
			return sdpm_bad(r, "BUNDLE names no mid of an m-line");
		if (media->bundle >= 0)
			return sdpm_bad(r, "mid twice in BUNDLE groups");

		media->bundle = (int8_t)group;
		if (first)
			r->desc->bundle_tag[group] =
				(uint8_t)(media - r->desc->media);
		first = false;
	}
	return 0;
}

/* RFC 9143 7.1.3: a bundled m-line that says nothing of its transport has
 * that of the tagged one. */
static void bundle_inherit(struct sdpm_desc *desc, struct sdpm_media *media)
{
	const struct sdpm_media *tagged;

	if (media->bundle < 0)
		return;

	tagged = &desc->media[desc->bundle_tag[media->bundle]];
	if (tagged == media)
		return;

	transport_inherit(&media->transport, &tagged->transport);
	/* who has no ICE is taken apart, and each line says what it can itself */
	if (tagged->transport.ufrag.l)
		media->rtcp.mux |= tagged->rtcp.mux;
	if (!media->cand_lines) {
		media->ncands = tagged->ncands;
		memcpy(media->cands, tagged->cands, sizeof(media->cands));
	}
}

static int finish(struct sdpm_reader *r)
{
	struct sdpm_desc *desc = r->desc;
	int err;

	for (uint8_t i = 0; i < desc->nbundles; i++) {
		err = bundle_read(r, i);
		if (err)
			return err;
	}
	for (size_t i = 0; i < desc->nmedia; i++) {
		struct sdpm_media *media = &desc->media[i];

		transport_inherit(&media->transport, &r->session.transport);
		media->rtcp.mux |= media->rtcp.mux_only;
	}
	for (size_t i = 0; i < desc->nmedia; i++)
		bundle_inherit(desc, &desc->media[i]);

	return 0;
}

static size_t media_count(const char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i + 2 < len && n < SDPM_MEDIA_MAX; i++)
		n += text[i] == '\n' && text[i + 1] == 'm' &&
		     text[i + 2] == '=';
	return n;
}

int sdpm_read(struct sdpm_desc **descp, const char *text, size_t len,
	      struct sdpm_error *error)
{
	struct sdpm_reader reader = {.error = error};
	struct holder *holder;
	size_t nmedia, fixed;
	struct pl copy;
	int err;

	memset(error, 0, sizeof(*error));
	if (len > SDPM_TEXT_MAX)
		return sdpm_bad(&reader, "over 64 KiB");

	nmedia = media_count(text, len);
	fixed = sizeof(*holder) + nmedia * sizeof(holder->media[0]);
	holder = mem_zalloc(fixed + len + 1, holder_destructor);
	if (!holder)
		return ENOMEM;

	holder->text_at = fixed;
	holder->text_len = len;
	copy.p = (char *)holder + fixed;
	copy.l = len;
	memcpy((char *)holder + fixed, text, len);
	holder->desc.media = holder->media;
	reader.desc = &holder->desc;
	reader.session.dir = SDPM_SENDRECV;

	err = lines_read(&reader, copy);
	if (!err)
		err = finish(&reader);
	if (err) {
		mem_deref(holder);
		return err;
	}
	*descp = &holder->desc;
	return 0;
}
