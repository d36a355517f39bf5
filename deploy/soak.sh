#!/bin/sh
# make soak: what is too long for every run: CHURN calls that come and go, each
# fuzz target for SECS, and both supported systems in clean roots. SPDX-License-Identifier: MIT
set -eu
cd "$(dirname "$0")/.."
SECS=${SECS:-60}
make --no-print-directory build/tests/flow/test_media_churn
CHURN=${CHURN:-10000} build/tests/flow/test_media_churn 2>/dev/null
make --no-print-directory fuzz
for f in tests/fuzz/fuzz_*.c; do
	t=${f##*/fuzz_}
	make --no-print-directory fuzz-run T="${t%.c}" SECS="$SECS"
done
for suite in bookworm trixie; do
	deploy/clean-root.sh "$suite"
done
