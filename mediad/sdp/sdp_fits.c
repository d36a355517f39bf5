/*
 * sdp_fits.c  Can an m-line carry our audio; and why not, in words
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <openssl/crypto.h>

#include "common/countof.h"
#include "mediad/sdp/sdp_decide_priv.h"
#include "mediad/sdp/sdp_text.h"

const char *sdpm_why_text(enum sdpm_why why)
{
	static const char *const texts[] = {
		[SDPM_CHOSEN] = "chosen",
		[SDPM_NOT_PREFERRED] = "allowed, a better one was offered",
		[SDPM_NOT_ALLOWED] = "not allowed by policy",
		[SDPM_UNKNOWN_FORMAT] = "unknown format",
		[SDPM_NOT_AUDIO] = "not audio",
		[SDPM_DISABLED] = "disabled by the peer",
		[SDPM_BUNDLE_ONLY] = "in a bundle that is refused",
		[SDPM_SECOND_AUDIO] = "one audio stream is enough",
		[SDPM_BAD_PROTO] = "transport protocol not supported",
		[SDPM_NOT_PLAIN] = "only plain RTP (RTP/AVP) is spoken here",
		[SDPM_NO_CRYPTO] = "no key (a=crypto) of an allowed suite",
		[SDPM_NO_RTCP_MUX] = "no rtcp-mux",
		[SDPM_NO_ICE] = "no ICE, or ICE-lite without a usable candidate",
		[SDPM_NO_FINGERPRINT] = "no fingerprint of SHA-256 or better",
		[SDPM_BAD_SETUP] = "no role for DTLS (a=setup)",
		[SDPM_NO_ADDRESS] = "no usable address",
		[SDPM_OTHER_CLOCK] = "clock of another codec",
		[SDPM_NO_CODEC] = "no codec in common",
	};

	return (size_t)why < COUNTOF(texts) ? texts[why] : "?";
}

static struct sdpm_item *item_add(struct sdpm_verdict *verdict, size_t index,
				  const struct pl *name, enum sdpm_why why)
{
	struct sdpm_item *item;
	struct pl part = *name;

	if (verdict->nitems == SDPM_ITEMS_MAX)
		return NULL;

	item = &verdict->items[verdict->nitems++];
	memset(item, 0, sizeof(*item));
	item->media = (uint8_t)index;
	item->why = why;
	if (part.l > SDPM_TYPE_MAX)
		part.l = SDPM_TYPE_MAX;
	if (part.l)
		memcpy(item->name, part.p, part.l);
	return item;
}

void sdpm_note_media(struct sdpm_verdict *verdict, const struct sdpm_desc *desc,
		     size_t index, enum sdpm_why why)
{
	struct sdpm_item *item =
		item_add(verdict, index, &desc->media[index].type, why);

	if (item)
		item->pt = -1;
}

void sdpm_note_format(struct sdpm_verdict *verdict, size_t index,
		      const struct sdpm_format *format, enum sdpm_why why)
{
	struct sdpm_item *item = item_add(verdict, index, &format->name, why);

	if (!item)
		return;

	item->pt = format->pt;
	item->clock = format->clock;
}

static bool one_of(const struct pl *text, const char *const *names)
{
	for (; *names; names++) {
		if (sdpm_is_nocase(text, *names))
			return true;
	}
	return false;
}

static bool print_strong(const struct sdpm_transport *tp)
{
	for (size_t i = 0; i < tp->nprints; i++) {
		if (tp->prints[i].hash >= SDPM_SHA256)
			return true;
	}
	return false;
}

/* An absent role is `active` (RFC 4145 4.1). */
static bool setup_fits(const struct sdpm_transport *tp, bool answer)
{
	return tp->setup != SDPM_HOLDCONN &&
	       !(answer && tp->setup == SDPM_ACTPASS);
}

static enum sdpm_why browser_fits(const struct sdpm_desc *desc,
				  const struct sdpm_media *media, bool answer)
{
	/* RFC 8829 5.1.2: what real peers write instead of the first two */
	static const char *const protos[] = {"UDP/TLS/RTP/SAVPF",
					     "UDP/TLS/RTP/SAVP",
					     "TCP/DTLS/RTP/SAVPF",
					     "TCP/DTLS/RTP/SAVP",
					     "RTP/SAVPF",
					     "RTP/SAVP",
					     NULL};
	const struct sdpm_transport *tp = &media->transport;

	if (!one_of(&media->proto, protos))
		return SDPM_BAD_PROTO;
	/* who does not check has to be where it can be found */
	if (!tp->ufrag.l || !tp->pwd.l || (desc->ice_lite && !media->ncands))
		return SDPM_NO_ICE;
	if (!print_strong(tp))
		return SDPM_NO_FINGERPRINT;
	if (!media->rtcp.mux)
		return SDPM_NO_RTCP_MUX;
	return setup_fits(tp, answer) ? SDPM_CHOSEN : SDPM_BAD_SETUP;
}

/* Which hosts a connection may name is the session's matter; group addresses
 * are nobody's. 0.0.0.0 is a hold (RFC 3264 8.4). */
static bool is_unicast(const struct sa *addr)
{
	uint8_t ip6[16];

	if (sa_af(addr) == AF_INET)
		return sa_in(addr) >> 28 < 14;
	if (sa_af(addr) != AF_INET6)
		return false;
	sa_in6(addr, ip6);
	return ip6[0] != 0xff;
}

static bool address_fits(const struct sdpm_media *media)
{
	return is_unicast(&media->addr) &&
	       (sa_af(&media->rtcp.addr) == AF_UNSPEC ||
		is_unicast(&media->rtcp.addr));
}

static bool keys_fit(const struct sdpm_media *media,
		     const struct sdpm_policy *policy, bool answer)
{
	struct sdpm_sdes sdes;
	bool fit = answer ? sdpm_keys_answered(&sdes, media, policy)
			  : sdpm_keys_offered(&sdes, media, policy, NULL);

	OPENSSL_cleanse(&sdes, sizeof(sdes));
	return fit;
}

static const char *const secure[] = {"RTP/SAVP", "RTP/SAVPF", NULL};
static const char *const by_tls[] = {"UDP/TLS/RTP/SAVP", "UDP/TLS/RTP/SAVPF",
				     NULL};

/* A fingerprint makes it so, too, where SDES would have its keys: Asterisk
 * and others have written RTP/SAVPF. */
static enum sdpm_why dtls_fits(const struct sdpm_media *media, bool answer)
{
	const struct sdpm_transport *tp = &media->transport;

	if (!address_fits(media))
		return SDPM_NO_ADDRESS;
	if (!print_strong(tp))
		return SDPM_NO_FINGERPRINT;
	return setup_fits(tp, answer) ? SDPM_CHOSEN : SDPM_BAD_SETUP;
}

bool sdpm_by_dtls(const struct sdpm_media *media,
		  const struct sdpm_policy *policy, bool answer)
{
	if (policy->profile != SDPM_OSRTP)
		return policy->profile == SDPM_BROWSER ||
		       policy->profile == SDPM_DTLS;
	if (one_of(&media->proto, by_tls))
		return true;
	/* RFC 8643 3.1: of what was offered, what we can do */
	if (dtls_fits(media, answer) != SDPM_CHOSEN)
		return false;
	return answer ? policy->dtls : !keys_fit(media, policy, false);
}

/* Keys make it encrypted, whatever its name: RTP/AVP with keys is what many
 * telephones offer (RFC 8643), and what the answer then repeats. */
static enum sdpm_why sdes_fits(const struct sdpm_media *media,
			       const struct sdpm_policy *policy, bool answer)
{
	static const char *const plain[] = {"RTP/AVP", "RTP/AVPF", NULL};
	/* who answers with keys will use them */
	bool must = policy->profile == SDPM_SDES ||
		    one_of(&media->proto, secure) ||
		    (answer && media->streams.ncryptos);

	if (policy->profile == SDPM_OSRTP &&
	    sdpm_by_dtls(media, policy, answer))
		return dtls_fits(media, answer);
	if (!one_of(&media->proto, secure) && !one_of(&media->proto, plain))
		return SDPM_BAD_PROTO;
	if (!address_fits(media))
		return SDPM_NO_ADDRESS;
	return !must || keys_fit(media, policy, answer) ? SDPM_CHOSEN
							: SDPM_NO_CRYPTO;
}

static enum sdpm_why rtp_fits(const struct sdpm_media *media)
{
	/* AVPF without feedback messages is AVP with other times (RFC 4585,
	 * 4); SAVP and the like need keys, and their m-line is refused (RFC
	 * 3264, 6) */
	static const char *const protos[] = {"RTP/AVP", "RTP/AVPF", NULL};

	if (!one_of(&media->proto, protos))
		return SDPM_NOT_PLAIN;
	return address_fits(media) ? SDPM_CHOSEN : SDPM_NO_ADDRESS;
}

const struct sdpm_media *sdpm_carrier_find(const struct sdpm_desc *desc,
					   const struct sdpm_media *media)
{
	const struct sdpm_media *tagged;

	if (media->bundle < 0 || !media->transport.ufrag.l)
		return NULL;
	tagged = &desc->media[desc->bundle_tag[media->bundle]];
	if (tagged == media || !tagged->port || !tagged->nformats)
		return NULL;

	return sdpm_same(&tagged->transport.ufrag, &media->transport.ufrag)
		       ? tagged
		       : NULL;
}

enum sdpm_why sdpm_line_fits(const struct sdpm_desc *desc,
			     const struct sdpm_media *media,
			     const struct sdpm_policy *policy, bool answer)
{
	if (policy->profile == SDPM_BROWSER)
		return browser_fits(desc, media, answer);
	if (policy->profile == SDPM_DTLS)
		return one_of(&media->proto, by_tls) ||
				       one_of(&media->proto, secure)
			       ? dtls_fits(media, answer)
			       : SDPM_BAD_PROTO;
	return policy->profile == SDPM_RTP ? rtp_fits(media)
					   : sdes_fits(media, policy, answer);
}

enum sdpm_why sdpm_media_fits(const struct sdpm_desc *desc,
			      const struct sdpm_media *media,
			      const struct sdpm_policy *policy, bool answer)
{
	if (media->kind != SDPM_AUDIO)
		return SDPM_NOT_AUDIO;
	/* RFC 9143 7.3.3: port 0 and bundle-only lives by the tagged m-line,
	 * and only there: who does not bundle refuses it (7.3.2) */
	if (!media->port && (answer || !media->bundle_only))
		return SDPM_DISABLED;
	if (!media->port && (policy->profile != SDPM_BROWSER ||
			     !sdpm_carrier_find(desc, media)))
		return SDPM_BUNDLE_ONLY;
	return sdpm_line_fits(desc, media, policy, answer);
}
