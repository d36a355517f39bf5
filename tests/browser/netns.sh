#!/bin/sh
# netns.sh COMMAND...: runs it in a network of its own, in which 192.0.2.1 is an
# address of a card that is no loopback, and turn.test the name of 198.51.100.9. SPDX-License-Identifier: MIT
set -eu
if [ -z "${CORDBOARD_NETNS:-}" ]; then
	export CORDBOARD_NETNS=1
	[ "$(id -u)" = 0 ] || exec unshare -rnm "$0" "$@"
	exec unshare -nm "$0" "$@"
fi
hosts=$(mktemp)
[ -e /etc/hosts ] || : >/etc/hosts
{ cat /etc/hosts; echo 198.51.100.9 turn.test; } >"$hosts"
chmod 644 "$hosts"
mount --bind "$hosts" /etc/hosts
rm "$hosts"
ip link set lo up
ip link add web0 type veth peer name web1
ip addr add 192.0.2.1/24 dev web0
ip link set web0 addrgenmode none up
ip link set web1 addrgenmode none
ip link set web1 up
ip route add default dev web0
exec "$@"
