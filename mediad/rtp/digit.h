/*
 * digit.h  Telephone-events (RFC 4733) and their way from clock to clock
 *
 * Pure. Two clocks belong to an event: its timestamp is one of the stream
 * that it stands in (RFC 4733, 2.5.1.2), its durations count ticks of its
 * payload type. Both are often the same, but browsers send telephone-event
 * of 8000 Hz beside Opus of 48000 Hz, too.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_RTP_DIGIT_H
#define MEDIAD_RTP_DIGIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	DIGIT_LEN = 4,
	DIGIT_CODES = 16,      /* of DTMF; higher ones are other things */
	DIGIT_SEGMENT = 65535, /* longest duration of one segment */
};

struct digit {
	uint8_t code;
	uint8_t volume; /* 0..63: -dBm0 */
	bool end;
	uint16_t duration; /* ticks of the payload type's clock */
};

/* The first event of a payload. EBADMSG: none. */
int digit_read(struct digit *digit, const uint8_t *p, size_t len);
void digit_write(uint8_t p[DIGIT_LEN], const struct digit *digit);
/* 0..9, *, #, A..D; '?' for what is no DTMF. */
char digit_char(uint8_t code);

/* The clocks of a side, Hz. */
struct digit_clock {
	uint32_t stream;
	uint32_t event;
};

/* What goes from one source to one stream. */
struct digit_way {
	struct digit_clock from, to;
	uint16_t takes; /* bit n: the receiver takes event n */
	bool known;     /* the following are about an event: */
	bool over;      /* its end was seen */
	uint8_t code;
	uint32_t begin;    /* its timestamp, by the source */
	uint32_t segment;  /* that of the present segment */
	uint32_t before;   /* ticks in the segments before */
	uint32_t segments; /* that were sent on in full */
};

/* What to send for a packet that came. */
struct digit_step {
	struct digit digit;
	uint32_t begin; /* the event's timestamp, by the source */
	uint32_t since; /* ticks of our stream from there to our segment */
	uint32_t age;   /* ticks of our stream from there until now */
	bool first;     /* of its event, here */
	bool over;      /* the event's end was seen, now or before */
};

void digit_way_init(struct digit_way *way, const struct digit_clock *from,
		    const struct digit_clock *to, uint16_t takes);
/* The next packet is from another source. */
void digit_way_anew(struct digit_way *way);

/*
 * One packet in, one out, so that the end's repeats stay repeats. Durations
 * are those of the whole event in the receiver's clock, cut into segments
 * where they do not fit (RFC 4733, 2.5.1.3): the segments of both sides need
 * not be the same. False: nothing is to be sent (an event that the receiver
 * does not take, or one before the present one).
 */
bool digit_pass(struct digit_way *way, uint32_t ts, const struct digit *in,
		struct digit_step *step);
/* The events behind the first one of a payload (RFC 4733, 2.5.1.5): their
 * durations in the receiver's clock. The length that is of use. */
size_t digit_pass_rest(const struct digit_way *way, uint8_t *p, size_t len);

#endif
