/**
 * The completion for bash. Ours, because the library's needs the package bash-completion and evaluates the words that
 * were typed: a prompt with a command substitution would run at the Tab key.
 */
export const bashCompletion = (program: string): string => `# bash completion for ${program}
_${program}_completion() {
  local IFS=$'\\n' word cur full prefix line out directive count words
  words=()
  # Bash splits at = and : ; the words are put together again.
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD}"; do
    count=\${#words[@]}
    if (( count > 0 )) && [[ $word == [=:]* || \${words[count-1]} == *[=:] ]]; then
      words[count-1]+=$word
    else
      words+=("$word")
    fi
  done
  cur=\${COMP_WORDS[COMP_CWORD]}
  [[ $cur == [=:] ]] && cur=''
  full=\${words[\${#words[@]}-1]}
  prefix=\${full%"$cur"}
  out=$(${program} complete -- "\${words[@]}" 2>/dev/null) || return
  directive=\${out##*:}
  out=\${out%:*}
  COMPREPLY=()
  case $directive in
    4) compopt +o default 2>/dev/null ;;
    16)
      compopt -o filenames 2>/dev/null
      COMPREPLY=($(compgen -d -- "$cur"))
      return
      ;;
  esac
  while read -r line; do
    line=\${line%%$'\\t'*}
    line=\${line#"$prefix"}
    [[ -n $line && $line == "$cur"* ]] && COMPREPLY+=("$line")
  done <<< "$out"
}
complete -o default -F _${program}_completion ${program}
`;
