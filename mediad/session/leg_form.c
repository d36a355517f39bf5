/*
 * leg_form.c  What a leg was like, for another worker: without keys
 *
 * `name=value` with a space between; a value is made of texts with commas
 * between, each percent-encoded as in keys of Redis. Names that are not known
 * are passed over.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/redis_link.h"
#include "mediad/sdp/sdp_codec.h"
#include "mediad/session/leg_form_priv.h"
#include "mediad/session/session.h"

enum {
	PARTS_MAX = 5
};

/* --- writing -------------------------------------------------------------------- */

static int print_part(struct re_printf *pf, const char *before,
		      const char *text)
{
	struct pl pl;

	pl_set_str(&pl, text);
	return re_hprintf(pf, "%s%H", before, redis_key_part, &pl);
}

static int print_lines(struct re_printf *pf, const struct sdpm_layout *layout)
{
	int err = 0;

	for (unsigned i = 0; i < layout->nlines && !err; i++) {
		const struct sdpm_line *line = &layout->lines[i];

		err = re_hprintf(pf, " line=%u", (unsigned)line->kind);
		err |= print_part(pf, ",", line->type);
		err |= print_part(pf, ",", line->proto);
		err |= print_part(pf, ",", line->fmt);
		err |= print_part(pf, ",", line->mid);
	}
	if (!err && layout->carrier.on) {
		err = re_hprintf(pf, " carrier=%u", layout->carrier.line);
		err |= print_part(pf, ",", layout->carrier.rtpmap);
		err |= print_part(pf, ",", layout->carrier.fmtp);
	}
	return err;
}

static int print_maps(struct re_printf *pf, const struct sdpm_choice *choice)
{
	int err = 0;

	for (unsigned i = 0; i < choice->nmaps && !err; i++) {
		const struct sdpm_map *map = &choice->maps[i];

		err = print_part(pf,
				 " map=", sdpm_codec_info(map->codec)->name);
		err |= re_hprintf(pf, ",%u,%u,%u", map->clock, map->rx_pt,
				  map->tx_pt);
	}
	return err;
}

int leg_form_print(struct re_printf *pf, const struct leg_form *form)
{
	const struct sdpm_local *local = form->local;
	const struct sdpm_choice *choice = form->choice;
	int err;

	err = re_hprintf(pf, "origin=%llu,%llu",
			 (unsigned long long)local->sess_id,
			 (unsigned long long)local->version);
	err |= print_part(pf, " cname=", local->cname);
	err |= print_part(pf, " msid=", local->msid);
	err |= re_hprintf(pf, " dir=%u,%u mux=%u bundle=%u audio=%u",
			  (unsigned)choice->dir, (unsigned)choice->theirs,
			  (unsigned)choice->rtcp_mux,
			  (unsigned)choice->layout.bundle,
			  choice->layout.audio);
	err |= print_lines(pf, &choice->layout);
	err |= print_maps(pf, choice);
	err |= re_hprintf(pf, " codec=%d event=%d noise=%d red=%d",
			  choice->codec + 1, choice->event + 1,
			  choice->noise + 1, choice->red + 1);
	if (form->hushed && *form->hushed)
		err |= re_hprintf(pf, " hushed=1 hushed-by=%u", *form->hushed);
	if (!err && form->video && form->video->nformats)
		err = leg_form_video_print(pf, form->video);
	return err;
}

/* --- reading --------------------------------------------------------------------- */

static struct pl cut(struct pl *rest, char at)
{
	struct pl out = *rest;
	size_t used;

	for (out.l = 0; out.l < rest->l && out.p[out.l] != at; out.l++)
		;
	used = out.l + (out.l < rest->l);
	rest->p += used;
	rest->l -= used;
	return out;
}

static int hex(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

/* Nothing that could end a line of an SDP. */
static int text_read(char *to, size_t size, const struct pl *from)
{
	size_t n = 0;

	for (size_t i = 0; i < from->l; i++) {
		int c = (unsigned char)from->p[i];

		if (c == '%') {
			if (from->l - i < 3 || hex(from->p[i + 1]) < 0 ||
			    hex(from->p[i + 2]) < 0)
				return EBADMSG;
			c = hex(from->p[i + 1]) << 4 | hex(from->p[i + 2]);
			i += 2;
		}
		if (c < 0x20 || c == 0x7f || n + 1 >= size)
			return EBADMSG;
		to[n++] = (char)c;
	}
	to[n] = '\0';
	return 0;
}

int leg_form_num(uint64_t *num, const struct pl *from, uint64_t max)
{
	if (!from->l || from->l > 19)
		return EBADMSG;
	*num = 0;
	for (size_t i = 0; i < from->l; i++) {
		if (from->p[i] < '0' || from->p[i] > '9')
			return EBADMSG;
		*num = *num * 10 + (uint64_t)(from->p[i] - '0');
	}
	return *num <= max ? 0 : EBADMSG;
}

static int origin_read(const struct leg_form *form, const struct pl *part,
		       unsigned nparts)
{
	if (nparts != 2 ||
	    leg_form_num(&form->local->sess_id, &part[0], INT64_MAX) ||
	    leg_form_num(&form->local->version, &part[1], INT64_MAX / 2))
		return EBADMSG;
	form->local->digest = 0;
	return 0;
}

static int cname_read(const struct leg_form *form, const struct pl *part,
		      unsigned nparts)
{
	return nparts == 1 && part[0].l
		       ? text_read(form->local->cname,
				   sizeof(form->local->cname), &part[0])
		       : EBADMSG;
}

static int msid_read(const struct leg_form *form, const struct pl *part,
		     unsigned nparts)
{
	return nparts == 1 && part[0].l
		       ? text_read(form->local->msid, sizeof(form->local->msid),
				   &part[0])
		       : EBADMSG;
}

static int dir_read(const struct leg_form *form, const struct pl *part,
		    unsigned nparts)
{
	uint64_t ours, theirs;

	if (nparts != 2 || leg_form_num(&ours, &part[0], SDPM_SENDRECV) ||
	    leg_form_num(&theirs, &part[1], SDPM_SENDRECV))
		return EBADMSG;
	form->choice->dir = (enum sdpm_dir)ours;
	form->choice->theirs = (enum sdpm_dir)theirs;
	return 0;
}

static int mux_read(const struct leg_form *form, const struct pl *part,
		    unsigned nparts)
{
	uint64_t num;

	if (nparts != 1 || leg_form_num(&num, part, 1))
		return EBADMSG;
	form->choice->rtcp_mux = num;
	return 0;
}

static int bundle_read(const struct leg_form *form, const struct pl *part,
		       unsigned nparts)
{
	uint64_t num;

	if (nparts != 1 || leg_form_num(&num, part, 1))
		return EBADMSG;
	form->choice->layout.bundle = num;
	return 0;
}

static int audio_read(const struct leg_form *form, const struct pl *part,
		      unsigned nparts)
{
	uint64_t num;

	if (nparts != 1 || leg_form_num(&num, part, SDPM_MEDIA_MAX - 1))
		return EBADMSG;
	form->choice->layout.audio = (uint8_t)num;
	return 0;
}

static int line_read(const struct leg_form *form, const struct pl *part,
		     unsigned nparts)
{
	struct sdpm_layout *layout = &form->choice->layout;
	struct sdpm_line *line = &layout->lines[layout->nlines];
	uint64_t kind;

	if (nparts != 5 || layout->nlines == SDPM_MEDIA_MAX ||
	    leg_form_num(&kind, &part[0], SDPM_OTHER) ||
	    text_read(line->type, sizeof(line->type), &part[1]) ||
	    text_read(line->proto, sizeof(line->proto), &part[2]) ||
	    text_read(line->fmt, sizeof(line->fmt), &part[3]) ||
	    text_read(line->mid, sizeof(line->mid), &part[4]))
		return EBADMSG;
	line->kind = (enum sdpm_kind)kind;
	++layout->nlines;
	return 0;
}

static int carrier_read(const struct leg_form *form, const struct pl *part,
			unsigned nparts)
{
	struct sdpm_carrier *carrier = &form->choice->layout.carrier;
	uint64_t num;

	if (nparts != 3 || leg_form_num(&num, &part[0], SDPM_MEDIA_MAX - 1) ||
	    text_read(carrier->rtpmap, sizeof(carrier->rtpmap), &part[1]) ||
	    text_read(carrier->fmtp, sizeof(carrier->fmtp), &part[2]))
		return EBADMSG;
	carrier->line = (uint8_t)num;
	carrier->on = true;
	return 0;
}

static enum sdpm_codec codec_named(const struct pl *name)
{
	for (int i = SDPM_CODEC_NONE + 1; i < SDPM_CODECS; i++)
		if (!pl_strcasecmp(name,
				   sdpm_codec_info((enum sdpm_codec)i)->name))
			return (enum sdpm_codec)i;
	return SDPM_CODEC_NONE;
}

static int map_read(const struct leg_form *form, const struct pl *part,
		    unsigned nparts)
{
	struct sdpm_choice *choice = form->choice;
	struct sdpm_map *map = &choice->maps[choice->nmaps];
	uint64_t clock, rx, tx;
	char name[32];
	struct pl pl;

	if (nparts != 4 || choice->nmaps == SDPM_MAPS_MAX ||
	    text_read(name, sizeof(name), &part[0]) ||
	    leg_form_num(&clock, &part[1], 192000) || !clock ||
	    leg_form_num(&rx, &part[2], 127) || leg_form_num(&tx, &part[3], 127))
		return EBADMSG;
	pl_set_str(&pl, name);
	*map = (struct sdpm_map){codec_named(&pl), (uint32_t)clock, (uint8_t)rx,
				 (uint8_t)tx};
	++choice->nmaps;
	return 0;
}

static int codec_read(const struct leg_form *form, const struct pl *part,
		      unsigned nparts)
{
	uint64_t num;

	if (nparts != 1 || leg_form_num(&num, part, SDPM_MAPS_MAX))
		return EBADMSG;
	form->choice->codec = (int8_t)((int)num - 1);
	return 0;
}

static int event_read(const struct leg_form *form, const struct pl *part,
		      unsigned nparts)
{
	uint64_t num;

	if (nparts != 1 || leg_form_num(&num, part, SDPM_MAPS_MAX))
		return EBADMSG;
	form->choice->event = (int8_t)((int)num - 1);
	return 0;
}

static int noise_read(const struct leg_form *form, const struct pl *part,
		      unsigned nparts)
{
	uint64_t num;

	if (nparts != 1 || leg_form_num(&num, part, SDPM_MAPS_MAX))
		return EBADMSG;
	form->choice->noise = (int8_t)((int)num - 1);
	return 0;
}

static int red_read_at(const struct leg_form *form, const struct pl *part,
		       unsigned nparts)
{
	uint64_t num;

	if (nparts != 1 || leg_form_num(&num, part, SDPM_MAPS_MAX))
		return EBADMSG;
	form->choice->red = (int8_t)((int)num - 1);
	return 0;
}

/* Whose wish it is stands behind it; a worker of an older version does not
 * say so, and it can be ended by the caller's tenant then. */
static int hushed_read(const struct leg_form *form, const struct pl *part,
		       unsigned nparts)
{
	uint64_t num;

	if (nparts != 1 || leg_form_num(&num, part, 1))
		return EBADMSG;
	if (form->hushed && num && !*form->hushed)
		*form->hushed = SESSION_HUSH_CALLER;
	return 0;
}

static int hushers_read(const struct leg_form *form, const struct pl *part,
			unsigned nparts)
{
	uint64_t num;

	if (nparts != 1 || leg_form_num(&num, part, SESSION_HUSHERS) || !num)
		return EBADMSG;
	if (form->hushed)
		*form->hushed = (uint8_t)num;
	return 0;
}

static const struct {
	const char *name;
	leg_form_item_h *readh;
} items[] = {
	{"origin", origin_read},   {"cname", cname_read},
	{"msid", msid_read},       {"dir", dir_read},
	{"mux", mux_read},         {"bundle", bundle_read},
	{"audio", audio_read},     {"line", line_read},
	{"carrier", carrier_read}, {"map", map_read},
	{"codec", codec_read},     {"event", event_read},
	{"noise", noise_read},     {"red", red_read_at},
	{"video", leg_form_video}, {"vformat", leg_form_vformat},
	{"vext", leg_form_vext},   {"hushed", hushed_read},
	{"hushed-by", hushers_read},
};

static int item_read(const struct leg_form *form, const struct pl *item)
{
	struct pl value = *item, part[PARTS_MAX];
	const struct pl name = cut(&value, '=');
	unsigned n = 0;

	for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++) {
		if (pl_strcmp(&name, items[i].name))
			continue;
		/* the last one may be empty */
		for (bool more = true; more && n < PARTS_MAX; n++) {
			more = memchr(value.p, ',', value.l) != NULL;
			part[n] = cut(&value, ',');
		}
		return value.l ? EBADMSG : items[i].readh(form, part, n);
	}
	return 0;
}

/* A codec of a later build has its place until here, where codec= and event=
 * have counted it; its number is not known to be taken. */
static void skip_unknown(struct sdpm_choice *choice)
{
	const int codec = choice->codec, event = choice->event,
		  noise = choice->noise, red = choice->red;
	unsigned n = 0;

	for (int i = 0; i < (int)choice->nmaps; i++) {
		const bool known = choice->maps[i].codec != SDPM_CODEC_NONE;

		if (i == codec)
			choice->codec = known ? (int8_t)n : -1;
		if (i == event)
			choice->event = known ? (int8_t)n : -1;
		if (i == noise)
			choice->noise = known ? (int8_t)n : -1;
		if (i == red)
			choice->red = known ? (int8_t)n : -1;
		if (known)
			choice->maps[n++] = choice->maps[i];
	}
	/* what counts none is still none */
	if (codec >= (int)choice->nmaps || event >= (int)choice->nmaps ||
	    noise >= (int)choice->nmaps || red >= (int)choice->nmaps)
		choice->codec = -1;
	memset(&choice->maps[n], 0,
	       (choice->nmaps - n) * sizeof(choice->maps[0]));
	choice->nmaps = n;
}

static bool is_whole(const struct leg_form *form)
{
	const struct sdpm_choice *choice = form->choice;
	const struct sdpm_layout *layout = &choice->layout;

	return form->local->sess_id && layout->nlines && choice->nmaps &&
	       layout->audio < layout->nlines &&
	       layout->lines[layout->audio].kind == SDPM_AUDIO &&
	       layout->carrier.line < layout->nlines && choice->codec >= 0 &&
	       choice->codec < choice->nmaps && choice->event < choice->nmaps &&
	       choice->noise < choice->nmaps && choice->red < choice->nmaps;
}

int leg_form_read(const struct leg_form *form, const struct pl *text)
{
	struct pl rest = *text;

	form->choice->codec = form->choice->event = form->choice->noise =
		form->choice->red = -1;
	while (rest.l) {
		const struct pl item = cut(&rest, ' ');

		if (item_read(form, &item))
			return EBADMSG;
	}
	skip_unknown(form->choice);
	form->choice->held = !(form->choice->theirs & SDPM_RECVONLY);
	return is_whole(form) ? leg_form_video_check(form) : EBADMSG;
}
