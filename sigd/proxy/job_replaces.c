/*
 * job_replaces.c  An INVITE that takes somebody's place (RFC 3891)
 *
 * Call-ID and tags are the same on both sides of us, so the header goes on as
 * it came, and who gets it ends the former dialog. What is ours: that the tenant
 * has a side of the dialog, that who asks is a side of it or was referred by one
 * (indialog_refer.c), and that it gets to the very device or PBX that has the
 * dialog, wherever the table would send it. A dialog that never went through us
 * is a matter of the PBX that is asked; no device of ours has such a one.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "common/log.h"
#include "routing/route.h"
#include "routing/route_conn.h"
#include "sigd/call/call_find.h"
#include "sigd/proxy/invite/invite.h"
#include "sigd/proxy/job_priv.h"
#include "sigd/proxy/reply.h"
#include "sigd/sip/smsg_build.h"

struct job_replaces {
	struct call_find *find;
	struct replaced dialog;
};

static void destructor(void *data)
{
	struct job_replaces *rep = data;

	mem_deref(rep->find);
}

static void refuse(struct job *job, uint16_t scode, enum status why)
{
	reply_status_as(job->px, job->st, scode, why);
	mem_deref(job);
}

/* --- which dialog ------------------------------------------------------------ */

/* Whose place it is: the side that would get the INVITE. CALL_SIDES: none.
 * Tags are tokens, in which case does not count (RFC 3261 7.3.1): who gets it may
 * look at them so, and would replace what was not asked for here. */
static unsigned receiver_of(const struct call_record *rec,
			    const struct shdr_replaces *what)
{
	const struct call_side *side = rec->side;

	if (!pl_strcasecmp(&what->to_tag, side[CALL_CALLEE].tag) &&
	    !pl_strcasecmp(&what->from_tag, side[CALL_CALLER].tag))
		return CALL_CALLEE;
	if (pl_strcasecmp(&what->to_tag, side[CALL_CALLER].tag))
		return CALL_SIDES;
	/* before there is an answer only its worker knows the other tags;
	 * who gets it knows them, too */
	return rec->state == CALL_SETUP ||
			       !pl_strcasecmp(&what->from_tag,
					      side[CALL_CALLEE].tag)
		       ? CALL_CALLER
		       : CALL_SIDES;
}

static void party_of(char party[CALL_PARTY_MAX], const struct job *job)
{
	const struct route_connection *conn =
		job->from ? job->from : job->who.conn;

	call_party(party, conn ? conn->name : NULL, job->user);
}

/* tenant: of who asks. The other one of a call between tenants, with the same
 * name, is somebody else. */
static bool is_side(const struct call_record *rec, const char *tenant,
		    const char *party)
{
	char of[CALL_PARTY_MAX];

	for (unsigned i = 0; i < CALL_SIDES; i++) {
		call_party(of, rec->side[i].conn, rec->side[i].user);
		if (!strcmp(call_tenant(rec, i), tenant) &&
		    !strcmp(of, party))
			return true;
	}
	return false;
}

/* One dialog may have gone through us twice, when a proxy stands between: then
 * that half counts which is a device's, and of which who asks is a side; before
 * all, one of his own tenant. */
static const struct call_record *choose(const struct call_found *found,
					const struct shdr_replaces *what,
					const char *tenant,
					const char *party)
{
	const struct call_record *best = NULL;
	int rank = -1;

	for (size_t i = 0; i < found->n; i++) {
		const struct call_record *rec = &found->recs[i];
		unsigned to = receiver_of(rec, what);
		int r;

		if (to == CALL_SIDES)
			continue;
		r = 4 * !strcmp(rec->tenant, tenant) +
		    2 * !rec->side[to].conn[0] + is_side(rec, tenant, party);
		if (r > rank) {
			rank = r;
			best = rec;
		}
	}
	return best;
}

/* --- may it? ----------------------------------------------------------------- */

static void take(struct job *job, const struct call_record *rec, unsigned to)
{
	const struct call_side *side = &rec->side[to];
	struct replaced *dialog = &job->replaces->dialog;

	str_ncpy(dialog->call, rec->call, sizeof(dialog->call));
	str_ncpy(dialog->tenant, call_tenant(rec, to), sizeof(dialog->tenant));
	str_ncpy(dialog->conn, side->conn, sizeof(dialog->conn));
	str_ncpy(dialog->user, side->user, sizeof(dialog->user));
	dialog->up = rec->state == CALL_UP;
	dialog->service = !side->flow_len;
	if (side->flow_len)
		(void)flow_id_unpack(&dialog->flow, side->flow,
				     side->flow_len);
}

static void decide(struct job *job, const struct call_found *found,
		   const struct shdr_replaces *what)
{
	const struct call_record *rec;
	const char *tenant = job->tenant->id;
	char party[CALL_PARTY_MAX];
	unsigned to;
	bool may;

	party_of(party, job);
	rec = choose(found, what, tenant, party);
	if (!rec && found->over && !found->n) {
		refuse(job, 603, STATUS_UNKNOWN_DIALOG);
		return;
	}
	if (!rec) {
		job_resume(job);
		return;
	}
	to = receiver_of(rec, what);
	/* nobody is referred from tenant to tenant */
	may = is_side(rec, tenant, party) ||
	      (found->may && !strcmp(rec->tenant, tenant));
	log_info(rec->call, "its place is asked for",
		 "by=%s of=%s may=%d up=%d", party,
		 to == CALL_CALLER ? "caller" : "callee", may,
		 rec->state == CALL_UP);
	if (!may) {
		refuse(job, 403, STATUS_FORBIDDEN);
	} else if (rec->state == CALL_SETUP && to == CALL_CALLEE) {
		/* it was not created by who would get it */
		refuse(job, 481, STATUS_UNKNOWN_DIALOG);
	} else if (rec->state == CALL_UP && what->early_only) {
		refuse(job, 486, STATUS_BUSY);
	} else {
		take(job, rec, to);
		job_resume(job);
	}
}

static void on_found(enum status code, const struct call_found *found,
		     void *arg)
{
	struct job *job = arg;
	struct shdr_replaces what;
	struct call_find *find = job->replaces->find;
	struct pl val;

	job->replaces->find = NULL;
	if (code != STATUS_OK)
		job_fail(job, code);
	else if (!smsg_val(txn_srv_request(job->st), SHDR_REPLACES, &val) ||
		 shdr_replaces_decode(&what, &val))
		job_fail(job, STATUS_BAD_REQUEST);
	else
		decide(job, found, &what);
	mem_deref(find);
}

/* RFC 3911: that would let somebody in who listens. */
static void refuse_join(struct job *job)
{
	struct smsg_field field = {.name = PL("Unsupported"),
				   .val = PL("join")};
	struct smsg_reply reply = {.scode = 420, .fieldv = &field,
				   .fieldc = 1};
	char tag[17];

	reply_tag(tag, job->px, txn_srv_request(job->st));
	pl_set_str(&reply.to_tag, tag);
	(void)txn_srv_respond(job->st, &reply);
	mem_deref(job);
}

static void ask(struct job *job, const struct shdr_replaces *what)
{
	char party[CALL_PARTY_MAX];
	const struct call_find_params params = {.tenant = job->tenant->id,
						.callid = what->callid,
						.party = party};

	party_of(party, job);
	job->replaces = mem_zalloc(sizeof(*job->replaces), destructor);
	if (!job->replaces)
		job_fail(job, STATUS_OVERLOAD);
	else if (call_find(&job->replaces->find, job->px->deps.redis, &params,
			   on_found, job))
		job_fail(job, STATUS_REDIS_DOWN);
}

bool job_replaces(struct job *job)
{
	const struct smsg *msg = txn_srv_request(job->st);
	const bool joins = smsg_hdr(msg, SHDR_JOIN) != NULL;
	struct shdr_replaces what;
	struct pl val;

	if (msg->method != SMSG_INVITE || job->replaces)
		return false;
	if (!smsg_val(msg, SHDR_REPLACES, &val)) {
		if (joins)
			refuse_join(job);
		return joins;
	}
	/* what joins a dialog does not take its place */
	if (joins || shdr_replaces_decode(&what, &val))
		job_fail(job, STATUS_BAD_REQUEST);
	else
		ask(job, &what);
	return true;
}

/* --- then -------------------------------------------------------------------- */

static bool plan_keep(struct route_plan *plan, const struct replaced *dialog)
{
	for (unsigned i = 0; i < plan->ntargets; i++) {
		if (plan->targets[i].kind != ROUTE_TO_CONNECTION ||
		    strcmp(plan->targets[i].tenant->id, dialog->tenant) ||
		    strcmp(plan->targets[i].connection->name, dialog->conn))
			continue;
		plan->targets[0] = plan->targets[i];
		plan->ntargets	 = 1;
		return true;
	}
	return false;
}

bool job_replaces_plan(struct job *job, struct route_plan *plan)
{
	struct replaced *dialog =
		job->replaces ? &job->replaces->dialog : NULL;
	struct pl tenant;

	if (!dialog || dialog->service)
		return true;
	if (!dialog->call[0] && plan->targets[0].kind == ROUTE_TO_CONNECTION)
		return true;
	if (!dialog->call[0]) {
		reply_status(job->px, job->st, STATUS_UNKNOWN_DIALOG);
		return false;
	}
	if (dialog->conn[0]) {
		/* it may know the dialog by another connection of its own */
		if (!plan_keep(plan, dialog))
			dialog->conn[0] = '\0';
		return true;
	}
	job->named = true;
	memset(&job->device, 0, sizeof(job->device));
	str_ncpy(job->device.tenant, dialog->tenant,
		 sizeof(job->device.tenant));
	str_ncpy(job->device.user, dialog->user, sizeof(job->device.user));
	pl_set_str(&tenant, dialog->tenant);
	plan->targets[0] = (struct route_target){
		.kind = ROUTE_TO_USER,
		.tenant = route_tenant_by_id(job->table, &tenant)};
	plan->ntargets	 = 1;
	return true;
}

const struct replaced *job_replaced(const struct job *job)
{
	return job->replaces && job->replaces->dialog.call[0]
		       ? &job->replaces->dialog
		       : NULL;
}
