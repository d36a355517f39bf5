/*
 * ctl_codec.c  Control messages to and from the flat fields of a stream entry
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <re.h>

#include "common/control/ctl_priv.h"
#include "common/keyring.h"
#include "common/node.h"
#include "common/seal.h"

#define ENV(member) offsetof(struct ctl_env, member)

/* A message from further in the future than this is refused: the sender's
 * idea of Redis' clock is never that far off. */
enum {
	FUTURE_MS = 2000
};

static const char *const type_names[] = {"req", "ans", "event", NULL};
static const char *const refusal_names[CTL_REFUSALS] = {
	[CTL_ACCEPTED] = "accepted",
	[CTL_TOO_LARGE] = "too-large",
	[CTL_BAD_ENTRY] = "bad-entry",
	[CTL_BAD_VERSION] = "bad-version",
	[CTL_NO_KEY] = "no-key",
	[CTL_BAD_MAC] = "bad-mac",
	[CTL_BAD_ENVELOPE] = "bad-envelope",
	[CTL_NOT_FOR_US] = "not-for-us",
	[CTL_WRONG_EPOCH] = "wrong-epoch",
	[CTL_EXPIRED] = "expired",
	[CTL_BAD_VERB] = "bad-verb",
	[CTL_BAD_FIELD] = "bad-field",
};

/* clang-format off */
static const struct ctl_field env_fields[] = {
	{.name = "id", .kind = CTL_F_ID, .offset = ENV(id)},
	{.name = "from", .kind = CTL_F_ADDR, .offset = ENV(from)},
	{.name = "from-epoch", .kind = CTL_F_U32, .offset = ENV(from_epoch),
	 .max = UINT32_MAX},
	{.name = "to", .kind = CTL_F_ADDR, .offset = ENV(to)},
	{.name = "to-epoch", .kind = CTL_F_U32, .offset = ENV(to_epoch),
	 .max = UINT32_MAX},
	{.name = "at", .kind = CTL_F_U64, .offset = ENV(at_ms)},
	{.name = "ttl", .kind = CTL_F_U32, .offset = ENV(ttl_ms),
	 .max = CTL_EVENT_TTL_MS},
	{.name = NULL},
};

/* clang-format on */

const char *ctl_refusal_name(enum ctl_refusal refusal)
{
	return (unsigned)refusal < CTL_REFUSALS ? refusal_names[refusal] : "?";
}

static bool env_makes_sense(const struct ctl_env *env, enum ctl_type type)
{
	struct node_id id;

	return !node_addr_parse(&id, env->from, strlen(env->from)) &&
	       (type == CTL_EVENT || env->ttl_ms <= CTL_TTL_MAX_MS);
}

static int write_all(struct ctl_build *build, const struct ctl_msg *msg,
		     uint8_t key_id)
{
	int err;

	if (!env_makes_sense(&msg->env, msg->type))
		return EINVAL;

	err = ctl_build_put(build, "v", "%u", CTL_VERSION);
	if (!err)
		err = ctl_build_put(build, "key", "%u", key_id);
	if (!err)
		err = ctl_body_write(build, msg); /* checks type */
	if (!err)
		err = ctl_build_put(build, "type", "%s", type_names[msg->type]);
	if (!err)
		err = ctl_fields_write(build, env_fields, &msg->env);
	return err;
}

static int add_mac(struct ctl_build *build, const uint8_t *key)
{
	const char *text = (const char *)build->text->buf;
	uint8_t mac[CTL_MAC_LEN];
	struct ctl_view view;
	int err;

	view.n = 0;
	for (size_t i = 0; i < build->n; i++) {
		const struct pl name = {text + build->fields[i].name,
					build->fields[i].name_len};
		const struct pl value = {text + build->fields[i].value,
					 build->fields[i].value_len};

		if (!ctl_view_add(&view, &name, &value))
			return EINVAL;
	}
	err = ctl_view_mac(mac, &view, key);
	return err ? err : ctl_build_put(build, "mac", "%w", mac, sizeof(mac));
}

static int pack(struct ctl_wire **wirep, const struct ctl_build *build)
{
	size_t head = sizeof(struct ctl_wire) +
		      2 * build->n * sizeof(struct redis_arg);
	struct ctl_wire *wire;
	const uint8_t *text;

	if (build->text->end > CTL_ENTRY_MAX)
		return EMSGSIZE;

	wire = mem_alloc(head + build->text->end, NULL);
	if (!wire)
		return ENOMEM;

	text = memcpy((uint8_t *)wire + head, build->text->buf,
		      build->text->end);
	wire->count = 2 * build->n;
	for (size_t i = 0; i < build->n; i++) {
		wire->fields[2 * i] =
			(struct redis_arg){text + build->fields[i].name,
					   build->fields[i].name_len};
		wire->fields[2 * i + 1] =
			(struct redis_arg){text + build->fields[i].value,
					   build->fields[i].value_len};
	}
	*wirep = wire;
	return 0;
}

int ctl_encode(struct ctl_wire **wirep, const struct ctl_msg *msg,
	       const struct keyring *ring)
{
	struct ctl_build build = {.n = 0};
	const uint8_t *key = NULL;
	uint8_t key_id;
	int err;

	err = keyring_current(ring, msg->env.at_ms / 1000, &key_id);
	if (!err)
		err = keyring_key(ring, key_id, SEAL_CTL, &key);
	if (err)
		return err;

	build.text = mbuf_alloc(1024);
	if (!build.text)
		return ENOMEM;

	err = write_all(&build, msg, key_id);
	if (!err)
		err = add_mac(&build, key);
	if (!err)
		err = pack(wirep, &build);
	mem_deref(build.text);
	return err;
}

static enum ctl_refusal read_view(struct ctl_view *view,
				  const struct redis_val *fields)
{
	size_t total = 0;

	view->n = 0;
	if (!fields || fields->type != REDIS_ARRAY || fields->len % 2)
		return CTL_BAD_ENTRY;
	if (fields->len > 2 * CTL_FIELDS_MAX)
		return CTL_TOO_LARGE;

	for (size_t i = 0; i < fields->len; i++) {
		if (fields->el[i].type != REDIS_STR)
			return CTL_BAD_ENTRY;
		if (fields->el[i].len > CTL_ENTRY_MAX - total)
			return CTL_TOO_LARGE;
		total += fields->el[i].len;
	}
	for (size_t i = 0; i < fields->len; i += 2) {
		const struct redis_val *el = &fields->el[i];
		const struct pl name = {el[0].str, el[0].len};
		const struct pl value = {el[1].str, el[1].len};

		if (!ctl_view_add(view, &name, &value))
			return CTL_BAD_ENTRY;
	}
	return CTL_ACCEPTED;
}

static enum ctl_refusal verify(const struct ctl_view *view,
			       const struct keyring *ring)
{
	const struct pl *version = ctl_view_find(view, "v");
	const struct pl *id = ctl_view_find(view, "key");
	const struct pl *text = ctl_view_find(view, "mac");
	uint8_t mac[CTL_MAC_LEN], is[CTL_MAC_LEN];
	char hex[2 * CTL_MAC_LEN + 1];
	const uint8_t *key;
	uint64_t key_id;

	if (!version || pl_strcmp(version, "1"))
		return CTL_BAD_VERSION;
	if (!id || !ctl_read_u64(&key_id, id) || key_id > UINT8_MAX || !text ||
	    text->l != 2 * CTL_MAC_LEN)
		return CTL_BAD_MAC;
	if (keyring_key(ring, (uint8_t)key_id, SEAL_CTL, &key))
		return CTL_NO_KEY;

	(void)pl_strcpy(text, hex, sizeof(hex));
	if (str_hex(is, sizeof(is), hex) || ctl_view_mac(mac, view, key) ||
	    mem_seccmp(mac, is, sizeof(mac)))
		return CTL_BAD_MAC;
	return CTL_ACCEPTED;
}

static enum ctl_refusal read_env(struct ctl_msg *msg,
				 const struct ctl_view *view)
{
	const struct pl *type = ctl_view_find(view, "type");
	unsigned index;

	if (!type || !ctl_read_name(&index, type_names, type) ||
	    !ctl_fields_read(&msg->env, env_fields, view) ||
	    !env_makes_sense(&msg->env, (enum ctl_type)index))
		return CTL_BAD_ENVELOPE;

	msg->type = (enum ctl_type)index;
	return CTL_ACCEPTED;
}

enum ctl_refusal ctl_decode(struct ctl_msg *msg, const struct redis_val *fields,
			    const struct keyring *ring)
{
	struct ctl_view view;
	enum ctl_refusal refusal;

	memset(msg, 0, sizeof(*msg));
	refusal = read_view(&view, fields);
	if (!refusal)
		refusal = verify(&view, ring);
	if (!refusal)
		refusal = read_env(msg, &view);
	if (refusal)
		return refusal;

	return ctl_body_read(msg, &view);
}

/* What names a session by its id alone does no harm to another life of the
 * worker: it has the session, resumed, or has nothing to do. */
static bool needs_no_epoch(const struct ctl_msg *msg)
{
	return msg->type == CTL_REQ && (msg->req.verb == CTL_LEG_DROP ||
					msg->req.verb == CTL_SESSION_DROP ||
					msg->req.verb == CTL_SESSION_QUERY ||
					msg->req.verb == CTL_SESSION_TAPE);
}

enum ctl_refusal ctl_check(const struct ctl_msg *msg,
			   const struct ctl_receiver *receiver)
{
	const struct ctl_env *env = &msg->env;

	if (strcmp(env->to, receiver->addr))
		return CTL_NOT_FOR_US;
	if (env->to_epoch != receiver->epoch &&
	    (env->to_epoch || !needs_no_epoch(msg)))
		return CTL_WRONG_EPOCH;
	if (env->at_ms > receiver->now_ms + FUTURE_MS ||
	    receiver->now_ms > env->at_ms + env->ttl_ms)
		return CTL_EXPIRED;
	return CTL_ACCEPTED;
}
