/*
 * mos.h  What the streams of a call are worth, from its figures
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_CONTROL_MOS_H
#define MEDIAD_CONTROL_MOS_H

struct leg_figures;
struct session_figures;

/* All as quality_mos(). What comes from the far side. */
unsigned mos_in(const struct leg_figures *leg);
/* What goes to it, as it reports; 0: it has reported nothing. */
unsigned mos_out(const struct leg_figures *leg);
/* What its user hears of the user at its peer: both sections, both codecs,
 * both delays. 0: without a peer, or not known. */
unsigned mos_heard(const struct session_figures *figs,
		   const struct leg_figures *leg);

#endif
