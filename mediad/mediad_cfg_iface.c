/*
 * mediad_cfg_iface.c  conf/mediad.yaml: do the interfaces fit each other?
 *
 * SPDX-License-Identifier: MIT
 */
#include "mediad/mediad_cfg_priv.h"

static bool is_any(const struct sa *addr)
{
	return !sa_isset(addr, SA_ADDR);
}

struct span {
	unsigned first, last; /* 0: none */
};

static struct span browser_span(const struct mediad_iface *iface,
				unsigned workers)
{
	unsigned base = iface->browsers ? iface->browser_port_base : 0;

	return (struct span){base, base ? base + workers - 1 : 0};
}

static struct span rtp_span(const struct mediad_iface *iface)
{
	if (!iface->nrtp_ports)
		return (struct span){0};
	return (struct span){iface->rtp_ports[0], iface->rtp_ports[1]};
}

static bool spans_meet(struct span a, struct span b)
{
	return a.first && b.first && a.first <= b.last && b.first <= a.last;
}

/* Would the two listen on a port of the same address? */
static bool overlap(const struct mediad_iface *a, const struct mediad_iface *b,
		    unsigned workers)
{
	const struct span sa[] = {browser_span(a, workers), rtp_span(a)};
	const struct span sb[] = {browser_span(b, workers), rtp_span(b)};
	bool meet = false;

	for (size_t i = 0; i < 4; i++)
		meet |= spans_meet(sa[i / 2], sb[i % 2]);

	/* TCP has ports of its own */
	meet |= a->browser_tcp_port &&
		a->browser_tcp_port == b->browser_tcp_port;

	return meet && sa_af(&a->bind) == sa_af(&b->bind) &&
	       (is_any(&a->bind) || is_any(&b->bind) ||
		sa_cmp(&a->bind, &b->bind, SA_ADDR));
}

static void rtp_ports_check(const struct mediad_cfg *cfg,
			    const struct mediad_iface *iface,
			    struct cfg_errors *errs)
{
	struct span rtp = rtp_span(iface);

	if (!rtp.first)
		return;
	if (rtp.last < ((rtp.first + 1) & ~1u) + 2u * cfg->workers - 1)
		cfg_errors_add(errs, &iface->pos,
			       "%s: rtp_ports has no pair of ports for each of "
			       "%u workers",
			       iface->name, cfg->workers);
	if (spans_meet(rtp, browser_span(iface, cfg->workers)))
		cfg_errors_add(errs, &iface->pos,
			       "%s: rtp_ports holds those for browsers",
			       iface->name);
}

void mediad_iface_finish(struct mediad_cfg *cfg, size_t i,
			 struct cfg_errors *errs)
{
	struct mediad_iface *iface = &cfg->ifaces[i];

	if (sa_port(&iface->bind) || sa_port(&iface->advertise))
		cfg_errors_add(errs, &iface->pos,
			       "%s: ports come from browser_port_base",
			       iface->name);
	if (sa_af(&iface->advertise) == AF_UNSPEC)
		iface->advertise = iface->bind;
	if (is_any(&iface->advertise))
		cfg_errors_add(errs, &iface->pos,
			       "%s: advertise is needed, because bind is no "
			       "single address",
			       iface->name);
	if (iface->browser_port_base + cfg->workers - 1 > 65535)
		cfg_errors_add(errs, &iface->pos,
			       "%s: browser_port_base leaves no ports for %u "
			       "workers",
			       iface->name, cfg->workers);
	rtp_ports_check(cfg, iface, errs);
	if (!iface->browsers && !iface->nrtp_ports)
		cfg_errors_add(errs, &iface->pos,
			       "%s: serves neither browsers nor, without "
			       "rtp_ports, PBXs",
			       iface->name);

	for (size_t k = 0; k < i; k++) {
		if (overlap(iface, &cfg->ifaces[k], cfg->workers))
			cfg_errors_add(errs, &iface->pos,
				       "%s: its ports are those of \"%s\"",
				       iface->name, cfg->ifaces[k].name);
	}
}
