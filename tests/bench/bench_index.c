/*
 * bench_index.c  What it costs to keep each packet's index in the state file
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <re.h>

#include "mediad/rtp/stream.h"
#include "mediad/session/state_image.h"
#include "tests/bench/lib/bench.h"

enum {
	STREAMS = 800, /* of 400 calls */
	PACKETS = 20000000,
	COLD_ROUNDS = 40,
	OTHER = 32 << 20, /* bytes */
	LINE = 64,
	ROUNDS = 5
};

static const char title[] =
	"Of the packets of 800 streams, one after the other: a new index is\n"
	"taken. Without a state file; with one, in a mapping of\n"
	"tmpfs, where it is stored before the packet is sent; and stored once\n"
	"for 16 packets of a stream. Cold: 32 MB of other memory are read before\n"
	"each round of 800. The least of five turns each, one after the other.\n";

static struct strm_out outs[STREAMS];

static void *map_tmpfs(size_t size)
{
	char path[] = "/dev/shm/bench_index.XXXXXX";
	int fd = mkstemp(path);
	void *image = MAP_FAILED;

	if (fd >= 0 && !ftruncate(fd, (off_t)size))
		image = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			     0);
	if (image == MAP_FAILED)
		bench_die("no tmpfs: %s", strerror(errno));
	unlink(path);
	close(fd);
	memset(image, 0, size);
	return image;
}

static struct strm_slot *slot_of(uint8_t *image, unsigned i)
{
	struct state_rec *rec;

	if (!image)
		return NULL;
	rec = (void *)(image + state_image_rec_at(i));
	return &rec->hot.slot;
}

/* What strm_map_packet() does for a packet, but for its mapping. */
static double turn(uint8_t *image, unsigned every)
{
	double begin;
	unsigned n = 0;

	for (unsigned i = 0; i < STREAMS; i++)
		strm_out_init(&outs[i], i, 48000, 1, slot_of(image, i));
	begin = bench_cpu_us();
	for (unsigned round = 0; n < PACKETS; round++) {
		for (unsigned i = 0; i < STREAMS; i++, n++) {
			struct strm_slot *slot = outs[i].slot;
			uint64_t index;

			if (round % every)
				outs[i].slot = NULL;
			(void)strm_out_take(&outs[i], &index);
			outs[i].slot = slot;
		}
	}
	return (bench_cpu_us() - begin) / n * 1e3;
}

static unsigned read_other(const uint8_t *other)
{
	unsigned sum = 0;

	for (size_t at = 0; at < OTHER; at += LINE)
		sum += other[at];
	return sum;
}

static double cold(uint8_t *image, const uint8_t *other)
{
	volatile unsigned sum = 0;
	double us = 0;

	for (unsigned i = 0; i < STREAMS; i++)
		strm_out_init(&outs[i], i, 48000, 1, slot_of(image, i));
	for (unsigned round = 0; round < COLD_ROUNDS; round++) {
		double begin;

		sum += read_other(other);
		begin = bench_cpu_us();
		for (unsigned i = 0; i < STREAMS; i++) {
			uint64_t index;

			(void)strm_out_take(&outs[i], &index);
		}
		us += bench_cpu_us() - begin;
	}
	return us / COLD_ROUNDS / STREAMS * 1e3;
}

static double least(double a, double b)
{
	return a < b ? a : b;
}

int main(void)
{
	uint8_t *image = map_tmpfs(state_image_size(STREAMS));
	const uint8_t *other = map_tmpfs(OTHER);
	double ns[5] = {1e9, 1e9, 1e9, 1e9, 1e9};

	bench_title(title);
	for (unsigned r = 0; r < ROUNDS; r++) {
		const double t[] = {turn(NULL, 1), turn(image, 1),
				    turn(image, 16), cold(NULL, other),
				    cold(image, other)};

		for (unsigned i = 0; i < 5; i++)
			ns[i] = least(t[i], ns[i]);
	}
	BENCH("an index taken, kept by nobody", ns[0], "ns", 0, NULL);
	BENCH("... stored in the state file", ns[1], "ns", 0, NULL);
	BENCH("... stored for each 16th packet", ns[2], "ns", 0, NULL);
	BENCH("cold: kept by nobody", ns[3], "ns", 0, NULL);
	BENCH("... stored in the state file", ns[4], "ns", 0, NULL);
	return 0;
}
