import { cgroupFunctions, identityFunctions } from '@runtime/adapter-kit/run';

/** Exit status of a holder that found the run claimed by another. */
const holderExitClaimed = 73;

/** Writes pid and start time of the recorder and of its shell: the lines of /proc, elsewhere those of ps. */
const introduce =
  'for pid in $! $$; do read -r stat </proc/$pid/stat && echo "$stat" || LC_ALL=C TZ=UTC ps -o pid= -o lstart= -p $pid; done >recorder.pid 2>/dev/null';

/**
 * What tmux runs to record the pane: straight into a file, so that no slow reader can make the server buffer.
 * Once it runs it opens the holder's gate: from then on nothing can be lost. Nothing of a launch is in it but the limit
 * of the recording, and it is free of `#` and `%`, which
 * tmux would expand.
 */
export function recorderCommand(limit: number | undefined): string {
  return `umask 077; mkfifo gate 2>/dev/null; ${begin(limit)}; exec 3<>gate; echo >&3; ${awaitEnd}`;
}

/** A recorder put back after the first one died. */
export function laterRecorderCommand(limit: number | undefined): string {
  return `umask 077; ${begin(limit)}; ${awaitEnd}`;
}

/** The limit is on the recorder's own files: at it the recorder ends, and what is shown later goes nowhere. */
function begin(limit: number | undefined): string {
  const bounds = limit === undefined ? '' : `ulimit -c 0; ulimit -f ${Math.floor(limit / 512) + 1}; `;
  return `${bounds}exec 4<&0 </dev/null; cat <&4 >>out.raw & exec 4<&-; ${introduce}`;
}

/** The file tells the run's readers, who do not look by themselves: tmux, or the recorder alone, is gone. */
const awaitEnd = 'wait $!; : >recorder.gone';

/**
 * The holder: the pane's leader, bash. It runs in the run directory; arguments: run id, nonce, seconds to stay, input,
 * where cgroups are mounted, the most bytes of the recording, the `setpriv` that lets the agent die with its holder.
 *
 * - `bash -m`: the agent is a foreground job with a process group of its own, which has the terminal. dash cannot do
 *   this once the terminal hung up.
 * - `-m` on the command line opens /dev/tty for job control, so that stderr may go to a file: where bash says how a job
 *   died.
 * - A foreground child that dies of SIGINT aborts bash's loop around it: `status` then stays unset. Any other signal
 *   leaves a notice.
 * - After a stop only the job table shows how the job went on. SIGSTOP is left as it is, because a person sent it;
 *   Ctrl-Z is undone, because no shell is here to do it.
 * - The environment goes through `export`, not `env K=V`: what is in no argument list cannot be seen in `ps`.
 * - exit.json is blank from the start, and written into those blocks before the end marker: a full disk does not lose
 *   it.
 * - HUP is trapped: when tmux dies the holder still records the exit.
 */
export const holderScript = `# runtime tmux holder: runs one agent in this terminal, records how it ended.
${identityFunctions}${cgroupFunctions}
run=$1 nonce=$2 stay=$3 input=$4 mount=$5 limit=$6 setpriv=$7
mask=$(umask)
umask 077
LC_ALL=C
exec 9>&1 2>>holder.log
hangup= status= state= __runtime_cgroup=
trap 'hangup=1' HUP
trap : INT TERM QUIT TSTP
fail() { echo "runtime holder: $1" >&2; exit 75; }
give_back() { rmdir claim; [ -z "$__runtime_cgroup" ] || rmdir "$__runtime_cgroup"; fail "$1"; }
flush() { sync "$@" 2>/dev/null || sync; }

[ -f tmux.json ] || fail 'this is not the run directory'
server=\${TMUX%,*}
server=\${server##*,}
start_time "$server" || fail 'cannot read the start time of the tmux server'
server_start=$__runtime_started
start_time "$$" || fail 'cannot read its own start time'
holder_start=$__runtime_started
read_boot || fail 'cannot read the boot id'
mkfifo gate release 2>/dev/null
exec 8<>gate 7<>release || fail 'cannot open its fifos'
read -r -t 10 -u 8 || fail 'no process records the terminal'
exec 8<&-

if ! mkdir claim; then [ -d claim ] && exit ${holderExitClaimed}; fail 'cannot make the claim'; fi
printf '%300s\\n' '' >exit.json || give_back 'no room for the exit record'
own_cgroup "$mount" "$run"
__runtime_command=() __runtime_environment=() __runtime_launcher=()
while IFS= read -r -d '' item; do __runtime_command+=("$item"); done <command.nul
while IFS= read -r -d '' item; do __runtime_environment+=("$item"); done <environment.nul
IFS= read -r -d '' folder <workspace.nul
rm -f environment.nul .unbegun .notice
if [ -x "$setpriv" ]; then __runtime_launcher=("$setpriv" --pdeathsig KILL --); fi
exec 6>&2 2>.notice

# A function, so that the job table shows one line.
agent() {
  trap - HUP INT TERM QUIT TSTP
  exec 2>&6
  start_time "$BASHPID" || exit 75
  if [ -n "$__runtime_cgroup" ]; then { echo 0 >"$__runtime_cgroup/cgroup.procs" || { : >cgroup; rmdir "$__runtime_cgroup"; }; } 2>/dev/null; fi
  printf '{"version":1,"runId":"%s","holder":{"pid":%s,"startTime":"%s","bootId":"%s"},"agent":{"pid":%s,"startTime":"%s","bootId":"%s","pgid":%s},"server":{"pid":%s,"startTime":"%s","bootId":"%s"},"tmux":"%s"%s}\\n' \\
    "$run" "$$" "$holder_start" "$__runtime_boot" "$BASHPID" "$__runtime_started" "$__runtime_boot" "$BASHPID" "$server" "$server_start" "$__runtime_boot" "$TERM_PROGRAM_VERSION" "\${limit:+,\\"maxOutputBytes\\":$limit}" >holder.json || exit 75
  echo begun >&7 || exit 75
  # From here on names of ours must not be names of the agent's environment.
  __runtime_dir=$PWD
  __runtime_term=$TERM
  __runtime_workspace=$folder
  __runtime_shell=1
  if [ \${#__runtime_launcher[@]} -gt 0 ]; then __runtime_shell=; fi
  trap ': >"$__runtime_dir/.unbegun"' EXIT
  shopt -s execfail
  if [ "$input" = prompt ]; then exec <prompt || exit 126; fi
  cd -- "$folder" || exit 126
  umask "$mask"
  type -P -- "\${__runtime_command[0]}" >/dev/null || { echo "runtime holder: there is no program \${__runtime_command[0]}" >&9; exit 127; }
  set -- "\${__runtime_launcher[@]}" "\${__runtime_command[@]}"
  exec 2>&9 6>&- 7<&- 9>&-
  for name in $(compgen -e); do unset "$name"; done
  # Unset once they are variables like any other; before that bash makes their values up.
  unset RANDOM SRANDOM SECONDS EPOCHSECONDS EPOCHREALTIME LINENO HISTCMD BASH_COMMAND BASH_SUBSHELL BASH_ARGV0 DIRSTACK
  for __runtime_item in "\${__runtime_environment[@]}"; do export "$__runtime_item"; done 2>/dev/null
  unset OLDPWD SHLVL
  export TERM=$__runtime_term PWD=$__runtime_workspace
  # An exec that fails leaves .unbegun behind; setpriv cannot tell that it failed, but the program was there a moment ago.
  if [ -z "$__runtime_shell" ]; then trap - EXIT; fi
  exec "$@"
}
for _ in once; do
  ( agent )
  status=$?
done

begun=
while :; do
  # Through a FIFO of our own: a full disk must not lose the answer.
  { jobs; echo; } >&7
  state=
  while IFS= read -r line <&7 && [ -n "$line" ]; do
    case $line in begun) begun=1 ;; *) state=$line ;; esac
  done
  case $state in
  *'Stopped (signal)'* | *'Stopped(SIGSTOP)'*) read -r -t 0.5 -u 7 ;;
  *Stopped*)
    read -r -t 0.2 -u 7
    status=
    fg %% >/dev/null
    status=$?
    ;;
  *Running*)
    status=
    fg %% >/dev/null
    status=$?
    ;;
  *) break ;;
  esac
done
# What the holder runs from here on is in its own process group, which is spared when the agent's tree is ended.
set +m
read_uptime
exec 2>&6 6>&-
[ -n "$begun" ] || [ -e holder.json ] || give_back 'the agent was never begun'

code= name= state=\${state#*]}
while :; do case $state in [+\\ -]*) state=\${state#?} ;; *) break ;; esac; done
case $state in
Exit\\ *) code=\${state#Exit } code=\${code%%[!0-9]*} ;;
Done*) code=0 ;;
Hangup*) name=HUP ;;
Interrupt*) name=INT ;;
Killed*) name=KILL ;;
Terminated*) name=TERM ;;
?*) ;;
*)
  if [ -z "$status" ]; then name=INT
  elif [ "$status" -le 128 ]; then code=$status
  elif [ -s .notice ]; then name=$(kill -l "$((status - 128))")
  elif [ "$status" -ne 141 ]; then code=$status
  fi
  ;;
esac
if [ -n "$code" ]; then end="\\"kind\\":\\"exited\\",\\"code\\":$code"
elif [ -n "$name" ]; then end="\\"kind\\":\\"signaled\\",\\"signal\\":\\"SIG\${name#SIG}\\""
else end="\\"kind\\":\\"unknown\\",\\"why\\":\\"the shell reported status $status, which may be a code or a signal\\""; fi
began=true
if [ -e .unbegun ]; then began=false; fi
printf '%-300s\\n' "{\\"version\\":1,\\"began\\":$began,\\"exit\\":{$end}$__runtime_uptime}" 1<>exit.json || fail 'cannot write the exit record'
# In the background: neither a stuck terminal nor a slow disk delays the other. CAN first: it ends whatever escape
# sequence the agent left open.
printf '\\030\\033]7770;%s\\007' "$nonce" >&9 2>/dev/null &
flush exit.json .
[ -z "$__runtime_cgroup" ] || rmdir "$__runtime_cgroup" 2>/dev/null

SECONDS=0
until [ -n "$hangup" ] || [ "$SECONDS" -ge "$stay" ] || read -r -t "$((stay - SECONDS))" -u 7; do :; done
exit 0
`;

/** The content of the operating system command that ends a recording. */
export function endMark(nonce: string): string {
  return `7770;${nonce}`;
}

/** Its bytes, as they stand in out.raw. */
export function endMarkBytes(nonce: string): Buffer {
  return Buffer.from(`\x18\x1b]${endMark(nonce)}\x07`, 'latin1');
}
