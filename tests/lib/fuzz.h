/*
 * fuzz.h  The one entry of a fuzz target: libFuzzer's, and our replay's
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_LIB_FUZZ_H
#define TESTS_LIB_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* data is only valid during the call; returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
