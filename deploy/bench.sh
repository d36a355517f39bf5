#!/bin/sh
# make bench: runs each micro-benchmark, with what it ran on. Nothing here is
# a gate. SPDX-License-Identifier: MIT
set -eu
cd "$(dirname "$0")/.."
grep -m1 'model name' /proc/cpuinfo | sed 's/.*: //'
uname -sr
for b in "$B"/tests/bench/bench_*; do
	case $b in *.d | *.o) continue ;; esac
	echo
	echo "== ${b##*/}"
	timeout 300 "$b"
done
