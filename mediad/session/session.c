/*
 * session.c  The sessions of a worker
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <re.h>

#include "common/countof.h"
#include "common/id.h"
#include "mediad/session/leg_form.h"
#include "mediad/session/leg_video.h"
#include "mediad/session/session_priv.h"
#include "mediad/transport/cert.h"

enum {
	BUCKETS = 1024
};

static const char *const cause_names[SESSION_CAUSES] = {
	[SESSION_NO_ICE] = "no-ice",
	[SESSION_NO_DTLS] = "no-dtls",
	[SESSION_DTLS_FAIL] = "dtls-failed",
	[SESSION_SILENT] = "silent",
	[SESSION_CLOSED] = "closed",
	[SESSION_TOO_EARLY] = "too-early",
	[SESSION_POISON] = "poison",
	[SESSION_NO_ANSWER] = "no-answer",
	[SESSION_MEDIA_TIMEOUT] = "media-timeout",
};

static const char *const step_names[LEG_STEPS] = {
	[LEG_MADE] = "made",           [LEG_REMOTE] = "remote",
	[LEG_LOCAL] = "local",         [LEG_STUN] = "stun",
	[LEG_NOMINATED] = "nominated", [LEG_DTLS] = "dtls",
	[LEG_RTP_IN] = "rtp-in",       [LEG_RTP_OUT] = "rtp-out",
};

const char *session_cause_name(enum session_cause cause)
{
	return cause < SESSION_CAUSES ? cause_names[cause] : "unknown";
}

const char *leg_step_name(enum leg_step step)
{
	return step < LEG_STEPS ? step_names[step] : "unknown";
}

/* --- one session ------------------------------------------------------------- */

static void session_destructor(void *data)
{
	struct session *session = data;

	wheel_stop(&session->empty);
	session->tap = mem_deref(session->tap);
	/* the records of those that are still there stay as they are, joins
	 * and all, for a successor: what ends was dropped before */
	for (size_t i = 0; i < COUNTOF(session->legs); i++)
		if (session->legs[i])
			session->legs[i]->rec = LEG_NO_RECORD;
	for (size_t i = 0; i < COUNTOF(session->legs); i++)
		session->legs[i] = mem_deref(session->legs[i]);
	if (session->le.list) {
		hash_unlink(&session->le);
		session->table->count--;
	}
}

static bool has_id(struct le *le, void *arg)
{
	const struct session *session = le->data;

	return !strcmp(session->id, arg);
}

int session_find(struct session **sp, const struct session_table *table,
		 const char *id)
{
	struct le *le = hash_lookup(table->sessions, hash_joaat_str(id), has_id,
				    (void *)(uintptr_t)id);

	if (!le)
		return ENOENT;
	*sp = le->data;
	return 0;
}

const char *session_call(const struct session_table *table, const char *id)
{
	struct session *session;

	return session_find(&session, table, id) ? NULL : session->call;
}

static bool is_id(const char *id)
{
	return id && id_valid(id, strlen(id));
}

int session_make(struct session **sp, struct session_table *table,
		 const char *id, const char *call, const char *tenant)
{
	struct session *session;

	if (!is_id(id) || !is_id(call) || !tenant ||
	    strlen(tenant) > SESSION_TENANT_MAX)
		return EINVAL;
	if (table->drain || table->strained ||
	    table->count >= table->cfg.max_sessions)
		return EUSERS;
	session = mem_zalloc(sizeof(*session), session_destructor);
	if (!session)
		return ENOMEM;

	session->table = table;
	str_ncpy(session->id, id, sizeof(session->id));
	str_ncpy(session->call, call, sizeof(session->call));
	str_ncpy(session->tenant, tenant, sizeof(session->tenant));
	hash_append(table->sessions, hash_joaat_str(id), &session->le, session);
	table->count++;
	*sp = session;
	return 0;
}

static void on_empty(void *arg)
{
	mem_deref(arg);
}

void session_check_empty(struct session *session)
{
	struct session_table *table = session->table;

	for (size_t i = 0; i < COUNTOF(session->legs); i++) {
		if (session->legs[i]) {
			wheel_stop(&session->empty);
			return;
		}
	}
	wheel_start(table->wheel, &session->empty, table->cfg.grace_ms,
		    on_empty, session);
}

int session_drop(struct session_table *table, const char *id)
{
	struct session *session;

	if (session_find(&session, table, id))
		return ENOENT;

	session->tap = mem_deref(session->tap);
	for (size_t i = 0; i < COUNTOF(session->legs); i++)
		if (session->legs[i])
			leg_drop(session->legs[i]);
	mem_deref(session);
	return 0;
}

/* --- the table ----------------------------------------------------------------- */

static void table_destructor(void *data)
{
	struct session_table *table = data;

	wheel_stop(&table->survive);
	wheel_stop(&table->look);
	hash_flush(table->sessions);
	mem_deref(table->sessions);
}

static void defaults(struct session_cfg *cfg)
{
	if (!cfg->max_sessions)
		cfg->max_sessions = 2000;
	if (!cfg->setup_ms)
		cfg->setup_ms = 60000;
	if (!cfg->grace_ms)
		cfg->grace_ms = 30000;
	if (!cfg->report_ms)
		cfg->report_ms = 5000;
	if (!cfg->media_ms)
		cfg->media_ms = 60000;
	if (!cfg->poison_ms)
		cfg->poison_ms = 5000;
	if (!cfg->opus_bitrate)
		cfg->opus_bitrate = 24000;
}

static int own_print(struct sdpm_print *print, const struct cert *cert)
{
	struct cert_fp fp;
	struct pl text;
	int err;

	pl_set_str(&text, cert_fp_text(cert));
	err = cert_fp_parse(&fp, &text);
	if (err || fp.hash != CERT_SHA256)
		return EINVAL;

	*print = (struct sdpm_print){.hash = SDPM_SHA256, .len = fp.len};
	memcpy(print->bytes, fp.md, fp.len);
	return 0;
}

/* Wall time, to be right for the far side; from here on it runs with the
 * wheel, so that a clock that is set makes no round trip jump. */
static uint64_t wall_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

int session_table_alloc(struct session_table **tablep,
			const struct session_cfg *cfg,
			const struct session_deps *deps, session_lost_h *losth,
			void *arg)
{
	struct session_table *table;
	int err;

	if (!deps->nhosts || deps->nhosts > SDPM_HOSTS_MAX ||
	    deps->ntcp_hosts > SDPM_HOSTS_MAX)
		return EINVAL;
	table = mem_zalloc(sizeof(*table), table_destructor);
	if (!table)
		return ENOMEM;

	table->cfg = *cfg;
	table->deps = *deps;
	table->wheel = deps->env->wheel;
	table->losth = losth;
	table->arg = arg;
	table->wall_ms = wall_now_ms() - wheel_now(table->wheel);
	table->serving =
		deps->state ? state_file_serving(deps->state) : &table->nobody;
	defaults(&table->cfg);
	err = own_print(&table->print, deps->cert);
	for (size_t i = 0; !err && i < deps->nhosts; i++)
		err = sdpm_host_add(&table->hosts, &deps->hosts[i]);
	for (size_t i = 0; !err && i < deps->ntcp_hosts; i++)
		err = sdpm_host_add_tcp(&table->hosts, &deps->tcp_hosts[i]);
	if (!err)
		err = hash_alloc(&table->sessions, BUCKETS);
	if (err)
		mem_deref(table);
	else
		*tablep = table;
	return err;
}

void session_on_up(struct session_table *table, session_up_h *uph)
{
	table->uph = uph;
}

void session_on_heard(struct session_table *table, session_heard_h *heardh)
{
	table->heardh = heardh;
}

void session_on_quiet(struct session_table *table, session_quiet_h *quieth)
{
	table->quieth = quieth;
}

void session_on_note(struct session_table *table, session_note_h *noteh,
		     session_row_h *rowh, void *arg)
{
	table->noteh = noteh;
	table->rowh = rowh;
	table->note_arg = arg;
}

void session_on_played(struct session_table *table, session_played_h *playedh)
{
	table->playedh = playedh;
}

void session_on_agreed(struct session_table *table, session_agreed_h *agreedh,
		       void *arg)
{
	table->agreedh = agreedh;
	table->agreed_arg = arg;
}

int session_form(const struct session_table *table, const char *id, uint8_t nr,
		 struct mbuf *mb)
{
	struct leg_form form = {.video = NULL};
	struct leg *leg;
	int err = leg_find(&leg, table, id, nr);

	if (err || !leg->sdp.choice)
		return ENOENT;
	form.local = &leg->sdp.local;
	form.choice = leg->sdp.choice;
	form.hushed = &leg->session->hushed;
	if (leg_video_on(leg))
		form.video = &leg->video->agreed;
	return mbuf_printf(mb, "%H", leg_form_print, &form);
}

void session_drain(struct session_table *table, bool drain)
{
	table->drain = drain;
}

void session_strain(struct session_table *table, bool strained)
{
	table->strained = strained;
}

void session_ease(struct session_table *table, uint8_t ease)
{
	table->ease = ease;
}

bool session_strained(const struct session_table *table)
{
	return table->strained;
}

size_t session_count(const struct session_table *table)
{
	return table->count;
}

struct each {
	session_each_h *h;
	void *arg;
};

static bool on_each(struct le *le, void *arg)
{
	const struct session *session = le->data;
	const struct each *each = arg;

	return each->h(session->id, each->arg);
}

void session_each(const struct session_table *table, session_each_h *h,
		  void *arg)
{
	struct each each = {h, arg};

	(void)hash_apply(table->sessions, on_each, &each);
}
