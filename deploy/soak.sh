#!/bin/sh
# make soak: what is too long for every run: the kill matrix (all of it, or with
# SOAK_S what fits into so many seconds; SEED repeats an order), media that dies in
# browsers, CHURN calls that come and go, each fuzz target for SECS, and both
# supported systems in clean roots. PARTS="matrix churn" has some of these.
# SPDX-License-Identifier: MIT
set -eu
cd "$(dirname "$0")/.."
SECS=${SECS:-60}
matrix() { # it ends itself, in hours at most: see SOAK_S
	MOST_S=15000 deploy/node-test.sh tests/soak
}
browsers() { # pages, video; SDES and DTLS beside a page
	for f in faults video sdes dtls move; do
		T='kill|died|dies|death|goes on|go on' deploy/node-test.sh "tests/browser/$f.test.mjs"
	done
}
churn() {
	make --no-print-directory build/tests/flow/test_media_churn
	CHURN=${CHURN:-10000} build/tests/flow/test_media_churn 2>/dev/null
}
fuzz() {
	make --no-print-directory fuzz
	for f in tests/fuzz/fuzz_*.c; do
		t=${f##*/fuzz_}
		make --no-print-directory fuzz-run T="${t%.c}" SECS="$SECS"
	done
}
roots() {
	for suite in bookworm trixie; do
		deploy/clean-root.sh "$suite"
	done
}
for part in ${PARTS:-matrix browsers churn fuzz roots}; do
	$part
done
