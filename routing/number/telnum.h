/*
 * telnum.h  What somebody dialled, without what is only for the eye
 *
 * The user part of a SIP URI as telephones and people write it: with visual
 * separators, a tel URI's parameters (RFC 3966), or "tel:" before. Pure.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef ROUTING_NUMBER_TELNUM_H
#define ROUTING_NUMBER_TELNUM_H

#include <stdbool.h>
#include <re.h>

enum {
	TELNUM_MAX = 64 /* bytes; a longer text is no number */
};

struct telnum {
	char text[TELNUM_MAX + 1]; /* "+4930123", "030123", "*43" */
};

/*
 * "+49-30-123;isub=1" is +4930123, "+49 (0)30 123" too; "123" in the
 * phone-context +4930 is +4930123 (RFC 3966 section 5.1.5). A context that is
 * a domain says nothing: who asks is in ours. false: a name, not a number;
 * then text is "".
 */
bool telnum_read(struct telnum *num, const struct pl *text);

#endif
