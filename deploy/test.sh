#!/bin/sh
# make test: installs what is missing, builds with warnings as errors, runs
# every ring (unit, flow and corpora plain and under ASan and UBSan; what has
# threads under TSan; system; browser) and prints one total. SPDX-License-Identifier: MIT
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
unsteady=0
# Every test case, not every program, and not the suites that hold them. What
# was skipped has not passed.
tally() {
	# shellcheck disable=SC2046
	set -- "$1" "$2" $(awk -f deploy/tap-count.awk "$1")
	p=$3
	f=$4
	s=$5
	passed=$((passed + p))
	failed=$((failed + f))
	skipped=$((skipped + s))
	printf '%-24s %5d passed, %d failed, %d skipped\n' "$2" "$p" "$f" "$s"
	grep -i '^ *ok .*# SKIP' "$1" | sed 's/^ *ok [0-9]* - /  skipped: /'
}

# What failed in a log, as arguments for its second try.
failed_programs() { # those of prove's summary
	sed -n 's/^\([^ ]*tests\/[^ ]*\) *(Wstat: .*/\1/p' "$1" | sort -u
}
failed_files() {
	grep -A4 '^ *not ok ' "$1" | sed -n "s|.*location: '.*/\(tests/[a-z]*/[a-z_]*\.test\.mjs\):.*|\1|p" | sort -u
}

# A second try of the programs and files in which something failed, with
# nothing else beside them. What passes then is unsteady: it is named, and no
# failure of the code (docs/decisions/0014).
again() { # ring log
	case $1 in
	unit-flow* | tsan) list=$(failed_programs "$2") ;;
	*) list=$(failed_files "$2") ;;
	esac
	[ -n "$list" ] || return 1
	echo "  again: $list" | tr '\n' ' '
	echo
	case $1 in
	unit-flow* | tsan) # shellcheck disable=SC2086
		prove -v --exec deploy/tap-exec.sh $list ;;
	*) # shellcheck disable=SC2086
		deploy/node-test.sh $list ;;
	esac >"$2.again" 2>&1
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
	if [ "$f" != 0 ] && [ "$name" != lint ] && again "$name" "$log"; then
		echo "  unsteady: these passed at the second try"
		grep '^ *not ok ' "$log" | sed 's/^ *not ok [0-9]* - /    /'
		failed=$((failed - f))
		unsteady=$((unsteady + f))
		return
	fi
	if [ "$f" = 0 ] && { [ $ended = badly ] || [ "$p" = 0 ]; }; then
		failed=$((failed + 1))
		echo "  $name ended $ended, without a case that says why"
		tail -60 "$log"
	fi
}

# Programs of one build folder, as many at a time as there are cores; then all
# that each of them said, which is what is counted.
tap() { # target, variables of make
	TAP_DIR=$PWD/$B/log/tap
	export TAP_DIR
	rm -rf "$TAP_DIR"
	mkdir -p "$TAP_DIR"
	rc=0
	# most of them wait most of the time
	JOBS=$((jobs * 2)) make -j"$jobs" --no-print-directory WERROR=1 "$@" || rc=1
	find "$TAP_DIR" -name '*.tap' | sort | xargs cat
	find "$TAP_DIR" -name '*.err' -size +0 | sort | xargs -r tail -n 40
	return $rc
}

echo "== build"
make -j"$jobs" --no-print-directory WERROR=1 all web || exit 1
ring lint make --no-print-directory lint
ring unit-flow tap check
ring unit-flow-asan tap check B="$B/asan" SAN=address,undefined OPT="-O1 -g"
ring tsan tap tsan
# a ring whose programs are not in this tree is absent, not skipped
if [ -x "$B/sigd" ] && [ -x "$B/mediad" ]; then
	ls tests/system/*.test.mjs >/dev/null 2>&1 &&
		ring system make --no-print-directory check-system JOBS="$jobs"
	# two browsers' worth of video are more than two cores: mediad is late then,
	# and refuses calls, as it should
	ring browser make --no-print-directory check-browser
fi

echo
[ "$unsteady" = 0 ] || echo "unsteady, passed at the second try: $unsteady"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
