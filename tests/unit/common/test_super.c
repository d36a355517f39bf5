/*
 * test_super.c  The parent process with real children
 *
 * Each case forks a process that calls super_main(); its workers tell on a
 * pipe what happens to them, and do what a datagram on their socket asks for.
 * Nothing sleeps: the cases wait for what is told.
 *
 * SPDX-License-Identifier: MIT
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <re.h>

#include "common/log.h"
#include "common/loop.h"
#include "common/super.h"
#include "common/wheel.h"
#include "tests/lib/test.h"

enum {
	PATIENCE_MS = 20000
};

static uint64_t clock_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* --- the daemon under test ---------------------------------------------------- */

/* Where the children tell, and the configuration: a letter. One per process
 * under test. */
static int tell_fd = -1;
static char config;
static void *config_ptr = &config;
static bool reload_fails;

struct served {
	struct worker *worker;
	struct loop_watch *watch[2];
};

static void tell(const struct worker *worker, const char *what)
{
	char line[128];
	int n = snprintf(line, sizeof(line),
			 "%s slot=%u inc=%u pid=%d cfg=%c\n", what,
			 worker->slot, worker->incarnation, (int)getpid(),
			 *(char *)worker->cfg);

	(void)!write(tell_fd, line, (size_t)n);
}

static int count_sockets(void)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;
	struct stat st;
	int n = 0;

	while (dir && (entry = readdir(dir))) {
		if (!fstat(atoi(entry->d_name), &st) && S_ISSOCK(st.st_mode))
			n++;
	}
	if (dir)
		closedir(dir);
	return n;
}

/* A datagram asks: 'k' crash, 'c' exit for configuration, 's' stand still,
 * 'q' quit, 'i' be idle, 'n' tell the process name, 'e' answer. */
static void on_datagram(int flags, void *arg)
{
	struct served *served = arg;
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);
	char what[64] = "", name[17] = "";
	int fd = worker_sock_find(served->worker, "udp")->fd;

	(void)flags;
	if (recvfrom(fd, what, 1, 0, (struct sockaddr *)&from, &len) != 1)
		return;
	if (what[0] == 'k')
		(void)kill(getpid(), SIGKILL);
	while (what[0] == 's')
		pause();
	if (what[0] == 'c')
		worker_quit(served->worker, WORKER_EXIT_CONFIG);
	if (what[0] == 'q')
		worker_quit(served->worker, 0);
	if (what[0] == 'i') {
		worker_idle(served->worker);
		tell(served->worker, "idle");
	}
	if (what[0] == 'n') {
		(void)prctl(PR_GET_NAME, name);
		snprintf(what, sizeof(what), "name=%s sockets=%d", name,
			 count_sockets());
		tell(served->worker, what);
	}
	if (what[0] == 'e')
		(void)sendto(fd, "E", 1, 0, (struct sockaddr *)&from, len);
}

static void on_connection(int flags, void *arg)
{
	struct served *served = arg;
	char answer[16];
	int n, fd = accept(worker_sock_find(served->worker, "tcp")->fd, NULL,
			   NULL);

	(void)flags;
	if (fd < 0)
		return;
	n = snprintf(answer, sizeof(answer), "%u", served->worker->incarnation);
	(void)!write(fd, answer, (size_t)n);
	close(fd);
}

static int on_start(struct worker *worker, void *arg)
{
	struct served *served = arg;
	const struct worker_sock *udp = worker_sock_find(worker, "udp");
	const struct worker_sock *tcp = worker_sock_find(worker, "tcp");
	int err = 0;

	if (udp)
		err |= loop_watch_alloc(&served->watch[0], udp->fd, LOOP_READ,
					on_datagram, served);
	if (tcp)
		err |= loop_watch_alloc(&served->watch[1], tcp->fd, LOOP_READ,
					on_connection, served);
	tell(worker, "start");
	worker_ready(worker);
	return err ? WORKER_EXIT_FAILED : 0;
}

static void on_drain(void *arg)
{
	const struct served *served = arg;

	tell(served->worker, "drain");
	if (!served->worker->slot)
		worker_quit(served->worker, 0);
}

static void on_reload(void *arg)
{
	const struct served *served = arg;

	tell(served->worker, "reload");
}

static void on_stop(void *arg)
{
	struct served *served = arg;

	mem_deref(served->watch[0]);
	mem_deref(served->watch[1]);
	tell(served->worker, "stop");
}

static int child_run(struct worker *worker)
{
	static const struct worker_hooks hooks = {
		.start = on_start,
		.drain = on_drain,
		.reload = on_reload,
		.stop = on_stop,
		.max_fds = 1024,
	};
	struct served served = {.worker = worker};

	return worker_main(worker, &hooks, &served);
}

static int config_reload(void *arg)
{
	(void)arg;
	if (reload_fails)
		return EINVAL;
	config++;
	return 0;
}

/* Takes as long as its file is there. */
static char held[300];

static void config_load(void *arg)
{
	(void)arg;
	while (!access(held, F_OK))
		(void)usleep(1000);
	config++;
}

/* --- the case's side ------------------------------------------------------------ */

struct stage {
	struct super_daemon daemon;
	struct listener listeners[2];
	pid_t pid;
	int told_fd;
	char told[8192]; /* not yet matched */
	bool silent;     /* all who could tell are gone */
	uint16_t udp_port, tcp_port;
};

static uint16_t free_port(int type)
{
	struct sockaddr_in addr = {.sin_family = AF_INET};
	socklen_t len = sizeof(addr);
	int fd = socket(AF_INET, type, 0);

	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(fd, (struct sockaddr *)&addr, len) ||
	    getsockname(fd, (struct sockaddr *)&addr, &len))
		addr.sin_port = 0;
	close(fd);
	return ntohs(addr.sin_port);
}

static void stage_init(struct stage *stage, uint8_t workers)
{
	struct super_times times = SUPER_TIMES_DEFAULT;

	memset(stage, 0, sizeof(*stage));
	stage->udp_port = free_port(SOCK_DGRAM);
	stage->tcp_port = free_port(SOCK_STREAM);
	stage->listeners[0] = (struct listener){.name = "udp",
						.proto = LISTENER_UDP,
						.use = LISTENER_SHARED};
	stage->listeners[1] = (struct listener){.name = "tcp",
						.proto = LISTENER_TCP,
						.use = LISTENER_SHARED};
	sa_set_str(&stage->listeners[0].addr, "127.0.0.1", stage->udp_port);
	sa_set_str(&stage->listeners[1].addr, "127.0.0.1", stage->tcp_port);
	times.stall_ms = 0;
	stage->daemon = (struct super_daemon){
		.name = "t",
		.node = "a1",
		.workers = workers,
		.listeners = stage->listeners,
		.nlisteners = 2,
		.worker_run = child_run,
		.reload = config_reload,
		.cfgp = &config_ptr,
		.times = times,
	};
}

static int stage_open(struct stage *stage)
{
	int fds[2];

	if (pipe(fds))
		return errno;
	fflush(NULL);
	stage->pid = fork();
	if (!stage->pid) {
		int null_fd = open("/dev/null", O_WRONLY);

		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(fds[0]);
		tell_fd = fds[1];
		config = 'A';
		log_init("t", LOG_L_INFO);
		if (!getenv("TEST_VERBOSE"))
			log_fd_set(null_fd);
		exit(super_main(&stage->daemon));
	}
	close(fds[1]);
	stage->told_fd = fds[0];
	return stage->pid < 0 ? errno : 0;
}

/* Waits until a line containing all that `what` says was told, and takes it
 * out; NULL when the end of file or of patience came first. */
static const char *told(struct stage *stage, const char *what)
{
	static char line[256];
	uint64_t end = clock_ms() + PATIENCE_MS;

	for (;;) {
		char *p = strstr(stage->told, what);
		size_t len = strlen(stage->told);
		struct pollfd pfd = {.fd = stage->told_fd, .events = POLLIN};
		char *eol = p ? strchr(p, '\n') : NULL;
		ssize_t n;

		if (eol) {
			while (p > stage->told && p[-1] != '\n')
				p--;
			snprintf(line, sizeof(line), "%.*s", (int)(eol - p), p);
			memmove(p, eol + 1, strlen(eol + 1) + 1);
			return line;
		}
		if (clock_ms() > end || poll(&pfd, 1, PATIENCE_MS) != 1)
			return NULL;
		n = read(stage->told_fd, stage->told + len,
			 sizeof(stage->told) - 1 - len);
		if (n <= 0) {
			stage->silent = !n;
			return NULL;
		}
		stage->told[len + (size_t)n] = '\0';
	}
}

static pid_t pid_in(const char *line)
{
	const char *p = line ? strstr(line, "pid=") : NULL;

	return p ? (pid_t)atoi(p + 4) : -1;
}

static int send_to(const struct stage *stage, char what)
{
	struct sockaddr_in addr = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	addr.sin_port = htons(stage->udp_port);
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) ||
	    send(fd, &what, 1, 0) != 1) {
		close(fd);
		return -1;
	}
	return fd;
}

static void ask(const struct stage *stage, char what)
{
	int fd = send_to(stage, what);

	CHECK(fd >= 0);
	if (fd >= 0)
		close(fd);
}

static void answer_of(int fd, char out[16])
{
	struct pollfd pfd = {.fd = fd, .events = POLLIN};
	ssize_t n = poll(&pfd, 1, PATIENCE_MS) == 1 ? read(fd, out, 15) : 0;

	out[n > 0 ? n : 0] = '\0';
}

/* The exit code of the parent, which ends on its own; -1 when it does not. */
static int stage_end(struct stage *stage)
{
	int status = -1;

	/* all writers are gone when the last process is: no child survives */
	CHECK(told(stage, "no such line") == NULL);
	CHECK(stage->silent);
	if (waitpid(stage->pid, &status, 0) != stage->pid)
		status = -1;
	close(stage->told_fd);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void stage_kill(struct stage *stage)
{
	(void)kill(stage->pid, SIGTERM);
	(void)kill(stage->pid, SIGINT);
	(void)told(stage, "no such line");
	(void)waitpid(stage->pid, NULL, 0);
	close(stage->told_fd);
}

/* --- cases ------------------------------------------------------------------------ */

static int notify_socket(char path[108])
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	snprintf(path, 108, "%s/notify", test_tmpdir());
	memcpy(addr.sun_path, path, 108);
	unlink(path);
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)))
		return -1;
	return fd;
}

static void all_start_and_systemd_is_told(void)
{
	struct stage s;
	char path[108], state[16];
	int fd = notify_socket(path);

	REQUIRE(fd >= 0);
	setenv("NOTIFY_SOCKET", path, 1);
	stage_init(&s, 3);
	s.daemon.admin_run = child_run;
	REQUIRE(!stage_open(&s));
	CHECK(told(&s, "start slot=1 inc=1 "));
	CHECK(told(&s, "start slot=2 inc=1 "));
	CHECK(told(&s, "start slot=3 inc=1 "));
	CHECK(told(&s, "start slot=0 inc=1 "));
	answer_of(fd, state);
	CHECK_STR(state, "READY=1");
	stage_kill(&s);
	answer_of(fd, state);
	CHECK_STR(state, "STOPPING=1");
	unsetenv("NOTIFY_SOCKET");
	close(fd);
}

static void child_has_its_name_and_only_its_own_sockets(void)
{
	struct stage s;

	stage_init(&s, 3);
	REQUIRE(!stage_open(&s));
	CHECK(told(&s, "start slot=3 "));
	ask(&s, 'n');
	CHECK(told(&s, "name=t/"));
	ask(&s, 'n');
	CHECK(told(&s, "sockets=2 "));
	stage_kill(&s);
}

static void killed_worker_is_replaced_and_others_stay(void)
{
	struct stage s;
	pid_t pid;

	stage_init(&s, 2);
	REQUIRE(!stage_open(&s));
	pid = pid_in(told(&s, "start slot=1 inc=1 "));
	CHECK(told(&s, "start slot=2 inc=1 "));
	REQUIRE(pid > 0);
	CHECK_INT(kill(pid, SIGKILL), 0);
	CHECK(told(&s, "start slot=1 inc=2 "));
	stage_kill(&s);
	CHECK(!strstr(s.told, "slot=2 inc=2"));
}

static void worker_that_ends_by_itself_is_replaced(void)
{
	struct stage s;

	stage_init(&s, 1);
	REQUIRE(!stage_open(&s));
	CHECK(told(&s, "start slot=1 inc=1 "));
	ask(&s, 'q');
	CHECK(told(&s, "stop slot=1 inc=1 "));
	CHECK(told(&s, "start slot=1 inc=2 "));
	stage_kill(&s);
}

static void deaths_in_a_row_wait_longer_and_longer(void)
{
	static const uint64_t least[] = {0, 60, 120, 120};
	struct stage s;
	char what[32];
	pid_t pid;

	stage_init(&s, 1);
	s.daemon.times.backoff_min_ms = 60;
	s.daemon.times.backoff_max_ms = 120;
	REQUIRE(!stage_open(&s));
	pid = pid_in(told(&s, "start slot=1 inc=1 "));
	for (unsigned i = 0; i < 4; i++) {
		uint64_t begin = clock_ms();

		REQUIRE(pid > 0);
		CHECK_INT(kill(pid, SIGKILL), 0);
		snprintf(what, sizeof(what), "start slot=1 inc=%u ", i + 2);
		pid = pid_in(told(&s, what));
		CHECK(clock_ms() - begin >= least[i]);
	}
	stage_kill(&s);
}

static void settled_life_clears_the_back_off(void)
{
	struct stage s;
	char what[32];

	stage_init(&s, 1);
	s.daemon.times.backoff_min_ms = 10 * PATIENCE_MS;
	s.daemon.times.backoff_max_ms = 10 * PATIENCE_MS;
	s.daemon.times.settled_ms = 0;
	REQUIRE(!stage_open(&s));
	for (unsigned i = 1; i <= 3; i++) {
		snprintf(what, sizeof(what), "start slot=1 inc=%u ", i);
		CHECK(told(&s, what));
		ask(&s, 'k');
	}
	stage_kill(&s);
}

static void worker_whose_loop_stands_still_is_killed_and_replaced(void)
{
	struct stage s;

	stage_init(&s, 1);
	s.daemon.times.stall_ms = 400;
	REQUIRE(!stage_open(&s));
	CHECK(told(&s, "start slot=1 inc=1 "));
	ask(&s, 's');
	CHECK(told(&s, "start slot=1 inc=2 "));
	stage_kill(&s);
}

static char state_of(pid_t pid)
{
	char path[64], state = '?';
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "r");
	if (f && fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
		state = '?';
	if (f)
		fclose(f);
	return state;
}

static bool comes_to(pid_t pid, char state)
{
	const uint64_t end = clock_ms() + PATIENCE_MS;

	while (state_of(pid) != state && clock_ms() < end)
		(void)usleep(1000);
	return state_of(pid) == state;
}

/* All of the machine stood still, for longer than a child may. The parent is
 * the first to go on, and has looked before the child can say anything. */
static void what_stood_still_with_the_parent_is_not_killed(void)
{
	struct stage s;
	uint64_t begin;
	char answer[16];
	pid_t child;
	int fd;

	stage_init(&s, 1);
	s.daemon.times.stall_ms = 800;
	REQUIRE(!stage_open(&s));
	child = pid_in(told(&s, "start slot=1 inc=1 "));
	REQUIRE(child > 0);
	fd = send_to(&s, 'e');
	answer_of(fd, answer);
	close(fd);
	REQUIRE(!kill(s.pid, SIGSTOP) && comes_to(s.pid, 'T'));
	REQUIRE(!kill(child, SIGSTOP) && comes_to(child, 'T'));
	/* more than stall_ms, and less than twice that */
	for (begin = clock_ms(); clock_ms() - begin < 1000;)
		(void)usleep(1000);
	CHECK(!kill(s.pid, SIGCONT) && comes_to(s.pid, 'S'));
	CHECK(!kill(child, SIGCONT));
	fd = send_to(&s, 'e');
	answer_of(fd, answer);
	close(fd);
	CHECK_STR(answer, "E");
	ask(&s, 'n');
	CHECK_INT(pid_in(told(&s, "name=")), child);
	stage_kill(&s);
}

static int run_silently_once(struct worker *worker)
{
	if (worker->incarnation > 1)
		return child_run(worker);
	for (;;)
		pause();
}

static void worker_that_never_begins_is_killed_and_replaced(void)
{
	struct stage s;

	stage_init(&s, 1);
	s.daemon.worker_run = run_silently_once;
	s.daemon.times.stall_ms = 10 * PATIENCE_MS;
	s.daemon.times.start_ms = 200;
	REQUIRE(!stage_open(&s));
	CHECK(told(&s, "start slot=1 inc=2 "));
	stage_kill(&s);
}

static int on_slow_start(struct worker *worker, void *arg)
{
	const struct timespec slow = {.tv_nsec = 800000000};

	(void)nanosleep(&slow, NULL);
	return on_start(worker, arg);
}

static int run_slowly(struct worker *worker)
{
	static const struct worker_hooks hooks = {
		.start = on_slow_start,
		.stop = on_stop,
		.max_fds = 1024,
	};
	struct served served = {.worker = worker};

	return worker_main(worker, &hooks, &served);
}

/* A thousand sessions to resume on a busy box: start_ms is for that. */
static void start_may_take_longer_than_a_turn_of_the_loop(void)
{
	struct stage s;

	stage_init(&s, 1);
	s.daemon.worker_run = run_slowly;
	s.daemon.times.stall_ms = 200;
	REQUIRE(!stage_open(&s));
	CHECK(told(&s, "start slot=1 inc=1 "));
	stage_kill(&s);
}

static void sockets_outlive_their_worker(void)
{
	struct sockaddr_in addr = {.sin_family = AF_INET};
	struct stage s;
	char answer[16];
	int tcp, udp;

	stage_init(&s, 1);
	s.daemon.times.backoff_min_ms = 500;
	s.daemon.times.backoff_max_ms = 500;
	REQUIRE(!stage_open(&s));
	CHECK(told(&s, "start slot=1 inc=1 "));
	ask(&s, 'k');
	CHECK(told(&s, "start slot=1 inc=2 "));
	ask(&s, 'k'); /* the next comes in half a second */

	udp = send_to(&s, 'e');
	tcp = socket(AF_INET, SOCK_STREAM, 0);
	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	addr.sin_port = htons(s.tcp_port);
	CHECK_INT(connect(tcp, (struct sockaddr *)&addr, sizeof(addr)), 0);
	answer_of(tcp, answer);
	CHECK_STR(answer, "3");
	answer_of(udp, answer);
	CHECK_STR(answer, "E");
	close(tcp);
	close(udp);
	stage_kill(&s);
}

static void drain_waits_for_the_workers_and_then_ends_the_admin(void)
{
	struct stage s;

	stage_init(&s, 1);
	s.daemon.admin_run = child_run;
	REQUIRE(!stage_open(&s));
	CHECK(told(&s, "start slot=1 "));
	CHECK(told(&s, "start slot=0 "));
	CHECK_INT(kill(s.pid, SIGTERM), 0);
	CHECK(told(&s, "drain slot=1 "));
	CHECK(!strstr(s.told, "drain slot=0"));
	ask(&s, 'q');
	CHECK(told(&s, "stop slot=1 "));
	CHECK(told(&s, "drain slot=0 "));
	CHECK(told(&s, "stop slot=0 "));
	CHECK_INT(stage_end(&s), 0);
}

static bool connects(const struct stage *stage)
{
	struct sockaddr_in addr = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM, 0), err;

	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	addr.sin_port = htons(stage->tcp_port);
	err = connect(fd, (struct sockaddr *)&addr, sizeof(addr));
	close(fd);
	return !err;
}

/* Datagrams until one comes to this slot, or to any (0); the slot. */
static int ask_slot(struct stage *stage, char what, const char *says, int slot)
{
	for (int i = 0; i < 200; i++) {
		const char *line;
		int got = 0;

		ask(stage, what);
		line = told(stage, says);
		if (!line || sscanf(strstr(line, "slot="), "slot=%d", &got) < 1)
			return 0;
		if (!slot || got == slot)
			return got;
	}
	return 0;
}

/* Who looks at lists does not keep calls waiting. */
static void the_admin_gives_way_to_workers(void)
{
	struct stage s;
	pid_t worker, admin;

	stage_init(&s, 1);
	s.daemon.admin_run = child_run;
	REQUIRE(!stage_open(&s));
	worker = pid_in(told(&s, "start slot=1 "));
	admin = pid_in(told(&s, "start slot=0 "));
	REQUIRE(worker > 0 && admin > 0);
	CHECK_INT(getpriority(PRIO_PROCESS, (id_t)worker),
		  getpriority(PRIO_PROCESS, 0));
	CHECK(getpriority(PRIO_PROCESS, (id_t)admin) >
	      getpriority(PRIO_PROCESS, (id_t)worker));
	stage_kill(&s);
}

static void idle_workers_stay_until_all_are_idle(void)
{
	struct stage s;
	int first;

	stage_init(&s, 2);
	REQUIRE(!stage_open(&s));
	CHECK(told(&s, "start slot=1 "));
	CHECK(told(&s, "start slot=2 "));
	CHECK(connects(&s));
	CHECK_INT(kill(s.pid, SIGTERM), 0);
	CHECK(told(&s, "drain slot=1 "));
	CHECK(told(&s, "drain slot=2 "));
	first = ask_slot(&s, 'i', "idle", 0);
	CHECK(first == 1 || first == 2);
	/* it goes on to serve, but for those who would connect now */
	CHECK(!connects(&s));
	CHECK_INT(ask_slot(&s, 'n', "name=", first), first);
	CHECK(!strstr(s.told, "stop"));
	CHECK_INT(ask_slot(&s, 'i', "idle", 3 - first), 3 - first);
	CHECK(told(&s, "stop slot=1 "));
	CHECK(told(&s, "stop slot=2 "));
	CHECK_INT(stage_end(&s), 0);
}

static void drain_ends_at_its_limit(void)
{
	struct stage s;

	stage_init(&s, 2);
	s.daemon.times.drain_ms = 50;
	REQUIRE(!stage_open(&s));
	CHECK(told(&s, "start slot=1 "));
	CHECK(told(&s, "start slot=2 "));
	CHECK_INT(kill(s.pid, SIGTERM), 0);
	CHECK_INT(stage_end(&s), 0);
	CHECK(!strstr(s.told, "stop"));
}

static void second_signal_kills_at_once(void)
{
	struct stage s;

	stage_init(&s, 1);
	s.daemon.times.drain_ms = 100 * PATIENCE_MS;
	REQUIRE(!stage_open(&s));
	CHECK(told(&s, "start slot=1 "));
	CHECK_INT(kill(s.pid, SIGTERM), 0);
	CHECK(told(&s, "drain slot=1 "));
	CHECK_INT(kill(s.pid, SIGINT), 0);
	CHECK_INT(stage_end(&s), 0);
}

static void worker_told_twice_to_stop_drains_once(void)
{
	struct stage s;
	pid_t pid;

	stage_init(&s, 1);
	REQUIRE(!stage_open(&s));
	pid = pid_in(told(&s, "start slot=1 "));
	REQUIRE(pid > 0);
	CHECK_INT(kill(pid, SIGTERM), 0);
	CHECK(told(&s, "drain slot=1 "));
	CHECK_INT(kill(s.pid, SIGTERM), 0);
	ask(&s, 'n');
	CHECK(told(&s, "name=t/1"));
	CHECK(!strstr(s.told, "drain"));
	ask(&s, 'q');
	CHECK_INT(stage_end(&s), 0);
}

static void worker_that_dies_while_draining_has_a_successor_that_drains(void)
{
	struct stage s;

	stage_init(&s, 1);
	REQUIRE(!stage_open(&s));
	CHECK(told(&s, "start slot=1 inc=1 "));
	CHECK_INT(kill(s.pid, SIGTERM), 0);
	CHECK(told(&s, "drain slot=1 inc=1 "));
	ask(&s, 'k');
	CHECK(told(&s, "start slot=1 inc=2 "));
	CHECK(told(&s, "drain slot=1 inc=2 "));
	ask(&s, 'q');
	CHECK_INT(stage_end(&s), 0);
}

static void reload_reaches_the_living_and_the_unborn(void)
{
	struct stage s;

	stage_init(&s, 1);
	REQUIRE(!stage_open(&s));
	CHECK(told(&s, "start slot=1 inc=1 "));
	CHECK_INT(kill(s.pid, SIGHUP), 0);
	CHECK(told(&s, "reload slot=1 inc=1 "));
	ask(&s, 'k');
	CHECK(told(&s, "start slot=1 inc=2 "));
	ask(&s, 'n');
	CHECK(told(&s, "cfg=B"));
	stage_kill(&s);
}

static void the_parent_is_awake_while_it_loads(void)
{
	struct stage s;
	int fd;

	stage_init(&s, 1);
	s.daemon.load = config_load;
	snprintf(held, sizeof(held), "%s/held", test_tmpdir());
	fd = open(held, O_CREAT | O_WRONLY, 0600);
	CHECK(fd >= 0);
	close(fd);
	REQUIRE(!stage_open(&s));
	CHECK(told(&s, "start slot=1 inc=1 "));
	CHECK_INT(kill(s.pid, SIGHUP), 0);
	/* a death is seen, and its successor has what was loaded */
	ask(&s, 'k');
	CHECK(!unlink(held));
	CHECK(told(&s, "start slot=1 inc=2 "));
	ask(&s, 'n');
	CHECK(told(&s, "cfg=C"));
	stage_kill(&s);

	/* it stops, whatever is loaded */
	fd = open(held, O_CREAT | O_WRONLY, 0600);
	close(fd);
	REQUIRE(!stage_open(&s));
	CHECK(told(&s, "start slot=1 inc=1 "));
	CHECK_INT(kill(s.pid, SIGHUP), 0);
	CHECK_INT(kill(s.pid, SIGTERM), 0);
	CHECK(told(&s, "drain slot=1 "));
	CHECK(!unlink(held));
	stage_kill(&s);
}

static void bad_configuration_is_not_passed_on(void)
{
	struct stage s;

	stage_init(&s, 1);
	reload_fails = true;
	REQUIRE(!stage_open(&s));
	reload_fails = false;
	CHECK(told(&s, "start slot=1 inc=1 "));
	CHECK_INT(kill(s.pid, SIGHUP), 0);
	CHECK_INT(kill(s.pid, SIGTERM), 0);
	CHECK(told(&s, "drain slot=1 "));
	ask(&s, 'q');
	CHECK_INT(stage_end(&s), 0);
	CHECK(!strstr(s.told, "reload"));
}

static void configuration_error_of_a_worker_stops_all(void)
{
	struct stage s;

	stage_init(&s, 2);
	s.daemon.times.drain_ms = 50;
	REQUIRE(!stage_open(&s));
	CHECK(told(&s, "start slot=1 "));
	CHECK(told(&s, "start slot=2 "));
	ask(&s, 'c');
	CHECK_INT(stage_end(&s), WORKER_EXIT_CONFIG);
	CHECK(!strstr(s.told, "inc=2"));
}

static int run_once_and_then_refuse(struct worker *worker)
{
	if (worker->slot == 1 && worker->incarnation > 1) {
		tell(worker, "refuse");
		return worker->incarnation == 2 ? WORKER_EXIT_CONFIG
						: child_run(worker);
	}
	return child_run(worker);
}

/* Somebody is at work on the files just when a worker dies: what serves goes
 * on serving, and the successor is tried again. */
static void configuration_error_of_a_successor_is_its_own(void)
{
	struct stage s;
	pid_t pid;

	stage_init(&s, 2);
	s.daemon.worker_run = run_once_and_then_refuse;
	REQUIRE(!stage_open(&s));
	pid = pid_in(told(&s, "start slot=1 inc=1 "));
	CHECK(told(&s, "start slot=2 inc=1 "));
	REQUIRE(pid > 0);
	CHECK_INT(kill(pid, SIGKILL), 0);
	CHECK(told(&s, "refuse slot=1 inc=2 "));
	CHECK(told(&s, "start slot=1 inc=3 "));
	/* before the end: who sees his parent die may drain */
	CHECK(!strstr(s.told, "slot=2 inc=2"));
	CHECK(!strstr(s.told, "drain"));
	stage_kill(&s);
}

static void children_die_with_their_parent(void)
{
	struct stage s;

	stage_init(&s, 2);
	s.daemon.admin_run = child_run;
	REQUIRE(!stage_open(&s));
	CHECK(told(&s, "start slot=1 "));
	CHECK(told(&s, "start slot=2 "));
	CHECK(told(&s, "start slot=0 "));
	CHECK_INT(kill(s.pid, SIGKILL), 0);
	CHECK_INT(stage_end(&s), -1);
}

static void address_in_use_ends_with_its_own_code(void)
{
	struct sockaddr_in addr = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct stage s;

	stage_init(&s, 1);
	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	addr.sin_port = htons(s.udp_port);
	REQUIRE(!bind(fd, (struct sockaddr *)&addr, sizeof(addr)));
	REQUIRE(!stage_open(&s));
	CHECK_INT(stage_end(&s), SUPER_EXIT_ADDRESS);
	close(fd);
}

static void nonsense_is_refused(void)
{
	struct stage s;

	CHECK_INT(super_main(NULL), SUPER_EXIT_SYSTEM);
	stage_init(&s, 0);
	CHECK_INT(super_main(&s.daemon), SUPER_EXIT_SYSTEM);
	stage_init(&s, 1);
	s.daemon.node = "Not valid";
	CHECK_INT(super_main(&s.daemon), SUPER_EXIT_SYSTEM);
}

TEST_MAIN(TEST(all_start_and_systemd_is_told),
	  TEST(child_has_its_name_and_only_its_own_sockets),
	  TEST(killed_worker_is_replaced_and_others_stay),
	  TEST(worker_that_ends_by_itself_is_replaced),
	  TEST(deaths_in_a_row_wait_longer_and_longer),
	  TEST(settled_life_clears_the_back_off),
	  TEST(worker_whose_loop_stands_still_is_killed_and_replaced),
	  TEST(what_stood_still_with_the_parent_is_not_killed),
	  TEST(worker_that_never_begins_is_killed_and_replaced),
	  TEST(start_may_take_longer_than_a_turn_of_the_loop),
	  TEST(sockets_outlive_their_worker),
	  TEST(drain_waits_for_the_workers_and_then_ends_the_admin),
	  TEST(the_admin_gives_way_to_workers),
	  TEST(idle_workers_stay_until_all_are_idle),
	  TEST(drain_ends_at_its_limit), TEST(second_signal_kills_at_once),
	  TEST(worker_told_twice_to_stop_drains_once),
	  TEST(worker_that_dies_while_draining_has_a_successor_that_drains),
	  TEST(reload_reaches_the_living_and_the_unborn),
	  TEST(the_parent_is_awake_while_it_loads),
	  TEST(bad_configuration_is_not_passed_on),
	  TEST(configuration_error_of_a_worker_stops_all),
	  TEST(configuration_error_of_a_successor_is_its_own),
	  TEST(children_die_with_their_parent),
	  TEST(address_in_use_ends_with_its_own_code),
	  TEST(nonsense_is_refused))
