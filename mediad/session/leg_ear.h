/*
 * leg_ear.h  Keys that a leg's far side sends as tones in its voice
 *
 * Listened to is who has not agreed on telephone-events and is no browser,
 * and only while the other leg is to hear of keys in another way: as an event
 * in its RTP, which takes the place of the tone from where it was recognised
 * on, or by SIP INFO when the connection of the tones is said to have no
 * other way (`dtmf: inband`). What such a side tells by INFO as well is heard
 * once.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_SESSION_LEG_EAR_H
#define MEDIAD_SESSION_LEG_EAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct leg;
struct leg_ear;
struct strm_in;
struct strm_pkt;

/* Is it to be listened to, and is leg->ear just for that? */
bool leg_ear_wanted(const struct leg *leg, const struct leg *to);
bool leg_ear_fits(const struct leg *leg, const struct leg *to);
/* leg->ear. relayed: its packets are decoded for it, in leg_ear_take(). */
int leg_ear_make(struct leg *leg, struct leg *to, bool relayed);
/* A relay_take_h; arg: the ear. The packet goes on. */
void leg_ear_take(const struct strm_in *in, const struct strm_pkt *sp,
		  uint8_t *pkt, void *arg);
/* Its voice, decoded; without an ear nothing. */
void leg_ear_hear(struct leg *leg, const int16_t *pcm, size_t n, uint32_t rate);
/* Was this key heard lately? Asked once, as leg_keys_pressed(). */
bool leg_ear_heard(struct leg *leg, uint8_t code);

#endif
