#!/bin/sh
# Line coverage by folder, after `make coverage`. SPDX-License-Identifier: MIT
set -eu
out=$1
cd "$(dirname "$0")/.."
for dir in common common/control routing/text routing/number routing/when routing/where routing/party routing/match routing/plan routing/table routing/check sigd/sip sigd/transport sigd/txn sigd/auth sigd/registrar \
	sigd/call sigd/proxy mediad/sdp mediad/transport mediad/rtp mediad/sound mediad/session; do
	ls "$out/obj/$dir"/*.gcda >/dev/null 2>&1 || continue
	gcov -n "$out/obj/$dir"/*.gcda 2>/dev/null | awk -v d="$dir/" '
		/^File/ { mine = index($0, "\x27" d) }
		/^Lines executed/ && mine { split($2, a, ":"); n += $4; hit += a[2] * $4 / 100; mine = 0 }
		END { if (n) printf "%-20s %6d lines %5.1f %%\n", d, n, 100 * hit / n }'
done
