/*
 * serve_reload.c  Keys, tables and certificates anew, and none of it stops the
 *                 loop
 *
 * SPDX-License-Identifier: MIT
 */
#include <time.h>
#include <re.h>

#include "common/control/ctl_client.h"
#include "common/control/ctl_event.h"
#include "common/log.h"
#include "common/publish.h"
#include "routing/route.h"
#include "sigd/proxy/proxy.h"
#include "sigd/table/routes_fresh.h"
#include "sigd/table/routes_loader.h"
#include "sigd/serve_priv.h"
#include "sigd/transport/transport.h"
#include "sigd/upstream/upstream.h"

static void tunnel_renew(struct sigd *sigd)
{
	char why[256] = "";

	if (transport_renew(sigd->transport, why, sizeof(why)))
		log_error(NULL, "the tunnel's certificate stays as it was",
			  "why=%s", why);
}

void sigd_routes_tell(struct sigd *sigd)
{
	char text[PUBLISH_TEXT_MAX + 1];
	struct timespec ts;

	sigd_node_files(sigd);
	clock_gettime(CLOCK_REALTIME, &ts);
	re_snprintf(text, sizeof(text), "%s %llu",
		    route_table_version(sigd->files.routes),
		    (uint64_t)ts.tv_sec * 1000 +
			    (uint64_t)ts.tv_nsec / 1000000);
	publish_text(sigd->publish, "routes", text);
}

static void files_take(struct sigd *sigd, struct sigd_files *now)
{
	if (sigd->proxy) {
		proxy_keyring_set(sigd->proxy, now->ring);
		proxy_routes_set(sigd->proxy, now->routes);
		if (sigd->upstream)
			upstream_reload(sigd->upstream);
		ctl_client_keys(sigd->ctl, now->ring);
		ctl_listener_keys(sigd->listener, now->ring);
	}
	/* calls that are being set up have it still */
	routes_loader_retire(sigd->loader, sigd->files.routes);
	sigd->files.routes = NULL;
	sigd_files_drop(&sigd->files);
	sigd->files = *now;
	*now = (struct sigd_files){.ring = NULL};
	if (sigd->transport)
		transport_tls_set(sigd->transport, sigd->files.certs,
				  sigd->files.ring);
	sigd_routes_tell(sigd);
	log_info(NULL, "keys, tables and peers loaded anew", "version=%s",
		 route_table_version(sigd->files.routes));
}

void sigd_on_routes(struct routes_fresh *fresh, void *arg)
{
	struct sigd *sigd = arg;

	routes_fresh_log(fresh);
	if (fresh->err) {
		sigd_files_drop(&sigd->next);
		return;
	}
	sigd->next.routes = fresh->table;
	fresh->table = NULL;
	files_take(sigd, &sigd->next);
}

bool sigd_reloading(const struct sigd *sigd)
{
	return sigd->next.ring != NULL;
}

void sigd_reload(struct sigd *sigd)
{
	if (sigd->transport)
		tunnel_renew(sigd);
	sigd_files_drop(&sigd->next);
	sigd->next.certs = mem_ref(sigd->files.certs);
	if (sigd_files_rest(&sigd->next, sigd->cfg)) {
		sigd_files_drop(&sigd->next);
		routes_loader_cancel(sigd->loader);
	} else if (routes_loader_start(sigd->loader)) {
		sigd_files_drop(&sigd->next);
		log_error(NULL, "tables cannot be loaded now", NULL);
	}
}
