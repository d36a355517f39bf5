/*
 * smsg_scan.c  From bytes to lines: start line, header fields, folding
 *
 * Every byte of the head is looked at once, eight at a time, for control
 * characters: they end a line, or fold it, or are an error. After an error the
 * scan goes on, so that an answer can be made from the other headers; a field
 * with an error does not get into the view.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <strings.h>
#include <re.h>

#include "sigd/sip/schar.h"
#include "sigd/sip/smsg_priv.h"

#define ONES  UINT64_C(0x0101010101010101)
#define HIGHS UINT64_C(0x8080808080808080)

/* A control character among eight; those below 0x20 and DEL. */
static inline bool has_control(uint64_t x)
{
	uint64_t low = (x - ONES * 0x20) & ~x;
	uint64_t del = x ^ ONES * 0x7f;

	return ((low | ((del - ONES) & ~del)) & HIGHS) != 0;
}

static inline bool is_control(uint8_t c)
{
	return c < 0x20 || c == 0x7f;
}

static uint8_t *next_control(uint8_t *p, const uint8_t *end)
{
	uint64_t x;

	for (; end - p >= 8; p += 8) {
		memcpy(&x, p, 8);
		if (has_control(x))
			break;
	}
	while (p < end && !is_control(*p))
		++p;
	return p;
}

/*
 * A control character may stand behind a backslash in a quoted string
 * (quoted-pair, RFC 3261 25.1). Whether it does is seen by reading the line
 * from its beginning, at most once over: this remembers how far.
 */
struct quotes {
	const uint8_t *at;
	bool in;
	bool esc;
};

static bool is_quoted_pair(struct quotes *q, const uint8_t *p)
{
	bool ok;

	for (; q->at < p; q->at++) {
		if (q->esc)
			q->esc = false;
		else if (q->in && *q->at == '\\')
			q->esc = true;
		else if (*q->at == '"')
			q->in = !q->in;
	}
	/* never a line break: it would be one for others */
	ok = q->esc && *p != '\r' && *p != '\n';
	q->esc = false;
	q->at = p + 1;
	return ok;
}

static bool is_crlf(const uint8_t *p, const uint8_t *end)
{
	return end - p >= 2 && p[0] == '\r' && p[1] == '\n';
}

static bool is_fold(const uint8_t *p, const uint8_t *end)
{
	return end - p >= 3 && (p[2] == ' ' || p[2] == '\t');
}

/*
 * The end of the field that begins at p: its CRLF, or the end of the bytes.
 * Folds are undone on the way. *bad: a character that may not be there.
 */
static uint8_t *field_end(uint8_t *p, const uint8_t *end, const uint8_t **bad)
{
	struct quotes q = {p, false, false};

	for (;; ++p) {
		p = next_control(p, end);
		if (p == end)
			return p;
		if (*p == '\t')
			continue;
		if (is_crlf(p, end)) {
			if (!is_fold(p, end))
				return p;
			p[0] = p[1] = ' ';
			p += 2;
			continue;
		}
		if (!is_quoted_pair(&q, p) && !*bad)
			*bad = p;
	}
}

/* --- start line ----------------------------------------------------------- */

static bool status_line(struct smsg_dec *dec, const char *p, const char *end)
{
	struct smsg *msg = dec->msg;
	struct pl code = {p + 8, 3};
	uint32_t num;

	/* "SIP/2.0 200 OK"; the space behind the code may be missing when no
	 * reason is given (RFC 4475 3.1.1.13) */
	if (end - p < 11 || strncasecmp(p, "SIP/2.0 ", 8) ||
	    shdr_number(&num, &code, 699) || num < 100 ||
	    (end - p > 11 && p[11] != ' '))
		return smsg_fail(dec, 0, "Bad Status-Line", p);

	msg->scode = (uint16_t)num;
	if (end - p > 12)
		schar_set(&msg->reason, p + 12, end);
	return true;
}

static bool version(struct smsg_dec *dec, const char *p, const char *end)
{
	if (end - p == 7 && !strncasecmp(p, "SIP/2.0", 7))
		return true;

	/* RFC 4475 3.1.2.16 */
	if (end - p == 7 && !strncasecmp(p, "SIP/", 4) &&
	    schar_is(p[4], SCHAR_DIGIT) && p[5] == '.' &&
	    schar_is(p[6], SCHAR_DIGIT))
		return smsg_fail(dec, 505, "Version Not Supported", p);
	return smsg_fail(dec, 400, "Bad Request-Line", p);
}

/* Method SP Request-URI SP SIP-Version, one space each */
static bool request_line(struct smsg_dec *dec, const char *p, const char *end)
{
	struct smsg *msg = dec->msg;
	const char *e = schar_span(p, end, SCHAR_TOKEN);
	struct pl uri;

	if (e == p || e == end || *e != ' ')
		return smsg_fail(dec, 0, "Not SIP", p);

	schar_set(&msg->method_name, p, e);
	msg->method = smsg_method_id(&msg->method_name);
	msg->request = true;

	p = e + 1;
	e = memchr(p, ' ', (size_t)(end - p));
	if (!e)
		return smsg_fail(dec, 400, "Bad Request-Line", p);
	schar_set(&uri, p, e);
	if (!version(dec, e + 1, end))
		return false;
	if (suri_decode(&msg->uri, &uri))
		return smsg_fail(dec, 400, "Bad Request-URI", p);
	/* RFC 3261 19.1.1: no headers here; RFC 4475 3.1.2.11 */
	if (msg->uri.headers.l)
		return smsg_fail(dec, 400, "Headers in Request-URI", p);
	return true;
}

bool smsg_scan_start(struct smsg_dec *dec)
{
	uint8_t *e = next_control(dec->p, dec->end);
	const char *p = (char *)dec->p, *end = (char *)e;
	bool ok;

	if (!is_crlf(e, dec->end) || end - p > (ptrdiff_t)dec->max.line_max)
		return smsg_fail(dec, 0, "Not SIP", e);

	if (end - p >= 4 && !strncasecmp(p, "SIP/", 4))
		ok = status_line(dec, p, end);
	else
		ok = request_line(dec, p, end);

	dec->p = e + 2;
	/* what is not even a request cannot be answered */
	return ok || dec->msg->request;
}

/* --- header fields -------------------------------------------------------- */

static const char *const duplicatev[SHDR_COUNT] = {
#define X(id, text, compact, single) [SHDR_##id] = "Duplicate " text,
	SHDR_LIST(X)
#undef X
};

static void link_field(struct smsg_dec *dec, enum shdr_id id)
{
	struct smsg *msg = dec->msg;
	uint8_t nr = (uint8_t)(msg->hdrc + 1);

	if (!msg->first[id])
		msg->first[id] = nr;
	else
		msg->hdrv[dec->last[id] - 1].next = nr;
	dec->last[id] = nr;
	msg->hdrc++;
}

static uint16_t offset(const struct smsg_dec *dec, const void *p)
{
	return (uint16_t)((const char *)p - dec->msg->raw.p);
}

static void trim(struct pl *val)
{
	const char *p = val->p, *e = schar_end(val);

	while (e > p && (e[-1] == ' ' || e[-1] == '\t'))
		--e;
	schar_set(val, schar_lws(p, e), e);
}

/* val: what is behind the colon, up to the CRLF */
static bool add_field(struct smsg_dec *dec, const struct pl *name,
		      struct pl *val, bool odd)
{
	struct smsg *msg = dec->msg;
	enum shdr_id id = shdr_id(name->p, name->l);
	struct smsg_hdr *hdr = &msg->hdrv[msg->hdrc];

	if (odd && id == SHDR_OTHER)
		return smsg_fail(dec, 400, "Space Before Colon", name->p);
	if (msg->hdrc >= dec->max.hdr_max)
		return smsg_fail(dec, 400, "Too Many Headers", name->p);
	if (msg->first[id] && shdr_single(id))
		return smsg_fail(dec, 400, duplicatev[id], name->p);

	hdr->line = offset(dec, name->p);
	hdr->end = offset(dec, val->p + val->l) + 2;
	hdr->name_len = (uint8_t)name->l;
	hdr->id = (uint8_t)id;
	hdr->next = 0;
	hdr->flags = odd ? SMSG_HDR_ODD : 0;
	trim(val);
	hdr->val = offset(dec, val->p);
	hdr->val_len = (uint16_t)val->l;
	link_field(dec, id);
	return true;
}

/* name HCOLON value, the CRLF at end */
static bool field(struct smsg_dec *dec, uint8_t *line, uint8_t *end)
{
	const char *p = (char *)line, *e = (char *)end;
	const char *n = schar_span(p, e, SCHAR_TOKEN);
	const char *colon = schar_lws(n, e);
	struct pl name, val;

	if (n == p || n - p > SMSG_NAME_MAX || colon == e || *colon != ':')
		return smsg_fail(dec, 400, "Bad Header Name", p);
	if (e - p > (ptrdiff_t)dec->max.line_max)
		return smsg_fail(dec, 400, "Header Too Long", p);

	schar_set(&name, p, n);
	schar_set(&val, colon + 1, e);
	return add_field(dec, &name, &val, colon > n);
}

bool smsg_scan_headers(struct smsg_dec *dec)
{
	while (!is_crlf(dec->p, dec->end)) {
		const uint8_t *bad = NULL;
		uint8_t *line = dec->p;
		uint8_t *e = field_end(line, dec->end, &bad);

		if (e == dec->end)
			return smsg_fail(dec, 400, "No End of Headers", e);
		if (bad)
			(void)smsg_fail(dec, 400, "Control Character", bad);
		else
			(void)field(dec, line, e);
		dec->p = e + 2;
	}
	dec->p += 2;
	return true;
}
