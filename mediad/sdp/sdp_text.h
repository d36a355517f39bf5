/*
 * sdp_text.h  Pieces of SDP text: lines, words, numbers, character classes
 *
 * For the files of this folder. All take and give views; nothing allocates.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_SDP_TEXT_H
#define MEDIAD_SDP_TEXT_H

#include <stdbool.h>
#include <stdint.h>
#include <re.h>

/* Cuts the part before `sep` off the front of rest (all of it when there is
 * no sep) and skips the sep. False when rest was empty. */
bool sdpm_cut(struct pl *part, struct pl *rest, char sep);

/* The next word, words being parted by one or more blanks; false: no more. */
bool sdpm_word(struct pl *word, struct pl *rest);

/* Digits only, at most max. */
bool sdpm_number(uint32_t *num, const struct pl *text, uint32_t max);

bool sdpm_is(const struct pl *text, const char *exact);
bool sdpm_is_nocase(const struct pl *text, const char *name);
bool sdpm_same(const struct pl *a, const struct pl *b);

/* Not empty, at most max long, of token characters (RFC 8866 9); more says
 * which others may stand in it. */
bool sdpm_token(const struct pl *text, size_t max, const char *more);
/* Of ice-char (RFC 8839 5.1), min to max long. */
bool sdpm_ice_chars(const struct pl *text, size_t min, size_t max);

#endif
