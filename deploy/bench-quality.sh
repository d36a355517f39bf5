#!/bin/bash
# make bench-quality: how speech sounds behind loss, jitter and a transcoder,
# beside Debian's rtpengine in the same run. Not a part of make bench or make
# test. bench-quality.sh [name]: those with that in their name (peers, conceal).
# What the figures mean: docs/quality.md.
# SPDX-License-Identifier: MIT
set -eu
cd "$(dirname "$0")/.."
only=${1:-}

need=
for p in flite asterisk-core-sounds-en-g722 asterisk-core-sounds-fr-g722 rtpengine-daemon; do
	dpkg-query -W -f '${db:Status-Status}\n' "$p" 2>/dev/null | grep -q '^installed$' || need="$need $p"
done
if [ -n "$need" ]; then
	echo "not installed: apt-get install$need" >&2
	exit 1
fi
echo "load      $(cut -d' ' -f1-3 /proc/loadavg) before"
for b in "$B"/tests/bench/quality_*"$only"*; do
	case $b in *.d | *.o) continue ;; esac
	[ -x "$b" ] || continue
	echo
	timeout 900 "$b" "$B/quality.svg"
done
if [ -f "$B/quality.svg" ]; then echo "plots     $B/quality.svg"; fi
