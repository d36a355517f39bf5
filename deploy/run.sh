#!/bin/bash
# make run: a whole Cordboard to try, on this machine: a private Redis on a
# unix socket, sigd and mediad with two workers each, a certificate, a page,
# and a telephone behind a PBX (baresip: UDP, G.711). Ctrl-C stops all that it
# started and leaves nothing. Ports: WSS_PORT, UDP_PORT, MEDIA_PORT,
# RTP_PORTS, ADMIN_PORT, MEDIA_ADMIN_PORT, PBX_PORT, PBX_CONTROL_PORT.
# HOST: an address of this machine that other machines reach; without it
# nobody but this machine is served. SPDX-License-Identifier: MIT
set -eu
cd "$(dirname "$0")/.."
B=${B:-build}
WSS_PORT=${WSS_PORT:-8443}
UDP_PORT=${UDP_PORT:-5060}
MEDIA_PORT=${MEDIA_PORT:-40000}
ADMIN_PORT=${ADMIN_PORT:-8080}
MEDIA_ADMIN_PORT=${MEDIA_ADMIN_PORT:-8081}
RTP_PORTS=${RTP_PORTS:-30000-30999}
PBX_PORT=${PBX_PORT:-5080}
PBX_CONTROL_PORT=${PBX_CONTROL_PORT:-5090}
# an address of its own: what comes from a connection's address is its own
PBX=127.0.0.2
HOST=${HOST:-127.0.0.1}
if [ "$HOST" = 127.0.0.1 ]; then
	NAME=localhost BIND=127.0.0.1
else
	NAME=$HOST BIND=0.0.0.0
fi

deploy/deps.sh run
make -j"$(nproc)" --no-print-directory all web

# a port in use is named, with the way to choose another
busy() { # protocol port variable
	local table=/proc/net/$1 hex
	hex=$(printf ':%04X ' "$2")
	if awk '{print $2 " " $4}' "$table" "${table}6" 2>/dev/null | grep -q "$hex.*\(0A\|07\)$"; then
		echo "Port $2/$1 is in use. Choose another: $3=... make run" >&2
		exit 1
	fi
}
busy tcp "$WSS_PORT" WSS_PORT
busy tcp "$ADMIN_PORT" ADMIN_PORT
busy tcp "$MEDIA_ADMIN_PORT" MEDIA_ADMIN_PORT
busy udp "$UDP_PORT" UDP_PORT
busy udp "$MEDIA_PORT" MEDIA_PORT
busy udp $((MEDIA_PORT + 1)) MEDIA_PORT
busy udp "$PBX_PORT" PBX_PORT
busy tcp "$PBX_CONTROL_PORT" PBX_CONTROL_PORT

D=$(mktemp -d "${TMPDIR:-/tmp}/cordboard.XXXXXX")
pids=
stop() {
	trap '' INT TERM
	for pid in $pids; do
		kill -TERM "$pid" 2>/dev/null || true
	done
	for pid in $pids; do
		wait "$pid" 2>/dev/null || true
	done
	rm -rf "$D"
}
trap stop EXIT
trap 'exit 0' INT TERM

mkdir -m 700 "$D/run" "$D/state"
(umask 077 && echo "1 - $(openssl rand -hex 16)" >"$D/keys")
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
	-subj "/CN=$NAME" -addext "subjectAltName=DNS:localhost,IP:$HOST" \
	-keyout "$D/tls.key" -out "$D/tls.pem" 2>/dev/null
password=$(openssl rand -hex 4)
token=$(openssl rand -hex 32)
hash=$(printf %s "$token" | openssl dgst -sha256 -r | cut -d" " -f1)

cat >"$D/sigd.yaml" <<EOF
node: demo
workers: 2
run_dir: $D/run
keys: keys
routing: routing.yaml
redis: {path: $D/redis.sock}
listeners:
  - name: wss
    transport: wss
    bind: $BIND:$WSS_PORT
    advertise: $NAME:$WSS_PORT
    certificate: $D/tls.pem
    private_key: $D/tls.key
    web_root: $(cd "$B/web" && pwd)
  - name: udp
    transport: udp
    bind: $BIND:$UDP_PORT
    advertise: $HOST:$UDP_PORT
admin:
  bind: 127.0.0.1:$ADMIN_PORT
  tokens:
    demo: {hash: $hash, scope: write}
  dashboard: $(cd "$B/dashboard" && pwd)
EOF
cat >"$D/mediad.yaml" <<EOF
node: demo
workers: 2
interfaces:
  - name: public
    bind: $HOST
    browser_port_base: $MEDIA_PORT
  # its telephone is on this machine, which others cannot be sent to
  - name: telephone
    bind: 127.0.0.1
    browsers: false
    rtp_ports: [${RTP_PORTS%-*}, ${RTP_PORTS#*-}]
redis: {path: $D/redis.sock}
keys: keys
state_dir: $D/state
certificate: $D/dtls.pem
drain: 1s
admin: {bind: "127.0.0.1:$MEDIA_ADMIN_PORT"}
EOF
cat >"$D/routing.yaml" <<EOF
tenants:
  demo:
    domains: ["*"]
    realm: cordboard
    users:
      alice: {password: "$password"}
      bob: {password: "$password"}
    connections:
      pbx:
        kind: trunk
        address: "$PBX:$PBX_PORT"
        codecs: [PCMU, PCMA]
        # its RTP comes from another address than its SDP says
        media_source: learn-once
        media_networks: [127.0.0.0/8]
    routes:
      - {name: echo, match: {callee: 'echo|\*43'}, to: {service: echo}}
      - {name: tone, match: {callee: "tone"}, to: {service: tone}}
      - {name: milliwatt, match: {callee: "milliwatt"}, to: {service: milliwatt}}
      - {name: pbx, match: {callee: "[0-9]+"}, to: {connection: pbx}}
EOF

start() { # name command...
	local name=$1
	shift
	"$@" >"$D/$name.log" 2>&1 &
	pids="$! $pids"
	eval "pid_$name=$!"
}
start redis redis-server --port 0 --unixsocket "$D/redis.sock" --save "" \
	--appendonly yes --dir "$D" --daemonize no
start mediad "$B/mediad" -c "$D/mediad.yaml"
start sigd "$B/sigd" -c "$D/sigd.yaml"

ready() { # name admin-port
	local i pid
	eval "pid=\$pid_$1"
	for i in $(seq 300); do
		curl -fsS -o /dev/null "http://127.0.0.1:$2/readyz" 2>/dev/null && return
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.1
	done
	echo "$1 did not start:" >&2
	tail -20 "$D/$1.log" >&2
	exit 1
}
start pbx deploy/demo-pbx.sh "$D/pbx" "$PBX" "$PBX_PORT" "$PBX_CONTROL_PORT"
ready mediad "$MEDIA_ADMIN_PORT"
ready sigd "$ADMIN_PORT"

callback="deploy/demo-pbx.sh call alice"
[ "$UDP_PORT" = 5060 ] || callback="DEMO_SIP=127.0.0.1:$UDP_PORT $callback"
[ "$PBX_CONTROL_PORT" = 5090 ] || callback="DEMO_PBX_CONTROL=$PBX_CONTROL_PORT $callback"

cat <<EOF

  Cordboard runs.

  Open     https://$NAME:$WSS_PORT/   (accept the certificate: it is made for this run)
  Log in   alice / $password    and in another window    bob / $password
  Call     100 (a telephone behind a PBX: G.711 over UDP, it plays a tune),
           echo, tone, milliwatt - or alice and bob each other
  Be called by that telephone:  $callback

  SIP      wss://$NAME:$WSS_PORT/ws and udp $HOST:$UDP_PORT
  Logs     $D/sigd.log  $D/mediad.log  $D/redis.log  $D/pbx.log
  Health   http://127.0.0.1:$ADMIN_PORT/readyz  http://127.0.0.1:$MEDIA_ADMIN_PORT/readyz
  Dashboard  http://127.0.0.1:$ADMIN_PORT/dashboard/   token $token
  Calls    curl -H "Authorization: Bearer $token" http://127.0.0.1:$ADMIN_PORT/v1/calls

  Ctrl-C stops everything and leaves nothing behind.
EOF
while kill -0 "$pid_sigd" 2>/dev/null && kill -0 "$pid_mediad" 2>/dev/null; do
	sleep 0.5
done
echo "A daemon has ended; its last words:" >&2
tail -5 "$D/sigd.log" "$D/mediad.log" >&2
exit 1
