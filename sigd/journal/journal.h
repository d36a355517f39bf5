/*
 * journal.h  The logs of devices and connections, on their way to Redis
 *
 * What a device or a connection has done, and its round trips: a bounded list
 * of each, that expires. Nobody waits for it; with Redis away it is lost.
 * What a device's REGISTER did is written by the script that binds it
 * (sigd/registrar/registrar_script.c), so a refresh costs no command.
 *
 *	cb:{a:<tenant>/<user>}:log         list: entries (journal_row.h)
 *	cb:{a:<tenant>/<user>}:refused     list: what was refused
 *	cb:{a:<tenant>/<user>}:rtt         list: round trips (rtt_fold.h)
 *	cb:{i:<tenant>/<connection>}:log, :refused, :rtt     the same
 *	cb:{m:<tenant>}:nobody             list: refused, of names that are
 *	                                   nobody's
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_JOURNAL_JOURNAL_H
#define SIGD_JOURNAL_JOURNAL_H

#include "sigd/journal/journal_row.h"
#include "sigd/journal/rtt_fold.h"

struct journal;
struct redis_link;
struct wheel;

enum {
	JOURNAL_KEY_MAX = 512,
	JOURNAL_ENTRIES = 50,       /* of a list */
	JOURNAL_NOBODIES = 500,     /* ... of names that are nobody's */
	JOURNAL_RTT_ROWS = 4320,    /* three devices for a day */
	JOURNAL_RTT_TTL_S = 86400,
	JOURNAL_GUESSERS = 256,     /* whose refusals are told apart */
	JOURNAL_AGAIN_MS = 5000,    /* ... told again after so long, */
	JOURNAL_AGAIN_MAX_MS = 300000, /* twice that, up to this */
};

enum journal_whose {
	JOURNAL_USER,
	JOURNAL_CONNECTION,
	JOURNAL_NOBODY /* of a tenant */
};

/* Borrowed texts. */
struct journal_of {
	enum journal_whose whose;
	struct pl tenant, name;
};

struct journal_counts {
	uint64_t told;   /* entries handed to Redis */
	uint64_t unsaid; /* refusals that are in none: too many at once */
};

/* redis may be NULL: nothing is kept. */
int journal_alloc(struct journal **journalp, struct redis_link *redis,
		  struct wheel *wheel);

/* An entry, now; its times are Redis' own. */
void journal_note(struct journal *journal, const struct journal_of *of,
		  const struct journal_row *row);
/*
 * One that was refused. The same about the same from one address is told at
 * once, and then, while it goes on, with a count after JOURNAL_AGAIN_MS, and
 * twice that ...
 */
void journal_refused(struct journal *journal, const struct journal_of *of,
		     struct journal_row *row);
void journal_rtt(struct journal *journal, const struct journal_of *of,
		 const struct rtt_row *row);

/* Microseconds of a clock that only goes on, to measure with. */
uint64_t journal_now_us(void);

const struct journal_counts *journal_counts(const struct journal *journal);

/* what: "log", "refused", "rtt"; of nobody: it is not looked at. EOVERFLOW. */
int journal_key(char key[JOURNAL_KEY_MAX], const struct journal_of *of,
		const char *what);

#endif
