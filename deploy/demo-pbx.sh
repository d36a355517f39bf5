#!/bin/sh
# The telephone of `make run`: baresip, which knows only UDP, RTP and G.711.
# It answers by itself and plays a tune.
#   demo-pbx.sh FOLDER BIND PORT CONTROL_PORT   run it, until it is ended
#   demo-pbx.sh call USER                       have it call a user
# SPDX-License-Identifier: MIT
set -eu
if [ "$1" = call ]; then
	exec node -e '
		const command = JSON.stringify({ command: "dial", params: process.argv[1] });
		const socket = require("net").connect(Number(process.argv[3]), process.argv[2], () =>
			socket.write(`${Buffer.byteLength(command)}:${command},`));
		socket.on("data", () => socket.end());
		socket.on("error", (e) => { console.error(`The demo telephone cannot be reached: ${e.message}`); process.exit(1); });
	' "sip:${2:?who?}@${DEMO_SIP:-127.0.0.1:5060}" "${DEMO_PBX:-127.0.0.2}" "${DEMO_PBX_CONTROL:-5090}"
fi
dir=$1 bind=$2 port=$3 control=$4
modules=$(dirname "$(find /usr/lib -path '*/baresip/modules/g711.so' 2>/dev/null | head -1)")
mkdir -p "$dir"
node "$(dirname "$0")/demo-tune.mjs" "$dir/tune.wav"
cat >"$dir/config" <<EOF
sip_listen $bind:$port
net_interface $bind
call_max_calls 20
audio_source aufile,$dir/tune.wav
audio_player aubridge,none
audio_alert aubridge,none
ausrc_srate 8000
auplay_srate 8000
module_path $modules
module g711.so
module aufile.so
module aubridge.so
module_app account.so
module_app menu.so
module_app ctrl_tcp.so
module_tmp uuid.so
ctrl_tcp_listen $bind:$control
EOF
for number in 100 101; do
	echo "<sip:$number@$bind:$port>;regint=0;answermode=auto;audio_codecs=PCMU/8000/1,PCMA/8000/1"
done >"$dir/accounts"
touch "$dir/contacts"
exec baresip -f "$dir"
