/*
 * probe.c  OPTIONS to one connection, again and again
 *
 *   due -> the ways there -> OPTIONS on each -> an answer, or the time for it is
 *   over; it is there if one of them answers
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/id.h"
#include "common/wheel.h"
#include "routing/route.h"
#include "sigd/proxy/conn/conn_journal.h"
#include "sigd/proxy/conn/conn_way.h"
#include "sigd/proxy/conn/trunk_contact.h"
#include "sigd/proxy/hop.h"
#include "sigd/proxy/own_request.h"
#include "sigd/sip/smsg_build.h"
#include "sigd/trace/trace.h"
#include "sigd/upstream/probe.h"

enum {
	AGAIN_MS = 1000, /* after a first failure */
	SLACK_MS = 10000,
	URI_MAX = 512,
	FAILING_MAX = CONN_WAYS_MAX,
};

struct probe {
	struct proxy *px;
	const struct route_connection *conn;
	struct probe_handlers h;
	struct probe_state state;
	struct wheel_timer due;     /* for the next one */
	struct wheel_timer silence; /* under way */
	struct conn_ask *locate;
	struct conn_way *ways; /* of this round, in order; NULL: none */
	unsigned way, nways;
	struct probe_result best; /* of them so far */
	char best_why[PROBE_WHY_MAX];
	struct failing *failing; /* FAILING_MAX addresses; NULL: none */
	struct txn_cli *ct;
	uint64_t sent_ms; /* wheel time */
	uint64_t sent_us; /* journal_now_us() */
	struct rtt_fold rtt;
};

/* One of several addresses that has not answered. */
struct failing {
	struct sa addr;
	unsigned failures; /* in a row; 0: unused */
};

static void give_up(struct probe *probe)
{
	wheel_stop(&probe->silence);
	probe->locate = mem_deref(probe->locate);
	probe->ways = mem_deref(probe->ways);
	if (probe->ct)
		txn_cli_detach(probe->ct);
	probe->ct = NULL;
}

static void destructor(void *data)
{
	struct probe *probe = data;

	wheel_stop(&probe->due);
	give_up(probe);
	mem_deref(probe->failing);
}

const struct route_connection *probe_conn(const struct probe *probe)
{
	return probe->conn;
}

const struct probe_state *probe_state(const struct probe *probe)
{
	return &probe->state;
}

uint32_t probe_valid_ms(const struct probe *probe)
{
	return 2 * (probe->conn->times.probe +
		    max(probe->nways, 1u) * probe->conn->times.answer) +
	       SLACK_MS;
}

bool probe_wanted(const struct route_connection *conn)
{
	return conn->times.probe > 0;
}

static uint32_t print_of(const struct route_connection *conn)
{
	char text[2 * ROUTE_HOST_MAX];

	re_snprintf(text, sizeof(text), "%s\n%s",
		    conn->peer.address ? conn->peer.address : "",
		    conn->peer.listener ? conn->peer.listener : "");
	return hash_joaat_str(text);
}

static void on_due(void *arg);

static void due_in(struct probe *probe, uint32_t ms)
{
	wheel_start(probe->px->deps.wheel, &probe->due,
		    ms - ms / 10 + rand_u32() % (ms / 5 + 1), on_due, probe);
}

/* --- its end ------------------------------------------------------------------------ */

/* The handler may free the probe. */
static void ended(struct probe *probe, uint16_t code, const char *why)
{
	const uint64_t now = wheel_now(probe->px->deps.wheel);
	const struct probe_result result = {
		.code = code, .why = why, .now_ms = proxy_unix_ms(),
		.rtt_ms = (uint32_t)(now - probe->sent_ms)};
	const struct probe_limits limits = {probe->conn->probe.down,
					    probe->conn->probe.up};
	uint32_t next = probe->conn->times.probe;
	bool changed;

	give_up(probe);
	changed = probe_count(&probe->state, &result, &limits);
	if (probe_wavers(&probe->state))
		next = min(next, (uint32_t)AGAIN_MS);
	due_in(probe, next);
	probe->h.endh(probe, changed, probe->h.arg);
}

/* --- one of its addresses --------------------------------------------------------- */

/* Which failures of this address are known; NULL: none, and no room. */
static struct failing *failing_find(struct probe *probe, const struct sa *addr)
{
	struct failing *unused = NULL;

	if (!probe->failing)
		probe->failing = mem_zalloc(
			FAILING_MAX * sizeof(*probe->failing), NULL);
	for (unsigned i = 0; probe->failing && i < FAILING_MAX; i++) {
		struct failing *f = &probe->failing[i];

		if (!f->failures)
			unused = f;
		else if (sa_cmp(&f->addr, addr, SA_ALL))
			return f;
	}
	return unused;
}

/* Of one that is alone the connection's state says it all. */
static void way_count(struct probe *probe, uint16_t code)
{
	const struct sa *addr = &probe->ways[probe->way].flow.remote;
	struct failing *f;

	if (!probe->way && !probe->ways[0].left)
		return;
	f = failing_find(probe, addr);
	if (!f)
		return;
	if (probe_answered(code)) {
		if (f->failures >= probe->conn->probe.down)
			probe->h.wayh(probe, addr, false, probe->h.arg);
		f->failures = 0;
		return;
	}
	f->addr = *addr;
	++f->failures;
	if (f->failures >= probe->conn->probe.down)
		probe->h.wayh(probe, addr, true, probe->h.arg);
}

static void way_next(struct probe *probe);

/* May free the probe. */
static void way_ended(struct probe *probe, uint16_t code, const char *why)
{
	struct probe_result *best = &probe->best;

	wheel_stop(&probe->silence);
	way_count(probe, code);
	if (!probe_answered(best->code) && (!probe->way || code)) {
		best->code = code;
		str_ncpy(probe->best_why, why, sizeof(probe->best_why));
	}
	if (probe->ways[probe->way].left) {
		++probe->way;
		way_next(probe);
	} else {
		ended(probe, best->code, probe->best_why);
	}
}

/* It is not repeated any more: the next one is soon enough. */
static void on_silence(void *arg)
{
	struct probe *probe = arg;

	txn_cli_transport_error(probe->ct, ETIMEDOUT);
}

static void on_response(struct txn_cli *ct, const struct smsg *msg, void *arg)
{
	struct probe *probe = arg;
	char why[PROBE_WHY_MAX];

	if (msg->scode < 200)
		return;
	re_snprintf(why, sizeof(why), "%r", &msg->reason);
	conn_journal_rtt(probe->px, probe->conn, &probe->rtt, RTT_OPTIONS,
			 (uint32_t)(journal_now_us() - probe->sent_us));
	txn_cli_detach(ct);
	probe->ct = NULL;
	way_ended(probe, msg->scode, why);
}

static void on_end(struct txn_cli *ct, int err, void *arg)
{
	struct probe *probe = arg;
	(void)ct;

	probe->ct = NULL;
	way_ended(probe, 0,
		  err == ETIMEDOUT ? "no answer" : "it could not be sent");
}

/* --- the request ----------------------------------------------------------------------- */

static int send_options(struct probe *probe, const struct conn_way *way)
{
	const struct route_connection *conn = probe->conn;
	const char *user = conn->login.username ? conn->login.username
						: conn->from_user;
	char uri[URI_MAX], from[URI_MAX], to[URI_MAX], contact[URI_MAX],
		name[TRUNK_CONTACT_MAX], tag[17], callid[17];
	struct smsg_field fields[2];
	struct trace_dialog dialog = {.led = false};
	struct own_request req = {.method = "OPTIONS", .to = &way->flow,
				  .cseq = 1, .fieldv = fields, .fieldc = 2,
				  .resph = on_response, .endh = on_end,
				  .arg = probe};

	trunk_contact_print(name, conn);
	id_make(tag);
	id_make(callid);
	re_snprintf(uri, sizeof(uri), "sip:%s",
		    *way->host ? way->host : conn->peer.target);
	re_snprintf(to, sizeof(to), "<sip:%s>", conn->peer.domain);
	re_snprintf(from, sizeof(from), "<sip:%s%s%s>;tag=%s",
		    user ? user : "", user ? "@" : "", conn->peer.domain, tag);
	re_snprintf(contact, sizeof(contact), "<sip:%s@%s%s>", name,
		    hop_host(probe->px, &way->flow), hop_param(&way->flow));
	pl_set_str(&req.uri, uri);
	pl_set_str(&req.from, from);
	pl_set_str(&req.to_val, to);
	pl_set_str(&req.callid, callid);
	pl_set_str(&fields[0].name, "Contact");
	pl_set_str(&fields[0].val, contact);
	pl_set_str(&fields[1].name, "Accept");
	pl_set_str(&fields[1].val, "application/sdp");
	dialog.callid = req.callid;
	pl_set_str(&dialog.tag, tag);
	trace_connection(probe->px->deps.trace, &dialog, conn->tenant->id,
			 conn->name);
	return own_request_send(&probe->ct, probe->px, &req);
}

static void way_next(struct probe *probe)
{
	probe->sent_ms = wheel_now(probe->px->deps.wheel);
	probe->sent_us = journal_now_us();
	probe->h.senth(probe->h.arg);
	if (send_options(probe, &probe->ways[probe->way]))
		way_ended(probe, 0, "it could not be sent");
	else
		wheel_start(probe->px->deps.wheel, &probe->silence,
			    probe->conn->times.answer, on_silence, probe);
}

/* One that has not registered with us is not down: nobody knows. */
static void absent(struct probe *probe)
{
	const bool changed = probe->state.phase != PROBE_UNKNOWN;

	probe->state.phase = PROBE_UNKNOWN;
	probe->state.failures = 0;
	probe->state.code = 0;
	probe->state.last_ms = proxy_unix_ms();
	if (changed || !probe->state.since_ms)
		probe->state.since_ms = probe->state.last_ms;
	str_ncpy(probe->state.why, "it has not registered",
		 sizeof(probe->state.why));
	due_in(probe, probe->conn->times.probe);
	probe->h.endh(probe, changed, probe->h.arg);
}

static void on_way(enum status code, const struct conn_way *way, void *arg)
{
	struct probe *probe = arg;
	const size_t size = (way->left + 1u) * sizeof(*way);

	probe->locate = mem_deref(probe->locate);
	if (code == STATUS_NOT_REGISTERED || code == STATUS_REDIS_DOWN) {
		absent(probe);
		return;
	}
	probe->ways = mem_deref(probe->ways);
	probe->ways = code == STATUS_OK ? mem_alloc(size, NULL) : NULL;
	probe->way  = 0;
	probe->nways = way->left + 1u;
	probe->best = (struct probe_result){.code = 0};
	if (!probe->ways) {
		ended(probe, 0, "its name has no address");
		return;
	}
	memcpy(probe->ways, way, size);
	way_next(probe);
}

static void on_due(void *arg)
{
	struct probe *probe = arg;
	struct conn_way way;
	int err;

	err = conn_way_find(&probe->locate, &way, probe->px, probe->conn,
			    on_way, probe);
	if (!err)
		on_way(STATUS_OK, &way, probe);
	else if (err != EINPROGRESS)
		ended(probe, 0, err == ENOENT ? "no listener for it"
					      : "its name has no address");
}

/* --- life ---------------------------------------------------------------------------------- */

int probe_alloc(struct probe **probep, struct proxy *px,
		const struct route_connection *conn,
		const struct probe_state *was, uint32_t first_ms,
		const struct probe_handlers *h)
{
	struct probe *probe = mem_zalloc(sizeof(*probe), destructor);

	if (!probe)
		return ENOMEM;

	probe->px   = px;
	probe->conn = conn;
	probe->h    = *h;
	if (was && was->print == print_of(conn))
		probe->state = *was;
	probe->state.print = print_of(conn);
	wheel_start(px->deps.wheel, &probe->due, rand_u32() % (first_ms + 1),
		    on_due, probe);
	*probep = probe;
	return 0;
}

void probe_follow(struct probe *probe, const struct route_connection *conn)
{
	const uint32_t print = print_of(conn);
	const bool moved = print != probe->state.print;

	/* what is under way names the old one */
	give_up(probe);
	probe->conn = conn;
	if (moved)
		probe->state = (struct probe_state){.print = print};
	if (moved || !wheel_runs(&probe->due))
		wheel_start(probe->px->deps.wheel, &probe->due, 0, on_due,
			    probe);
}
