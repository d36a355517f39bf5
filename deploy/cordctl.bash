# bash completion of cordctl(1). SPDX-License-Identifier: MIT
_cordctl() {
	local cur=${COMP_WORDS[COMP_CWORD]}
	local ask='--url --token-file --ca --json --tenant --user --device --connection --call --limit --follow --node --daemon --move --keep --for --area --by --disconnect --recent --search --state --kind --since --until --mos-below --caller --callee --number --call-id --code --reason --address --agent --name --source --worker'
	COMPREPLY=()
	if ((COMP_CWORD == 1)); then
		mapfile -t COMPREPLY < <(compgen -W 'route token calls call hangup trace traces registrations connections log latency alarms refused tenants nodes drain undrain reload levels force register unregister disconnect pause resume --help -V' -- "$cur")
	elif [[ ${COMP_WORDS[1]} != route ]]; then
		[[ $cur == -* ]] && mapfile -t COMPREPLY < <(compgen -W "$ask" -- "$cur")
	elif ((COMP_CWORD == 2)); then
		mapfile -t COMPREPLY < <(compgen -W 'check explain diff bench' -- "$cur")
	elif [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W '--json --strict --color --tenant --from --method --caller --callee --source --time --header --health --seed --api --url --token-file --ca' -- "$cur")
	else
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
	fi
}
complete -o filenames -F _cordctl cordctl
