/*
 * fetch_now.c  One HTTP request that is waited for
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <curl/curl.h>

#include "common/fetch_now.h"

enum { TOKEN_MAX = 9000 };

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
	struct mbuf *body = arg;
	const size_t len = size * count;

	if (body->end + len > FETCH_NOW_MAX ||
	    mbuf_write_mem(body, (uint8_t *)data, len))
		return 0; /* an error to libcurl */
	return len;
}

static int headers_make(struct curl_slist **listp,
			const struct fetch_now_ask *ask)
{
	struct curl_slist *list = NULL, *more;
	char *text = mem_zalloc(TOKEN_MAX, NULL);
	int err = text ? 0 : ENOMEM;

	if (!err && ask->token &&
	    re_snprintf(text, TOKEN_MAX, "Authorization: Bearer %s",
			ask->token) < 0)
		err = EOVERFLOW;
	if (!err && ask->token) {
		list = curl_slist_append(NULL, text);
		err = list ? 0 : ENOMEM;
	}
	if (!err && ask->body) {
		more = curl_slist_append(list,
					 "Content-Type: application/json");
		err = more ? 0 : ENOMEM;
		list = more ? more : list;
	}
	mem_deref(text);
	*listp = list;
	return err;
}

static void setup(CURL *easy, const struct fetch_now_ask *ask,
		  struct curl_slist *headers, struct fetch_now_answer *answer)
{
	(void)curl_easy_setopt(easy, CURLOPT_URL, ask->url);
	/* a name may be "." or ".."; it is no way up (RFC 3986, 5.2.4) */
	(void)curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, ask->method);
	(void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	(void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
	(void)curl_easy_setopt(easy, CURLOPT_TIMEOUT,
			       (long)FETCH_NOW_TIMEOUT_S);
	(void)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT,
			       (long)FETCH_NOW_CONNECT_S);
	(void)curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, answer->why);
	(void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	(void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, answer->body);
	if (ask->ca)
		(void)curl_easy_setopt(easy, CURLOPT_CAINFO, ask->ca);
	if (ask->body)
		(void)curl_easy_setopt(easy, CURLOPT_POSTFIELDS, ask->body);
}

int fetch_now(struct fetch_now_answer *answer, const struct fetch_now_ask *ask)
{
	struct curl_slist *headers = NULL;
	CURL *easy = NULL;
	CURLcode code;
	curl_off_t retry_s = 0;
	long http = 0;
	int err;

	*answer = (struct fetch_now_answer){.body = mbuf_alloc(4096)};
	err = answer->body ? headers_make(&headers, ask) : ENOMEM;
	if (!err)
		easy = curl_easy_init();
	if (easy) {
		setup(easy, ask, headers, answer);
		code = curl_easy_perform(easy);
		(void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &http);
		(void)curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &retry_s);
		if (code && !answer->why[0])
			str_ncpy(answer->why, curl_easy_strerror(code),
				 sizeof(answer->why));
		err = code ? EIO : mbuf_write_u8(answer->body, 0);
		answer->code = code ? 0 : (unsigned)http;
		answer->retry_s = retry_s > 0 ? (uint32_t)retry_s : 0;
		curl_easy_cleanup(easy);
	} else if (!err) {
		err = ENOMEM;
	}
	curl_slist_free_all(headers);
	return err;
}
