/*
 * stack.c  The real thing, to be measured: Redis, sigd and mediad
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
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "tests/bench/lib/bench.h"
#include "tests/bench/lib/stack.h"

enum {
	READY_MS = 15000,
	NAP_MS = 20
};

static void nap(void)
{
	const struct timespec ts = {.tv_nsec = NAP_MS * 1000000};

	nanosleep(&ts, NULL);
}

void stack_user(char name[12], unsigned nr)
{
	snprintf(name, 12, "user%04u", nr % 10000);
}

/* --- files ---------------------------------------------------------------- */

void stack_certificate(const char *cert, const char *key)
{
	EVP_PKEY *pkey = EVP_EC_gen("P-256");
	X509 *x509 = X509_new();
	FILE *c = fopen(cert, "w"), *k = fopen(key, "w");

	X509_gmtime_adj(X509_getm_notBefore(x509), -3600);
	X509_gmtime_adj(X509_getm_notAfter(x509), 86400);
	X509_set_pubkey(x509, pkey);
	if (!c || !k || !X509_sign(x509, pkey, EVP_sha256()) ||
	    !PEM_write_X509(c, x509) ||
	    !PEM_write_PrivateKey(k, pkey, NULL, NULL, 0, NULL, NULL))
		bench_die("no certificate: %s", strerror(errno));
	fclose(c);
	fclose(k);
	X509_free(x509);
	EVP_PKEY_free(pkey);
}

void stack_free_port(struct sa *addr, int type)
{
	int fd = socket(AF_INET, type, 0);

	sa_set_str(addr, "127.0.0.1", 0);
	if (fd < 0 || bind(fd, &addr->u.sa, addr->len) ||
	    getsockname(fd, &addr->u.sa, &addr->len))
		bench_die("no port: %s", strerror(errno));
	close(fd);
}

static FILE *create(const struct stack *stack, const char *name)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", stack->dir, name);
	f = fopen(path, "w");
	if (!f || chmod(path, 0600))
		bench_die("%s: %s", path, strerror(errno));
	return f;
}

static void write_routing(const struct stack *stack, unsigned users)
{
	FILE *f = create(stack, "routing.yaml");
	char name[12];

	fprintf(f,
		"tenants:\n  bench:\n    domains: [\"%s\"]\n    realm: %s\n"
		"    users:\n",
		STACK_DOMAIN, STACK_REALM);
	for (unsigned i = 0; i < users; i++) {
		stack_user(name, i);
		fprintf(f, "      %s: {password: \"%s\"}\n", name,
			STACK_PASSWORD);
	}
	fprintf(f, "    routes:\n      - {name: echo, match: {callee: echo}, "
		   "to: {service: echo}}\n");
	fclose(f);
}

static void write_sigd(const struct stack *stack, const struct sa *admin)
{
	const char *dir = stack->dir;
	FILE *f = create(stack, "sigd.yaml");

	fprintf(f,
		"node: bench\nworkers: 1\nrun_dir: %s/run\nkeys: keys\n"
		"routing: routing.yaml\n"
		"redis: {path: %s/redis.sock}\n"
		"listeners:\n"
		"  - {name: wss, transport: wss, bind: \"127.0.0.1:%u\", "
		"certificate: %s/tls.pem, private_key: %s/tls.key}\n"
		"  - {name: udp, transport: udp, bind: \"127.0.0.1:%u\"}\n"
		"  - {name: tcp, transport: tcp, bind: \"127.0.0.1:%u\"}\n"
		"websocket: {connections_per_source: 100000}\n"
		/* all load is of one source */
		"limits: {source: {rate: 0}, tenant: {rate: 0}, user: "
		"{rate: 0}}\n"
		"admin: {bind: \"127.0.0.1:%u\"}\n",
		dir, dir, sa_port(&stack->wss), dir, dir, sa_port(&stack->udp),
		sa_port(&stack->tcp), sa_port(admin));
	fclose(f);
}

static void write_mediad(const struct stack *stack, const struct stack_cfg *cfg,
			 const struct sa *admin)
{
	const char *dir = stack->dir;
	FILE *f = create(stack, "mediad.yaml");

	fprintf(f,
		"node: bench\nworkers: 1\nkeys: keys\n"
		"interfaces:\n  - {name: lo, bind: 127.0.0.1, "
		"browser_port_base: 0%s}\n"
		"redis: {path: %s/redis.sock}\nstate_dir: /dev/shm%s\n"
		"certificate: %s/dtls.pem\ndrain: 1s\n"
		"opus: {complexity: %u}\n%s"
		"admin: {bind: \"127.0.0.1:%u\"}\n",
		cfg->rtp ? ", rtp_ports: [24000, 29999]" : "", dir, dir + 4,
		dir, cfg->complexity, cfg->at_once ? "packet_wait_us: 0\n" : "",
		sa_port(admin));
	fclose(f);
}

static void write_files(struct stack *stack, const struct stack_cfg *cfg,
			const struct sa admin[2])
{
	char cert[128], key[128];
	FILE *f = create(stack, "keys");

	fputs("1 - 000102030405060708090a0b0c0d0e0f\n", f);
	fclose(f);
	snprintf(cert, sizeof(cert), "%s/tls.pem", stack->dir);
	snprintf(key, sizeof(key), "%s/tls.key", stack->dir);
	stack_certificate(cert, key);
	write_routing(stack, cfg->users);
	write_sigd(stack, &admin[0]);
	write_mediad(stack, cfg, &admin[1]);
	snprintf(cert, sizeof(cert), "/dev/shm%s", stack->dir + 4);
	if (cfg->media && mkdir(cert, 0700))
		bench_die("%s: %s", cert, strerror(errno));
}

/* --- processes ------------------------------------------------------------ */

static pid_t run(const struct stack *stack, const char *name,
		 const char *const argv[])
{
	char log[128];
	int fd;
	pid_t pid;

	snprintf(log, sizeof(log), "%s/%s.log", stack->dir, name);
	fflush(NULL);
	pid = fork();
	if (pid)
		return pid;

	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	dup2(fd, 1);
	dup2(fd, 2);
	execvp(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

/* A daemon that was built beside this program. */
static pid_t run_daemon(const struct stack *stack, const char *name)
{
	char self[256] = "", path[300], conf[128];
	const char *const argv[] = {path, "-c", conf, NULL};

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		bench_die("/proc: %s", strerror(errno));
	for (int i = 0; i < 3; i++) /* <B>/tests/bench/<name> */
		*strrchr(self, '/') = '\0';
	snprintf(path, sizeof(path), "%s/%s", self, name);
	snprintf(conf, sizeof(conf), "%s/%s.yaml", stack->dir, name);
	return run(stack, name, argv);
}

static bool listens(const struct stack *stack)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/redis.sock", stack->dir);
	return !access(path, W_OK);
}

static bool admin_ready(const struct sa *admin)
{
	static const char get[] =
		"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char answer[16] = "";
	bool ok;

	ok = !connect(fd, &admin->u.sa, admin->len) &&
	     send(fd, get, sizeof(get) - 1, MSG_NOSIGNAL) > 0 &&
	     recv(fd, answer, sizeof(answer) - 1, MSG_WAITALL) > 0 &&
	     !strncmp(answer, "HTTP/1.1 200", 12);
	close(fd);
	return ok;
}

static void give_up(struct stack *stack, const char *name)
{
	char line[500], path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s.log", stack->dir, name);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		fputs(line, stderr);
	if (f)
		fclose(f);
	stack_stop(stack);
	bench_die("%s did not start", name);
}

static void wait_for(struct stack *stack, const char *name, pid_t pid,
		     const struct sa *admin)
{
	for (unsigned t = 0; t < READY_MS; t += NAP_MS) {
		if (admin ? admin_ready(admin) : listens(stack))
			return;
		if (waitpid(pid, NULL, WNOHANG) == pid)
			break;
		nap();
	}
	give_up(stack, name);
}

/* The child that is called "<daemon>/1". */
static pid_t worker_of(pid_t parent, const char *daemon)
{
	char path[64], comm[32], want[32];
	int pid, found = 0;
	FILE *f, *c;

	snprintf(want, sizeof(want), "%s/1\n", daemon);
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)parent,
		 (int)parent);
	f = fopen(path, "r");
	while (f && !found && fscanf(f, "%d", &pid) == 1) {
		snprintf(path, sizeof(path), "/proc/%d/comm", pid);
		c = fopen(path, "r");
		if (c && fgets(comm, sizeof(comm), c) && !strcmp(comm, want))
			found = pid;
		if (c)
			fclose(c);
	}
	if (f)
		fclose(f);
	if (!found)
		bench_die("%s has no worker", daemon);
	return found;
}

static void start_redis(struct stack *stack)
{
	char sock[128];
	const char *const argv[] = {
		"redis-server", "--port",      "0",  "--unixsocket",
		sock,           "--save",      "",   "--appendonly",
		"no",           "--daemonize", "no", NULL};

	snprintf(sock, sizeof(sock), "%s/redis.sock", stack->dir);
	stack->redis = run(stack, "redis", argv);
	wait_for(stack, "redis", stack->redis, NULL);
}

/* For bench_die(): nothing is left. */
static struct stack *running;

static void on_exit_stop(void)
{
	if (running)
		stack_stop(running);
}

void stack_start(struct stack *stack, const struct stack_cfg *cfg)
{
	struct sa admin[2];

	memset(stack, 0, sizeof(*stack));
	running = stack;
	(void)atexit(on_exit_stop);
	strcpy(stack->dir, "/tmp/cbbench.XXXXXX");
	if (!mkdtemp(stack->dir))
		bench_die("/tmp: %s", strerror(errno));
	stack_free_port(&stack->wss, SOCK_STREAM);
	stack_free_port(&stack->udp, SOCK_DGRAM);
	stack_free_port(&stack->tcp, SOCK_STREAM);
	stack_free_port(&admin[0], SOCK_STREAM);
	stack_free_port(&admin[1], SOCK_STREAM);
	write_files(stack, cfg, admin);
	start_redis(stack);
	if (cfg->media) {
		stack->mediad = run_daemon(stack, "mediad");
		wait_for(stack, "mediad", stack->mediad, &admin[1]);
		stack->mediad_worker = worker_of(stack->mediad, "mediad");
	}
	stack->sigd = run_daemon(stack, "sigd");
	wait_for(stack, "sigd", stack->sigd, &admin[0]);
	stack->sigd_worker = worker_of(stack->sigd, "sigd");
}

/* --- the end -------------------------------------------------------------- */

static void end(pid_t *pid)
{
	if (!*pid)
		return;

	kill(*pid, SIGTERM);
	(void)waitpid(*pid, NULL, 0);
	*pid = 0;
}

void stack_stop(struct stack *stack)
{
	char cmd[200];

	running = NULL;
	end(&stack->sigd);
	end(&stack->mediad);
	end(&stack->redis);
	/* its name was made by mkdtemp() */
	snprintf(cmd, sizeof(cmd), "rm -rf '%s' '/dev/shm%s'", stack->dir,
		 stack->dir + 4);
	if (system(cmd))
		fprintf(stderr, "%s is left\n", stack->dir);
}
