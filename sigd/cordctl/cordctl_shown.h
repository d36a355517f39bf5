/*
 * cordctl_shown.h  Texts of strangers at a terminal
 *
 * A User-Agent or a Call-ID is what anybody wrote. What would steer the
 * terminal or turn the direction of text around is shown as a dot, as is what
 * is no UTF-8.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_CORDCTL_CORDCTL_SHOWN_H
#define SIGD_CORDCTL_CORDCTL_SHOWN_H

#include <stdio.h>
#include <re.h>

/* For %H with a const char *, "" when it is NULL: one line. */
int cordctl_shown(struct re_printf *pf, const char *text);
/* As well; line ends and tabs stay, a CR is left out. */
int cordctl_shown_lines(struct re_printf *pf, const char *text);
/* As re_fprintf(), of which all is shown so: lines with texts of strangers. */
void cordctl_print(FILE *to, const char *fmt, ...);

#endif
