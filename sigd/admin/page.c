/*
 * page.c  The dashboard, as the admin process serves it
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>

#include "common/countof.h"
#include "sigd/admin/page.h"
#include "sigd/admin/rest.h"
#include "sigd/transport/web_files.h"

/* What others put into the page, a caller's name, is text: nothing that it
 * could become would be run. */
static const char policy[] =
	"default-src 'none'; script-src 'self'; style-src 'self'; "
	"img-src 'self' data:; connect-src 'self'; base-uri 'none'; "
	"form-action 'none'; frame-ancestors 'none'; "
	"require-trusted-types-for 'script'; trusted-types 'none'";

void page_redirect(const struct admin_req *req, struct admin_resp *resp,
		   void *arg)
{
	(void)req;
	(void)arg;
	resp->status = 308;
	admin_resp_header(resp, "Location", "/dashboard/");
}

void page_handle(const struct admin_req *req, struct admin_resp *resp,
		 void *arg)
{
	const struct rest_root *root = admin_arg(arg);
	const char *name = admin_req_param(req, "file");
	const struct web_file *file;
	char path[128];

	if (re_snprintf(path, sizeof(path), "/%s", name ? name : "") < 0)
		path[0] = '\0';
	file = web_files_find(root->page, path);
	if (!file) {
		admin_resp_problem(resp, 404,
				   root->page ? NULL
					      : "No dashboard is configured: "
						"admin.dashboard.");
		return;
	}
	resp->type = file->type;
	admin_resp_header(resp, "Content-Security-Policy", policy);
	admin_resp_header(resp, "Referrer-Policy", "no-referrer");
	admin_resp_header(resp, "Cross-Origin-Opener-Policy", "same-origin");
	admin_resp_header(resp, "Cross-Origin-Resource-Policy", "same-origin");
	admin_resp_header(resp, "Permissions-Policy",
			  "microphone=(), camera=(), geolocation=()");
	if (mbuf_write_mem(resp->mb, file->data, file->len))
		admin_resp_problem(resp, 500, NULL);
}
