#!/bin/bash
# lint: one library one module, headers alone, include arrows, sizes, prefixes.
# Prints TAP. SPDX-License-Identifier: MIT
set -u
cd "$(dirname "$0")/.."
CC=${CC:-gcc}
# as in the Makefile, when it is not make that asks
CPPFLAGS=${CPPFLAGS:-$(make -s --no-print-directory flags)}
n=0
bad=0
result() { # $1: what must be empty, $2: the rule
	n=$((n + 1))
	if [ -z "$1" ]; then
		echo "ok $n - $2"
	else
		bad=1
		echo "not ok $n - $2"
		printf '%s\n' "$1" | sed 's/^/#   /'
	fi
}
code="common routing sigd mediad"

# one third-party library, one module
only() { # header pattern, allowed files
	grep -rlE "#include <($1)" $code --include='*.[ch]' | grep -vE "^($2)\$"
}
result "$(only 'hiredis/|hiredis|async\.h' 'common/redis_(conn|reply|sync)\.c')" "hiredis is known to common/redis_* alone"
result "$(only 'yaml\.h' 'common/cfg_tree\.c')" "libyaml is known to common/cfg_tree.c alone"
result "$(only 'libwebsockets' 'sigd/transport/edge_[a-z]+\.c')" "libwebsockets is known to sigd/transport/edge_* alone"
result "$(only 'uv\.h' 'sigd/transport/edge_[a-z]+\.c')" "libuv is known to sigd/transport/edge_* alone"
result "$(only 'microhttpd' 'common/admin_(engine|park|stream)\.c')" "libmicrohttpd is known to common/admin_engine.c, admin_park.c and admin_stream.c alone"
result "$(only 'srtp2?/' 'mediad/transport/srtp_lib\.c')" "libsrtp2 is known to mediad/transport/srtp_lib.c alone"
result "$(only 'bcg729/' 'mediad/module/g729\.c')" "libbcg729 is known to mediad/module/g729.c alone"
result "$(only 'opus' 'mediad/sound/(codec_opus|pcm_ogg|ogg_file)\.c')" "libopus is known to codec_opus.c, and to those who read and write its files"
result "$(only 'ogg/' 'mediad/sound/ogg_file\.c')" "libogg is known to mediad/sound/ogg_file.c alone"
result "$(only 'ares\.h' 'sigd/transport/dns_channel\.c')" "c-ares is known to sigd/transport/dns_channel.c alone"
result "$(only 'jansson' 'common/jsonr\.c')" "jansson is known to common/jsonr.c alone"
result "$(only 'curl/' 'common/fetch(_now)?\.c')" "libcurl is known to common/fetch.c and fetch_now.c alone"
result "$(only 'maxminddb' 'routing/where/geo\.c')" "libmaxminddb is known to routing/where/geo.c alone"
result "$(only 'lz4' 'sigd/trace/trace_pack\.c')" "LZ4 is known to sigd/trace/trace_pack.c alone"
result "$(only 'pcre2' 'routing/text/route_regex\.c')" "PCRE2 is known to routing/text/route_regex.c alone"

# arrows: sigd -> routing -> common <- mediad
wrong() { grep -nE "#include \"($2)/" -r $1 --include='*.[ch]' 2>/dev/null; }
result "$(wrong common 'routing|sigd|mediad|tests')" "common includes nothing above it"
result "$(wrong routing 'sigd|mediad|tests')" "routing includes common alone"
result "$(wrong 'routing/text routing/number routing/when routing/where' 'routing/(party|match|plan|table|check)')" "routing's text, number, when and where know no tenant"
result "$(wrong routing/match 'routing/(plan|table|check)')" "routing/match knows no rule"
result "$(wrong routing/plan 'routing/(table|check)')" "routing/plan knows no file"
result "$(wrong sigd 'mediad|tests')" "sigd never includes mediad"
result "$(wrong mediad 'sigd|routing|tests')" "mediad never includes sigd or routing"
result "$(wrong sigd/sip 'sigd/(transport|txn|proxy|call|registrar|auth|media)')" "sip/ knows no socket and no call"
result "$(wrong sigd/txn 'sigd/(transport|proxy|call|registrar|auth|media)')" "txn/ knows no call"

# every header compiles alone
alone=
for h in $(find $code -name '*.h' | sort); do
	out=$(echo "#include \"$h\"" | $CC $CPPFLAGS -std=c11 -fsyntax-only -Wall -x c - 2>&1) ||
		alone="$alone$h: $(echo "$out" | head -1)
"
done
result "$alone" "each header compiles alone"

# sizes
result "$(find $code -name '*.[ch]' -exec wc -l {} + | awk '$2 != "total" && $1 > 600 {print $2 ": " $1 " lines"}')" "no file is over 600 lines"
long=$(find $code -name '*.c' | sort | xargs awk '
	FNR == 1 { start = 0 }
	/^\{/ { start = FNR }
	/^\}/ { if (start && FNR - start - 1 > 60) print FILENAME ":" start ": " FNR - start - 1 " lines"; start = 0 }')
result "$long" "no function is over 60 lines"
result "$(grep -L 'SPDX-License-Identifier: MIT' $(find $code tests -name '*.[ch]'))" "each C file names its licence"
result "$(grep -rnE '\b(TODO|FIXME|XXX)\b' $code --include='*.[ch]')" "nothing is left for later"

# no symbol of ours shadows one of libre's or librem's
libs=$(ls /usr/lib/*/libre.so /usr/lib/*/librem.so 2>/dev/null)
rule="no symbol of ours is also one of libre's"
if [ -n "$libs" ] && ls "${B:-build}"/lib/*.a >/dev/null 2>&1; then
	clash=$(comm -12 \
		<(nm -D --defined-only $libs 2>/dev/null | awk 'NF == 3 {print $3}' | sort -u) \
		<(nm --defined-only "${B:-build}"/lib/*.a 2>/dev/null | awk '$2 ~ /[TDBR]/ {print $3}' | sort -u))
	result "$clash" "$rule"
else
	result "" "$rule # SKIP nothing is built in ${B:-build}"
fi

# what docs/security.md names: files from the top or from tests/, and tests
absent=$(grep -o '`[^` ]*`' docs/security.md | tr -d '`' | sort -u | while read -r what; do
	case $what in
	*/*.*) [ -e "$what" ] || [ -e "tests/$what" ] || echo "$what" ;;
	*_*_*_*) grep -rqw --include='*.c' "$what" tests || echo "$what" ;;
	esac
done)
result "$absent" "what docs/security.md names is there"

if command -v mandoc >/dev/null && ls docs/man/*.8 >/dev/null 2>&1; then
	result "$(mandoc -Tlint -Wwarning docs/man/*.[18] 2>&1)" "the man pages are well-formed"
fi
echo "1..$n"
exit $bad
