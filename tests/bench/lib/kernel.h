/*
 * kernel.h  The kernel's share of a relayed packet
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_BENCH_LIB_KERNEL_H
#define TESTS_BENCH_LIB_KERNEL_H

/*
 * CPU of a packet that one UDP socket takes by recvmmsg() and passes to one of
 * 100 peers by sendmmsg(), `at_once` (1..64) of them each time: what mediad
 * does with a packet, without a look into it.
 */
double kernel_relay_us(unsigned at_once, unsigned packets);

#endif
