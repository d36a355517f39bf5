/*
 * mediad_cfg_service.c  conf/mediad.yaml: sounds, recordings and who gets a
 *                       call's audio
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "mediad/mediad_cfg.h"

bool mediad_consumer_check(const char *text, char *why, size_t size)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";

	str_ncpy(why, "1 to 32 characters of a-z, 0-9, _ and -", size);
	return text[0] && strlen(text) <= 32 &&
	       text[strspn(text, allowed)] == '\0';
}

/* clang-format off */
#define SOUNDS(member) CFG_AT(struct mediad_sounds, member)
static const struct cfg_field sounds_fields[] = {
	{"dir", CFG_STRING, SOUNDS(dir), .min = 1, .max = 200,
	 .help = "Folder of sound files: NAME.wav (PCM, G.711), NAME.ogg or "
		 "NAME.opus (Ogg Opus) is the sound NAME of routing.yaml. They "
		 "are read at the start and at each reload, and encoded once "
		 "for all calls.",
	 .example = "/etc/cordboard/sounds"},
	{"max_file", CFG_SIZE, SOUNDS(max_bytes), .min = 1 << 10,
	 .max = 1 << 30, .def = "50MiB",
	 .help = "A larger file is not used."},
	{"max_length", CFG_DURATION, SOUNDS(max_ms), .min = 1000,
	 .max = 3600000, .def = "10m", .help = "A longer sound is not used."},
	{"max_memory", CFG_SIZE, SOUNDS(max_memory), .min = 64 << 10,
	 .max = 4ull << 30, .def = "100MiB",
	 .help = "Of all files together, encoded, in each worker: a minute "
		 "takes about 4 MB. Those behind, by name, are not used."},
	CFG_END,
};

const struct cfg_table mediad_sounds_table = {
	sizeof(struct mediad_sounds), "sounds", sounds_fields,
	"What is played to calls: music on hold, announcements, ring-back.", 0};

static const struct cfg_choice formats[] = {
	{"ogg", 0, "Ogg Opus"},
	{"wav", 1, "WAV, 16 bits: eight times as large"},
	{NULL, 0, NULL},
};

static const struct cfg_choice rates[] = {
	{"16000", 16000, "wide band"},
	{"8000", 8000, "as a telephone line"},
	{NULL, 0, NULL},
};

#define REC(member) CFG_AT(struct mediad_recording, member)
static const struct cfg_field recording_fields[] = {
	{"dir", CFG_STRING, REC(dir), .min = 1, .max = 200,
	 .help = "Folder for recordings; without it nothing is recorded. Each "
		 "tenant has a folder in it, and each day one in that.",
	 .example = "/var/spool/cordboard"},
	{"format", CFG_ENUM, REC(format), .choices = formats, .def = "ogg",
	 .help = "Of the files: stereo, the caller on the left."},
	{"rate", CFG_ENUM, REC(rate), .choices = rates, .def = "16000",
	 .help = "Samples a second."},
	{"bitrate", CFG_INT, REC(bitrate), .min = 12000, .max = 256000,
	 .def = "32000", .help = "Of Ogg Opus, bits a second, of both sides "
				 "together."},
	{"max_file", CFG_SIZE, REC(max_bytes), .min = 64 << 10,
	 .max = 1ull << 40, .def = "500MiB",
	 .help = "A file that has grown so large ends, and what follows is "
		 "not recorded."},
	{"max_length", CFG_DURATION, REC(max_ms), .min = 1000,
	 .max = 86400000, .def = "4h", .help = "... or has become so long."},
	{"min_free", CFG_SIZE, REC(min_free), .max = 1ull << 40,
	 .def = "1GiB",
	 .help = "With less space left on its disk nothing is recorded."},
	{"memory", CFG_SIZE, REC(memory), .min = 1 << 20, .max = 1 << 30,
	 .def = "16MiB",
	 .help = "Of each worker, for what a slow disk has not taken yet: "
		 "about 64 kB for each second of a call. What does not fit is "
		 "lost to the recording, never to the call."},
	CFG_END,
};

const struct cfg_table mediad_recording_table = {
	sizeof(struct mediad_recording), "recording", recording_fields,
	"Where calls are recorded to; which ones, routing.yaml says.", 0};

static const struct cfg_choice codecs[] = {
	{"L16", 0, "16 bits, 16 kHz"},
	{"PCMU", 1, "G.711 u-law"},
	{"PCMA", 2, "G.711 A-law"},
	{"opus", 3, "Opus"},
	{NULL, 0, NULL},
};

#define CONS(member) CFG_AT(struct mediad_consumer, member)
static const struct cfg_field consumer_fields[] = {
	{.type = CFG_POS, CONS(pos)},
	{"address", CFG_ADDR, CONS(addr), .flags = CFG_F_REQUIRED,
	 .help = "Where its RTP goes (UDP): of each call a stream for each "
		 "side. It is asked nothing, and nothing that it sends is "
		 "read.",
	 .example = "192.0.2.20:7000"},
	{"codec", CFG_ENUM, CONS(codec), .choices = codecs, .def = "L16",
	 .help = "Of both streams; their payload types are 97 (L16), 0, 8 and "
		 "96 (Opus)."},
	{"ptime", CFG_INT, CONS(ptime), .min = 20, .max = 60, .def = "20",
	 .help = "Packet time, ms: 20, 40 or 60."},
	CFG_END,
};

static const struct cfg_table consumer_table = {
	sizeof(struct mediad_consumer), "a consumer", consumer_fields,
	"Who gets the audio of calls as RTP, such as a transcriber. Only "
	"consumers that stand here get any.", 0};

const struct cfg_field mediad_consumer_item = {
	.type = CFG_TABLE, .size = sizeof(struct mediad_consumer),
	.table = &consumer_table,
};

/* clang-format on */
