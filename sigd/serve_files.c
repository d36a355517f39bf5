/*
 * serve_files.c  What sigd.yaml names: loaded and checked, all errors told
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <re.h>

#include "common/admin_pem.h"
#include "common/keyring.h"
#include "common/log.h"
#include "common/node.h"
#include "routing/route.h"
#include "sigd/table/routes_fresh.h"
#include "sigd/serve.h"
#include "sigd/transport/certs.h"
#include "sigd/transport/transport.h"

enum {
	DAY_S = 86400,
	SOON_DAYS = 14
};

/* A line each: one value would be cut. */
static void errors_log(const char *what, const struct cfg_errors *errs)
{
	char *text = NULL, *rest = NULL;

	if (errs)
		(void)re_sdprintf(&text, "%H", cfg_errors_print, errs);
	for (char *line = text ? strtok_r(text, "\n", &rest) : NULL; line;
	     line = strtok_r(NULL, "\n", &rest))
		log_error(NULL, what, "why=%s", line);
	mem_deref(text);
}

static int cfg_again(struct sigd_cfg **cfgp, const struct sigd_cfg *cfg)
{
	struct cfg_errors *errs = NULL;
	int err = cfg_errors_alloc(&errs);

	if (!err)
		err = sigd_cfg_load(cfgp, cfg->path, errs);
	if (err)
		errors_log("the configuration cannot be used", errs);
	mem_deref(errs);
	return err;
}

static int keys_load(struct keyring **ringp, const struct sigd_cfg *cfg)
{
	char why[256] = "";
	int err = keyring_load(ringp, cfg->keys, why, sizeof(why));

	if (err)
		log_error(NULL, "the key file cannot be used",
			  "file=%s why=%s", cfg->keys, why);
	return err;
}

static void on_bad_certificate(const char *why, void *arg)
{
	const bool *earlier = arg;

	log_error(NULL,
		  *earlier ? "a certificate stays as it was"
			   : "a certificate cannot be used",
		  "why=%s", why);
}

/* Told when it is loaded; for the days between there is a metric. */
static void expiry_say(const struct certs *certs)
{
	const char *file = NULL;
	int64_t days, at = certs_expiry(certs, &file);

	if (!at)
		return;
	days = (at - (int64_t)time(NULL)) / DAY_S;
	if (days < SOON_DAYS)
		log_warn(NULL, "a certificate expires soon, or has",
			 "file=%s days=%lld", file, (long long)days);
}

/* Those of the listeners are the ones that sockets were opened for; those by
 * domain are as sigd.yaml is now. */
static int certs_all(struct certs **certsp, const struct sigd_cfg *cfg,
		     const struct sigd_tls_cfg *tls, struct certs *earlier)
{
	size_t n = 0, max = tls->ncertificates + cfg->nlisteners;
	bool had = earlier != NULL;
	struct certs_pair *pairs = mem_zalloc((max + 1) * sizeof(*pairs), NULL);
	int err;

	if (!pairs)
		return ENOMEM;

	for (uint32_t i = 0; i < tls->ncertificates; i++) {
		const struct sigd_certificate_cfg *c = &tls->certificates[i];

		pairs[n++] = (struct certs_pair){c->certificate, c->key,
						 c->domains, c->ndomains};
	}
	for (uint32_t i = 0; i < cfg->nlisteners; i++) {
		const struct sigd_listener_cfg *l = &cfg->listeners[i];

		if (l->certificate)
			pairs[n++] = (struct certs_pair){
				.cert = l->certificate, .key = l->key};
	}
	err = certs_load(certsp, pairs, n, earlier, on_bad_certificate, &had);
	mem_deref(pairs);
	return err;
}

/* Pages: a worker that finds them broken would end. */
static int listeners_check(const struct sigd_cfg *cfg)
{
	char why[256];
	int err = 0;

	for (uint32_t i = 0; i < cfg->nlisteners; i++) {
		const struct sigd_listener_cfg *l = &cfg->listeners[i];
		const struct transport_listener listener = {
			.kind = (enum flow_kind)l->kind,
			.web_root = l->web_root,
		};

		if (!transport_check(&listener, why, sizeof(why)))
			continue;
		log_error(NULL, "a listener cannot serve",
			  "listener=%s why=%s", l->name, why);
		err = EINVAL;
	}
	return err;
}

static int tunnel_check(const struct sigd_cfg *cfg)
{
	const struct sigd_tunnel_cfg *tunnel = cfg->tunnel;
	char node[NODE_NAME_MAX + 1], why[256] = "";
	struct tube_tls_cfg tls;

	if (!tunnel)
		return 0;

	if (cfg->node)
		str_ncpy(node, cfg->node, sizeof(node));
	else
		node_name_default(node);
	sigd_tunnel_tls(&tls, tunnel);
	if (!tube_tls_check(&tls, node, why, sizeof(why)))
		return 0;
	log_error(NULL, "the tunnel cannot serve", "why=%s", why);
	return EINVAL;
}

void sigd_tunnel_tls(struct tube_tls_cfg *tls,
		     const struct sigd_tunnel_cfg *tunnel)
{
	*tls = (struct tube_tls_cfg){.fd = -1,
				     .cert = tunnel->certificate,
				     .key = tunnel->key,
				     .ca = tunnel->ca};
}

/* The admin process keeps what it has when it is broken later. */
static int admin_check(const struct sigd_cfg *cfg)
{
	struct admin_pem pem;
	char why[256] = "";

	if (admin_pem_load(&pem, &cfg->admin, why, sizeof(why))) {
		log_error(NULL, "the admin process cannot serve", "why=%s",
			  why);
		return EINVAL;
	}
	admin_pem_drop(&pem);
	return 0;
}

/* fresh NULL: without the table. */
static int load_all(struct sigd_files *files, const struct sigd_cfg *cfg,
		    struct routes_fresh *fresh)
{
	struct sigd_files now = {.ring = NULL};
	int err = keys_load(&now.ring, cfg);

	/* all of them, so that all errors are told at once */
	if (fresh) {
		routes_fresh_log(fresh);
		err |= fresh->err;
	}
	err |= cfg_again(&now.cfg, cfg);
	err |= certs_all(&now.certs, cfg, now.cfg ? &now.cfg->tls : &cfg->tls,
			 files->certs);
	err |= listeners_check(cfg);
	err |= tunnel_check(cfg);
	if (!files->certs)
		err |= admin_check(cfg);
	if (err) {
		sigd_files_drop(&now);
		return EINVAL;
	}
	expiry_say(now.certs);
	now.routes = fresh ? mem_ref(fresh->table) : NULL;
	sigd_files_drop(files);
	*files = now;
	return 0;
}

int sigd_files_load(struct sigd_files *files, const struct sigd_cfg *cfg)
{
	struct routes_fresh fresh;
	int err;

	routes_fresh_load(&fresh, cfg->routing, true);
	err = load_all(files, cfg, &fresh);
	routes_fresh_drop(&fresh);
	return err;
}

int sigd_files_take(struct sigd_files *files, const struct sigd_cfg *cfg,
		    struct routes_fresh *fresh)
{
	return load_all(files, cfg, fresh);
}

int sigd_files_rest(struct sigd_files *files, const struct sigd_cfg *cfg)
{
	return load_all(files, cfg, NULL);
}

void sigd_files_drop(struct sigd_files *files)
{
	files->ring   = mem_deref(files->ring);
	files->routes = mem_deref(files->routes);
	files->certs  = mem_deref(files->certs);
	files->cfg    = mem_deref(files->cfg);
}
