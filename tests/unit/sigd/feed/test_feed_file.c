/*
 * test_feed_file.c  All lines of a batch stand in the file, or none
 *
 * SPDX-License-Identifier: MIT
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <re.h>

#include "sigd/feed/feed_file.h"
#include "tests/lib/test.h"

enum { EVENTS = 3 };

static size_t done;

static void on_done(size_t n, void *arg)
{
	(void)arg;
	done = n;
}

static struct feed_event *event_new(const char *line)
{
	struct feed_event *event = mem_zalloc(sizeof(*event), NULL);

	event->json = mbuf_alloc(strlen(line));
	(void)mbuf_write_str(event->json, line);
	return event;
}

static const char *text_of(const char *path)
{
	static char text[256];
	const int fd = open(path, O_RDONLY);
	const ssize_t n = read(fd, text, sizeof(text) - 1);

	(void)close(fd);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

/* The file may have so many bytes. */
static void limit(rlim_t bytes)
{
	struct rlimit rl;

	CHECK(!getrlimit(RLIMIT_FSIZE, &rl));
	rl.rlim_cur = bytes;
	CHECK(!setrlimit(RLIMIT_FSIZE, &rl));
}

static void a_batch_stands_there_whole_or_not_at_all(void)
{
	static const char *const lines[EVENTS] = {"{\"a\":1}\n", "{\"b\":22}\n",
						  "{}\n"};
	struct feed_event *events[EVENTS];
	struct feed_file *file = NULL;
	char path[] = "/tmp/test_feed_file.XXXXXX";
	const int fd = mkstemp(path);

	CHECK(fd >= 0);
	(void)close(fd);
	for (size_t i = 0; i < EVENTS; i++)
		events[i] = event_new(lines[i]);
	CHECK(!feed_file_alloc(&file, path));
	feed_file_deliver(file, events, EVENTS, on_done, NULL);
	CHECK_INT(done, EVENTS);
	CHECK_STR(text_of(path), "{\"a\":1}\n{\"b\":22}\n{}\n");
	/* there is room for half of the second line */
	(void)signal(SIGXFSZ, SIG_IGN);
	limit(20 + 8 + 4);
	feed_file_deliver(file, events, EVENTS, on_done, NULL);
	CHECK_INT(done, 0);
	CHECK_STR(text_of(path), "{\"a\":1}\n{\"b\":22}\n{}\n");
	limit(RLIM_INFINITY);
	feed_file_deliver(file, events, 2, on_done, NULL);
	CHECK_INT(done, 2);
	CHECK_STR(text_of(path),
		  "{\"a\":1}\n{\"b\":22}\n{}\n{\"a\":1}\n{\"b\":22}\n");
	(void)unlink(path);
	mem_deref(file);
	for (size_t i = 0; i < EVENTS; i++) {
		mem_deref(events[i]->json);
		mem_deref(events[i]);
	}
}

TEST_MAIN(TEST(a_batch_stands_there_whole_or_not_at_all))
