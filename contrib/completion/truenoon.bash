# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Completion for truenoon: commands, the options that each one's help lists,
# files where an option takes one, and host names for query.

_truenoon() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local cmd=${COMP_WORDS[1]}
	COMPREPLY=()

	if [ "$COMP_CWORD" -eq 1 ] || { [ "$cmd" = help ] && [ "$COMP_CWORD" -eq 2 ]; }; then
		mapfile -t COMPREPLY < <(compgen -W "$(truenoon help 2>/dev/null |
			sed -n 's/^  \([a-z]\{1,\}\)  *.*/\1/p')" -- "$cur")
		return
	fi
	case $prev in
	-c | -s | --ca | --ca-cert | --ca-key | --cert | --key | --socket)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		compopt -o filenames 2>/dev/null
		return
		;;
	-k | -n | -p | -t | --days | --ke-port | --port | --samples | --timeout)
		return
		;;
	esac
	case $cur in
	-*)
		mapfile -t COMPREPLY < <(compgen -W "$(truenoon help "$cmd" 2>/dev/null |
			sed -n 's/^  .*\(--[a-z-]*\).*/\1/p')" -- "$cur")
		return
		;;
	esac
	case $cmd in
	query) mapfile -t COMPREPLY < <(compgen -A hostname -- "$cur") ;;
	check | daemon) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
	esac
}

complete -F _truenoon truenoon
