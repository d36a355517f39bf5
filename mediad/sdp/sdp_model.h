/*
 * sdp_model.h  A session description as plain data
 *
 * sdp_read makes a struct sdpm_desc from text, sdp_decide makes a struct
 * sdpm_choice from it, sdp_write makes text from what was chosen; SDP text is
 * never edited. The description is what the peer said, with session-level
 * defaults already inherited (RFC 8866 5.13, RFC 8839 5, RFC 8842 5, RFC 9143
 * 7), so that who needs an m-line reads only that m-line.
 *
 * The description holds pointers into its own copy of the text. The choice,
 * the offer and our own identity are flat: no pointers, so they may be
 * copied, compared and kept in the state file. All is pure: no clock, no
 * socket, any thread.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_SDP_MODEL_H
#define MEDIAD_SDP_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/socket.h>
#include <re.h>

/* Limits of what is read; more is an error where the comment says so, and is
 * left out and not an error elsewhere. */
enum {
	SDPM_TEXT_MAX = 65536, /* bytes; error */
	SDPM_LINE_MAX = 4096,  /* bytes of one line; error */
	SDPM_LINES_MAX = 2000, /* error */
	SDPM_MEDIA_MAX = 16,   /* m-lines; error */
	SDPM_FORMATS_MAX = 64, /* kept of an m-line */
	SDPM_CANDS_READ = 64,  /* a=candidate lines looked at, an m-line */
	SDPM_CANDS_MAX = 16,   /* kept of those, after the filter */
	SDPM_PRINTS_MAX = 4,   /* fingerprints */
	SDPM_SSRCS_MAX = 4,
	SDPM_EXTMAPS_MAX = 16,
	SDPM_FEEDBACK_MAX = 96,
	SDPM_CRYPTO_MAX = 8,
	SDPM_BUNDLES_MAX = 4,  /* error */
	SDPM_UFRAG_MAX = 256,  /* RFC 8839 5.4; error */
	SDPM_PWD_MAX = 256,    /* RFC 8839 5.4; error */
	SDPM_MID_MAX = 32,     /* error */
	SDPM_TYPE_MAX = 16,    /* of m=; error */
	SDPM_PROTO_MAX = 32,   /* error */
	SDPM_TLS_ID_MAX = 255, /* RFC 8842 4; error */
	SDPM_FMT_MAX = 32,     /* one format of an m-line; error */
};

enum sdpm_kind {
	SDPM_AUDIO,
	SDPM_VIDEO,
	SDPM_APPLICATION,
	SDPM_OTHER
};

/* Bits: a direction seen from its writer. */
enum sdpm_dir {
	SDPM_INACTIVE = 0,
	SDPM_SENDONLY = 1,
	SDPM_RECVONLY = 2,
	SDPM_SENDRECV = 3,
};

/* RFC 4145 4.1 */
enum sdpm_setup {
	SDPM_SETUP_NONE,
	SDPM_ACTIVE,
	SDPM_PASSIVE,
	SDPM_ACTPASS,
	SDPM_HOLDCONN,
};

/* In the order of their strength. */
enum sdpm_hash {
	SDPM_SHA1,
	SDPM_SHA224,
	SDPM_SHA256,
	SDPM_SHA384,
	SDPM_SHA512,
};

enum sdpm_cand_type {
	SDPM_HOST,
	SDPM_SRFLX,
	SDPM_PRFLX,
	SDPM_RELAY
};

/* The formats that mediad knows; sdp_codec.h has the table. */
enum sdpm_codec {
	SDPM_CODEC_NONE,
	SDPM_OPUS,
	SDPM_PCMU,
	SDPM_PCMA,
	SDPM_G722,
	SDPM_L16, /* 16 kHz, mono */
	SDPM_EVENT, /* telephone-event, RFC 4733 */
	SDPM_G729,  /* without Annex B */
	SDPM_NOISE, /* CN: comfort noise, RFC 3389 */
	SDPM_RED, /* redundant audio, RFC 2198 */
	SDPM_CODECS,
};

/* Of a=crypto (RFC 4568 6.2, RFC 6188, RFC 7714 14). */
enum sdpm_suite {
	SDPM_NO_SUITE,
	SDPM_AES_CM_128_SHA1_80,
	SDPM_AES_CM_128_SHA1_32,
	SDPM_AES_256_CM_SHA1_80,
	SDPM_AES_256_CM_SHA1_32,
	SDPM_AEAD_AES_128_GCM,
	SDPM_AEAD_AES_256_GCM,
	SDPM_SUITES,
};

enum {
	SDPM_SECRET_MAX = 46 /* master key and master salt, in bytes */
};

/* RFC 8122 5 */
struct sdpm_print {
	enum sdpm_hash hash;
	uint8_t len; /* 20, 28, 32, 48 or 64, as the hash has it */
	uint8_t bytes[64];
};

/* A candidate that passed the filter: UDP, a literal unicast address. */
struct sdpm_cand {
	struct pl foundation;
	struct sa addr;
	uint32_t priority;
	uint8_t component; /* 1 RTP, 2 RTCP */
	enum sdpm_cand_type type;
	bool loopback; /* for who is there, too, and nobody else */
};

struct sdpm_format {
	struct pl name; /* encoding name; by RFC 3551 when there is no rtpmap,
			   empty when unknown */
	struct pl fmtp; /* parameters as written, empty when none */
	uint32_t clock; /* Hz, 0 when unknown */
	uint8_t pt;     /* 0..127 */
	uint8_t channels;
	enum sdpm_codec codec;
};

/* What concerns the transport and may stand at the session level. */
struct sdpm_transport {
	struct pl ufrag, pwd;
	struct pl tls_id;
	struct pl ice_options; /* as written */
	enum sdpm_setup setup;
	uint8_t nprints;
	struct sdpm_print prints[SDPM_PRINTS_MAX];
};

struct sdpm_rtcp {
	bool mux;      /* RFC 5761 */
	bool mux_only; /* RFC 8858 */
	bool rsize;    /* RFC 5506 */
	uint16_t port; /* a=rtcp, 0 when absent */
	struct sa addr;
};

struct sdpm_ssrc {
	uint32_t ssrc;
	struct pl cname; /* may be empty */
};

struct sdpm_extmap {
	uint16_t id; /* 1..255, or 4096.. while being agreed (RFC 8285) */
	enum sdpm_dir dir;
	struct pl uri;
};

struct sdpm_feedback {
	int16_t pt;      /* -1: all */
	struct pl value; /* "nack", "transport-cc", ... */
};

/* RFC 4568; parsed no further here, see sdp_sdes.h */
struct sdpm_crypto {
	uint32_t tag;
	struct pl suite;
	struct pl params;
};

/* What an m-line says about its streams. */
struct sdpm_streams {
	struct pl msid; /* first a=msid, as written */
	uint8_t nssrcs, nextmaps, nfeedback, ncryptos;
	struct sdpm_ssrc ssrcs[SDPM_SSRCS_MAX];
	struct sdpm_extmap extmaps[SDPM_EXTMAPS_MAX];
	struct sdpm_feedback feedback[SDPM_FEEDBACK_MAX];
	struct sdpm_crypto cryptos[SDPM_CRYPTO_MAX];
};

struct sdpm_media {
	struct pl type;  /* "audio" */
	struct pl proto; /* "UDP/TLS/RTP/SAVPF" */
	struct pl fmts;  /* all formats as written */
	struct pl mid;   /* empty when absent */
	enum sdpm_kind kind;
	enum sdpm_dir dir;
	uint16_t port;
	bool bundle_only;
	int8_t bundle;     /* group index, -1: in none */
	uint16_t ptime;    /* ms, 0: absent or unusable */
	uint16_t maxptime; /* ms, 0: absent or unusable */
	struct sa addr;    /* c=; af is AF_UNSPEC when it was a name */
	struct sdpm_transport transport;
	struct sdpm_rtcp rtcp;
	struct sdpm_streams streams;
	uint8_t nformats, ncands;
	uint16_t cand_lines; /* as received, before the filter */
	struct sdpm_format formats[SDPM_FORMATS_MAX];
	struct sdpm_cand cands[SDPM_CANDS_MAX];
};

/* RFC 8866 5.2 */
struct sdpm_origin {
	struct pl user, id, version, addr;
};

/* Made by sdpm_read(); freed with mem_deref(). */
struct sdpm_desc {
	struct sdpm_origin origin;
	bool ice_lite;
	uint8_t nbundles;
	uint8_t bundle_tag[SDPM_BUNDLES_MAX]; /* m-line named first in each */
	size_t nmedia;
	struct sdpm_media *media;
};

/* Why an offered m-line or format was taken or not. */
enum sdpm_why {
	SDPM_CHOSEN = 0,
	SDPM_NOT_PREFERRED, /* allowed, but a better one was there */
	SDPM_NOT_ALLOWED,   /* known, but not allowed by policy */
	SDPM_UNKNOWN_FORMAT,
	SDPM_NOT_AUDIO,
	SDPM_DISABLED,    /* port 0 */
	SDPM_BUNDLE_ONLY, /* lives in a bundle that is refused */
	SDPM_SECOND_AUDIO,
	SDPM_BAD_PROTO,
	SDPM_NOT_PLAIN, /* encrypted, or not RTP, where RTP/AVP is spoken */
	SDPM_NO_CRYPTO, /* no key of a suite that is allowed */
	SDPM_NO_RTCP_MUX,
	SDPM_NO_ICE,
	SDPM_NO_FINGERPRINT, /* or of a hash too weak */
	SDPM_BAD_SETUP,
	SDPM_NO_ADDRESS,
	SDPM_OTHER_CLOCK, /* telephone-event at another codec's clock */
	SDPM_NO_CODEC,    /* none of those that are allowed */
};

/* Why something was refused: for the answer to sigd and for people. */
struct sdpm_error {
	enum sdpm_why cause; /* of a 488; SDPM_CHOSEN when it is a 400 */
	uint16_t sip;        /* 400: not understood, 488: not acceptable */
	uint16_t line;       /* 1.., 0 when it is about no one line */
	char why[96];
};

/* RFC 7587 6.1: what a receiver asks of who sends to it. 0: not said. */
struct sdpm_opus {
	uint32_t max_playback_rate; /* 8000..48000 Hz */
	uint32_t capture_rate;      /* sprop-maxcapturerate, the same: of what
				       it sends itself */
	uint32_t max_bitrate;       /* 6000..510000 bit/s */
	uint8_t min_ptime;          /* 3..120 ms */
	bool stereo, fec, dtx, cbr;
};

#endif
