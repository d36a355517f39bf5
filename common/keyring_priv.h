/*
 * keyring_priv.h  What seal.c asks of the keyring beyond its public part
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef COMMON_KEYRING_PRIV_H
#define COMMON_KEYRING_PRIV_H

#include <stdbool.h>
#include <stdint.h>
#include <openssl/types.h>

struct keyring;

/*
 * An AES-SIV context, keyed and never used: copying one costs half of keying
 * one anew. The keyring owns it. NULL when the id is not loaded.
 */
const EVP_CIPHER_CTX *keyring_siv(const struct keyring *ring, uint8_t id,
				  unsigned purpose, bool seals);

#endif
