#!/bin/sh
# Runs the *.test.mjs of one ring with Node's runner: node-test.sh tests/system
# or of some files: node-test.sh tests/system/calls.test.mjs ...
# T=name runs those whose name matches; JOBS=n has so many files under way.
# Each file is a suite with one stack of its own, and, where the system lets us,
# in a network of its own: no port of one is another's, no card, no route.
# SPDX-License-Identifier: MIT
set -eu
cd "$(dirname "$0")/.."
B=${B:-build}
# ES modules look for packages beside the file: one link, inside build/
export B T="${T:-}" NODE_PATH="$PWD/$B/npm/tests/node_modules"
LOGS=$B/log/files
MOST_S=${MOST_S:-900} # of one file: one that hangs ends nothing but itself

if [ "${1:-}" = --one ]; then
	file=$2
	log=$LOGS/$(echo "$file" | tr / -).tap
	own=tests/browser/netns.sh
	[ -n "${CORDBOARD_NETNS:-}" ] || unshare -nm true 2>/dev/null || own=
	ended=0
	# shellcheck disable=SC2086
	timeout -k 20 "$MOST_S" $own node --test --test-concurrency=1 --test-reporter=tap \
		${T:+--test-name-pattern="$T"} "$file" >"$log" 2>&1 || ended=$?
	[ $ended != 124 ] || echo "not ok 1 - $file has not ended after $MOST_S s" >>"$log"
	flock "$LOGS" cat "$log"
	[ $ended = 0 ]
	exit
fi

mkdir -p "$LOGS"
# in one network they are one after the other
[ -n "${CORDBOARD_NETNS:-}" ] || unshare -nm true 2>/dev/null || JOBS=1
# the longest first, as far as their size tells; behind them, and with nothing
# beside it, what says that it is to be alone
list=$(find "$@" -name '*.test.mjs' -printf '%s %p\n' | sort -rn | cut -d' ' -f2)
[ -n "$list" ] || { echo "no test in $1" >&2; exit 1; }
# shellcheck disable=SC2086
alone=$(grep -l '^// ALONE' $list || :)
beside=$(grep -L '^// ALONE' $list || :)
ended=0
for jobs in "${JOBS:-1} $beside" "1 $alone"; do
	files=${jobs#* }
	[ -z "$files" ] || echo "$files" | xargs -P "${jobs%% *}" -n 1 deploy/node-test.sh --one || ended=1
done
exit $ended
