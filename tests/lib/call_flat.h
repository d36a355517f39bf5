/*
 * call_flat.h  A call's record as Redis would give it
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_LIB_CALL_FLAT_H
#define TESTS_LIB_CALL_FLAT_H

#include "common/countof.h"
#include "sigd/call/call_fields.h"

struct call_flat {
	struct call_record rec;
	struct call_fields fields;
	struct redis_val els[2 * CALL_FIELDS], val;
};

/* One that is up, of this user; borrows from flat. */
static inline const struct redis_val *
call_flat_of(struct call_flat *flat, const char *call, const char *tenant,
	     const char *user)
{
	struct call_record *rec = &flat->rec;

	memset(rec, 0, sizeof(*rec));
	rec->state = CALL_UP;
	str_ncpy(rec->call, call, sizeof(rec->call));
	str_ncpy(rec->tenant, tenant, sizeof(rec->tenant));
	str_ncpy(rec->side[0].user, user, sizeof(rec->side[0].user));
	call_fields_write(&flat->fields, rec);
	for (size_t i = 0; i < flat->fields.argc; i++)
		flat->els[i] = (struct redis_val){
			.type = REDIS_STR,
			.str = flat->fields.argv[i].data,
			.len = flat->fields.argv[i].len};
	flat->val = (struct redis_val){.type = REDIS_ARRAY,
				       .el = flat->els,
				       .len = flat->fields.argc};
	return &flat->val;
}

/* ... of no user. */
static inline const struct redis_val *
call_flat(struct call_flat *flat, const char *call, const char *tenant)
{
	return call_flat_of(flat, call, tenant, "");
}

#endif
