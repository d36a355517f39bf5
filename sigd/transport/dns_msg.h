/*
 * dns_msg.h  SRV and NAPTR records of a DNS answer (RFC 1035, 2782, 3403)
 *
 * Pure. Answers come from whoever answers: everything is checked, a record
 * that makes no sense is left out, and only so many are looked at.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_TRANSPORT_DNS_MSG_H
#define SIGD_TRANSPORT_DNS_MSG_H

#include <stddef.h>
#include <stdint.h>

enum {
	DNS_HOST_MAX = 253,
	DNS_SERVICE_MAX = 15,
	DNS_RECORDS_MAX = 8, /* kept, the most important ones */
	DNS_LOOK_MAX = 64,   /* looked at */
};

struct dns_srv {
	uint16_t priority, weight, port;
	char target[DNS_HOST_MAX + 1]; /* "": not offered there (RFC 2782) */
};

struct dns_naptr {
	uint16_t order, preference;
	char flag;                         /* upper case; 0: none */
	char service[DNS_SERVICE_MAX + 1]; /* upper case */
	char target[DNS_HOST_MAX + 1];     /* the replacement */
};

enum dns_type {
	DNS_SRV = 33,
	DNS_NAPTR = 35
};

/* Sorted: the lowest priority, or order and preference, first. */
struct dns_answer {
	enum dns_type type;
	uint32_t ttl; /* seconds, the shortest; of no record: 0 */
	size_t n;
	union {
		struct dns_srv srv[DNS_RECORDS_MAX];
		struct dns_naptr naptr[DNS_RECORDS_MAX];
	};
};

/* The records of this type in the answer section. EBADMSG: no DNS answer. */
int dns_answer_read(struct dns_answer *answer, enum dns_type type,
		    const uint8_t *msg, size_t len);

#endif
