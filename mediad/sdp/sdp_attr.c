/*
 * sdp_attr.c  The attributes that the reader knows: tables, one handler each
 *
 * An attribute that is not in the table is left out: RFC 8866 5.13 asks for
 * that. Where the value of a known one makes no sense, it is an error when
 * the media could not work (or not safely) without it, else left out too.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "mediad/sdp/sdp_codec.h"
#include "mediad/sdp/sdp_read_priv.h"
#include "mediad/sdp/sdp_text.h"

int sdpm_set_once(struct sdpm_reader *r, struct pl *field, const struct pl *val,
		  const char *why)
{
	if (field->l && !sdpm_same(field, val))
		return sdpm_bad(r, why);

	*field = *val;
	return 0;
}

static int direction(struct sdpm_reader *r, enum sdpm_dir dir)
{
	if (!r->media) {
		r->session.dir = dir;
		return 0;
	}
	if (r->seen.dir && r->media->dir != dir)
		return sdpm_bad(r, "two directions");

	r->seen.dir = true;
	r->media->dir = dir;
	return 0;
}

static int on_sendrecv(struct sdpm_reader *r, const struct pl *val)
{
	(void)val;
	return direction(r, SDPM_SENDRECV);
}

static int on_sendonly(struct sdpm_reader *r, const struct pl *val)
{
	(void)val;
	return direction(r, SDPM_SENDONLY);
}

static int on_recvonly(struct sdpm_reader *r, const struct pl *val)
{
	(void)val;
	return direction(r, SDPM_RECVONLY);
}

static int on_inactive(struct sdpm_reader *r, const struct pl *val)
{
	(void)val;
	return direction(r, SDPM_INACTIVE);
}

static int on_group(struct sdpm_reader *r, const struct pl *val)
{
	struct pl rest = *val, semantics;

	if (!sdpm_word(&semantics, &rest) || !sdpm_is(&semantics, "BUNDLE"))
		return 0;
	if (r->desc->nbundles == SDPM_BUNDLES_MAX)
		return sdpm_bad(r, "too many BUNDLE groups");

	r->groups[r->desc->nbundles++] = rest;
	return 0;
}

static int on_mid(struct sdpm_reader *r, const struct pl *val)
{
	if (!sdpm_token(val, SDPM_MID_MAX, ""))
		return sdpm_bad(r, "mid is no token of 1 to 32 characters");

	/* RFC 5888 4: unique */
	for (size_t i = 0; i < r->desc->nmedia; i++) {
		const struct sdpm_media *other = &r->desc->media[i];

		if (other != r->media && sdpm_same(&other->mid, val))
			return sdpm_bad(r, "two m-lines with one mid");
	}
	return sdpm_set_once(r, &r->media->mid, val, "two mids");
}

static struct sdpm_format *format_find(struct sdpm_media *media, uint32_t pt)
{
	for (size_t i = 0; i < media->nformats; i++) {
		if (media->formats[i].pt == pt)
			return &media->formats[i];
	}
	return NULL;
}

static int on_rtpmap(struct sdpm_reader *r, const struct pl *val)
{
	struct pl rest = *val, word, name, clock;
	uint32_t pt, hz, channels = 0;
	struct sdpm_format *format;

	if (!sdpm_word(&word, &rest) || !sdpm_number(&pt, &word, 127))
		return sdpm_bad(r, "rtpmap without payload type 0 to 127");
	/* some formats have no clock: none of ours */
	if (!sdpm_cut(&name, &rest, '/') || !sdpm_token(&name, 64, "") ||
	    !sdpm_cut(&clock, &rest, '/') ||
	    !sdpm_number(&hz, &clock, UINT32_MAX))
		return 0;
	/* what follows may be the parameters of a format not ours */
	if (rest.l && !sdpm_number(&channels, &rest, 255))
		channels = 255;

	format = format_find(r->media, pt);
	if (!format)
		return 0;

	format->name = name;
	format->clock = hz;
	format->channels = channels ? (uint8_t)channels : 1;
	format->codec = sdpm_codec_find(&name, hz, channels);
	return 0;
}

static int on_fmtp(struct sdpm_reader *r, const struct pl *val)
{
	struct pl rest = *val, word;
	struct sdpm_format *format;
	uint32_t pt;

	if (!sdpm_word(&word, &rest) || !sdpm_number(&pt, &word, 127))
		return 0;

	format = format_find(r->media, pt);
	if (format)
		format->fmtp = rest;
	return 0;
}

/* RFC 8866 6.4: packet times over 400 ms are nobody's wish, "0.125" and 0
 * nobody's either; whoever divides by one must be able to trust it. */
static uint16_t packet_time(const struct pl *val)
{
	uint32_t ms;

	return sdpm_number(&ms, val, 400) ? (uint16_t)ms : 0;
}

static int on_ptime(struct sdpm_reader *r, const struct pl *val)
{
	r->media->ptime = packet_time(val);
	return 0;
}

static int on_maxptime(struct sdpm_reader *r, const struct pl *val)
{
	r->media->maxptime = packet_time(val);
	return 0;
}

static int on_rtcp(struct sdpm_reader *r, const struct pl *val)
{
	struct pl rest = *val, word;
	uint32_t port;

	if (!sdpm_word(&word, &rest) || !sdpm_number(&port, &word, 65535))
		return sdpm_bad(r, "rtcp without a port");

	r->media->rtcp.port = (uint16_t)port;
	sdpm_address(&r->media->rtcp.addr, &rest, (uint16_t)port);
	return 0;
}

static int on_rtcp_mux(struct sdpm_reader *r, const struct pl *val)
{
	(void)val;
	r->media->rtcp.mux = true;
	return 0;
}

static int on_rtcp_mux_only(struct sdpm_reader *r, const struct pl *val)
{
	(void)val;
	r->media->rtcp.mux_only = true;
	return 0;
}

static int on_rtcp_rsize(struct sdpm_reader *r, const struct pl *val)
{
	(void)val;
	r->media->rtcp.rsize = true;
	return 0;
}

static int on_bundle_only(struct sdpm_reader *r, const struct pl *val)
{
	(void)val;
	r->media->bundle_only = true;
	return 0;
}

/* RFC 5576 4.1: <ssrc> cname:<value> and others about the same ssrc */
static int on_ssrc(struct sdpm_reader *r, const struct pl *val)
{
	struct sdpm_streams *streams = &r->media->streams;
	struct pl rest = *val, word, name;
	uint32_t ssrc;
	size_t i = 0;

	if (!sdpm_word(&word, &rest) || !sdpm_number(&ssrc, &word, UINT32_MAX))
		return sdpm_bad(r, "ssrc is no number");

	while (i < streams->nssrcs && streams->ssrcs[i].ssrc != ssrc)
		++i;
	if (i == SDPM_SSRCS_MAX)
		return 0;
	if (i == streams->nssrcs)
		streams->ssrcs[streams->nssrcs++].ssrc = ssrc;

	if (sdpm_cut(&name, &rest, ':') && sdpm_is(&name, "cname"))
		streams->ssrcs[i].cname = rest;
	return 0;
}

static int on_msid(struct sdpm_reader *r, const struct pl *val)
{
	if (!r->media->streams.msid.l)
		r->media->streams.msid = *val;
	return 0;
}

static enum sdpm_dir dir_named(const struct pl *name)
{
	if (sdpm_is(name, "sendonly"))
		return SDPM_SENDONLY;
	if (sdpm_is(name, "recvonly"))
		return SDPM_RECVONLY;
	if (sdpm_is(name, "inactive"))
		return SDPM_INACTIVE;

	return SDPM_SENDRECV;
}

/* RFC 8285 5 */
static int on_extmap(struct sdpm_reader *r, const struct pl *val)
{
	struct sdpm_streams *streams = &r->media->streams;
	struct pl rest = *val, word, num;
	struct sdpm_extmap map;
	uint32_t id;

	if (streams->nextmaps == SDPM_EXTMAPS_MAX || !sdpm_word(&word, &rest) ||
	    !sdpm_cut(&num, &word, '/') || !sdpm_number(&id, &num, 4351) ||
	    !id || !sdpm_word(&map.uri, &rest))
		return 0;

	map.id = (uint16_t)id;
	map.dir = dir_named(&word);
	streams->extmaps[streams->nextmaps++] = map;
	return 0;
}

static int on_rtcp_fb(struct sdpm_reader *r, const struct pl *val)
{
	struct sdpm_streams *streams = &r->media->streams;
	struct pl rest = *val, word;
	uint32_t pt = 0;
	bool all;

	if (streams->nfeedback == SDPM_FEEDBACK_MAX || !sdpm_word(&word, &rest))
		return 0;

	all = sdpm_is(&word, "*");
	if (!all && !sdpm_number(&pt, &word, 127))
		return 0;

	streams->feedback[streams->nfeedback].pt = all ? -1 : (int16_t)pt;
	streams->feedback[streams->nfeedback++].value = rest;
	return 0;
}

static int on_crypto(struct sdpm_reader *r, const struct pl *val)
{
	struct sdpm_streams *streams = &r->media->streams;
	struct sdpm_crypto crypto;
	struct pl rest = *val, tag;

	if (streams->ncryptos == SDPM_CRYPTO_MAX || !sdpm_word(&tag, &rest) ||
	    !sdpm_number(&crypto.tag, &tag, 999999999) ||
	    !sdpm_word(&crypto.suite, &rest))
		return 0;

	crypto.params = rest;
	streams->cryptos[streams->ncryptos++] = crypto;
	return 0;
}

static const struct sdpm_attr attrs_media[] = {
	{"rtpmap", SDPM_AT_MEDIA_ONLY, on_rtpmap},
	{"fmtp", SDPM_AT_MEDIA_ONLY, on_fmtp},
	{"rtcp-fb", SDPM_AT_MEDIA_ONLY, on_rtcp_fb},
	{"ssrc", SDPM_AT_MEDIA_ONLY, on_ssrc},
	{"mid", SDPM_AT_MEDIA_ONLY, on_mid},
	{"bundle-only", SDPM_AT_MEDIA_ONLY, on_bundle_only},
	{"extmap", SDPM_AT_MEDIA, on_extmap},
	{"crypto", SDPM_AT_MEDIA, on_crypto},
	{"msid", SDPM_AT_MEDIA, on_msid},
	{"ptime", SDPM_AT_MEDIA, on_ptime},
	{"maxptime", SDPM_AT_MEDIA, on_maxptime},
	{"rtcp", SDPM_AT_MEDIA, on_rtcp},
	{"rtcp-mux", SDPM_AT_MEDIA, on_rtcp_mux},
	{"rtcp-mux-only", SDPM_AT_MEDIA, on_rtcp_mux_only},
	{"rtcp-rsize", SDPM_AT_MEDIA, on_rtcp_rsize},
	{"group", SDPM_AT_SESSION, on_group},
	{"sendrecv", SDPM_AT_BOTH, on_sendrecv},
	{"sendonly", SDPM_AT_BOTH, on_sendonly},
	{"recvonly", SDPM_AT_BOTH, on_recvonly},
	{"inactive", SDPM_AT_BOTH, on_inactive},
	{NULL, SDPM_AT_BOTH, NULL},
};

static const struct sdpm_attr *attr_find(const struct sdpm_attr *attr,
					 const struct pl *name)
{
	while (attr->name && !sdpm_is(name, attr->name))
		++attr;

	return attr->name ? attr : NULL;
}

int sdpm_attribute(struct sdpm_reader *reader, const struct pl *text)
{
	const struct sdpm_attr *attr;
	struct pl val = *text, name;

	if (!sdpm_cut(&name, &val, ':'))
		return sdpm_bad(reader, "empty attribute");
	while (val.l && val.p[val.l - 1] == ' ')
		--val.l;
	while (name.l && name.p[name.l - 1] == ' ')
		--name.l;

	attr = attr_find(attrs_media, &name);
	if (!attr)
		attr = attr_find(sdpm_attrs_transport, &name);
	if (!attr)
		return 0;

	if (reader->media ? attr->at == SDPM_AT_SESSION
			  : attr->at == SDPM_AT_MEDIA)
		return 0;
	if (!reader->media && attr->at == SDPM_AT_MEDIA_ONLY)
		return sdpm_bad(reader,
				"attribute of an m-line before any m-line");

	return attr->handler(reader, &val);
}
