#!/bin/bash
# make bench: runs the benchmarks one after the other, with what they ran on.
# No figure is a gate; a benchmark that cannot run fails. What each figure
# means: docs/benchmarks.md. bench.sh [name]: those with that in their name.
# SPDX-License-Identifier: MIT
set -eu
cd "$(dirname "$0")/.."
only=${1:-}
# what the tests need from npm is in the folder of the usual build
export NODE_PATH="$PWD/${B%/bench}/npm/tests/node_modules"

version() { # package of pkg-config
	pkg-config --modversion "$1" 2>/dev/null || echo none
}

cpu=$(grep -m1 'model name' /proc/cpuinfo | sed 's/.*: //' || true)
mem=$(awk '/MemTotal/ {printf "%.0f GB", $2 / 1048576}' /proc/meminfo)
echo "hardware  ${cpu:-$(uname -m)}, $(nproc) cores, $mem$(grep -qw hypervisor /proc/cpuinfo && echo ', virtual')"
echo "system    $(uname -sr), $(. /etc/os-release && echo "$PRETTY_NAME")"
echo "libraries openssl $(version openssl), libwebsockets $(version libwebsockets), libsrtp2 $(version libsrtp2), libre $(version libre)"
echo "redis     $(redis-server --version 2>/dev/null | sed 's/.*v=\([^ ]*\).*/\1/' || echo none)"
echo "version   $(git describe --always --dirty --tags 2>/dev/null || echo unknown), release build"
echo "load      $(cut -d' ' -f1-3 /proc/loadavg) before the first one (CPU time grows, too, when others use the caches)"
echo
echo "CPU time, not wall time, where nothing else is said. \"once\": measured in another run, on such a machine."

failed=
for b in "$B"/tests/bench/bench_*"$only"*; do
	case $b in *.d | *.o) continue ;; esac
	[ -x "$b" ] || continue
	echo
	echo "== ${b##*/bench_}"
	timeout 300 "$b" || failed="$failed ${b##*/}"
done
for b in tests/bench/bench_*"$only"*.mjs; do
	[ -f "$b" ] || continue
	name=${b##*/bench_}
	echo
	echo "== ${name%.mjs} (wall time)"
	timeout 300 node "$b" || failed="$failed ${b##*/}"
done

if [ -n "$failed" ]; then
	echo
	echo "did not run to their end:$failed"
	exit 1
fi
