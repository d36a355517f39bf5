#!/bin/bash
# make bench-peers: transcoding by mediad and by RTPEngine, REGISTER by sigd and
# by kamailio, in one run on one machine. Not a part of make bench or make test. What the figures mean:
# docs/benchmarks.md.
# SPDX-License-Identifier: MIT
set -eu
cd "$(dirname "$0")/.."

if ! command -v rtpengine >/dev/null; then
	echo "rtpengine is not installed: apt-get install rtpengine-daemon" >&2
	echo "(its service is not needed, and may stay off)" >&2
	exit 1
fi
if ! command -v kamailio >/dev/null; then
	echo "kamailio is not installed: apt-get install kamailio kamailio-tls-modules kamailio-websocket-modules" >&2
	exit 1
fi
cpu=$(grep -m1 'model name' /proc/cpuinfo | sed 's/.*: //' || true)
echo "hardware  ${cpu:-$(uname -m)}, $(nproc) cores"
echo "system    $(uname -sr), $(. /etc/os-release && echo "$PRETTY_NAME")"
echo "load      $(cut -d' ' -f1-3 /proc/loadavg) before"
for b in "$B"/tests/bench/peers_*; do
	case $b in *.d | *.o) continue ;; esac
	echo
	timeout 300 "$b"
done
