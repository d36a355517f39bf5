/*
 * log.c  logfmt lines on stderr (or journald by it): one line an event
 *
 * Names and texts of strangers stand in these lines, so nothing they send may
 * end a line, begin a pair or steer a terminal: what is not a plain printable
 * character of UTF-8 is escaped, and so are the characters that turn the
 * direction of text around (Unicode Bidirectional Algorithm, UAX #9).
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/log.h"
#include "common/text.h"

enum {
	LINE_MAX_LEN = 2048,
	VALUE_MAX = 512,
	TAIL_LEN = 26, /* `" lost=4294967295 cut=1` and the newline */
	SPEC_MAX = 24,
};

/* The one mutable global of a process (log.h). */
static struct {
	char proc[32];
	enum log_level level;
	enum log_level most; /* that anything is said at */
	bool planned;
	struct log_plan plan;
	int fd;
	uint32_t lost; /* lines, since one was taken */
} state = {.proc = "-",
	   .level = LOG_L_INFO,
	   .most = LOG_L_INFO,
	   .fd = STDERR_FILENO};

struct text {
	char *buf;
	size_t len, max;
	bool cut;
};

static const char *const level_names[] = {"error", "warn", "info", "debug"};

static void most_set(void)
{
	const struct log_plan *plan = &state.plan;

	state.most = log_level_now();
	for (size_t i = 0; state.planned && i < plan->nareas; i++) {
		if (plan->areas[i].level > state.most)
			state.most = plan->areas[i].level;
	}
	if (state.planned && plan->call[0])
		state.most = LOG_L_DEBUG;
}

void log_init(const char *proc, enum log_level level)
{
	snprintf(state.proc, sizeof(state.proc), "%s", proc ? proc : "-");
	log_level_set(level);
}

void log_level_set(enum log_level level)
{
	state.level = level;
	most_set();
}

void log_plan_set(const struct log_plan *plan)
{
	state.planned = plan != NULL;
	if (plan)
		state.plan = *plan;
	most_set();
}

enum log_level log_level_now(void)
{
	return state.planned ? state.plan.level : state.level;
}

const char *log_level_name(enum log_level level)
{
	return level_names[level];
}

enum log_level log_level_get(void)
{
	return state.level;
}

bool log_level_parse(enum log_level *level, const char *name)
{
	for (int i = LOG_L_ERROR; name && i <= LOG_L_DEBUG; i++) {
		if (strcmp(name, level_names[i]))
			continue;

		*level = (enum log_level)i;
		return true;
	}
	return false;
}

bool log_enabled(enum log_level level)
{
	return level <= state.most;
}

void log_fd_set(int fd)
{
	state.fd = fd < 0 ? STDERR_FILENO : fd;
}

struct log_secret log_secret(size_t len)
{
	struct log_secret secret;

	snprintf(secret.text, sizeof(secret.text), "<%zu bytes>", len);
	return secret;
}

/* All of it or nothing, so that an escape is never cut in two. */
static void put(struct text *t, const char *s, size_t len)
{
	if (t->cut || t->len + len > t->max) {
		t->cut = true;
		return;
	}
	memcpy(t->buf + t->len, s, len);
	t->len += len;
}

static void put_str(struct text *t, const char *s)
{
	put(t, s, strlen(s));
}

/* As much as fits. */
static void put_part(struct text *t, const char *s, size_t len)
{
	size_t room = t->len < t->max ? t->max - t->len : 0;

	put(t, s, len < room ? len : room);
	t->cut = t->cut || len > room;
}

/* --- escaping --------------------------------------------------------------- */

static bool plain(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (s[i] <= ' ' || s[i] >= 0x7f || strchr("\"=\\", s[i]))
			return false;
	}
	return len > 0;
}

static void put_escaped(struct text *t, const char *s, size_t len)
{
	char esc[12];
	uint32_t c;

	for (size_t i = 0, n; i < len; i += n) {
		n = text_utf8(s + i, len - i, &c);
		if (!n) {
			n = 1;
			snprintf(esc, sizeof(esc), "\\x%02x",
				 (unsigned char)s[i]);
		} else if (c == '"' || c == '\\') {
			snprintf(esc, sizeof(esc), "\\%c", (char)c);
		} else if (c == '\n' || c == '\r' || c == '\t') {
			snprintf(esc, sizeof(esc), "\\%c",
				 c == '\n'   ? 'n'
				 : c == '\r' ? 'r'
					     : 't');
		} else if (text_unprintable(c)) {
			snprintf(esc, sizeof(esc), "\\u%04x", c);
		} else {
			put(t, s + i, n);
			continue;
		}
		put_str(t, esc);
	}
}

static void put_value(struct text *t, const char *s, size_t len)
{
	if (plain(s, len)) {
		put_part(t, s, len);
		return;
	}
	put(t, "\"", 1);
	if (t->cut)
		return;
	put_escaped(t, s, len);
	/* room for this is kept behind max: see TAIL_LEN */
	t->buf[t->len++] = '"';
}

/* --- conversions ------------------------------------------------------------ */

struct spec {
	char text[SPEC_MAX]; /* "%5.2ld": what snprintf() gets */
	size_t len;
	int precision; /* of %s; -1: none */
	int longs;     /* l 1, ll and j 2, z and t 3 */
};

static void spec_add(struct spec *spec, const char *s, size_t len)
{
	if (spec->len + len >= sizeof(spec->text))
		return;
	memcpy(spec->text + spec->len, s, len);
	spec->len += len;
	spec->text[spec->len] = '\0';
}

/* Flags, width, precision and length up to the conversion's letter, which is
 * where the result points. '*' is replaced by its number. */
static const char *spec_read(struct spec *spec, const char *p, va_list *ap)
{
	char digits[12];
	bool dot = false;

	*spec = (struct spec){.precision = -1};
	spec_add(spec, "%", 1);
	for (; *p && strchr("-+ #0123456789.*hlzjt", *p); p++) {
		if (*p == '*') {
			int n = va_arg(*ap, int);

			snprintf(digits, sizeof(digits), "%d", n);
			spec_add(spec, digits, strlen(digits));
			if (dot)
				spec->precision = n;
			continue;
		}
		spec_add(spec, p, 1);
		if (*p == '.') {
			dot = true;
			spec->precision = 0;
		} else if (dot && *p >= '0' && *p <= '9') {
			spec->precision = spec->precision * 10 + (*p - '0');
		}
		spec->longs += *p == 'l';
		if (*p == 'j')
			spec->longs = 2;
		if (*p == 'z' || *p == 't')
			spec->longs = 3;
	}
	spec_add(spec, p, *p ? 1 : 0);
	return p;
}

static void put_text_arg(struct text *t, const struct spec *spec, const char *s)
{
	size_t max =
		spec->precision < 0 ? VALUE_MAX + 1 : (size_t)spec->precision;

	if (!s && max)
		put_str(t, "-");
	else if (s)
		put_part(t, s, strnlen(s, max));
}

/* gcc cannot check a format that is made here; log_write()'s caller was. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"

static int print_integer(char *out, size_t size, const struct spec *spec,
			 va_list *ap)
{
	/* signed and unsigned of a size are passed alike */
	switch (spec->longs) {
	case 0:
		return snprintf(out, size, spec->text, va_arg(*ap, int));
	case 1:
		return snprintf(out, size, spec->text, va_arg(*ap, long));
	case 2:
		return snprintf(out, size, spec->text, va_arg(*ap, long long));
	default:
		return snprintf(out, size, spec->text, va_arg(*ap, size_t));
	}
}

static bool put_conversion(struct text *t, const struct spec *spec, char letter,
			   va_list *ap)
{
	char out[128];
	int n = -1;

	if (letter == 's') {
		put_text_arg(t, spec, va_arg(*ap, const char *));
		return true;
	}
	if (letter == '%')
		n = snprintf(out, sizeof(out), "%%");
	else if (letter == 'm')
		n = snprintf(out, sizeof(out), "%m");
	else if (letter == 'p')
		n = snprintf(out, sizeof(out), spec->text, va_arg(*ap, void *));
	else if (letter && strchr("diuxXoc", letter))
		n = print_integer(out, sizeof(out), spec, ap);
	else if (letter && strchr("fFeEgG", letter))
		n = snprintf(out, sizeof(out), spec->text, va_arg(*ap, double));
	if (n < 0)
		return false;

	put_part(t, out, (size_t)n < sizeof(out) ? (size_t)n : sizeof(out) - 1);
	return true;
}

#pragma GCC diagnostic pop

/* One value, from behind its '=' to the space that ends it; NULL when its
 * arguments cannot be told. */
static const char *compose(struct text *t, const char *p, va_list *ap)
{
	struct spec spec;

	while (*p && *p != ' ') {
		if (*p != '%') {
			put(t, p++, 1);
			continue;
		}
		p = spec_read(&spec, p + 1, ap);
		if (!put_conversion(t, &spec, *p, ap))
			return NULL;
		p++;
	}
	return p;
}

static void put_pairs(struct text *line, const char *fmt, va_list *ap)
{
	const char *p = fmt;
	char buf[VALUE_MAX];
	bool cut = false;

	while (p && *p) {
		struct text value = {.buf = buf, .max = sizeof(buf)};
		size_t key = strcspn(p, "= ");

		if (p[key] != '=') {
			p += key + (p[key] == ' ');
			continue;
		}
		put(line, " ", 1);
		put(line, p, key + 1);
		p = compose(&value, p + key + 1, ap);
		cut = cut || value.cut;
		if (p && !line->cut)
			put_value(line, buf, value.len);
	}
	line->cut = line->cut || cut;
}

/* --- lines ------------------------------------------------------------------ */

static void put_head(struct text *t, enum log_level level, const char *call)
{
	struct timespec ts;
	char head[128];
	struct tm tm;
	size_t len;

	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	len = strftime(head, sizeof(head), "ts=%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(head + len, sizeof(head) - len,
		 ".%03ldZ lvl=%s proc=", ts.tv_nsec / 1000000,
		 level_names[level]);
	put_str(t, head);
	put_value(t, state.proc, strlen(state.proc));
	if (call) {
		put_str(t, " call=");
		put_value(t, call, strnlen(call, VALUE_MAX));
	}
	put_str(t, " msg=");
}

/* A pipe whose reader stands still is asked first, for the descriptor is
 * others' as well and can seldom be made non-blocking. One that says yes takes
 * PIPE_BUF bytes, which is more than a line. */
static bool write_line(const char *line, size_t len)
{
	struct pollfd fd = {.fd = state.fd, .events = POLLOUT};
	ssize_t n;

	if (!poll(&fd, 1, 0))
		return false;
	do {
		n = write(state.fd, line, len);
	} while (n < 0 && errno == EINTR);
	return n >= 0;
}

/* There is always room for these. */
static void put_tail(struct text *line)
{
	bool cut = line->cut;
	char lost[24];

	line->max += TAIL_LEN;
	line->cut = false;
	if (state.lost) {
		snprintf(lost, sizeof(lost), " lost=%u", state.lost);
		put_str(line, lost);
	}
	if (cut)
		put_str(line, " cut=1");
	put(line, "\n", 1);
}

/* The level of the longest area that the file is in. */
static enum log_level level_of(const char *file)
{
	enum log_level level = log_level_now();
	size_t best = 0;

	for (size_t i = 0; file && i < state.plan.nareas; i++) {
		const char *name = state.plan.areas[i].name;
		size_t len = strlen(name);

		if (len > best && !strncmp(file, name, len) &&
		    file[len] == '/') {
			best = len;
			level = state.plan.areas[i].level;
		}
	}
	return level;
}

static bool is_said(enum log_level level, const char *file, const char *call)
{
	if (level > state.most)
		return false;
	return !state.planned || level <= level_of(file) ||
	       (call && state.plan.call[0] && !strcmp(call, state.plan.call));
}

static void line_write(enum log_level level, const char *call, const char *msg,
		       const char *fmt, va_list *ap)
{
	char buf[LINE_MAX_LEN];
	struct text line = {.buf = buf, .max = sizeof(buf) - TAIL_LEN};
	int saved = errno;

	put_head(&line, level, call);
	put_value(&line, msg, strnlen(msg, VALUE_MAX));
	errno = saved;
	put_pairs(&line, fmt, ap);

	put_tail(&line);
	if (write_line(buf, line.len))
		state.lost = 0;
	else
		state.lost++;
	errno = saved;
}

void log_write(enum log_level level, const char *call, const char *msg,
	       const char *fmt, ...)
{
	va_list ap;

	if (!is_said(level, NULL, call))
		return;
	va_start(ap, fmt);
	line_write(level, call, msg, fmt, &ap);
	va_end(ap);
}

void log_write_at(enum log_level level, const char *file, const char *call,
		  const char *msg, const char *fmt, ...)
{
	va_list ap;

	if (!is_said(level, file, call))
		return;
	va_start(ap, fmt);
	line_write(level, call, msg, fmt, &ap);
	va_end(ap);
}
