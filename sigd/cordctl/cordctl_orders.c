/*
 * cordctl_orders.c  What connections and devices of a running Cordboard are told
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include "common/countof.h"
#include "common/jsonr.h"
#include "common/jsonw.h"
#include "sigd/cordctl/cordctl_api.h"

/* An order for what has half a name is none. */
static bool fits(int printed)
{
	if (printed < 0)
		fputs("cordctl: a name is too long\n", stderr);
	return printed >= 0;
}

/* --- connections ------------------------------------------------------------------- */

/* "/v1/connections/T/NAME", with what is behind it. */
static bool connection_path(char path[CORDCTL_URL_MAX],
			    const struct cordctl_remote *remote,
			    const char *rest)
{
	if (!remote->tenant || !remote->connection) {
		fputs("cordctl: --tenant and --connection are needed\n",
		      stderr);
		return false;
	}
	return fits(re_snprintf(path, CORDCTL_URL_MAX,
				"/v1/connections/%H/%H%s", cordctl_escape,
				remote->tenant, cordctl_escape,
				remote->connection, rest));
}

static int force_write(struct mbuf *body, const struct cordctl_remote *remote)
{
	struct jsonw json;

	jsonw_init(&json, body);
	jsonw_object(&json, NULL);
	jsonw_str(&json, "state", remote->word[0]);
	if (remote->filter.reason)
		jsonw_str(&json, "reason", remote->filter.reason);
	if (remote->how.by)
		jsonw_str(&json, "by", remote->how.by);
	jsonw_end(&json);
	return jsonw_done(&json) ? ENOMEM : mbuf_write_u8(body, 0);
}

int cordctl_remote_force(const struct cordctl_remote *remote)
{
	char path[CORDCTL_URL_MAX];
	struct mbuf *body;
	int code = CORDCTL_SYSTEM;

	if (remote->nwords != 1) {
		fputs("cordctl: force needs up, down, drain or auto\n", stderr);
		return CORDCTL_USAGE;
	}
	if (!connection_path(path, remote, ""))
		return CORDCTL_USAGE;
	body = mbuf_alloc(256);
	if (body && !force_write(body, remote))
		code = cordctl_do(remote, "PATCH", path,
				  (const char *)body->buf, &cordctl_connection);
	mem_deref(body);
	return code;
}

static void register_cells(char cells[][CORDCTL_CELL_MAX],
			   const struct jsonr_val *conn)
{
	(void)cordctl_text(cells[0], conn, "tenant");
	(void)cordctl_text(cells[1], conn, "name");
}

/* It is told; what comes of it, `connections` and `log` say. */
int cordctl_remote_register(const struct cordctl_remote *remote)
{
	static const char *const heads[] = {"TENANT", "REGISTERS ANEW"};
	static const struct cordctl_form form = {NULL, heads, COUNTOF(heads),
						 register_cells};
	char path[CORDCTL_URL_MAX];

	if (!connection_path(path, remote, "/register"))
		return CORDCTL_USAGE;
	return cordctl_do(remote, "POST", path, NULL, &form);
}

/* --- devices ------------------------------------------------------------------------- */

static void device_cells(char cells[][CORDCTL_CELL_MAX],
			 const struct jsonr_val *device)
{
	(void)cordctl_text(cells[0], device, "unregistered");
	(void)cordctl_text(cells[1], device, "disconnected");
	(void)cordctl_text(cells[2], device, "flow");
	(void)cordctl_text(cells[3], device, "device");
}

static const char *const device_heads[] = {"UNREGISTERED", "DISCONNECTED",
					   "FLOW", "DEVICE"};
static const struct cordctl_form devices = {"devices", device_heads,
					    COUNTOF(device_heads),
					    device_cells};

/* "/v1/registrations/T/U", with a device when one is given. */
static bool user_path(char path[CORDCTL_URL_MAX],
		      const struct cordctl_remote *remote, const char *rest)
{
	return fits(re_snprintf(path, CORDCTL_URL_MAX,
				"/v1/registrations/%H/%H%s%H%s", cordctl_escape,
				remote->tenant, cordctl_escape, remote->user,
				remote->device ? "/" : "", cordctl_escape,
				remote->device ? remote->device : "", rest));
}

int cordctl_remote_unregister(const struct cordctl_remote *remote)
{
	char path[CORDCTL_URL_MAX];

	if (!remote->tenant || !remote->user) {
		fputs("cordctl: --tenant and --user are needed\n", stderr);
		return CORDCTL_USAGE;
	}
	if (!user_path(path, remote, ""))
		return CORDCTL_USAGE;
	cordctl_query(path, "disconnect", remote->how.disconnect ? "1" : NULL);
	return cordctl_do(remote, "DELETE", path, NULL, &devices);
}

int cordctl_remote_disconnect(const struct cordctl_remote *remote)
{
	char path[CORDCTL_URL_MAX];

	if (!remote->tenant || !remote->user || !remote->device) {
		fputs("cordctl: --tenant, --user and --device are needed\n",
		      stderr);
		return CORDCTL_USAGE;
	}
	if (!user_path(path, remote, "/disconnect"))
		return CORDCTL_USAGE;
	return cordctl_do(remote, "POST", path, NULL, &devices);
}
