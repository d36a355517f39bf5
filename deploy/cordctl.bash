# bash completion of cordctl(1). SPDX-License-Identifier: MIT
_cordctl() {
	local cur=${COMP_WORDS[COMP_CWORD]}
	COMPREPLY=()
	case $COMP_CWORD in
	1) mapfile -t COMPREPLY < <(compgen -W 'route token --help -V' -- "$cur") ;;
	2) mapfile -t COMPREPLY < <(compgen -W 'check explain diff bench' -- "$cur") ;;
	*)
		if [[ $cur == -* ]]; then
			mapfile -t COMPREPLY < <(compgen -W '--json --strict --color --tenant --from --method --caller --callee --source --time --header --health --seed' -- "$cur")
		else
			mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		fi ;;
	esac
}
complete -o filenames -F _cordctl cordctl
