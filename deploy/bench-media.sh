#!/bin/bash
# make bench-media: calls between pages and PBXs through the real mediad and
# sigd, beside Debian's rtpengine and kamailio where they are installed. Not a
# part of make bench or make test. bench-media.sh [name]: those with that in
# their name (relay, calls, wait). What the figures mean: docs/performance.md.
# SPDX-License-Identifier: MIT
set -eu
cd "$(dirname "$0")/.."
only=${1:-}

cpu=$(grep -m1 'model name' /proc/cpuinfo | sed 's/.*: //' || true)
echo "hardware  ${cpu:-$(uname -m)}, $(nproc) cores"
echo "system    $(uname -sr), $(. /etc/os-release && echo "$PRETTY_NAME")"
echo "load      $(cut -d' ' -f1-3 /proc/loadavg) before"
for b in "$B"/tests/bench/media_*"$only"*; do
	case $b in *.d | *.o) continue ;; esac
	[ -x "$b" ] || continue
	echo
	timeout 600 "$b"
	echo "load      $(cut -d' ' -f1-3 /proc/loadavg) after"
done
