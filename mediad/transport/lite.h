/*
 * lite.h  ICE-lite agent of one leg: checks in, answers out, the pair
 *
 * RFC 8445 for a lite agent with one component, RFC 7675 for consent. Pure:
 * no socket, time is an argument (monotonic milliseconds), no allocation
 * after lite_alloc(). Only an authentic, well-formed check makes state; a
 * bounded table holds the addresses they came from.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEDIAD_LITE_H
#define MEDIAD_LITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <re.h>

struct lite;

enum {
	LITE_UFRAG_LEN = 12,   /* ours: the slot, and random; nothing secret
				  in it */
	LITE_PWD_LEN = 24,     /* ours: 144 bits */
	LITE_REMOTE_MAX = 256, /* ufrag of the far side (RFC 8839, 5.4) */
	LITE_PAIRS_MAX = 8,    /* addresses held at a time */
	LITE_REPLY_MAX = 160,
	LITE_MSG_MAX = 1280, /* larger checks are dropped */
};

struct lite_creds {
	char ufrag[LITE_UFRAG_LEN + 1];
	char pwd[LITE_PWD_LEN + 1];
};

/* What a check did. */
enum lite_verdict {
	LITE_DROP,     /* nothing to do */
	LITE_REFUSED,  /* an error answer; nothing was learnt */
	LITE_VALID,    /* authentic; consent is fresh */
	LITE_SELECTED, /* the same, and its source is now the selected pair, or
			  is it now with the present credentials */
};

struct lite_check {
	const uint8_t *msg;
	size_t len;
	struct sa src;
	uint8_t sock; /* which of the mux's sockets */
	uint64_t now_ms;
};

struct lite_result {
	enum lite_verdict verdict;
	uint8_t reply[LITE_REPLY_MAX];
	size_t len;     /* 0: no answer */
	uint16_t code;  /* of LITE_REFUSED (RFC 8489, 14.8) */
	bool old_ended; /* the former local ufrag (in old) is void now */
	struct lite_creds old;
	bool added;   /* the check's source is new in the table */
	bool evicted; /* this address left the table */
	struct sa gone;
	uint8_t gone_sock;
};

/* Fresh credentials are made; their ufrag tells the worker's slot. */
int lite_alloc(struct lite **litep, uint8_t slot, uint64_t now_ms);
const struct lite_creds *lite_local(const struct lite *lite);
/* Whether it has RFC 8839's syntax. */
bool lite_ufrag_ok(const struct pl *ufrag);
/* The far side's ufrag; EINVAL when outside RFC 8839's syntax. */
int lite_remote(struct lite *lite, const struct pl *ufrag);
/* True when this is another ufrag than the one known. */
bool lite_remote_differs(const struct lite *lite, const struct pl *ufrag);
/*
 * New local credentials; those of the pair in use are valid until a check with
 * the new ones selects a pair. *ended: credentials that are void now, ufrag
 * empty when none.
 */
void lite_restart(struct lite *lite, struct lite_creds *ended);
/* All addresses, and the former credentials: consent was lost. The next one is
 * waited for from now on. */
void lite_forget(struct lite *lite, uint64_t now_ms);
/* The former credentials, NULL when none are valid. */
const struct lite_creds *lite_former(const struct lite *lite);

/* Take one STUN message; always fills res. */
void lite_recv(struct lite *lite, const struct lite_check *chk,
	       struct lite_result *res);

/* An answer to a check of ours has come from there (chk without msg): the far
 * side is lite, and we are not. */
void lite_confirm(struct lite *lite, const struct lite_check *chk,
		  bool nominated, struct lite_result *res);

/* True when src was validated by a check. */
bool lite_is_valid(const struct lite *lite, const struct sa *src, uint8_t sock);
/* The selected pair; false when there is none. */
bool lite_selected(const struct lite *lite, struct sa *peer, uint8_t *sock);
/* The same, and it was selected with the present credentials: after a restart
 * the former pair may be somebody else's. */
bool lite_settled(const struct lite *lite);
/* The i-th address of the table; false at the end. */
bool lite_pair(const struct lite *lite, unsigned i, struct sa *peer,
	       uint8_t *sock);
/* When the latest valid check on the selected pair came; before there is one,
 * the latest at all, or lite_alloc(). */
uint64_t lite_heard_ms(const struct lite *lite);

/* For the state file: fixed size, plain. */
struct lite_addr {
	uint8_t family; /* 4, 6, 0: empty */
	uint8_t sock;
	uint16_t port;
	uint8_t addr[16];
	uint32_t priority;
};
struct lite_gen {
	struct lite_creds local;
	char remote[LITE_REMOTE_MAX + 1];
};
struct lite_state {
	struct lite_gen cur, old; /* old.local.ufrag empty: none */
	struct lite_addr pairs[LITE_PAIRS_MAX];
	int8_t selected; /* of pairs; -1: none */
	uint8_t settled; /* selected with cur's credentials */
};
void lite_export(const struct lite *lite, struct lite_state *state);
/* EBADMSG: not a sound state. */
int lite_import(struct lite **litep, const struct lite_state *state,
		uint64_t now_ms);

/*
 * The local ufrag that a STUN message names (RFC 8445, 7.2.2: USERNAME is
 * local:remote), for finding the agent, or the transaction id of an answer to a
 * check; EBADMSG when it is neither a sound Binding request with a name nor
 * such an answer.
 */
int lite_route(struct pl *ufrag, const uint8_t *msg, size_t len);
/* The slot of the worker that made this ufrag; -1: no worker of ours did. */
int lite_slot(const struct pl *ufrag);

#endif
