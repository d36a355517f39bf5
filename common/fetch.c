/*
 * fetch.c  HTTP GET and POST behind the loop: libcurl's multi interface
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <curl/curl.h>

#include "common/fetch.h"
#include "common/loop.h"
#include "common/wheel.h"

struct fetcher {
	CURLM *multi;
	struct wheel *wheel;
	struct wheel_timer timer;
	struct list fetches;
	struct list socks;
};

struct fetch {
	struct le le;
	struct fetcher *fetcher;
	CURL *easy;
	struct curl_slist *headers; /* of a POST */
	struct mbuf *body;
	size_t max;
	fetch_h *h;
	void *arg;
};

/* A socket of libcurl's that it wants watched. */
struct sock {
	struct le le;
	struct fetcher *fetcher;
	struct loop_watch *watch;
	curl_socket_t fd;
};

static void fetcher_destructor(void *data)
{
	struct fetcher *fetcher = data;

	wheel_stop(&fetcher->timer);
	if (fetcher->multi)
		curl_multi_cleanup(fetcher->multi);
	list_flush(&fetcher->socks);
}

static void fetch_destructor(void *data)
{
	struct fetch *fetch = data;

	list_unlink(&fetch->le);
	if (fetch->easy) {
		(void)curl_multi_remove_handle(fetch->fetcher->multi,
					       fetch->easy);
		curl_easy_cleanup(fetch->easy);
	}
	curl_slist_free_all(fetch->headers);
	mem_deref(fetch->body);
	mem_deref(fetch->fetcher);
}

static void sock_destructor(void *data)
{
	struct sock *sock = data;

	list_unlink(&sock->le);
	mem_deref(sock->watch);
}

/* --- what is over ------------------------------------------------------------- */

static void over(struct fetch *fetch, CURLcode result)
{
	struct fetch_answer answer = {.why = curl_easy_strerror(result)};
	fetch_h *h = fetch->h;
	long code = 0;

	if (result == CURLE_OK)
		(void)curl_easy_getinfo(fetch->easy, CURLINFO_RESPONSE_CODE,
					&code);
	answer.code = (unsigned)code;
	pl_set_mbuf(&answer.body, fetch->body);
	fetch->h = NULL;
	/* its owner may free it in here */
	if (h)
		h(&answer, fetch->arg);
}

static void look(struct fetcher *fetcher)
{
	struct fetch *fetch;
	CURLMsg *msg;
	int left;

	/* one at a time: the handler may end others */
	while ((msg = curl_multi_info_read(fetcher->multi, &left))) {
		if (msg->msg == CURLMSG_DONE &&
		    !curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE,
				       &fetch))
			over(fetch, msg->data.result);
	}
}

static void act(struct fetcher *fetcher, curl_socket_t fd, int what)
{
	int running;

	mem_ref(fetcher);
	(void)curl_multi_socket_action(fetcher->multi, fd, what, &running);
	look(fetcher);
	mem_deref(fetcher);
}

/* --- what libcurl asks for ------------------------------------------------------ */

static void on_ready(int flags, void *arg)
{
	const struct sock *sock = arg;
	int what = 0;

	if (flags & LOOP_READ)
		what |= CURL_CSELECT_IN;
	if (flags & LOOP_WRITE)
		what |= CURL_CSELECT_OUT;
	if (flags & LOOP_ERROR)
		what |= CURL_CSELECT_ERR;
	act(sock->fetcher, sock->fd, what);
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg,
		     void *known)
{
	struct fetcher *fetcher = arg;
	struct sock *sock = known;
	int flags = 0;
	(void)easy;

	if (what == CURL_POLL_REMOVE) {
		mem_deref(sock);
		return 0;
	}
	if (what & CURL_POLL_IN)
		flags |= LOOP_READ;
	if (what & CURL_POLL_OUT)
		flags |= LOOP_WRITE;
	if (sock)
		return loop_watch_set(sock->watch, flags) ? -1 : 0;

	sock = mem_zalloc(sizeof(*sock), sock_destructor);
	if (!sock)
		return -1;
	sock->fetcher = fetcher;
	sock->fd = fd;
	list_append(&fetcher->socks, &sock->le, sock);
	if (loop_watch_alloc(&sock->watch, fd, flags, on_ready, sock) ||
	    curl_multi_assign(fetcher->multi, fd, sock)) {
		mem_deref(sock);
		return -1;
	}
	return 0;
}

static void on_timer(void *arg)
{
	act(arg, CURL_SOCKET_TIMEOUT, 0);
}

static int on_timeout(CURLM *multi, long ms, void *arg)
{
	struct fetcher *fetcher = arg;
	(void)multi;

	if (ms < 0)
		wheel_stop(&fetcher->timer);
	else
		wheel_start(fetcher->wheel, &fetcher->timer, (uint32_t)ms,
			    on_timer, fetcher);
	return 0;
}

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
	struct fetch *fetch = arg;
	const size_t len = size * count;

	if (fetch->body->end + len > fetch->max)
		return 0; /* an error to libcurl */
	fetch->body->pos = fetch->body->end;
	if (mbuf_write_mem(fetch->body, (uint8_t *)data, len))
		return 0;
	fetch->body->pos = 0;
	return len;
}

/* --- life ------------------------------------------------------------------------ */

int fetcher_alloc(struct fetcher **fetcherp, struct wheel *wheel)
{
	struct fetcher *fetcher =
		mem_zalloc(sizeof(*fetcher), fetcher_destructor);

	if (!fetcher)
		return ENOMEM;
	fetcher->wheel = wheel;
	fetcher->multi = curl_multi_init();
	if (!fetcher->multi) {
		mem_deref(fetcher);
		return ENOMEM;
	}
	curl_multi_setopt(fetcher->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(fetcher->multi, CURLMOPT_SOCKETDATA, fetcher);
	curl_multi_setopt(fetcher->multi, CURLMOPT_TIMERFUNCTION, on_timeout);
	curl_multi_setopt(fetcher->multi, CURLMOPT_TIMERDATA, fetcher);
	*fetcherp = fetcher;
	return 0;
}

static bool options_set(struct fetch *fetch, const char *url)
{
	CURL *easy = fetch->easy;

	/* QUICK_EXIT: at the end nobody waits for the thread that asks for
	 * the name, however long its server is silent */
	return !curl_easy_setopt(easy, CURLOPT_URL, url) &&
	       !curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L) &&
	       !curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") &&
	       !curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) &&
	       !curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS,
				 (long)FETCH_TIMEOUT_MS) &&
	       !curl_easy_setopt(easy, CURLOPT_USERAGENT, "cordboard") &&
	       !curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body) &&
	       !curl_easy_setopt(easy, CURLOPT_WRITEDATA, fetch) &&
	       !curl_easy_setopt(easy, CURLOPT_PRIVATE, fetch);
}

static int header_add(struct fetch *fetch, const struct fetch_header *header)
{
	struct curl_slist *list;
	char *line;
	int err = re_sdprintf(&line, "%s: %s", header->name, header->value);

	if (err)
		return err;
	list = curl_slist_append(fetch->headers, line);
	mem_deref(line);
	if (!list)
		return ENOMEM;
	fetch->headers = list;
	return 0;
}

static int body_set(struct fetch *fetch, const struct fetch_body *body)
{
	int err = 0;

	for (size_t i = 0; !err && i < body->nheaders; i++)
		err = header_add(fetch, &body->headers[i]);
	if (err ||
	    curl_easy_setopt(fetch->easy, CURLOPT_POSTFIELDSIZE,
			     (long)body->data.l) ||
	    curl_easy_setopt(fetch->easy, CURLOPT_COPYPOSTFIELDS,
			     body->data.p) ||
	    curl_easy_setopt(fetch->easy, CURLOPT_HTTPHEADER, fetch->headers))
		return ENOMEM;
	return 0;
}

static struct fetch *fetch_new(struct fetcher *fetcher, const char *url,
			       size_t max)
{
	struct fetch *fetch = mem_zalloc(sizeof(*fetch), fetch_destructor);

	if (!fetch)
		return NULL;
	fetch->fetcher = mem_ref(fetcher);
	fetch->max     = max;
	fetch->body    = mbuf_alloc(4096);
	fetch->easy    = curl_easy_init();
	if (!fetch->body || !fetch->easy || !options_set(fetch, url))
		fetch = mem_deref(fetch);
	return fetch;
}

static int fetch_go(struct fetch **fetchp, struct fetch *fetch, fetch_h *h,
		    void *arg)
{
	struct fetcher *fetcher = fetch->fetcher;

	fetch->h   = h;
	fetch->arg = arg;
	list_append(&fetcher->fetches, &fetch->le, fetch);
	if (curl_multi_add_handle(fetcher->multi, fetch->easy)) {
		mem_deref(fetch);
		return EIO;
	}
	*fetchp = fetch;
	return 0;
}

int fetch_get(struct fetch **fetchp, struct fetcher *fetcher, const char *url,
	      size_t max, fetch_h *h, void *arg)
{
	struct fetch *fetch = fetch_new(fetcher, url, max);

	return fetch ? fetch_go(fetchp, fetch, h, arg) : ENOMEM;
}

int fetch_post(struct fetch **fetchp, struct fetcher *fetcher, const char *url,
	       const struct fetch_body *body, size_t max, fetch_h *h, void *arg)
{
	struct fetch *fetch = fetch_new(fetcher, url, max);

	if (!fetch)
		return ENOMEM;
	if (body_set(fetch, body)) {
		mem_deref(fetch);
		return ENOMEM;
	}
	return fetch_go(fetchp, fetch, h, arg);
}
