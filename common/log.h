/*
 * log.h  logfmt lines on stderr (or journald by it): one line an event
 *
 *   ts=2026-11-20T10:00:00.123Z lvl=info proc=sigd/1 call=9f.. msg="..." k=v
 *
 * Format-checked. Values are quoted and escaped when needed; a control
 * character never reaches the output. Never pass a secret: use
 * log_secret() which prints only its length.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include <stdbool.h>
#include <stddef.h>

enum log_level {
	LOG_L_ERROR,
	LOG_L_WARN,
	LOG_L_INFO,
	LOG_L_DEBUG
};

/* proc: what stands in proc=, e.g. "sigd/1" (copied). Level may change while
 * running; it is the one mutable global of a process. */
void log_init(const char *proc, enum log_level level);
void log_level_set(enum log_level level);
enum log_level log_level_get(void);

enum {
	LOG_AREAS_MAX = 8,
	LOG_AREA_MAX = 31,
};

/*
 * What is said for a while, instead of the level above. Plain data. An area is
 * a folder of the code, "sigd/proxy": of several that a file is in the longest
 * counts. Of the call all is said, wherever.
 */
struct log_plan {
	enum log_level level;
	size_t nareas;
	struct {
		char name[LOG_AREA_MAX + 1];
		enum log_level level;
	} areas[LOG_AREAS_MAX];
	char call[17]; /* empty: of none */
};

/* Copied; NULL: no more. */
void log_plan_set(const struct log_plan *plan);
/* That counts now, where nothing else is said. */
enum log_level log_level_now(void);
const char *log_level_name(enum log_level level);
/* "error", "warn", "info", "debug"; false when unknown. */
bool log_level_parse(enum log_level *level, const char *name);
/* Somewhere, at least. */
bool log_enabled(enum log_level level);
/* -1: stderr. */
void log_fd_set(int fd);

/*
 * call: the call id, or NULL where there is none. msg: a constant sentence.
 * fmt: "k=%s addr=%s:%u" pairs, one space between them, or NULL; all that
 * printf() converts but %n and %ls. A value is quoted when it needs to be:
 * control characters and what is not UTF-8 become \u00xx and \xxx. A value
 * is cut at 512 bytes, a line at 2048; one that lost something ends in
 * `cut=1`. One write(2) a line that does not wait: what the descriptor does
 * not take is lost, and the next line that it takes says `lost=<lines>`.
 * errno stays as it was, and %m prints it.
 */
void log_write(enum log_level level, const char *call, const char *msg,
	       const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* The same from this file of ours. */
void log_write_at(enum log_level level, const char *file, const char *call,
		  const char *msg, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/* What may be said of a secret of len bytes, to be used as
 * log_secret(len).text in the arguments of a log line. */
struct log_secret {
	char text[32];
};
struct log_secret log_secret(size_t len);

#define log_at(level, ...)   log_write_at(level, __FILE__, __VA_ARGS__)
#define log_error(call, ...) log_at(LOG_L_ERROR, call, __VA_ARGS__)
#define log_warn(call, ...)  log_at(LOG_L_WARN, call, __VA_ARGS__)
#define log_info(call, ...)  log_at(LOG_L_INFO, call, __VA_ARGS__)
#define log_debug(call, ...)                                    \
	do {                                                    \
		if (log_enabled(LOG_L_DEBUG))                   \
			log_at(LOG_L_DEBUG, call, __VA_ARGS__); \
	} while (0)

#endif
