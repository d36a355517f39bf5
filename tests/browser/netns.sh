#!/bin/sh
# netns.sh COMMAND...: runs it in a network of its own, in which 192.0.2.1 is an
# address of a card that is no loopback. CORDBOARD_NO_UDP=1: one without UDP. SPDX-License-Identifier: MIT
set -eu
if [ -z "${CORDBOARD_NETNS:-}" ]; then
	export CORDBOARD_NETNS=1
	[ "$(id -u)" = 0 ] || exec unshare -rn "$0" "$@"
	exec unshare -n "$0" "$@"
fi
ip link set lo up
ip link add web0 type veth peer name web1
ip addr add 192.0.2.1/24 dev web0
ip link set web0 up
ip link set web1 up
ip route add default dev web0
if [ -n "${CORDBOARD_NO_UDP:-}" ]; then
	# a firewall that lets no datagram through, not even to ourselves
	ip rule add pref 5 lookup local
	ip rule del pref 0
	ip rule add pref 1 ipproto udp prohibit
fi
exec "$@"
