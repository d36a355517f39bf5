/*
 * framer.h  SIP messages of a byte stream, for the transport that knows none
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef SIGD_PROXY_FRAMER_H
#define SIGD_PROXY_FRAMER_H

#include "sigd/transport/transport.h"

extern const struct transport_framer proxy_framer;

#endif
