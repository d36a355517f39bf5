/*
 * route_service.h  What the media server does with a call beside passing it
 *                  on: music on hold, ring-back, recording, a fork,
 *                  announcements
 *
 * Sounds and consumers are names that mediad.yaml knows; a table does not see
 * whether they are there.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ROUTING_ROUTE_SERVICE_H
#define ROUTING_ROUTE_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/cfg_schema.h"

enum {
	ROUTE_SOUND_MAX = 32 /* bytes of a name */
};

enum route_recording {
	ROUTE_RECORD_DEFAULT, /* nothing is said */
	ROUTE_RECORD_ALWAYS,
	ROUTE_RECORD_NEVER,
};

/* Of a tenant, and of a connection, where what is said comes first. */
struct route_services {
	const char *music;    /* while it has the call on hold; NULL: what it
				 sends */
	const char *ringback; /* for its callers; NULL: what the callee sends */
	enum route_recording record;
	const char *fork; /* a consumer; NULL: none */
};

/* What is played, and what becomes of the call then. */
struct route_announcement {
	const char *sound;
	uint32_t times;
	bool answer; /* with 200, and BYE at the end; else as early media */
	uint16_t code; /* of the answer at the end of early media */
};

extern const struct cfg_choice route_recordings[];
extern const struct cfg_table route_announcement_table;
/* Played to who calls when no connection took the call. */
extern const struct cfg_table route_failure_table;
bool route_sound_check(const char *text, char *why, size_t size);

#define ROUTE_SOUND_PATTERN "^[a-z0-9_-]{1,32}$"

/* clang-format off */
#define ROUTE_RECORD_FIELD(type, member, of)                                  \
	{"record", CFG_ENUM, CFG_AT(type, member), .choices = route_recordings, \
	 .def = "default",                                                    \
	 .help = "Whether its calls are recorded" of ". A call is when one of " \
		 "those who take part says always, and none says never: the "  \
		 "routes on its way, the user, connection or else tenant of "  \
		 "each side."}

/* The fields of a struct route_services. `of`: where nothing is said. */
#define ROUTE_SERVICES_FIELDS(type, member, of)                               \
	{"music", CFG_STRING, CFG_AT(type, member.music), .min = 1,           \
	 .max = ROUTE_SOUND_MAX, .check = route_sound_check,                  \
	 .pattern = ROUTE_SOUND_PATTERN,                                      \
	 .help = "Music on hold: the sound (mediad.yaml) that the other side " \
		 "hears while this one has the call on hold" of ".",          \
	 .example = "jazz"},                                                  \
	{"ringback", CFG_STRING, CFG_AT(type, member.ringback), .min = 1,     \
	 .max = ROUTE_SOUND_MAX, .check = route_sound_check,                  \
	 .pattern = ROUTE_SOUND_PATTERN,                                      \
	 .help = "The sound that its callers hear while it rings and nobody " \
		 "sends them any (180 without media): ring-de and other "     \
		 "tones that the media server has (docs/services.md), or a "  \
		 "file of its own; pass: none, their telephone makes one"     \
		 of ".",                                                      \
	 .example = "ring-de"},                                               \
	ROUTE_RECORD_FIELD(type, member.record, of),                          \
	{"fork", CFG_STRING, CFG_AT(type, member.fork), .min = 1,             \
	 .max = ROUTE_SOUND_MAX, .check = route_sound_check,                  \
	 .pattern = ROUTE_SOUND_PATTERN,                                      \
	 .help = "The consumer (mediad.yaml) that gets the audio of its calls " \
		 "as RTP" of ".",                                             \
	 .example = "transcriber"}
/* clang-format on */

#endif
