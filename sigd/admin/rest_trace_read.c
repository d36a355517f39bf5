/*
 * rest_trace_read.c  GET /v1/traces/{id}, and /v1/traces/{id}/pcap
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>
#include <openssl/evp.h>

#include "sigd/admin/rest_trace.h"
#include "sigd/trace/trace_pack.h"
#include "sigd/trace/trace_pcap.h"

enum {
	RAW_MAX = 32 * 1024 * 1024, /* bytes, unpacked */
	SHA1_LEN = 20,
};

static void destructor(void *data)
{
	struct rest_told *told = data;

	for (size_t i = 0; i < told->n; i++)
		mem_deref(told->msgs[i]);
	for (size_t i = 0; i < told->nbatches; i++)
		mem_deref(told->batches[i]);
}

/* As the script that stores it (trace_store.c). */
void rest_trace_id(char id[REST_TRACE_ID_LEN + 1], const struct pl *callid)
{
	uint8_t sum[EVP_MAX_MD_SIZE] = {0};

	(void)EVP_Digest(callid->p, callid->l, sum, NULL, EVP_sha1(), NULL);
	re_snprintf(id, REST_TRACE_ID_LEN + 1, "%c%w", trace_shard(callid), sum,
		    (size_t)SHA1_LEN);
}

int rest_told_by_time(const void *pa, const void *pb)
{
	const struct trace_msg *a = *(const struct trace_msg *const *)pa;
	const struct trace_msg *b = *(const struct trace_msg *const *)pb;

	return a->us < b->us ? -1 : a->us > b->us;
}

/* What is no batch is passed over: another version may have written it. */
static void batch_read(struct rest_told *told, const struct redis_val *val,
		       const struct trace_owners *owners)
{
	struct trace_msg msg;
	struct mbuf *mb;

	if (val->type != REDIS_STR || told->nbatches == REST_BATCHES_MAX ||
	    told->raw > RAW_MAX ||
	    trace_unpack(&mb, (const uint8_t *)val->str, val->len))
		return;
	told->batches[told->nbatches++] = mb;
	told->raw += mb->end;
	while (told->n < REST_MESSAGES_MAX && !trace_msg_read(&msg, mb)) {
		struct trace_msg *keep;

		if (!trace_owners_may_read(owners, &msg.text))
			continue;
		keep = mem_alloc(sizeof(*keep), NULL);
		if (!keep)
			return;
		*keep = msg;
		told->msgs[told->n++] = keep;
	}
}

struct rest_told *rest_told_read(struct admin *admin, struct admin_resp *resp,
				 const char *id,
				 const struct trace_owners *owners)
{
	const struct redis_val *list;
	char key[REST_KEY_MAX];
	struct rest_told *told;

	(void)rest_trace_key(key, id, "sip");
	if (!rest_ask(&list, admin, resp, "LRANGE", key, "0", "-1", NULL))
		return NULL;
	told = mem_zalloc(sizeof(*told), destructor);
	if (!told) {
		admin_resp_problem(resp, 503, "Out of memory.");
		return NULL;
	}
	for (size_t i = 0; list->type == REDIS_ARRAY && i < list->len; i++)
		batch_read(told, &list->el[i], owners);
	qsort(told->msgs, told->n, sizeof(told->msgs[0]), rest_told_by_time);
	return told;
}

/* The id that is asked for; NULL: there is no such trace, or Redis is away,
 * and resp says so. *ofp: what is known of it, until the next question. */
static const char *asked(const struct redis_val **ofp,
			 const struct admin_req *req, struct admin_resp *resp,
			 struct admin *admin)
{
	const char *id = admin_req_param(req, "id");
	char key[REST_KEY_MAX];

	if (!id || !rest_trace_key(key, id, "of")) {
		admin_resp_problem(resp, 404, "There is no such trace.");
		return NULL;
	}
	if (!rest_ask(ofp, admin, resp, "HGETALL", key, NULL))
		return NULL;
	if ((*ofp)->type == REDIS_ARRAY && (*ofp)->len &&
	    rest_trace_may_see(req, *ofp))
		return id;
	admin_resp_problem(resp, 404, "There is no such trace.");
	return NULL;
}

/* --- as JSON -------------------------------------------------------------------- */

static void address(struct jsonw *json, const char *key, const struct sa *sa)
{
	char text[64];

	if (sa_af(sa) == AF_UNSPEC) {
		jsonw_null(json, key);
		return;
	}
	re_snprintf(text, sizeof(text), "%J", sa);
	jsonw_str(json, key, text);
}

void rest_told_write(struct jsonw *json, const struct trace_msg *msg, bool text)
{
	const char *end = memchr(msg->text.p, '\r', msg->text.l);
	const struct pl line = {msg->text.p, end ? (size_t)(end - msg->text.p)
						 : msg->text.l};

	jsonw_str(json, "direction", msg->out ? "out" : "in");
	jsonw_str(json, "transport", flow_kind_name(msg->kind));
	address(json, "local", &msg->local);
	address(json, "remote", &msg->remote);
	jsonw_pl(json, "worker", &msg->worker);
	jsonw_pl(json, "line", &line);
	if (text)
		jsonw_pl(json, "text", &msg->text);
	else
		jsonw_null(json, "text");
}

void rest_trace_message(struct jsonw *json, const struct trace_msg *msg,
			uint64_t first_us, const char *id)
{
	jsonw_object(json, NULL);
	if (id)
		jsonw_str(json, "trace", id);
	rest_time(json, "time", msg->us / 1000);
	jsonw_uint(json, "us", msg->us - first_us);
	rest_told_write(json, msg, true);
	jsonw_end(json);
}

void rest_trace(const struct admin_req *req, struct admin_resp *resp, void *arg)
{
	const struct redis_val *of;
	const char *id = asked(&of, req, resp, arg);
	struct trace_owners owners;
	struct jsonw json;
	struct rest_told *told;

	if (!id)
		return;
	jsonw_init(&json, resp->mb);
	jsonw_object(&json, NULL);
	rest_trace_write(&json, id, of, admin_req_tenant(req));
	rest_trace_owners(&owners, of, admin_req_tenant(req));
	told = rest_told_read(arg, resp, id, &owners);
	if (!told)
		return;
	jsonw_array(&json, "messages");
	for (size_t i = 0; i < told->n; i++)
		rest_trace_message(&json, told->msgs[i], told->msgs[0]->us,
				   NULL);
	jsonw_end(&json);
	jsonw_end(&json);
	rest_done(&json, resp);
	mem_deref(told);
}

/* --- for Wireshark --------------------------------------------------------------- */

void rest_trace_pcap(const struct admin_req *req, struct admin_resp *resp,
		     void *arg)
{
	const struct redis_val *of;
	const char *id = asked(&of, req, resp, arg);
	struct trace_owners owners;
	struct rest_told *told;
	int err;

	if (!id)
		return;
	rest_trace_owners(&owners, of, admin_req_tenant(req));
	told = rest_told_read(arg, resp, id, &owners);
	if (!told)
		return;
	err = trace_pcap_begin(resp->mb);
	for (size_t i = 0; !err && i < told->n; i++)
		err = trace_pcap_write(resp->mb, told->msgs[i]);
	mem_deref(told);
	if (err) {
		admin_resp_problem(resp, 503, "Out of memory.");
		return;
	}
	resp->type = "application/vnd.tcpdump.pcap";
	admin_resp_header(resp, "Content-Disposition",
			  "attachment; filename=\"trace.pcap\"");
}
