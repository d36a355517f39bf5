#!/bin/sh
# Runs one TAP program for prove(1); with TAP_DIR what it says is kept there.
# SPDX-License-Identifier: MIT
case $1 in
*/replay/fuzz_*) set -- "$1" "tests/fuzz/corpus/${1##*/fuzz_}" ;;
esac
[ -n "${TAP_DIR:-}" ] || exec timeout 300 "$@"
tap=$TAP_DIR/$(echo "$1" | tr / -).tap
ended=0
timeout 300 "$@" >"$tap" 2>"$tap.err" || ended=$?
cat "$tap"
cat "$tap.err" >&2
exit $ended
