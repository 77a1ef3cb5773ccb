# SPDX-License-Identifier: ISC
# Completion for the session programs: the options are those that --help lists.
_mail_session()
{
	local word=${COMP_WORDS[COMP_CWORD]}

	case $word in
	-*) mapfile -t COMPREPLY < <(compgen -W "$("$1" --help | grep -oE -- '--[a-z0-9-]+' | sort -u)" -- "$word") ;;
	*) mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
	esac
}
complete -o filenames -F _mail_session smtp-session lmtp-session pop3-session tls-session
