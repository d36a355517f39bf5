/*
 * binding.h  A binding: where a device of a user can be reached, and its form
 *            in Redis
 *
 * RFC 3261 section 10.3, RFC 5626 section 6. One hash per AOR,
 * `cb:{a:<tenant>/<user>}:bind`; a field per device, its value one line:
 *
 *   <ends> <cseq> <q> <flow> <callid> <contact> <agent> [<address>]
 *
 * ends: unix milliseconds by Redis' clock; q: thousandths; flow: hex of the
 * packed flow id; what is behind it percent-encoded, `-` when empty; address:
 * where the REGISTER came from, not there when that is not known. The script
 * reads the first two numbers and the Call-ID; the rest is opaque to it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_REGISTRAR_BINDING_H
#define SIGD_REGISTRAR_BINDING_H

#include <stddef.h>
#include <stdint.h>
#include <re.h>

enum {
	BINDING_DEVICE_MAX  = 256, /* encoded name of the field */
	BINDING_CONTACT_MAX = 512,
	BINDING_CALLID_MAX  = 256,
	BINDING_AGENT_MAX   = 128,
	BINDING_FLOW_MAX    = 60,
	BINDING_TEXT_MAX    = 4096,
	BINDING_KEY_MAX     = 512,
};

/* Plain data. Texts point into what was decoded, or into the message; they
 * are not encoded. */
struct binding {
	uint64_t ends_ms;  /* unix ms, by Redis' clock */
	uint32_t cseq;
	uint16_t q;        /* thousandths, 0..1000 */
	uint32_t device;   /* binding_device() of its field */
	size_t flow_len;
	uint8_t flow[BINDING_FLOW_MAX]; /* packed flow id */
	char callid[BINDING_CALLID_MAX + 1];
	char contact[BINDING_CONTACT_MAX + 1];
	char agent[BINDING_AGENT_MAX + 1];
	struct sa remote; /* it came from there; unset: not known */
};

/* The part of the value behind `ends`; the script puts the time before it.
 * EOVERFLOW. */
int binding_print(char *text, size_t size, const struct binding *binding);
/* A whole value. EBADMSG: not one of ours. */
int binding_parse(struct binding *binding, const struct pl *text);

/*
 * A number for the device that has this field in the hash of its user: the
 * same for all its flows (RFC 5626: reg-id), over whatever it registers. Never
 * 0. Of two devices of a user it differs for all purposes.
 */
uint32_t binding_device(const struct pl *field);

/* `cb:{a:<tenant>/<user>}:<what>`. EOVERFLOW. */
int binding_key(char *key, size_t size, const struct pl *tenant,
		const struct pl *user, const char *what);
/* `cb:{i:<tenant>/<connection>}:<what>`: of a PBX that registers with us. */
int binding_conn_key(char *key, size_t size, const struct pl *tenant,
		     const struct pl *conn, const char *what);

#endif
