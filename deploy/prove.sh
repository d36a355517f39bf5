#!/bin/sh
# Runs TAP programs through prove: prove.sh FILTER PROGRAM...
# A replay program gets the folder of its corpus. SPDX-License-Identifier: MIT
set -eu
filter=$1; shift
list=
for t in "$@"; do
	case $t in *"$filter"*) list="$list $t" ;; esac
done
[ -n "$list" ] || { echo "no test matches '$filter'" >&2; exit 1; }
jobs=${JOBS:-$(nproc)}
# shellcheck disable=SC2086
exec prove -j "$jobs" --timer --exec 'deploy/tap-exec.sh' $list
