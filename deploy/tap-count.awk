# Counts the test cases of TAP: prints "passed failed skipped". A line that
# stands behind deeper ones is their sum and no case of its own; unless it
# failed and none of them did (a hook, a suite that could not start).
# SPDX-License-Identifier: MIT
/^ *(not )?ok / {
	depth = match($0, /[^ ]/) - 1
	bad = $1 == "not"
	skip = tolower($0) ~ /# (skip|todo)/
	below = 0
	is_sum = last > depth
	for (d in fails)
		if (d + 0 > depth) {
			below += fails[d]
			delete fails[d]
		}
	last = depth
	if (is_sum && (!bad || below)) {
		fails[depth] += below
		next
	}
	fails[depth] += bad
	if (skip)
		skipped++
	else if (bad)
		failed++
	else
		passed++
}
END { print passed + 0, failed + 0, skipped + 0 }
