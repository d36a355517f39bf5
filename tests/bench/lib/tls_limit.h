/*
 * tls_limit.h  What OpenSSL takes for a handshake
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef TESTS_BENCH_LIB_TLS_LIMIT_H
#define TESTS_BENCH_LIB_TLS_LIMIT_H

/* Prints the CPU of the server's end of TLS 1.3 with this certificate, full
 * and resumed: no sockets, both ends in this process. */
void tls_limit(const char *cert, const char *key);

#endif
