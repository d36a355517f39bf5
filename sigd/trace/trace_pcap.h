/*
 * trace_pcap.h  A trace as a capture file for Wireshark (libpcap's format)
 *
 * Each message becomes one IP packet with UDP, whatever it came over: what
 * was encrypted or cut into segments is shown as the message that it was.
 * Our port is told as 5060 unless it was UDP, so that a reader takes them for
 * SIP. Pure.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_TRACE_TRACE_PCAP_H
#define SIGD_TRACE_TRACE_PCAP_H

#include "sigd/trace/trace_msg.h"

/* The head of the file. ENOMEM. */
int trace_pcap_begin(struct mbuf *mb);
/* One message; cut to what a packet may hold. ENOMEM. */
int trace_pcap_write(struct mbuf *mb, const struct trace_msg *msg);

#endif
