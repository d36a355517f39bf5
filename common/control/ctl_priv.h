/*
 * ctl_priv.h  Between the files of the codec
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_CONTROL_CTL_PRIV_H
#define COMMON_CONTROL_CTL_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <re.h>

#include "common/control/ctl_codec.h"

enum {
	CTL_MAC_LEN = 16,
	CTL_KEY_LEN = 32,
	CTL_NAME_MAX = 32,
};

/* ---- ctl_view.c: fields in order of their names --------------------------- */

struct ctl_pair {
	struct pl name;
	struct pl value;
};

struct ctl_view {
	size_t n;
	struct ctl_pair pairs[CTL_FIELDS_MAX];
};

/* False: no room, or the name is there already. Keeps the order. */
bool ctl_view_add(struct ctl_view *view, const struct pl *name,
		  const struct pl *value);
/* NULL: absent. */
const struct pl *ctl_view_find(const struct ctl_view *view, const char *name);
/* HMAC over all pairs but "mac". */
int ctl_view_mac(uint8_t mac[CTL_MAC_LEN], const struct ctl_view *view,
		 const uint8_t key[CTL_KEY_LEN]);

/* ---- ctl_field.c: members of a struct by a table --------------------------- */

enum ctl_kind {
	CTL_F_ID,   /* char[CTL_ID_LEN + 1] */
	CTL_F_ADDR, /* char[CTL_ADDR_MAX + 1], not empty */
	CTL_F_LEG,  /* uint8_t, 1..CTL_LEG_MAX */
	CTL_F_BOOL, /* "0", "1" */
	CTL_F_U32,  /* up to max */
	CTL_F_U64,
	CTL_F_NAME,   /* enum (unsigned): index into names */
	CTL_F_STATUS, /* enum status by its text; an unknown one is internal */
	CTL_F_TEXT,   /* struct pl, up to max bytes, no control characters */
	CTL_F_BYTES,  /* struct pl, up to max bytes */
};

struct ctl_field {
	const char *name;
	enum ctl_kind kind;
	size_t offset;
	uint32_t max;
	const char *const *names; /* ends with NULL; "" is never sent */
	bool optional; /* zero or empty is not sent, absent is zero or empty */
};

/* What is being encoded; text moves while it grows, hence offsets. */
struct ctl_build {
	struct mbuf *text;
	size_t n;
	struct {
		size_t name, name_len, value, value_len;
	} fields[CTL_FIELDS_MAX];
};

int ctl_build_put(struct ctl_build *build, const char *name, const char *fmt,
		  ...);

/* table ends with a NULL name. */
int ctl_fields_write(struct ctl_build *build, const struct ctl_field *table,
		     const void *from);
bool ctl_fields_read(void *to, const struct ctl_field *table,
		     const struct ctl_view *view);
/* A decimal number as it is written: no sign, no leading zero. */
bool ctl_read_u64(uint64_t *num, const struct pl *text);
bool ctl_read_name(unsigned *index, const char *const *names,
		   const struct pl *text);

/* ---- ctl_body.c: all but the envelope, by msg->type ------------------------ */

int ctl_body_write(struct ctl_build *build, const struct ctl_msg *msg);
/* CTL_BAD_VERB, CTL_BAD_FIELD. */
enum ctl_refusal ctl_body_read(struct ctl_msg *msg,
			       const struct ctl_view *view);

/* ---- ctl_figures.c ---------------------------------------------------------- */

extern const char *const ctl_profile_names[];

int ctl_figures_write(struct ctl_build *build,
		      const struct ctl_figures *figures);
/* *there: whether the message has figures. */
bool ctl_figures_read(struct ctl_figures *figures, bool *there,
		      const struct ctl_view *view);

#endif
