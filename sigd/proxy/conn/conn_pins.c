/*
 * conn_pins.c  What the challenges of a connection have shown
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/redis_link.h"
#include "common/wheel.h"
#include "routing/route.h"
#include "routing/route_conn.h"
#include "sigd/proxy/conn/conn_pins.h"

enum {
	BUCKETS = 256,
	PINS_MAX = 20000, /* of connections that are no more, too */
	NAME_MAX_LEN = 80,
	REALM_MAX = 128,
	KEY_MAX = 128,
	NONCES = 4,
	FRESH_MS = 3600000,
};

#define LIFE_S "604800"

struct pin {
	struct le le;
	struct conn_pins *pins;
	char name[NAME_MAX_LEN]; /* "<tenant>/<connection>" */
	uint32_t print;          /* of what it is */
	char realm[REALM_MAX];   /* empty: not known */
	uint64_t read_ms;        /* wheel time; 0: never */
	struct {
		uint32_t hash, count;
	} nonces[NONCES]; /* the last one first */
};

struct conn_pins {
	struct hash *pins;
	uint32_t count;
	struct redis_link *redis;
	struct wheel *wheel;
};

static void pin_destructor(void *data)
{
	struct pin *pin = data;

	redis_link_forget(pin->pins->redis, pin);
	hash_unlink(&pin->le);
}

static void destructor(void *data)
{
	struct conn_pins *pins = data;

	hash_flush(pins->pins);
	mem_deref(pins->pins);
}

int conn_pins_alloc(struct conn_pins **pinsp, struct redis_link *redis,
		    struct wheel *wheel)
{
	struct conn_pins *pins = mem_zalloc(sizeof(*pins), destructor);
	int err;

	if (!pins)
		return ENOMEM;
	pins->redis = redis;
	pins->wheel = wheel;
	err = hash_alloc(&pins->pins, BUCKETS);
	if (err)
		mem_deref(pins);
	else
		*pinsp = pins;
	return err;
}

/* What a realm was learnt for; another value: learnt anew. */
static uint32_t print_of(const struct route_connection *conn)
{
	char text[1024];

	re_snprintf(text, sizeof(text), "%s\n%s\n%s",
		    conn->peer.address ? conn->peer.address : "",
		    conn->peer.domain ? conn->peer.domain : "",
		    conn->login.username ? conn->login.username : "");
	return hash_joaat_str(text);
}

static bool is_named(struct le *le, void *arg)
{
	const struct pin *pin = le->data;

	return !strcmp(pin->name, arg);
}

static struct pin *pin_new(struct conn_pins *pins, const char *name)
{
	struct pin *pin;

	/* years of reloads: what is still there is learnt from Redis again */
	if (pins->count >= PINS_MAX) {
		hash_flush(pins->pins);
		pins->count = 0;
	}
	pin = mem_zalloc(sizeof(*pin), pin_destructor);
	if (!pin)
		return NULL;
	pin->pins = pins;
	str_ncpy(pin->name, name, sizeof(pin->name));
	hash_append(pins->pins, hash_joaat_str(name), &pin->le, pin);
	++pins->count;
	return pin;
}

/* NULL: no memory, or the connection has no credentials. */
static struct pin *pin_of(struct conn_pins *pins,
			  const struct route_connection *conn)
{
	char name[NAME_MAX_LEN];
	struct pin *pin;
	uint32_t print;

	if (!conn->login.username ||
	    re_snprintf(name, sizeof(name), "%s/%s", conn->tenant->id,
			conn->name) < 0)
		return NULL;
	/* its lines are asked under the same name */
	print = print_of(conn->base ? conn->base : conn);
	pin = list_ledata(hash_lookup(pins->pins, hash_joaat_str(name),
				      is_named, name));
	if (!pin)
		pin = pin_new(pins, name);
	if (pin && pin->print != print) {
		pin->print    = print;
		pin->realm[0] = '\0';
		pin->read_ms  = 0;
	}
	return pin;
}

/* --- Redis ------------------------------------------------------------------ */

static void on_read(int err, const struct redis_val *val, void *arg)
{
	struct pin *pin = arg;
	const char *space;
	struct pl print, realm;

	if (err || val->type != REDIS_STR)
		return;
	space = memchr(val->str, ' ', val->len);
	if (!space)
		return;
	print = (struct pl){val->str, (size_t)(space - val->str)};
	realm = (struct pl){space + 1, val->len - print.l - 1};
	if (pl_u32(&print) == pin->print)
		(void)pl_strcpy(&realm, pin->realm, sizeof(pin->realm));
}

static int key_print(char key[KEY_MAX], const struct pin *pin)
{
	/* its name holds nothing that would have to be encoded */
	return re_snprintf(key, KEY_MAX, "cb:{m:%s}:realm", pin->name) < 0
		       ? EOVERFLOW
		       : 0;
}

void conn_pins_fetch(struct conn_pins *pins, const struct route_connection *conn)
{
	struct pin *pin = conn->login.realm ? NULL : pin_of(pins, conn);
	const uint64_t now = wheel_now(pins->wheel);
	struct redis_arg argv[4];
	char key[KEY_MAX];

	if (!pin || (pin->read_ms && now - pin->read_ms < FRESH_MS) ||
	    key_print(key, pin))
		return;
	argv[0] = redis_str("GETEX");
	argv[1] = redis_str(key);
	argv[2] = redis_str("EX");
	argv[3] = redis_str(LIFE_S);
	if (!redis_link_send(pins->redis, argv, 4, on_read, pin))
		pin->read_ms = now ? now : 1;
}

static void on_written(int err, const struct redis_val *val, void *arg)
{
	/* the value of before, when another worker was first */
	if (!err && val->type == REDIS_STR)
		on_read(err, val, arg);
}

static void write_realm(struct conn_pins *pins, struct pin *pin)
{
	static const struct redis_script script = {
		"realm-pin",
		"local was = redis.call('GET', KEYS[1]) "
		"if was and string.match(was, '^(%d+) ') == ARGV[1] then "
		"  return was end "
		"redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. ARGV[2], 'EX', "
		"  " LIFE_S ") "
		"return 1"};
	struct redis_arg key_arg, argv[2];
	char key[KEY_MAX], print[16];

	if (key_print(key, pin))
		return;
	re_snprintf(print, sizeof(print), "%u", pin->print);
	key_arg = redis_str(key);
	argv[0] = redis_str(print);
	argv[1] = redis_str(pin->realm);
	(void)redis_link_eval(pins->redis, &script, &key_arg, 1, argv, 2,
			      on_written, pin);
}

/* --- what is known ------------------------------------------------------------ */

const char *conn_pins_realm(struct conn_pins *pins,
			    const struct route_connection *conn)
{
	const struct pin *pin;

	if (conn->login.realm)
		return conn->login.realm;
	pin = pin_of(pins, conn);
	return pin && pin->realm[0] ? pin->realm : NULL;
}

void conn_pins_learn(struct conn_pins *pins,
		     const struct route_connection *conn,
		     const struct pl *realm)
{
	struct pin *pin = conn->login.realm ? NULL : pin_of(pins, conn);

	if (!pin || pin->realm[0] ||
	    pl_strcpy(realm, pin->realm, sizeof(pin->realm)))
		return;
	write_realm(pins, pin);
}

uint32_t conn_pins_use(struct conn_pins *pins,
		       const struct route_connection *conn,
		       const struct pl *nonce)
{
	const uint32_t hash = hash_joaat((const uint8_t *)nonce->p, nonce->l);
	struct pin *pin = pin_of(pins, conn);

	if (!pin)
		return 1;
	for (unsigned i = 0; i < NONCES; i++) {
		if (pin->nonces[i].count && pin->nonces[i].hash == hash)
			return ++pin->nonces[i].count;
	}
	memmove(&pin->nonces[1], &pin->nonces[0],
		(NONCES - 1) * sizeof(pin->nonces[0]));
	pin->nonces[0].hash  = hash;
	pin->nonces[0].count = 1;
	return 1;
}
