/*
 * kamailio.c  Debian's kamailio, as a peer
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/countof.h"
#include "tests/bench/lib/bench.h"
#include "tests/bench/lib/kamailio.h"
#include "tests/bench/lib/stack.h"
#include "tests/bench/lib/tree.h"

enum {
	TRIES = 50, /* until it answers */
	TRY_MS = 200
};

static const char config[] =
	"#!KAMAILIO\n"
	"debug=0\nlog_stderror=yes\nchildren=1\ntcp_children=1\n"
	"auto_aliases=no\ndns=no\nrev_dns=no\nalias=" STACK_DOMAIN "\n"
	"enable_tls=yes\ntcp_max_connections=16384\n"
	"tls_max_connections=16384\ntcp_connection_lifetime=3604\n"
	"mpath=\"%s\"\n"
	"loadmodule \"tm.so\"\nloadmodule \"sl.so\"\nloadmodule \"pv.so\"\n"
	"loadmodule \"textops.so\"\nloadmodule \"siputils.so\"\n"
	"loadmodule \"usrloc.so\"\nloadmodule \"registrar.so\"\n"
	"loadmodule \"auth.so\"\nloadmodule \"xhttp.so\"\n"
	"loadmodule \"websocket.so\"\nloadmodule \"nathelper.so\"\n"
	"loadmodule \"tls.so\"\n"
	"modparam(\"usrloc\", \"db_mode\", 0)\n"
	"modparam(\"registrar\", \"default_expires\", 300)\n"
	"tcp_accept_no_cl=yes\n"
	"modparam(\"nathelper|registrar\", \"received_avp\", "
	"\"$avp(RECEIVED)\")\n"
	"modparam(\"auth\", \"qop\", \"auth\")\n"
	"modparam(\"tls\", \"certificate\", \"%s/cert.pem\")\n"
	"modparam(\"tls\", \"private_key\", \"%s/key.pem\")\n"
	"modparam(\"tls\", \"tls_method\", \"TLSv1.2+\")\n"
	"%s"
	"request_route {\n"
	"	force_rport();\n"
	"	if (is_method(\"OPTIONS\")) { sl_send_reply(\"200\", \"OK\"); exit; }\n"
	"	if (!is_method(\"REGISTER\")) route(CALL);\n"
	"	if (!is_method(\"REGISTER\")) { sl_send_reply(\"405\", \"No\"); exit; }\n"
	"	if (!pv_www_authenticate(\"" STACK_REALM "\", \"" STACK_PASSWORD
	"\", \"0\")) {\n"
	"		www_challenge(\"" STACK_REALM "\", \"1\");\n"
	"		exit;\n"
	"	}\n"
	"	fix_nated_register();\n"
	"	save(\"location\");\n"
	"	exit;\n"
	"}\n"
	"event_route[xhttp:request] {\n"
	"	if ($hdr(Upgrade) =~ \"websocket\") { ws_handle_handshake(); exit; }\n"
	"	xhttp_reply(\"404\", \"Not Found\", \"\", \"\");\n"
	"}\n";

/* A registrar alone. */
static const char no_calls[] =
	"route[CALL] { sl_send_reply(\"405\", \"No\"); exit; }\n";

/* A page calls a phone: RTPEngine is lite and passive towards the page. */
static const char calls[] =
	"loadmodule \"rr.so\"\nloadmodule \"rtpengine.so\"\n"
	"modparam(\"rr\", \"enable_double_rr\", 0)\n"
	"modparam(\"rtpengine\", \"rtpengine_sock\", \"udp:127.0.0.1:%u\")\n"
	"route[CALL] {\n"
	"	if (has_totag()) {\n"
	"		if (!loose_route()) {\n"
	"			if (is_method(\"ACK\")) { t_relay(); exit; }\n"
	"			sl_send_reply(\"404\", \"No\"); exit;\n"
	"		}\n"
	"		if (is_method(\"BYE\")) rtpengine_delete();\n"
	"		handle_ruri_alias();\n"
	"		t_relay();\n"
	"		exit;\n"
	"	}\n"
	"	if (is_method(\"ACK\")) { t_relay(); exit; }\n"
	"	if (!is_method(\"INVITE\")) { sl_send_reply(\"405\", \"No\"); exit; }\n"
	"	if (!pv_proxy_authenticate(\"" STACK_REALM "\", \"" STACK_PASSWORD
	"\", \"0\")) {\n"
	"		proxy_challenge(\"" STACK_REALM "\", \"1\");\n"
	"		exit;\n"
	"	}\n"
	"	consume_credentials();\n"
	"	record_route();\n"
	"	add_contact_alias();\n"
	"	if (!lookup(\"location\")) { sl_send_reply(\"404\", \"No\"); exit; }\n"
	"	rtpengine_offer(\"replace-origin ICE=remove RTP/AVP DTLS=passive "
	"ICE-lite=backward rtcp-mux-demux\");\n"
	"	t_on_reply(\"ANSWERED\");\n"
	"	t_relay();\n"
	"	exit;\n"
	"}\n"
	"onreply_route[ANSWERED] {\n"
	"	add_contact_alias();\n"
	"	if (has_body(\"application/sdp\"))\n"
	"		rtpengine_answer(\"replace-origin ICE=force DTLS=passive "
	"UDP/TLS/RTP/SAVPF ICE-lite=forward\");\n"
	"}\n";

static const char *modules(void)
{
	static const char *const places[] = {
		"/usr/lib/x86_64-linux-gnu/kamailio/modules",
		"/usr/lib/aarch64-linux-gnu/kamailio/modules",
		"/usr/lib/kamailio/modules"};
	char file[128];

	for (size_t i = 0; i < COUNTOF(places); i++) {
		snprintf(file, sizeof(file), "%s/websocket.so", places[i]);
		if (!access(file, R_OK))
			return places[i];
	}
	return NULL;
}

bool kamailio_version(char *version, size_t size)
{
	FILE *f = popen("kamailio -v 2>/dev/null", "r");
	bool ok;

	version[0] = '\0';
	if (!f)
		return false;
	(void)!fgets(version, (int)size, f);
	version[strcspn(version, "\n")] = '\0';
	while (getc(f) != EOF)
		;
	ok = !pclose(f);
	return ok && version[0] && modules();
}

static void prepare(struct kamailio *peer, uint16_t ng)
{
	char path[96], key[96], part[sizeof(calls) + 8];
	FILE *f;

	str_ncpy(peer->dir, "/tmp/cordboard-kamailio-XXXXXX",
		 sizeof(peer->dir));
	if (!mkdtemp(peer->dir))
		bench_die("no folder: %s", strerror(errno));
	snprintf(path, sizeof(path), "%s/cert.pem", peer->dir);
	snprintf(key, sizeof(key), "%s/key.pem", peer->dir);
	stack_certificate(path, key);
	snprintf(path, sizeof(path), "%s/kamailio.cfg", peer->dir);
	f = fopen(path, "w");
	if (!f)
		bench_die("no configuration: %s", strerror(errno));
	if (ng)
		snprintf(part, sizeof(part), calls, ng);
	else
		str_ncpy(part, no_calls, sizeof(part));
	fprintf(f, config, modules(), peer->dir, peer->dir, part);
	fclose(f);
	stack_free_port(&peer->udp, SOCK_DGRAM);
	stack_free_port(&peer->wss, SOCK_STREAM);
}

static pid_t run(const struct kamailio *peer)
{
	char cfg[96], udp[64], tls[64];
	const char *const argv[] = {"kamailio", "-f", cfg,  "-DD", "-E",
				    "-m",       "256", "-M", "16",  "-w",
				    peer->dir,  "-Y", peer->dir, "-l", udp,
				    "-l",       tls,  NULL};
	pid_t pid;
	int fd;

	snprintf(cfg, sizeof(cfg), "%s/kamailio.cfg", peer->dir);
	snprintf(udp, sizeof(udp), "udp:127.0.0.1:%u", sa_port(&peer->udp));
	snprintf(tls, sizeof(tls), "tls:127.0.0.1:%u", sa_port(&peer->wss));
	fflush(NULL);
	pid = fork();
	if (pid)
		return pid;

	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	fd = open("/dev/null", O_WRONLY);
	dup2(fd, 1);
	dup2(fd, 2);
	execvp(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

static bool answers(const struct kamailio *peer)
{
	static const char ask[] =
		"OPTIONS sip:" STACK_DOMAIN " SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKb;rport\r\n"
		"From: <sip:a@a.test>;tag=1\r\nTo: <sip:" STACK_DOMAIN
		">\r\nCall-ID: b\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 5\r\n"
		"Content-Length: 0\r\n\r\n";
	const struct timeval wait = {.tv_usec = TRY_MS * 1000};
	const struct sa *to = &peer->udp;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	char buf[1024];
	bool ok;

	ok = fd >= 0 && !connect(fd, &to->u.sa, to->len) &&
	     !setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) &&
	     send(fd, ask, sizeof(ask) - 1, 0) > 0 &&
	     recv(fd, buf, sizeof(buf), 0) > 0;
	close(fd);
	return ok;
}

void kamailio_start(struct kamailio *peer, uint16_t ng)
{
	prepare(peer, ng);
	peer->pid = run(peer);
	for (unsigned i = 0; i < TRIES; i++) {
		if (answers(peer))
			return;
		usleep(TRY_MS * 1000); /* a refused one returns at once */
	}
	kamailio_stop(peer);
	bench_die("kamailio did not start");
}

void kamailio_stop(struct kamailio *peer)
{
	static const char *const files[] = {"cert.pem", "key.pem",
					    "kamailio.cfg"};
	char path[96];

	kill(peer->pid, SIGTERM);
	(void)waitpid(peer->pid, NULL, 0);
	for (size_t i = 0; i < COUNTOF(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", peer->dir, files[i]);
		(void)unlink(path);
	}
	(void)rmdir(peer->dir);
}

double kamailio_cpu(const struct kamailio *peer)
{
	struct tree tree;

	tree_find(&tree, peer->pid);
	return tree_cpu(&tree);
}
