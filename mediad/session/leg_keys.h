/*
 * leg_keys.h  Digits that we send to a leg's far side ourselves
 *
 * Who presses keys by SIP INFO sends no RTP for them: what its PBX is to hear
 * is made here, as telephone-events (RFC 4733), or as tones when the far side
 * takes none. While a key is down it is the stream's only source.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_SESSION_LEG_KEYS_H
#define MEDIAD_SESSION_LEG_KEYS_H

#include <stdbool.h>
#include <stdint.h>

struct leg;
struct leg_keys;

enum {
	LEG_KEYS_MAX = 16, /* that wait; more are left out */
	LEG_KEY_MIN_MS = 40,
	LEG_KEY_MAX_MS = 6000
};

/*
 * Press a key for so long (brought within the limits above). code: 0..15 as in
 * RFC 4733. tones: rather than nothing. ENOTSUP: the far side takes no events,
 * and no tones are wanted; ENOTCONN: it hears nothing now; EBUSY: too many
 * wait.
 */
int leg_keys_press(struct leg *leg, uint8_t code, uint32_t ms, bool tones);
/* The same as an event for as long as it is held: until the release, which
 * says for how long it was down, or LEG_KEY_MAX_MS. */
int leg_keys_hold(struct leg *leg, uint8_t code);
void leg_keys_release(struct leg *leg, uint32_t ms);
/* Was this the latest key that was pressed, so lately? Asked once: the next
 * time it is not. */
bool leg_keys_pressed(const struct leg *leg, uint8_t code, uint32_t within_ms);

#endif
