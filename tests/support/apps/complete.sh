#!/bin/bash
# complete.sh SHELL BERTH LINE...: what the shell offers behind each LINE, by the completions that BERTH writes;
# sorted, one a line, and "--" behind each LINE's.
set -eu
shell=$1 berth=$2
shift 2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
ln -s "$berth" "$dir/berth"
PATH=$dir:$PATH
script=$dir/script
berth completions "$shell" >"$script"

with_bash() {
  # shellcheck disable=SC1090
  source "$script"
  compopt() { :; } # there is no line that is being edited
  read -ra COMP_WORDS <<<"$1"
  [[ $1 == *' ' ]] && COMP_WORDS+=('')
  COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
  COMPREPLY=()
  _berth
  printf '%s\n' "${COMPREPLY[@]}"
}

with_fish() {
  HOME=$dir XDG_CONFIG_HOME=$dir fish --no-config -c "source $script; complete -C '$1'" | cut -f1
}

# A shell on a terminal of its own; what it would show comes through a changed compadd.
with_zsh() {
  cat >"$dir/zshrc" <<ZSH
PROMPT=
fpath=($dir \$fpath)
autoload -Uz compinit && compinit -u -d $dir/dump
source $script
compadd() {
  local -a found
  builtin compadd -O found "\$@"
  print -rl -- \$found >>$dir/found
  builtin compadd "\$@"
}
finish() { : >>$dir/found; zle complete-word; print done >>$dir/found; exit }
zle -N finish
ZSH
  : >"$dir/found"
  zsh -f -c '
    zmodload zsh/zpty
    zpty z zsh -f -i
    zpty -w z "source $1/zshrc; bindkey \"^X\" finish; print ready"
    zpty -r z line "*ready*ready*"
    zpty -w -n z "$2"$'"'\\x18'"'
    zpty -r z line 2>/dev/null
    while zpty -r z line; do :; done
  ' zsh "$dir" "$1" >/dev/null 2>&1 || true
  grep -vx done "$dir/found" | grep -v '^$' || true
}

for line in "$@"; do
  "with_$shell" "$line" | LC_ALL=C sort -u
  echo --
done
