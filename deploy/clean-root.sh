#!/bin/bash
# Builds and tests the committed tree in a clean Debian root made with
# debootstrap: clean-root.sh bookworm [TARGET]   (default: test in bookworm,
# the build in trixie). Needs root. SPDX-License-Identifier: MIT
set -eu
cd "$(dirname "$0")/.."
suite=${1:-bookworm}
target=${2:-$([ "$suite" = bookworm ] && echo test || echo all)}
R=$(mktemp -d /var/tmp/cordboard-root.XXXXXX)
cleanup() {
	umount -l "$R/proc" "$R/sys" "$R/dev/shm" "$R/dev" "$R" 2>/dev/null || true
	rm -rf --one-file-system "$R"
}
trap cleanup EXIT
mirror=$(sed -n 's/^URIs: *//p; s/^deb \(\[[^]]*\] \)\?\([^ ]*\) .*/\2/p' \
	/etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | grep -v security | head -1)
debootstrap --variant=minbase --include=ca-certificates,make,git "$suite" "$R" ${mirror:+"$mirror"} >"$R.log" 2>&1 || {
	tail "$R.log"
	exit 1
}
rm -f "$R.log"
# a mount of its own, whose mounts nobody shares: tests make networks and mounts
# of theirs in it (unshare), which a chroot on a folder does not allow
mount --bind "$R" "$R"
mount --make-private "$R"
mount -t proc proc "$R/proc"
mount --rbind /sys "$R/sys"
mount --rbind /dev "$R/dev"
cp /etc/resolv.conf "$R/etc/" 2>/dev/null || true
# how this machine reaches its package archives
cp -r /etc/apt/apt.conf.d/. "$R/etc/apt/apt.conf.d/" 2>/dev/null || true
[ -f "$HOME/.npmrc" ] && cp "$HOME/.npmrc" "$R/root/.npmrc"
# ... and whom it trusts
cp /etc/ssl/certs/ca-certificates.crt "$R/etc/ssl/certs/ca-certificates.crt"
git clone -q . "$R/src"
env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt \
	${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} \
	chroot "$R" sh -c "cd /src && if [ '$target' = all ]; then deploy/deps.sh build && make -k -j2 WERROR=1 all; else make $target; fi"
