/*
 * txn_key.c  What tells one transaction from another
 *
 * SipHash: J.-P. Aumasson and D. J. Bernstein, "SipHash: a fast short-input
 * PRF", 2012; the 128 bit output as in their reference implementation.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <re.h>

#include "sigd/txn/txn_key.h"

struct sip {
	uint64_t v[4];
	uint64_t word; /* bytes that do not fill eight yet */
	uint64_t total;
};

static inline uint64_t rotl(uint64_t x, unsigned n)
{
	return x << n | x >> (64 - n);
}

static void rounds(uint64_t v[4], unsigned n)
{
	while (n--) {
		v[0] += v[1];
		v[1] = rotl(v[1], 13) ^ v[0];
		v[0] = rotl(v[0], 32);
		v[2] += v[3];
		v[3] = rotl(v[3], 16) ^ v[2];
		v[0] += v[3];
		v[3] = rotl(v[3], 21) ^ v[0];
		v[2] += v[1];
		v[1] = rotl(v[1], 17) ^ v[2];
		v[2] = rotl(v[2], 32);
	}
}

static uint64_t load64(const uint8_t *p)
{
	uint64_t x = 0;

	for (unsigned i = 0; i < 8; i++)
		x |= (uint64_t)p[i] << 8 * i;
	return x;
}

static void begin(struct sip *sip, const uint8_t *secret)
{
	const uint64_t k0 = load64(secret), k1 = load64(secret + 8);

	sip->v[0] = k0 ^ UINT64_C(0x736f6d6570736575);
	sip->v[1] = k1 ^ UINT64_C(0x646f72616e646f6d) ^ 0xee;
	sip->v[2] = k0 ^ UINT64_C(0x6c7967656e657261);
	sip->v[3] = k1 ^ UINT64_C(0x7465646279746573);
	sip->word = sip->total = 0;
}

static void compress(struct sip *sip, uint64_t m)
{
	sip->v[3] ^= m;
	rounds(sip->v, 2);
	sip->v[0] ^= m;
}

static void add(struct sip *sip, const void *data, size_t len)
{
	const uint8_t *p = data;

	while (len) {
		if (!(sip->total & 7) && len >= 8) {
			compress(sip, load64(p));
			sip->total += 8;
			p += 8;
			len -= 8;
			continue;
		}
		sip->word |= (uint64_t)*p++ << 8 * (sip->total & 7);
		--len;
		if (!(++sip->total & 7)) {
			compress(sip, sip->word);
			sip->word = 0;
		}
	}
}

static void end(struct sip *sip, struct txn_key *key)
{
	compress(sip, sip->word | sip->total << 56);
	sip->v[2] ^= 0xee;
	rounds(sip->v, 4);
	key->a = sip->v[0] ^ sip->v[1] ^ sip->v[2] ^ sip->v[3];
	sip->v[1] ^= 0xdd;
	rounds(sip->v, 4);
	key->b = sip->v[0] ^ sip->v[1] ^ sip->v[2] ^ sip->v[3];
}

void txn_key_hash(struct txn_key *key, const uint8_t *secret,
		  const uint8_t *data, size_t len)
{
	struct sip sip;

	begin(&sip, secret);
	add(&sip, data, len);
	end(&sip, key);
}

/* With its length in front: no two lists of fields are the same bytes. */
static void add_field(struct sip *sip, const struct pl *pl)
{
	const uint64_t len = pl->l;

	add(sip, &len, sizeof(len));
	add(sip, pl->p, pl->l);
}

static void add_number(struct sip *sip, uint32_t num)
{
	add(sip, &num, sizeof(num));
}

/* Names have no case. */
static void add_host(struct sip *sip, const struct pl *host)
{
	char low[256];
	struct pl pl = {low, min(host->l, sizeof(low))};

	for (size_t i = 0; i < pl.l; i++) {
		char c = host->p[i];

		low[i] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
	}
	add_field(sip, &pl);
}

/*
 * RFC 3261 17.2.3: branch, sent-by and method, or for a sender of RFC 2543
 * (RFC 4475 3.2.1, 3.4.1) the fields that make its transaction. The To tag is
 * left out there: the ACK has one that the INVITE had not. The source's
 * address is compared as well: branch and sent-by are the sender's word, and
 * those of some senders can be guessed.
 */
void txn_key_server(struct txn_key *key, const uint8_t *secret,
		    const struct smsg *req, const struct pl *method)
{
	struct sip sip;
	struct pl source;

	pl_set_str(&source, req->src_host);
	begin(&sip, secret);
	add_field(&sip, method);
	add_field(&sip, &source);
	add_host(&sip, &req->via.host);
	add_number(&sip, req->via.port);
	if (shdr_via_rfc3261(&req->via)) {
		add_field(&sip, &req->via.branch);
	} else {
		add_field(&sip, &req->uri.text);
		add_field(&sip, &req->from.tag);
		add_field(&sip, &req->callid);
		add_number(&sip, req->cseq.num);
		add_field(&sip, &req->via.val);
	}
	end(&sip, key);
}

void txn_key_client(struct txn_key *key, const uint8_t *secret,
		    const struct pl *branch, const struct pl *method)
{
	struct sip sip;

	begin(&sip, secret);
	add_field(&sip, method);
	add_field(&sip, branch);
	end(&sip, key);
}
