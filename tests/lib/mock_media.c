/*
 * mock_media.c  The media side of a browser: full ICE, DTLS client, SRTP
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <re.h>
#include <srtp2/srtp.h>

#include "common/loop.h"
#include "common/wheel.h"
#include "tests/lib/mock_dtls.h"
#include "tests/lib/mock_media.h"

enum {
	TA_MS = 50,        /* between checks, until nominated */
	CONSENT_MS = 2500, /* as Chromium */
	GCM = 7,
	SSRCS = 4,
	BUF = 2048,
};

struct remote {
	char ufrag[257], pwd[257], fp[256];
	struct sa addr;
	bool set;
};

/* Highest index of a received SSRC. */
struct heard {
	uint32_t ssrc;
	uint64_t high;
};

struct mock_media {
	struct mock_media_cfg cfg;
	struct mock_media_stats stats;
	struct mock_dtls *dtls;
	struct loop_watch *watch;
	struct wheel_timer checks;
	struct remote remote;
	struct sa addr;
	int fd;
	char ufrag[9], pwd[25];
	bool valid, nominated, silent;
	srtp_t tx, rx;
	struct mock_keys keys;
	uint16_t suite;
	uint32_t ssrc;
	uint64_t next; /* index to send */
	struct heard heard[SSRCS];
	unsigned nheard;
};

static void destructor(void *data)
{
	struct mock_media *m = data;

	wheel_stop(&m->checks);
	mem_deref(m->watch);
	mem_deref(m->dtls);
	if (m->tx)
		srtp_dealloc(m->tx);
	if (m->rx)
		srtp_dealloc(m->rx);
	if (m->fd >= 0)
		close(m->fd);
}

static void new_creds(struct mock_media *m)
{
	rand_str(m->ufrag, sizeof(m->ufrag));
	rand_str(m->pwd, sizeof(m->pwd));
}

int mock_media_send_raw(struct mock_media *m, const void *pkt, size_t len)
{
	const struct sa *to = &m->remote.addr;

	return sendto(m->fd, pkt, len, 0, &to->u.sa, to->len) < 0 ? errno : 0;
}

static void on_dtls_send(const uint8_t *pkt, size_t len, void *arg)
{
	(void)mock_media_send_raw(arg, pkt, len);
}

/* --- SRTP ------------------------------------------------------------------- */

static void policy_make(srtp_policy_t *policy, uint16_t suite, uint8_t *key,
			srtp_ssrc_t ssrc)
{
	memset(policy, 0, sizeof(*policy));
	if (suite == GCM) {
		srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy->rtp);
		srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy->rtcp);
	} else {
		srtp_crypto_policy_set_rtp_default(&policy->rtp);
		srtp_crypto_policy_set_rtcp_default(&policy->rtcp);
	}
	policy->ssrc = ssrc;
	policy->key = key;
	policy->window_size = 1024;
	policy->allow_repeat_tx = 1;
}

static void make_session(srtp_t *session, uint16_t suite, uint8_t *key,
			 srtp_ssrc_t ssrc)
{
	srtp_policy_t policy;

	policy_make(&policy, suite, key, ssrc);
	if (srtp_create(session, &policy) != srtp_err_status_ok)
		*session = NULL;
}

/* The same key for another stream of ours. */
static void add_stream(srtp_t session, uint16_t suite, uint8_t *key,
		       uint32_t ssrc)
{
	srtp_ssrc_t mine = {.type = ssrc_specific, .value = ssrc};
	srtp_policy_t policy;

	policy_make(&policy, suite, key, mine);
	(void)srtp_add_stream(session, &policy);
}

static void take_keys(struct mock_media *m)
{
	struct mock_keys keys;
	srtp_ssrc_t mine = {.type = ssrc_specific, .value = m->ssrc};
	srtp_ssrc_t any = {.type = ssrc_any_inbound};
	int err;

	if (m->suite || m->stats.bad_fingerprint)
		return;
	if (!mock_dtls_keys(m->dtls, m->remote.fp, &keys, &err)) {
		m->stats.bad_fingerprint = err == EBADE;
		return;
	}
	make_session(&m->tx, keys.suite, keys.local, mine);
	if (m->tx)
		add_stream(m->tx, keys.suite, keys.local,
			   mock_media_video_ssrc(m));
	make_session(&m->rx, keys.suite, keys.remote, any);
	m->suite = keys.suite;
	m->keys = keys;
	if (m->next >> 16)
		srtp_set_stream_roc(m->tx, m->ssrc, (uint32_t)(m->next >> 16));
}

/* The nearest to the highest one, counted here and not by libsrtp2. */
static uint64_t index_of(struct mock_media *m, const uint8_t *pkt)
{
	uint32_t ssrc = (uint32_t)pkt[8] << 24 | (uint32_t)pkt[9] << 16 |
			(uint32_t)pkt[10] << 8 | pkt[11];
	uint16_t seq = (uint16_t)(pkt[2] << 8 | pkt[3]);
	struct heard *h;
	uint32_t roc = 0;
	unsigned i;
	int16_t d;

	for (i = 0; i < m->nheard && m->heard[i].ssrc != ssrc; i++)
		;
	if (i == SSRCS)
		return seq;
	h = &m->heard[i];
	if (i == m->nheard) {
		srtp_get_stream_roc(m->rx, ssrc, &roc);
		*h = (struct heard){ssrc, (uint64_t)roc << 16 | seq};
		++m->nheard;
	}
	d = (int16_t)(seq - (uint16_t)h->high);
	if (d > 0)
		h->high += (uint64_t)d;
	return d > 0 ? h->high : h->high - (uint64_t)-d;
}

static void on_srtp(struct mock_media *m, uint8_t *pkt, size_t len)
{
	bool rtcp = pkt[1] >= 192 && pkt[1] <= 223;
	int n = (int)len;
	srtp_err_status_t st;

	if (!m->rx || (m->cfg.loseh && m->cfg.loseh(pkt, len, m->cfg.arg)))
		return;
	st = rtcp ? srtp_unprotect_rtcp(m->rx, pkt, &n)
		  : srtp_unprotect(m->rx, pkt, &n);
	if (st != srtp_err_status_ok) {
		++m->stats.bad_srtp;
		return;
	}
	if (rtcp)
		++m->stats.rtcp;
	else
		++m->stats.rtp;
	if (rtcp && m->cfg.rtcph)
		m->cfg.rtcph(pkt, (size_t)n, 0, m->cfg.arg);
	else if (!rtcp && m->cfg.rtph)
		m->cfg.rtph(pkt, (size_t)n, index_of(m, pkt), m->cfg.arg);
}

int mock_media_send_rtp(struct mock_media *m, const uint8_t *pkt, size_t len)
{
	uint8_t buf[BUF + SRTP_MAX_TRAILER_LEN];
	int n = (int)len;

	if (!m->tx || len > BUF)
		return ENOTCONN;
	memcpy(buf, pkt, len);
	if (srtp_protect(m->tx, buf, &n) != srtp_err_status_ok)
		return EPROTO;
	++m->stats.tx;
	return mock_media_send_raw(m, buf, (size_t)n);
}

int mock_media_send_rtcp(struct mock_media *m, const uint8_t *pkt, size_t len)
{
	uint8_t buf[BUF + SRTP_MAX_TRAILER_LEN + 4];
	int n = (int)len;

	if (!m->tx || len > BUF)
		return ENOTCONN;
	memcpy(buf, pkt, len);
	if (srtp_protect_rtcp(m->tx, buf, &n) != srtp_err_status_ok)
		return EPROTO;
	return mock_media_send_raw(m, buf, (size_t)n);
}

int mock_media_send(struct mock_media *m, uint8_t pt, uint32_t ts,
		    const void *payload, size_t len)
{
	uint8_t pkt[BUF] = {0x80, pt};

	if (len > BUF - 12)
		return EMSGSIZE;
	for (unsigned i = 0; i < 4; i++) {
		pkt[4 + i] = (uint8_t)(ts >> (24 - 8 * i));
		pkt[8 + i] = (uint8_t)(m->ssrc >> (24 - 8 * i));
	}
	pkt[2] = (uint8_t)(m->next >> 8);
	pkt[3] = (uint8_t)m->next;
	if (len)
		memcpy(pkt + 12, payload, len);
	if (m->tx)
		++m->next;
	return mock_media_send_rtp(m, pkt, 12 + len);
}

int mock_media_set_index(struct mock_media *m, uint64_t index)
{
	m->next = index;
	if (!m->tx)
		return 0;
	return srtp_set_stream_roc(m->tx, m->ssrc, (uint32_t)(index >> 16)) ==
			       srtp_err_status_ok
		       ? 0
		       : EPROTO;
}

/* --- ICE ------------------------------------------------------------------------ */

static int send_check(struct mock_media *m)
{
	struct mbuf *mb = mbuf_alloc(512);
	bool nominate = !m->cfg.regular || m->valid;
	uint32_t prio = 1853824767; /* peer-reflexive */
	uint64_t tie = 0x1122334455667788ull;
	uint8_t tid[STUN_TID_SIZE];
	char user[520];
	int err;

	if (!mb)
		return ENOMEM;
	rand_bytes(tid, sizeof(tid));
	re_snprintf(user, sizeof(user), "%s:%s", m->remote.ufrag, m->ufrag);
	err = stun_msg_encode(mb, STUN_METHOD_BINDING, STUN_CLASS_REQUEST, tid,
			      NULL, (const uint8_t *)m->remote.pwd,
			      strlen(m->remote.pwd), true, 0x00, 4,
			      STUN_ATTR_USERNAME, user, STUN_ATTR_PRIORITY,
			      &prio, STUN_ATTR_CONTROLLING, &tie,
			      STUN_ATTR_USE_CAND, nominate ? &prio : NULL);
	if (!err)
		err = mock_media_send_raw(m, mb->buf, mb->end);
	mem_deref(mb);
	return err;
}

static void on_check_time(void *arg)
{
	struct mock_media *m = arg;

	if (m->silent)
		return;
	(void)send_check(m);
	if (m->valid)
		mock_dtls_poll(m->dtls);
	wheel_start(m->cfg.wheel, &m->checks,
		    mock_media_ready(m) ? CONSENT_MS : TA_MS, on_check_time, m);
}

static void on_success(struct mock_media *m, const struct stun_msg *msg)
{
	const struct stun_attr *attr;
	bool first = !m->valid;

	if (stun_msg_chk_mi(msg, (const uint8_t *)m->remote.pwd,
			    strlen(m->remote.pwd)) ||
	    stun_msg_chk_fingerprint(msg))
		return;
	++m->stats.answers;
	attr = stun_msg_attr(msg, STUN_ATTR_XOR_MAPPED_ADDR);
	if (attr)
		m->stats.mapped = attr->v.sa;
	/* with regular nomination the second success is the nomination's */
	m->nominated = m->valid || !m->cfg.regular;
	m->valid = true;
	if (first) {
		mock_dtls_poll(m->dtls);
		wheel_start(m->cfg.wheel, &m->checks, 0, on_check_time, m);
	}
}

static void on_stun(struct mock_media *m, const uint8_t *pkt, size_t len)
{
	struct mbuf *mb = mbuf_alloc(len);
	struct stun_msg *msg = NULL;
	struct stun_unknown_attr ua;
	const struct stun_attr *attr;

	if (mb && !mbuf_write_mem(mb, pkt, len)) {
		mb->pos = 0;
		if (stun_msg_decode(&msg, mb, &ua))
			msg = NULL;
	}
	if (msg && stun_msg_class(msg) == STUN_CLASS_SUCCESS_RESP) {
		on_success(m, msg);
	} else if (msg && stun_msg_class(msg) == STUN_CLASS_ERROR_RESP) {
		attr = stun_msg_attr(msg, STUN_ATTR_ERR_CODE);
		++m->stats.refusals;
		m->stats.last_code = attr ? attr->v.err_code.code : 0;
	}
	mem_deref(msg);
	mem_deref(mb);
}

/* --- the socket -------------------------------------------------------------------- */

static void on_packet(struct mock_media *m, uint8_t *pkt, size_t len)
{
	if (len < 8)
		return;
	if (pkt[0] < 4) {
		on_stun(m, pkt, len);
	} else if (pkt[0] >= 20 && pkt[0] < 64) {
		mock_dtls_recv(m->dtls, pkt, len);
		take_keys(m);
	} else if (pkt[0] >= 128 && pkt[0] < 192) {
		on_srtp(m, pkt, len);
	}
}

static void read_all(struct mock_media *m)
{
	_Alignas(8) uint8_t buf[BUF];
	ssize_t n;

	while ((n = recv(m->fd, buf, sizeof(buf), MSG_DONTWAIT)) >= 0)
		on_packet(m, buf, (size_t)n);
}

/* The loop comes again when there is more: who has many of us saves a call. */
static void on_ready(int flags, void *arg)
{
	struct mock_media *m = arg;
	_Alignas(8) uint8_t buf[BUF];
	ssize_t n = recv(m->fd, buf, sizeof(buf), MSG_DONTWAIT);

	(void)flags;
	if (n >= 0)
		on_packet(m, buf, (size_t)n);
}

void mock_media_poll(struct mock_media *m)
{
	read_all(m);
	if (m->valid && !m->suite)
		mock_dtls_poll(m->dtls);
}

static int open_socket(struct mock_media *m)
{
	int err = sa_set_str(&m->addr, m->cfg.ip ? m->cfg.ip : "127.0.0.1", 0);

	if (err)
		return err;
	m->watch = mem_deref(m->watch);
	if (m->fd >= 0)
		close(m->fd);
	m->fd = socket(sa_af(&m->addr), SOCK_DGRAM | SOCK_NONBLOCK, 0);
	if (m->fd < 0 || bind(m->fd, &m->addr.u.sa, m->addr.len) ||
	    getsockname(m->fd, &m->addr.u.sa, &m->addr.len))
		return errno;
	return m->cfg.no_loop ? 0
			      : loop_watch_alloc(&m->watch, m->fd, LOOP_READ,
						 on_ready, m);
}

/* --- life ---------------------------------------------------------------------------- */

int mock_media_alloc(struct mock_media **mp, const struct mock_media_cfg *cfg)
{
	struct mock_media *m = mem_zalloc(sizeof(*m), destructor);
	int err;

	if (!m)
		return ENOMEM;
	m->cfg = *cfg;
	m->fd = -1;
	m->ssrc = rand_u32();
	m->next = rand_u16() & 0x7fff;
	new_creds(m);
	/* once for the process; the code under test may have done it */
	(void)srtp_init();
	err = mock_dtls_alloc(&m->dtls, cfg->profiles, on_dtls_send, m);
	if (!err)
		err = open_socket(m);
	if (err)
		mem_deref(m);
	else
		*mp = m;
	return err;
}

void mock_media_serve(struct mock_media *m)
{
	mock_dtls_serve(m->dtls);
}

int mock_media_connect(struct mock_media *m, const struct mock_remote *remote)
{
	struct remote *r = &m->remote;

	str_ncpy(r->ufrag, remote->ufrag, sizeof(r->ufrag));
	str_ncpy(r->pwd, remote->pwd, sizeof(r->pwd));
	str_ncpy(r->fp, remote->fingerprint, sizeof(r->fp));
	r->addr = remote->addr;
	r->set = true;
	m->valid = false;
	m->nominated = false;
	m->silent = false;
	on_check_time(m);
	return 0;
}

void mock_media_restart(struct mock_media *m)
{
	wheel_stop(&m->checks);
	new_creds(m);
}

int mock_media_again(struct mock_media *m, bool serve)
{
	struct mock_dtls *was = m->dtls;
	int err = mock_dtls_again(&m->dtls, was, on_dtls_send, m);

	if (err)
		return err;
	mem_deref(was);
	if (m->tx)
		srtp_dealloc(m->tx);
	if (m->rx)
		srtp_dealloc(m->rx);
	m->tx = m->rx = NULL;
	m->suite = 0;
	m->nheard = 0;
	if (serve)
		mock_dtls_serve(m->dtls);
	return 0;
}

int mock_media_roam(struct mock_media *m)
{
	int err = open_socket(m);

	m->valid = m->nominated = false;
	if (!err && m->remote.set)
		on_check_time(m);
	return err;
}

void mock_media_silence(struct mock_media *m)
{
	m->silent = true;
	wheel_stop(&m->checks);
}

void mock_media_close(struct mock_media *m)
{
	mock_dtls_close(m->dtls);
}

bool mock_media_ready(const struct mock_media *m)
{
	return m->nominated && m->suite;
}

uint16_t mock_media_suite(const struct mock_media *m)
{
	return m->suite;
}

const struct mock_keys *mock_media_keys(const struct mock_media *m)
{
	return m->suite ? &m->keys : NULL;
}

int mock_media_fd(const struct mock_media *m)
{
	return m->fd;
}

const struct sa *mock_media_peer(const struct mock_media *m)
{
	return &m->remote.addr;
}

uint32_t mock_media_video_ssrc(const struct mock_media *m)
{
	return m->ssrc ^ 1;
}

uint32_t mock_media_ssrc(const struct mock_media *m)
{
	return m->ssrc;
}

const char *mock_media_ufrag(const struct mock_media *m)
{
	return m->ufrag;
}

const char *mock_media_pwd(const struct mock_media *m)
{
	return m->pwd;
}

void mock_media_strong(struct mock_media *m)
{
	mock_dtls_strong(m->dtls);
}

const char *mock_media_fingerprint(const struct mock_media *m)
{
	return mock_dtls_fingerprint(m->dtls);
}

const struct sa *mock_media_addr(const struct mock_media *m)
{
	return &m->addr;
}

const struct mock_media_stats *mock_media_stats(const struct mock_media *m)
{
	return &m->stats;
}
