/*
 * media_hosts.c  Where browsers reach a worker, and what serves them there
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <re.h>

#include "common/log.h"
#include "common/worker.h"
#include "mediad/media_hosts.h"
#include "mediad/mediad_cfg.h"
#include "mediad/transport/pass.h"

/* The address to show: that of the interface, with the port that is bound. */
static int host_of(struct sa *host, const struct worker_sock *sock)
{
	const struct mediad_iface *iface = sock->cfg;
	struct sockaddr_storage addr;
	socklen_t len = sizeof(addr);
	struct sa bound;
	int err;

	if (getsockname(sock->fd, (struct sockaddr *)&addr, &len))
		return errno;
	err = sa_set_sa(&bound, (struct sockaddr *)&addr);
	if (err)
		return err;
	*host = iface->advertise;
	sa_set_port(host, sa_port(&bound));
	return 0;
}

static int udp_add(struct media_hosts *hosts, const struct worker_sock *sock)
{
	uint8_t nr;
	int err = mux_add(hosts->mux, sock->fd, &nr);

	return err ? err : host_of(&hosts->udp[hosts->nudp++], sock);
}

static void on_passed(int fd, const struct pass_msg *msg, void *arg)
{
	struct media_hosts *hosts = arg;

	if (!mux_adopt(hosts->mux, fd, msg))
		close(fd);
}

static int pass_make(struct media_hosts *hosts)
{
	const struct pass_params params = {
		.dir = hosts->cfg->state_dir,
		.node = hosts->worker->node,
		.slot = hosts->worker->slot,
		.recvh = on_passed,
		.arg = hosts,
	};
	int err;

	if (hosts->pass || hosts->cfg->workers == 1)
		return 0;
	err = pass_alloc(&hosts->pass, &params);
	if (err)
		log_error(NULL, "no socket for connections of other workers",
			  "folder=%s why=%s", hosts->cfg->state_dir,
			  strerror(err));
	return err;
}

static int tcp_add(struct media_hosts *hosts, const struct worker_sock *sock)
{
	struct mux_tcp tcp = {.fd = sock->fd,
			      .max = hosts->cfg->limits.sessions,
			      .wheel = hosts->worker->wheel};
	uint8_t nr;
	int err = pass_make(hosts);

	tcp.pass = hosts->pass;
	if (!err)
		err = mux_add_tcp(hosts->mux, &tcp, &nr);
	return err ? err : host_of(&hosts->tcp[hosts->ntcp++], sock);
}

static bool is_stream(int fd)
{
	int type = 0;
	socklen_t len = sizeof(type);

	return !getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) &&
	       type == SOCK_STREAM;
}

static int host_add(struct media_hosts *hosts, const struct worker_sock *sock)
{
	const struct mediad_iface *iface = sock->cfg;
	bool tcp = is_stream(sock->fd);
	const struct sa *host = tcp ? &hosts->tcp[hosts->ntcp]
				    : &hosts->udp[hosts->nudp];
	int err = tcp ? tcp_add(hosts, sock) : udp_add(hosts, sock);
	char text[80];

	if (err)
		return err;
	re_snprintf(text, sizeof(text), "%J", host);
	log_info(NULL, "interface", "name=%s addr=%s transport=%s",
		 iface->name, text, tcp ? "tcp" : "udp");
	return 0;
}

static void destructor(void *arg)
{
	struct media_hosts *hosts = arg;

	mem_deref(hosts->pass);
}

int media_hosts_alloc(struct media_hosts **hostsp, const struct worker *worker,
		      const struct mediad_cfg *cfg, struct mux *mux)
{
	struct media_hosts *hosts = mem_zalloc(sizeof(*hosts), destructor);
	int err = 0;

	if (!hosts)
		return ENOMEM;
	hosts->worker = worker;
	hosts->cfg = cfg;
	hosts->mux = mux;
	for (size_t i = 0; i < worker->nsocks && !err; i++)
		err = host_add(hosts, &worker->socks[i]);
	if (err)
		mem_deref(hosts);
	else
		*hostsp = hosts;
	return err;
}
