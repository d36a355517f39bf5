/*
 * test_worker.c  The life of a worker: hooks, signals, signs of life
 *
 * SPDX-License-Identifier: MIT
 */
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>
#include <re.h>

#include "common/log.h"
#include "common/loop.h"
#include "common/wheel.h"
#include "common/worker.h"
#include "tests/lib/test.h"

struct scene {
	struct worker worker;
	struct wheel_timer timer;
	char order[32];
	size_t n;
	int start_code;
	int signo;      /* sent to ourselves in start */
	int quit_in_ms; /* <0: not by time; after start */
	bool quit_in_start;
};

static void note(struct scene *scene, char what)
{
	if (scene->n < sizeof(scene->order) - 1)
		scene->order[scene->n++] = what;
}

static void on_time(void *arg)
{
	struct scene *scene = arg;

	worker_quit(&scene->worker, 0);
}

static int on_start(struct worker *worker, void *arg)
{
	struct scene *scene = arg;

	note(scene, 's');
	CHECK(test_oom_hit() || worker->wheel);
	if (scene->quit_in_ms >= 0)
		wheel_start(worker->wheel, &scene->timer,
			    (uint64_t)scene->quit_in_ms, on_time, scene);
	if (scene->signo)
		(void)kill(getpid(), scene->signo);
	if (scene->quit_in_start)
		worker_quit(worker, 0);
	worker_ready(worker);
	return scene->start_code;
}

static void on_drain(void *arg)
{
	struct scene *scene = arg;

	note(scene, 'd');
	CHECK(scene->worker.draining);
	(void)kill(getpid(), SIGTERM); /* has no effect */
	wheel_start(scene->worker.wheel, &scene->timer, 20, on_time, scene);
}

static void on_reload(void *arg)
{
	struct scene *scene = arg;

	note(scene, 'r');
	worker_quit(&scene->worker, 3);
	worker_quit(&scene->worker, 4); /* too late */
}

static void on_stop(void *arg)
{
	struct scene *scene = arg;

	note(scene, 'e');
	wheel_stop(&scene->timer);
}

static const struct worker_hooks hooks = {on_start, on_drain, on_reload,
					  on_stop, 1024};

static int play(struct scene *scene)
{
	scene->worker.parent_fd = -1;
	return worker_main(&scene->worker, &hooks, scene);
}

static void start_that_fails_gives_its_code(void)
{
	struct scene scene = {.start_code = 78, .quit_in_ms = -1};

	CHECK_INT(play(&scene), 78);
	CHECK_STR(scene.order, "se");
}

static void quit_in_start_is_heeded(void)
{
	struct scene scene = {.quit_in_start = true, .quit_in_ms = -1};

	CHECK_INT(play(&scene), 0);
	CHECK_STR(scene.order, "se");
}

static void term_drains_once(void)
{
	struct scene scene = {.signo = SIGTERM, .quit_in_ms = -1};

	CHECK_INT(play(&scene), 0);
	CHECK_STR(scene.order, "sde");
}

static void term_without_a_drain_hook_quits(void)
{
	static const struct worker_hooks few = {.start = on_start};
	struct scene scene = {.signo = SIGTERM, .quit_in_ms = -1};

	scene.worker.parent_fd = -1;
	CHECK_INT(worker_main(&scene.worker, &few, &scene), 0);
	CHECK_STR(scene.order, "s");
}

static void hup_reloads_and_the_first_code_counts(void)
{
	struct scene scene = {.signo = SIGHUP, .quit_in_ms = -1};

	CHECK_INT(play(&scene), 3);
	CHECK_STR(scene.order, "sre");
}

static void interrupt_is_left_to_the_parent(void)
{
	struct scene scene = {.signo = SIGINT, .quit_in_ms = 30};

	CHECK_INT(play(&scene), 0);
	CHECK_STR(scene.order, "se");
}

static void user_signals_change_the_log_level(void)
{
	struct scene scene = {.signo = SIGUSR1, .quit_in_ms = 30};

	log_init("t", LOG_L_WARN);
	CHECK_INT(play(&scene), 0);
	CHECK_INT(log_level_get(), LOG_L_DEBUG);

	log_level_set(LOG_L_WARN);
	scene = (struct scene){.signo = SIGUSR2, .quit_in_ms = 30};
	CHECK_INT(play(&scene), 0);
	CHECK_INT(log_level_get(), LOG_L_WARN);
	log_init("t", LOG_L_ERROR);
}

static void parent_hears_that_it_is_ready_and_lives(void)
{
	struct scene scene = {.quit_in_ms = 60};
	char said[256] = "";
	int fds[2];

	REQUIRE(!pipe2(fds, O_NONBLOCK));
	scene.worker.parent_fd = fds[1];
	scene.worker.beat_ms = 5;
	CHECK_INT(worker_main(&scene.worker, &hooks, &scene), 0);
	CHECK(read(fds[0], said, sizeof(said) - 1) >= 4);
	CHECK(!strncmp(said, "rhhh", 4));
	close(fds[0]);
	close(fds[1]);
}

static void full_or_closed_pipe_is_no_trouble(void)
{
	struct scene scene = {.quit_in_ms = 20};
	int fds[2];

	REQUIRE(!pipe2(fds, O_NONBLOCK));
	while (write(fds[1], "xxxxxxxx", 8) > 0)
		;
	scene.worker.parent_fd = fds[1];
	scene.worker.beat_ms = 1;
	CHECK_INT(worker_main(&scene.worker, &hooks, &scene), 0);

	close(fds[0]);
	signal(SIGPIPE, SIG_IGN);
	scene = (struct scene){.quit_in_ms = 20};
	scene.worker.parent_fd = fds[1];
	scene.worker.beat_ms = 1;
	CHECK_INT(worker_main(&scene.worker, &hooks, &scene), 0);
	close(fds[1]);
}

static void socket_is_found_by_the_name_of_its_listener(void)
{
	static const struct worker_sock socks[] = {{"udp", 5, NULL},
						   {"wss", 6, NULL}};
	struct worker worker = {.socks = socks, .nsocks = 2};

	CHECK(worker_sock_find(&worker, "wss") == &socks[1]);
	CHECK(worker_sock_find(&worker, "tls") == NULL);
}

static void lack_of_memory_ends_it_with_a_code(void)
{
	struct scene scene = {.quit_in_ms = 0};
	int code;

	log_fd_set(open("/dev/null", O_WRONLY | O_CLOEXEC));
	code = play(&scene);
	CHECK(code == 0 || code == WORKER_EXIT_FAILED);
}

TEST_MAIN(TEST(start_that_fails_gives_its_code), TEST(quit_in_start_is_heeded),
	  TEST(term_drains_once), TEST(term_without_a_drain_hook_quits),
	  TEST(hup_reloads_and_the_first_code_counts),
	  TEST(interrupt_is_left_to_the_parent),
	  TEST(user_signals_change_the_log_level),
	  TEST(parent_hears_that_it_is_ready_and_lives),
	  TEST(full_or_closed_pipe_is_no_trouble),
	  TEST(socket_is_found_by_the_name_of_its_listener),
	  TEST_OOM(lack_of_memory_ends_it_with_a_code))
