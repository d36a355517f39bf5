/*
 * call_fields.h  A call record as the fields of a hash, for this folder
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_CALL_CALL_FIELDS_H
#define SIGD_CALL_CALL_FIELDS_H

#include "common/redis_link.h"
#include "sigd/call/call_record.h"

enum { CALL_FIELDS = 16 + 17 * CALL_SIDES, CALL_NUM_LEN = 24 };

/* The names of all fields, in the order that call_fields_write() has: for
 * HMGET, in Lua. Scripts know some by their place (call_dialog.c); a test
 * compares. `why` is for people, long, and not read: no field is named '-'. */
#define CALL_SIDE_LUA(p)                                                \
	"'" p "user','" p "tag','" p "target','" p "uri','" p "far','" p  \
	"conn','" p "routes'"
#define CALL_NUMBERS_LUA(p)                                          \
	"'" p "icseq','" p "ishift','" p "dcseq','" p "ocseq'"
#define CALL_REST_LUA(p) \
	"'" p "flow','" p "cseq','" p "shift','" p "profile'"
#define CALL_FIELDS_LUA                                                 \
	"'call','session','tenant','media','callid','service','at','-',"     \
	"'a.oat','b.oat','a.ack','b.ack'," CALL_SIDE_LUA("a.") ","        \
	CALL_SIDE_LUA("b.") ",'b.tenant','offer'," CALL_NUMBERS_LUA("a.") ","        \
	CALL_NUMBERS_LUA("b.") ",'state','leg','start','up',"            \
	CALL_REST_LUA("a.") "," CALL_REST_LUA("b.") ",'record','asked'"
/* The fields of a record as arguments, name and value in turn. Texts point
 * into the record and into `text`; both must outlive their use. */
struct call_fields {
	struct redis_arg argv[2 * CALL_FIELDS];
	size_t argc;
	char num[CALL_FIELDS][CALL_NUM_LEN];
	char flow[CALL_SIDES][2 * COOKIE_FLOW_MAX + 1];
	size_t nnum;
};

void call_fields_write(struct call_fields *out, const struct call_record *rec);
/* flat: field, value, ...; unknown fields are passed over. EBADMSG: a field
 * is missing, too long or malformed. What came with a later version may be
 * missing: a worker of before may have written the record. */
int call_fields_read(struct call_record *rec, const struct redis_val *flat);
/* vals: as HMGET gives them, by CALL_FIELDS_LUA. ENOENT: there is none. */
int call_fields_read_vals(struct call_record *rec,
			  const struct redis_val *vals);

#endif
