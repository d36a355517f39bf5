/*
 * invite_devices.c  The devices of a user who is called: in their order, one
 *                   flow of each at a time
 *
 * RFC 3261 16.6 and 16.7: those of the highest q ring together; when none of
 * them answers, the next ones do. RFC 5626 5.3 and 7.1: a device that is
 * registered over several flows is one device, and gets one INVITE; over
 * another flow when the first one has failed.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "common/log.h"
#include "sigd/proxy/invite/invite_priv.h"

struct invite_devices {
	unsigned n;
	unsigned breadth;                   /* to be shared out in a group */
	uint32_t ring_ms;
	bool all;                           /* whatever their q */
	bool rung[REGISTRAR_BINDINGS_MAX];  /* a flow of its device was tried */
	bool used[REGISTRAR_BINDINGS_MAX];  /* this one was */
	struct binding list[];
};

static bool is_over(const struct binding *binding, const struct flow_id *at)
{
	struct flow_id flow;

	if (flow_id_unpack(&flow, binding->flow, binding->flow_len))
		return false;
	/* over UDP an address is the flow, whichever worker heard it */
	if (flow.kind == FLOW_UDP && at->kind == FLOW_UDP)
		return sa_cmp(&flow.remote, &at->remote, SA_ALL);
	return flow_id_equal(&flow, at);
}

/* Who calls does not ring: it would get its own call, and calls itself busy
 * at best. */
static bool is_caller(const struct invite *inv, const struct binding *binding)
{
	return is_over(binding, &inv->caller);
}

static bool is_meant(const struct invite *inv, const struct binding *binding)
{
	/* the one whose dialog it is, and it may be in a call with itself */
	if (inv->hunt.replaced.call[0])
		return is_over(binding, &inv->hunt.replaced.flow);
	/* a PBX has called one of them alone */
	if (inv->hunt.device && binding->device != inv->hunt.device)
		return false;
	return !is_caller(inv, binding);
}

static struct invite_devices *devices_new(struct invite *inv,
					  const struct registrar_list *list)
{
	const struct route_devices *cfg;
	const struct route_tenant *tenant = invite_callee_tenant(inv);
	struct invite_devices *devices;

	devices = mem_zalloc(sizeof(*devices) +
			     list->n * sizeof(devices->list[0]), NULL);
	if (!devices)
		return NULL;
	cfg = tenant ? &tenant->devices : NULL;
	devices->all = cfg && cfg->ring == ROUTE_RING_ALL;
	devices->ring_ms = cfg ? cfg->ring_ms : 0;
	devices->breadth = inv->hunt.breadth;
	for (size_t i = 0; i < list->n; i++) {
		if (is_meant(inv, &list->bindings[i]))
			devices->list[devices->n++] = list->bindings[i];
	}
	return devices;
}

/* Its best flow: that of the highest q, of these the one refreshed last. */
static bool is_best_flow(const struct invite_devices *devices, unsigned nr)
{
	const struct binding *me = &devices->list[nr];

	for (unsigned i = 0; i < devices->n; i++) {
		const struct binding *b = &devices->list[i];

		if (i == nr || devices->used[i] || b->device != me->device)
			continue;
		if (b->q > me->q || (b->q == me->q && b->ends_ms > me->ends_ms))
			return false;
		if (b->q == me->q && b->ends_ms == me->ends_ms && i < nr)
			return false;
	}
	return true;
}

/* The numbers of those that are to ring now; best q of what is left. */
static unsigned group(unsigned to[INVITE_BRANCHES_MAX],
		      const struct invite_devices *devices)
{
	unsigned n = 0;
	int q = -1;

	/* the list is sorted, best q first */
	for (unsigned i = 0; i < devices->n && n < INVITE_BRANCHES_MAX; i++) {
		const struct binding *b = &devices->list[i];

		if (devices->rung[i] || !is_best_flow(devices, i) ||
		    n >= devices->breadth)
			continue;
		if (q >= 0 && b->q != q && !devices->all)
			break;
		q = b->q;
		to[n++] = i;
	}
	return n;
}

static void device_rings(struct invite_devices *devices, unsigned nr)
{
	devices->used[nr] = true;
	for (unsigned i = 0; i < devices->n; i++)
		devices->rung[i] |= devices->list[i].device ==
				    devices->list[nr].device;
}

bool invite_devices_next(struct invite *inv)
{
	struct invite_devices *devices = inv->hunt.devices;
	unsigned to[INVITE_BRANCHES_MAX], n, started = 0;

	if (!devices)
		return false;
	/* of a group that cannot be asked the next one is */
	do {
		n = group(to, devices);
		inv->hunt.breadth = n ? devices->breadth / n : 0;
		for (unsigned i = 0; i < n; i++) {
			device_rings(devices, to[i]);
			started += !branch_start_device(
				inv, &devices->list[to[i]]);
		}
	} while (n && !started);
	return started > 0;
}

bool invite_devices_begin(struct invite *inv, const struct registrar_list *list)
{
	inv->hunt.devices = mem_deref(inv->hunt.devices);
	inv->hunt.devices = devices_new(inv, list);
	return inv->hunt.devices && inv->hunt.devices->n;
}

void invite_devices_spare(struct invite *inv, const struct branch *gone)
{
	struct invite_devices *devices = inv->hunt.devices;

	if (!devices || inv->over || inv->winner)
		return;
	for (unsigned i = 0; i < devices->n; i++) {
		const struct binding *b = &devices->list[i];

		if (devices->used[i] || b->device != gone->to.device ||
		    !is_best_flow(devices, i))
			continue;
		devices->used[i] = true;
		log_info(inv->rec.call, "another flow of the device", "uri=%s",
			 b->contact);
		if (!branch_start_device(inv, b))
			return;
		i = (unsigned)-1; /* the next best one */
	}
}

uint32_t invite_devices_ring_ms(const struct invite *inv)
{
	const struct invite_devices *devices = inv->hunt.devices;
	unsigned to[INVITE_BRANCHES_MAX];

	return devices && group(to, devices) ? devices->ring_ms : 0;
}
