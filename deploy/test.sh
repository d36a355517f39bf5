#!/bin/sh
# make test: installs what is missing, builds with warnings as errors, runs
# every ring (unit, flow and corpora plain and under ASan and UBSan; system;
# browser) and prints one total. SPDX-License-Identifier: MIT
set -u
cd "$(dirname "$0")/.."
B=${B:-build}
export B
jobs=$(nproc)
mkdir -p "$B/log"

deploy/deps.sh test || exit 1

passed=0
failed=0
skipped=0
# Counts "ok"/"not ok" lines of TAP: every test case, not every program. What
# was skipped has not passed.
tally() {
	s=$(grep -ci '^ *ok .*# SKIP' "$1")
	p=$(($(grep -c '^ *ok ' "$1") - s))
	f=$(grep -c '^ *not ok ' "$1")
	passed=$((passed + p))
	failed=$((failed + f))
	skipped=$((skipped + s))
	printf '%-24s %5d passed, %d failed, %d skipped\n' "$2" "$p" "$f" "$s"
	grep -i '^ *ok .*# SKIP' "$1" | sed 's/^ *ok [0-9]* - /  skipped: /'
}

# ring NAME COMMAND...: a ring that ends badly without a "not ok" of its own
# (a crash, a build that breaks) counts as one failure, and so does one in
# which nothing was tested.
ring() {
	name=$1
	log=$B/log/$1.log
	shift
	echo "== $name"
	ended=well
	"$@" >"$log" 2>&1 || ended=badly
	tally "$log" "$name"
	[ "$f" = 0 ] || grep -A12 '^ *not ok ' "$log" | head -150
	if [ "$f" = 0 ] && { [ $ended = badly ] || [ "$p" = 0 ]; }; then
		failed=$((failed + 1))
		echo "  $name ended $ended, without a case that says why"
		tail -60 "$log"
	fi
}

tap() { # programs of one build folder, verbosely so that each case is seen
	make -j"$jobs" --no-print-directory WERROR=1 "$@" check PROVE_FLAGS=-v
}

echo "== build"
make -j"$jobs" --no-print-directory WERROR=1 all web || exit 1
ring lint make --no-print-directory lint
ring unit-flow tap
ring unit-flow-asan tap B="$B/asan" SAN=address,undefined OPT="-O1 -g"
# a ring whose programs are not in this tree is absent, not skipped
if [ -x "$B/sigd" ] && [ -x "$B/mediad" ]; then
	ls tests/system/*.test.mjs >/dev/null 2>&1 &&
		ring system make --no-print-directory check-system
	ring browser make --no-print-directory check-browser
fi

echo
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
