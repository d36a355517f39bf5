/*
 * service.h  What a leg may be joined with instead of another leg
 *
 *   echo       the leg's own packets, through the same mapping as a relay
 *   tone       440 Hz at -10 dBm0
 *   milliwatt  1004 Hz at 0 dBm0
 *   sound      one of the worker's sounds, by its name
 *
 * 0 dBm0 is -3.14 dBFS for linear samples (Opus), see codec.h.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_SOUND_SERVICE_H
#define MEDIAD_SOUND_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

struct codec;
struct path;
struct player;
struct sound;
struct codec_set;
struct sound_bank;
struct strm_out;
struct wheel;

enum {
	SERVICE_FRAMES = 50,     /* of 20 ms: a loop is one second */
	SERVICE_FRAME_MAX = 640, /* bytes: 20 ms of L16 */
	SERVICE_JOIN_MAX = 3,    /* frames of a packet */
};

struct service {
	const char *name;
	bool reflects; /* else it plays: */
	bool named;    /* ... a sound with a name, or a tone: */
	uint16_t hz;   /* a whole number, so that a second loops */
	int8_t dbm0;
};

/* NULL when there is none of this name. */
const struct service *service_find(const char *name);

/*
 * All that services play, encoded once for all calls of a worker. A loop is
 * cut out of a stream that has settled, and sounds on where it begins anew.
 * Takes some 10 ms of CPU time.
 */
int sound_bank_alloc(struct sound_bank **bankp,
		     const struct codec_set *codecs);

/* It was played as often as it was to be: the last thing that the player
 * does, so that it may be freed. */
typedef void(player_done_h)(void *arg);

struct player_params {
	struct wheel *wheel;
	struct sound *sound; /* held as long as it plays */
	const struct codec *codec;
	uint8_t pt;
	uint16_t ptime;       /* ms; 0: 20 */
	uint32_t times;       /* that it is played; 0: without end */
	uint32_t played_ms;   /* of it already, at another worker */
	struct strm_out *out; /* with the codec's clock */
	struct path *path;
	player_done_h *doneh; /* may be NULL */
	void *arg;
};

/*
 * Plays one packet each 20 ms (or 40, or 60, when ptime wants it and the codec
 * can) by the wheel, from the next one on, on absolute deadlines: a late one
 * delays none after it. What is more than 200 ms late is
 * left out; the timestamp goes on with the time. out and path outlive it.
 * The caller owns *playerp.
 */
int player_alloc(struct player **playerp, const struct player_params *params);

#endif
