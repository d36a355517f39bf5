/*
 * sdp_write.c  Session descriptions of ours: choice or offer to text
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "mediad/sdp/sdp_codec.h"
#include "mediad/sdp/sdp_sdes.h"
#include "mediad/sdp/sdp_write_priv.h"

int sdpm_host_add(struct sdpm_hosts *hosts, const struct sa *addr)
{
	if (hosts->n >= SDPM_HOSTS_MAX)
		return ENOSPC;

	/* RFC 8445 5.1.2.1: host 126, component 1 */
	hosts->host[hosts->n] = (struct sdpm_host){
		.addr = *addr,
		.foundation = hosts->n + 1u,
		.priority = 126u << 24 | (65535u - hosts->n) << 8 | 255u,
	};
	++hosts->n;
	return 0;
}

int sdpm_host_add_tcp(struct sdpm_hosts *hosts, const struct sa *addr)
{
	if (hosts->n == 2 * SDPM_HOSTS_MAX)
		return ENOSPC;

	/* RFC 6544 4.2: a type preference below UDP's, direction preference
	 * 4 (passive) in the upper 3 bits of the local one */
	hosts->host[hosts->n] = (struct sdpm_host){
		.addr = *addr,
		.tcp = true,
		.foundation = hosts->n + 1u,
		.priority = 90u << 24 |
			    (4u << 13 | (8191u - hosts->n)) << 8 | 255u,
	};
	++hosts->n;
	return 0;
}

const char *sdpm_dir_name(enum sdpm_dir dir)
{
	static const char *const names[] = {
		[SDPM_INACTIVE] = "inactive",
		[SDPM_SENDONLY] = "sendonly",
		[SDPM_RECVONLY] = "recvonly",
		[SDPM_SENDRECV] = "sendrecv",
	};

	return names[dir & SDPM_SENDRECV];
}

static const char *hash_name(enum sdpm_hash hash)
{
	static const char *const names[] = {
		[SDPM_SHA1] = "sha-1",     [SDPM_SHA224] = "sha-224",
		[SDPM_SHA256] = "sha-256", [SDPM_SHA384] = "sha-384",
		[SDPM_SHA512] = "sha-512",
	};

	return names[hash];
}

static int opus_write(struct mbuf *mb, uint8_t pt, const struct sdpm_opus *opus)
{
	int err =
		mbuf_printf(mb, "a=fmtp:%u minptime=%u;useinbandfec=%u", pt,
			    opus->min_ptime ? opus->min_ptime : 10, opus->fec);

	if (opus->stereo)
		err |= mbuf_write_str(mb, ";stereo=1");
	if (opus->dtx)
		err |= mbuf_write_str(mb, ";usedtx=1");
	if (opus->cbr)
		err |= mbuf_write_str(mb, ";cbr=1");
	if (opus->max_playback_rate)
		err |= mbuf_printf(mb, ";maxplaybackrate=%u",
				   opus->max_playback_rate);
	if (opus->capture_rate)
		err |= mbuf_printf(mb, ";sprop-maxcapturerate=%u",
				   opus->capture_rate);
	if (opus->max_bitrate)
		err |= mbuf_printf(mb, ";maxaveragebitrate=%u",
				   opus->max_bitrate);

	return err | mbuf_write_str(mb, "\r\n");
}

static int format_write(struct mbuf *mb, const struct sdpm_map *map,
			const struct sdpm_opus *opus)
{
	const struct sdpm_codec_info *info = sdpm_codec_info(map->codec);
	int err;

	err = mbuf_printf(mb, "a=rtpmap:%u %s/%u", map->rx_pt, info->name,
			  map->clock);
	if (info->channels > 1 ||
	    (map->codec == SDPM_RED && map->clock == 48000))
		err |= mbuf_write_str(mb, "/2");
	err |= mbuf_write_str(mb, "\r\n");

	if (map->codec == SDPM_OPUS)
		err |= opus_write(mb, map->rx_pt, opus);
	else if (map->codec == SDPM_EVENT)
		err |= mbuf_printf(mb, "a=fmtp:%u 0-15\r\n", map->rx_pt);
	else if (map->codec == SDPM_G729)
		/* pauses are no part of it (RFC 7261 3.1) */
		err |= mbuf_printf(mb, "a=fmtp:%u annexb=no\r\n",
				   map->rx_pt);
	return err;
}

/* RFC 2198, 5: what is in it, twice as an example of how much. */
static int red_write(struct mbuf *mb, const struct sdpm_map *red,
		     const struct sdpm_words *words)
{
	for (size_t i = 0; i < words->nmaps; i++) {
		const struct sdpm_map *map = words->maps[i];

		if (sdpm_codec_speaks(map->codec) && map->clock == red->clock)
			return mbuf_printf(mb, "a=fmtp:%u %u/%u\r\n",
					   red->rx_pt, map->rx_pt, map->rx_pt);
	}
	return 0;
}

static int print_write(struct mbuf *mb, const struct sdpm_print *print)
{
	int err = mbuf_printf(mb, "a=fingerprint:%s ", hash_name(print->hash));

	for (size_t i = 0; i < print->len; i++)
		err |= mbuf_printf(mb, i ? ":%02X" : "%02X", print->bytes[i]);

	return err | mbuf_write_str(mb, "\r\n");
}

int sdpm_dtls_write(struct mbuf *mb, const struct sdpm_local *local,
		    const struct sdpm_words *words)
{
	int err = print_write(mb, &local->print);

	/* RFC 8842 5.1: actpass in offers */
	err |= mbuf_printf(mb, "a=setup:%s\r\n",
			   words->offer    ? "actpass"
			   : words->client ? "active"
					   : "passive");
	if (words->tls_id)
		err |= mbuf_printf(mb, "a=tls-id:%s\r\n", local->tls_id);
	return err;
}

int sdpm_transport_write(struct mbuf *mb, const struct sdpm_local *local,
			 const struct sdpm_words *words)
{
	int err = sdpm_dtls_write(mb, local, words);

	err |= mbuf_printf(mb, "a=ice-ufrag:%s\r\na=ice-pwd:%s\r\n",
			   local->ufrag, local->pwd);

	for (size_t i = 0; i < local->nhosts; i++) {
		const struct sdpm_host *host = &local->hosts[i];

		err |= mbuf_printf(mb,
				   "a=candidate:%u 1 %s %u %j %u typ host%s"
				   "\r\n",
				   host->foundation, host->tcp ? "tcp" : "udp",
				   host->priority, &host->addr,
				   sa_port(&host->addr),
				   host->tcp ? " tcptype passive" : "");
	}
	return err | mbuf_write_str(mb, "a=end-of-candidates\r\n");
}

static int streams_write(struct mbuf *mb, const struct sdpm_local *local)
{
	return mbuf_printf(mb,
			   "a=msid:%s %s\r\n"
			   "a=ssrc:%u cname:%s\r\n"
			   "a=ssrc:%u msid:%s %s\r\n",
			   local->msid, local->msid, local->ssrc, local->cname,
			   local->ssrc, local->msid, local->msid);
}

static int audio_write(struct mbuf *mb, const struct sdpm_local *local,
		       const struct sdpm_words *words)
{
	const struct sdpm_line *line =
		&words->layout->lines[words->layout->audio];
	int err;

	err = mbuf_printf(mb, "m=audio %u %s", sa_port(&local->hosts[0].addr),
			  line->proto);
	for (size_t i = 0; i < words->nmaps; i++)
		err |= mbuf_printf(mb, " %u", words->maps[i]->rx_pt);
	err |= mbuf_write_str(mb, "\r\n");

	if (line->mid[0])
		err |= mbuf_printf(mb, "a=mid:%s\r\n", line->mid);
	err |= mbuf_printf(mb, "a=%s\r\n", sdpm_dir_name(words->dir));
	for (size_t i = 0; i < words->nmaps; i++) {
		err |= format_write(mb, words->maps[i], words->opus);
		if (words->maps[i]->codec == SDPM_RED)
			err |= red_write(mb, words->maps[i], words);
	}
	if (words->ptime)
		err |= mbuf_printf(mb, "a=ptime:%u\r\n", words->ptime);
	if (words->mux)
		err |= mbuf_write_str(mb, "a=rtcp-mux\r\n");
	for (size_t i = 0; i < words->nown; i++)
		err |= sdpm_crypto_write(mb, words->tag + (uint32_t)i,
					 words->own[i].suite,
					 words->own[i].secret);
	if (words->profile != SDPM_BROWSER)
		return words->dtls ? err | sdpm_dtls_write(mb, local, words) : err;

	/* RFC 8858: we have one port only */
	if (words->offer)
		err |= mbuf_write_str(mb, "a=rtcp-mux-only\r\n");
	err |= sdpm_transport_write(mb, local, words);
	return err | streams_write(mb, local);
}

/* Of nothing but the transport. */
static int carrier_write(struct mbuf *mb, const struct sdpm_local *local,
			 const struct sdpm_words *words)
{
	const struct sdpm_carrier *carrier = &words->layout->carrier;
	const struct sdpm_line *line = &words->layout->lines[carrier->line];
	int err;

	err = mbuf_printf(mb, "m=%s %u %s %s\r\n", line->type,
			  sa_port(&local->hosts[0].addr), line->proto,
			  line->fmt);
	err |= mbuf_printf(mb, "a=mid:%s\r\na=inactive\r\n", line->mid);
	if (carrier->rtpmap[0])
		err |= mbuf_printf(mb, "a=rtpmap:%s %s\r\n", line->fmt,
				   carrier->rtpmap);
	if (carrier->fmtp[0])
		err |= mbuf_printf(mb, "a=fmtp:%s %s\r\n", line->fmt,
				   carrier->fmtp);
	err |= mbuf_write_str(mb, "a=rtcp-mux\r\n");
	return err | sdpm_transport_write(mb, local, words);
}

/* RFC 3264 6: in its place, with a format of the offer. */
static int refused_write(struct mbuf *mb, const struct sdpm_line *line)
{
	int err = mbuf_printf(mb, "m=%s 0 %s %s\r\n", line->type, line->proto,
			      line->fmt[0] ? line->fmt : "0");

	if (line->mid[0])
		err |= mbuf_printf(mb, "a=mid:%s\r\n", line->mid);

	return err | mbuf_write_str(mb, "a=inactive\r\n");
}

static int line_write(struct mbuf *mb, const struct sdpm_local *local,
		      const struct sdpm_words *words, size_t i)
{
	const struct sdpm_layout *layout = words->layout;

	if (i == layout->audio && !words->off)
		return audio_write(mb, local, words);
	if (words->video && i == words->video->video->line)
		return sdpm_video_write(mb, local, words);
	if (layout->carrier.on && i == layout->carrier.line)
		return carrier_write(mb, local, words);
	return refused_write(mb, &layout->lines[i]);
}

static int group_write(struct mbuf *mb, const struct sdpm_words *words)
{
	const struct sdpm_layout *layout = words->layout;
	const char *mid = layout->lines[layout->audio].mid;
	int video = words->video ? words->video->video->line : -1;
	int err;

	/* a telephone's m-lines have a port each: no group, and it has not
	 * bundled them (RFC 9143 7.3.2) */
	if (words->profile != SDPM_BROWSER || !layout->bundle || !mid[0])
		return 0;
	err = mbuf_write_str(mb, "a=group:BUNDLE");
	if (layout->carrier.on)
		err |= mbuf_printf(mb, " %s",
				   layout->lines[layout->carrier.line].mid);
	err |= mbuf_printf(mb, " %s", mid);
	if (video >= 0 &&
	    !(layout->carrier.on && layout->carrier.line == video))
		err |= mbuf_printf(mb, " %s", layout->lines[video].mid);
	return err | mbuf_write_str(mb, "\r\n");
}

/* All below the o= line. */
static int body_write(struct mbuf *mb, const struct sdpm_local *local,
		      const struct sdpm_words *words)
{
	const struct sdpm_layout *layout = words->layout;
	const struct sa *addr = &local->hosts[0].addr;
	int err;

	err = mbuf_printf(mb, "s=-\r\nc=IN %s %j\r\nt=0 0\r\n",
			  sa_af(addr) == AF_INET6 ? "IP6" : "IP4", addr);
	if (words->profile == SDPM_BROWSER && !words->full)
		err |= mbuf_write_str(mb, "a=ice-lite\r\n");
	err |= group_write(mb, words);
	for (size_t i = 0; i < layout->nlines; i++)
		err |= line_write(mb, local, words, i);
	return err;
}

/* FNV-1a, 64 bits: tells whether a description differs from the last one. */
static uint64_t digest(const struct mbuf *mb)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (size_t i = 0; i < mb->end; i++)
		hash = (hash ^ mb->buf[i]) * 0x100000001b3u;

	return hash ? hash : 1;
}

static int description_write(struct mbuf *mb, struct sdpm_local *local,
			     const struct sdpm_words *words)
{
	const struct sa *addr = &local->hosts[0].addr;
	uint64_t version = local->version, sum;
	struct mbuf *body;
	int err;

	if (!local->nhosts)
		return EINVAL;
	body = mbuf_alloc(1536);
	if (!body)
		return ENOMEM;

	err = body_write(body, local, words);
	if (err)
		goto out;

	sum = digest(body);
	if (sum != local->digest)
		++version;
	err = mbuf_printf(mb, "v=0\r\no=- %llu %llu IN %s %j\r\n",
			  (unsigned long long)local->sess_id,
			  (unsigned long long)version,
			  sa_af(addr) == AF_INET6 ? "IP6" : "IP4", addr);
	err |= mbuf_write_mem(mb, body->buf, body->end);
	if (err)
		goto out;

	local->version = version;
	local->digest = sum;
out:
	mem_deref(body);
	/* the writers' errors were or-ed: there is only one kind */
	return err ? ENOMEM : 0;
}

int sdpm_write_answer_video(struct mbuf *mb, struct sdpm_local *local,
			    const struct sdpm_choice *choice,
			    const struct sdpm_vlocal *vlocal)
{
	struct sdpm_words words = {
		.profile = choice->profile,
		.layout = &choice->layout,
		.opus = &choice->we_opus,
		.dir = choice->dir,
		.ptime = choice->we_ptime,
		.mux = choice->rtcp_mux,
		.off = choice->off,
		.video = vlocal,
		.dtls = choice->dtls,
		.client = choice->dtls_client,
		.full = choice->lite,
	};

	if (choice->dtls) {
		/* RFC 8842 5.3: only when the offer had one */
		words.tls_id = choice->peer.tls_id[0] != '\0';
	} else if (choice->peer.sdes.suite != SDPM_NO_SUITE) {
		words.own = &choice->peer.sdes.ours;
		words.nown = 1;
		words.tag = choice->peer.sdes.tag;
	}
	if (choice->red >= 0) /* first: Chromium makes it only so */
		words.maps[words.nmaps++] = &choice->maps[choice->red];
	words.maps[words.nmaps++] = &choice->maps[choice->codec];
	if (choice->noise >= 0)
		words.maps[words.nmaps++] = &choice->maps[choice->noise];
	if (choice->event >= 0)
		words.maps[words.nmaps++] = &choice->maps[choice->event];

	return description_write(mb, local, &words);
}

int sdpm_write_offer_video(struct mbuf *mb, struct sdpm_local *local,
			   const struct sdpm_offer *offer,
			   const struct sdpm_vlocal *vlocal)
{
	struct sdpm_words words = {
		.profile = offer->policy.profile,
		.layout = &offer->layout,
		.opus = &offer->policy.opus,
		.dir = offer->policy.dir,
		.ptime = offer->policy.ptime,
		.offer = true,
		.mux = offer->policy.profile == SDPM_BROWSER ||
		       offer->policy.profile == SDPM_DTLS,
		.full = offer->policy.full,
		.dtls = offer->policy.profile == SDPM_DTLS ||
			offer->policy.dtls,
		.tls_id = true,
		.own = offer->policy.own,
		.nown = offer->policy.nown,
		.tag = 1,
		.video = vlocal,
	};

	for (size_t i = 0; i < offer->noffered; i++)
		words.maps[words.nmaps++] = &offer->maps[i];

	return description_write(mb, local, &words);
}

int sdpm_write_answer(struct mbuf *mb, struct sdpm_local *local,
		      const struct sdpm_choice *choice)
{
	return sdpm_write_answer_video(mb, local, choice, NULL);
}

int sdpm_write_offer(struct mbuf *mb, struct sdpm_local *local,
		     const struct sdpm_offer *offer)
{
	return sdpm_write_offer_video(mb, local, offer, NULL);
}
