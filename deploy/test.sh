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

# Ticks that a host took away from this machine's processors, and all of them
# (proc_stat(5)); in a machine of its own: none.
ticks() { awk '/^cpu / { for (i = 2; i <= 9; i++) all += $i; print $9, all; exit }' /proc/stat; }
# The share of them since `$1 $2`, per mille.
stolen() {
	# shellcheck disable=SC2046
	set -- "$1" "$2" $(ticks)
	echo $((($3 - $1) * 1000 / ($4 - $2 + 1)))
}
# All processors at work for two seconds: what is not wanted is not taken away.
work() {
	for _ in $(seq "$jobs"); do
		timeout 2 sh -c 'while :; do :; done' &
	done
	wait
}
# Until the host leaves the machine alone for a while: two minutes at most.
calm() {
	n=0
	while [ $n -lt 24 ] && ! late; do
		was=$(ticks)
		work
		# shellcheck disable=SC2086
		[ "$(stolen $was)" -ge "$STOLEN" ] || break
		sleep 3
		n=$((n + 1))
	done
}
STOLEN=20 # per mille, from where on a try tells little
begun_s=$(date +%s)
# No time for more tries: the browsers' ring, the last one, needs half an hour.
late() { [ $(($(date +%s) - begun_s)) -gt "$tries_s" ]; }
tries_s=2900

# One program or file of a ring, with nothing beside it.
run_alone() { # ring, which
	case $1 in
	unit-flow* | tsan) prove -v --exec deploy/tap-exec.sh "$2" ;;
	*) deploy/node-test.sh "$2" ;;
	esac
}

# Another try of the programs and files in which something failed, one by one. What
# passes then is unsteady: it is named, and no failure of the code
# (docs/decisions/0014). What fails where the host took processors away meanwhile is
# tried again as long as there is time for it, eight times at most.
again() { # ring log
	case $1 in
	unit-flow* | tsan) list=$(failed_programs "$2") ;;
	*) list=$(failed_files "$2") ;;
	esac
	[ -n "$list" ] || return 1
	tries=0
	while [ $tries -lt 8 ] && [ -n "$list" ]; do
		left=
		for one in $list; do
			calm
			echo "  again: $one"
			was=$(ticks)
			run_alone "$1" "$one" >"$2.again" 2>&1 && continue
			# shellcheck disable=SC2086
			lost=$(stolen $was)
			grep -A12 '^ *not ok ' "$2.again" | head -40
			[ "$lost" -ge "$STOLEN" ] && ! late || return 1
			echo "  the host took $((lost / 10)) % of the processors meanwhile"
			left="$left $one"
		done
		list=$left
		tries=$((tries + 1))
	done
	[ -z "$list" ]
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
	begun=$(ticks)
	since_s=$(date +%s)
	"$@" >"$log" 2>&1 || ended=badly
	tally "$log" "$name"
	echo "  $(($(date +%s) - since_s)) s"
	# shellcheck disable=SC2086
	lost=$(stolen $begun)
	[ "$lost" -lt "$STOLEN" ] || echo "  the host took $((lost / 10)) % of the processors meanwhile"
	[ "$f" = 0 ] || grep -A12 '^ *not ok ' "$log" | head -150
	if [ "$f" != 0 ] && [ "$name" != lint ] && again "$name" "$log"; then
		echo "  unsteady: these passed at another try"
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
	tries_s=4500
	ring browser make --no-print-directory check-browser
fi

echo
[ "$unsteady" = 0 ] || echo "unsteady, passed at another try: $unsteady"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
