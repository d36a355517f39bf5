/*
 * dialing.h  How the people of a tenant dial, and the one form (E.164) that
 *            all of it comes down to
 *
 * Pure. A dialing is filled from the configuration (dialing_table), compiled
 * by dialing_load(), const from then on, and one thread's: its patterns share
 * an engine.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ROUTING_NUMBER_DIALING_H
#define ROUTING_NUMBER_DIALING_H

#include <stdbool.h>
#include <stdint.h>
#include <re.h>

#include "common/cfg_schema.h"
#include "routing/number/telnum.h"

struct arena;
struct route_engine;
struct route_regex;

enum {
	NUMBER_E164_MAX = 15,     /* digits (ITU-T E.164 section 6.2.1) */
	NUMBER_E164_MIN = 3,      /* fewer are nobody's */
	DIALING_SHORT_MAX = 16,   /* patterns */
	DIALING_PREFIXES_MAX = 8, /* international prefixes */
};

/* As filled. All 0: only what begins with + is E.164. */
struct dialing {
	struct cfg_pos pos;
	const char *country_code;    /* "49" */
	const char *national_prefix; /* "0"; NULL: none is dialled */
	const char **international;  /* "00"; the first is the one we write */
	uint32_t ninternational;
	const char *area_code;    /* "30": what is dialled without one has it */
	uint8_t national_digits;  /* of a number with area code; 0: not said */
	const char **short_codes; /* patterns */
	uint32_t nshort_codes;
	struct route_regex **compiled; /* of these */
};

/* Its description: the key is the user's choice. */
extern const struct cfg_table dialing_table;

/* EINVAL: an error was added. dialing_release() frees what it made. */
int dialing_load(struct dialing *dialing, const struct route_engine *engine,
		 struct arena *mem, struct cfg_errors *errs);
void dialing_release(struct dialing *dialing);

enum number_kind {
	NUMBER_NAME,     /* no number at all: "alice" */
	NUMBER_SHORT,    /* a short code, or has * or #: stays as it is */
	NUMBER_UNKNOWN,  /* digits that `dialing` says nothing about */
	NUMBER_GLOBAL,   /* was dialled with + */
	NUMBER_ABROAD,   /* ... with an international prefix */
	NUMBER_NATIONAL, /* ... with the national prefix, or as long as one */
	NUMBER_LOCAL,    /* ... without area code */
};

struct number {
	enum number_kind kind;
	struct telnum dialled;
	char e164[1 + NUMBER_E164_MAX + 1]; /* "+4930123"; "": has none */
};

/* What was dialled. dialing NULL: as all 0. Always writes num. */
void number_read(struct number *num, const struct dialing *dialing,
		 const struct route_engine *engine, const struct pl *text);

/* For people: "a national number". */
const char *number_kind_name(enum number_kind kind);

enum number_form {
	NUMBER_FORM_E164,          /* +4930123 */
	NUMBER_FORM_PLAIN,         /* 4930123 */
	NUMBER_FORM_NATIONAL,      /* 030123; 0044... for other countries */
	NUMBER_FORM_INTERNATIONAL, /* 004930123 */
};

/*
 * Writes a number, given as "+4930123", in another form. What is national or
 * international here is read back by number_read() as the same number: where
 * it would not be (a short code begins so), the next longer form is taken,
 * and at last that with +. EINVAL: e164 is none. EOVERFLOW: out is too small.
 */
int number_write(char *out, size_t size, const struct dialing *dialing,
		 const struct route_engine *engine, const char *e164,
		 enum number_form form);

/* "+" and 3 to 15 digits, the first not 0. */
bool number_is_e164(const char *text);

#endif
