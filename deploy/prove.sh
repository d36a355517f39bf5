#!/bin/sh
# Runs TAP programs through prove: prove.sh FILTER PROGRAM...
# PROVE_FLAGS=-v shows every case. SPDX-License-Identifier: MIT
set -eu
filter=$1
shift
list=
for t in "$@"; do
	case $t in *"$filter"*) list="$list $t" ;; esac
done
[ -n "$list" ] || {
	echo "no test matches '$filter'" >&2
	exit 1
}
# verbose output of parallel programs would be mixed: one after the other
case ${PROVE_FLAGS:-} in *-v*) jobs=1 ;; *) jobs=${JOBS:-$(nproc)} ;; esac
# shellcheck disable=SC2086
exec prove ${PROVE_FLAGS:-} -j "$jobs" --exec deploy/tap-exec.sh $list
