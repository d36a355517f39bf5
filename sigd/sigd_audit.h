/*
 * sigd_audit.h  Who changed what by REST, and who guesses tokens
 *
 * Each is a line in the log; a change is an event as well (`audit.change`,
 * docs/events.md), guessing an alarm. With Redis away the log has it alone.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_SIGD_AUDIT_H
#define SIGD_SIGD_AUDIT_H

struct admin;
struct admin_change;
struct sa;

void sigd_audit_change(const struct admin_change *change,
		       struct admin *admin);
void sigd_audit_guess(const struct sa *source, struct admin *admin);

#endif
