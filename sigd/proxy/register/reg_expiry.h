/*
 * reg_expiry.h  Devices that do not come back in time
 *
 * Nothing comes in when a registration expires, so somebody has to look. Each
 * user, and each PBX that registers with us, with a device has a deadline of
 * the kind `binding` (common/due.h): when the first of its bindings ends. A
 * refresh moves it not, which would be a command for each REGISTER: who finds
 * it due finds when the next one ends, too. Should nobody look, as whoever bound
 * it died before it asked for that, or was of a version that did not, somebody
 * does from when it comes over another connection, or at one refresh of sixteen.
 * What has ended is taken out of the bindings and put into the log by one
 * script, so it is told once, whoever looks (registrar_expire()). Should the
 * worker die between that and the event the log alone has it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_REGISTER_REG_EXPIRY_H
#define SIGD_PROXY_REGISTER_REG_EXPIRY_H

struct proxy;
struct registrar_aor;
struct registrar_list;

int reg_expiry_start(struct proxy *px);

/* After a REGISTER: looks when the first of these ends, if that is sooner than
 * anybody would; tells what it found ended. */
void reg_expiry_registered(struct proxy *px, const struct registrar_aor *aor,
			   const struct registrar_list *list);
/* Bindings have gone otherwise: are there others? */
void reg_expiry_look(struct proxy *px, const struct registrar_aor *aor);

#endif
