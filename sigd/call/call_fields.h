/*
 * call_fields.h  A call record as the fields of a hash, for this folder
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_CALL_CALL_FIELDS_H
#define SIGD_CALL_CALL_FIELDS_H

#include "common/redis_link.h"
#include "sigd/call/call_record.h"

enum { CALL_FIELDS = 13 + 17 * CALL_SIDES, CALL_NUM_LEN = 24 };

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

#endif
