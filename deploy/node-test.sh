#!/bin/sh
# Runs the *.test.mjs of one ring with Node's runner: node-test.sh tests/system
# or of some files: node-test.sh tests/system/calls.test.mjs ...
# T=name runs those whose name matches. SPDX-License-Identifier: MIT
set -eu
cd "$(dirname "$0")/.."
B=${B:-build}
export B NODE_PATH="$PWD/$B/npm/tests/node_modules"
# ES modules look for packages beside the file: one link, inside build/
mkdir -p "$B"
list=$(find "$@" -name '*.test.mjs' | sort)
[ -n "$list" ] || { echo "no test in $1" >&2; exit 1; }
# one file after the other: each file is a suite with one stack of its own
# shellcheck disable=SC2086
exec node --test --test-concurrency="${JOBS:-1}" --test-reporter=tap \
	${T:+--test-name-pattern="$T"} $list
