#!/bin/sh
# Runs one TAP program for prove(1). SPDX-License-Identifier: MIT
case $1 in
*/replay/fuzz_*) exec timeout 300 "$1" "tests/fuzz/corpus/${1##*/fuzz_}" ;;
*) exec timeout 300 "$1" ;;
esac
