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
# Pages, video; SDES and DTLS beside a page; a node that freezes. Behind a
# file: how the names of those of its tests begin.
browsers() {
	log=${B:-build}/log/soak.log
	bad=0
	mkdir -p "${log%/*}"
	while read -r f names; do
		T=$names deploy/node-test.sh "tests/browser/$f.test.mjs" >"$log" </dev/null || bad=1
		cat "$log"
		echo "$names" | tr '|' '\n' | passed "$log" "$f" || bad=1
	done <<-EOF
		faults the call goes on|every mediad worker is killed|the sigd worker is killed|redis stands still
		video pictures go on when the media process is killed
		sdes every mediad worker is killed
		dtls every mediad worker is killed.*one port|every mediad worker is killed.*two ports
		move its calls go on at another one
	EOF
	return $bad
}
# To Node a name that no test has any more is no failure.
passed() { # log file, names on stdin
	missing=0
	while read -r name; do
		grep '^ *ok ' "$1" | grep -v '# SKIP' | grep -q -- " - $name" && continue
		echo "not ok - no test of $2 has passed whose name begins: $name"
		missing=1
	done
	return $missing
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
