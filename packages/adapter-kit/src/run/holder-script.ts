import { cgroupFunctions, identityFunctions } from './shell-identity.ts';

/**
 * The second stage: the agent's own process, before it becomes the agent. It runs under the parent-death signal
 * already, and looks at its parent once more, for the parent may have died before the signal was armed.
 * holder.json is complete before the agent executes anything, and the holder is told so: a file can be removed. It is
 * one write into an empty file, which proves nothing until then.
 * Only then does it leave the run directory for the workspace. An exec that fails leaves .unbegun behind: dash runs the
 * EXIT trap, bash needs execfail for that.
 */
const agentStage = `${identityFunctions}
__runtime_workspace=$1 __runtime_run=$2 __runtime_holder=$3 __runtime_holder_start=$4 __runtime_boot=$5 __runtime_mask=$6 __runtime_path=$7 __runtime_locale=$8 __runtime_cgroup=$9 __runtime_limit=\${10}
shift 10
[ "$PPID" = "$__runtime_holder" ] || exit 75
start_time "$$" || exit 75
if [ -n "$__runtime_cgroup" ]; then { echo 0 >"$__runtime_cgroup/cgroup.procs" || { : >cgroup; rmdir "$__runtime_cgroup"; }; } 2>/dev/null; fi
printf '{"version":1,"runId":"%s","holder":{"pid":%s,"startTime":"%s","bootId":"%s"},"agent":{"pid":%s,"startTime":"%s","bootId":"%s","pgid":%s}%s}\\n' \\
  "$__runtime_run" "$__runtime_holder" "$__runtime_holder_start" "$__runtime_boot" "$$" "$__runtime_started" "$__runtime_boot" "$$" "\${__runtime_limit:+,\\"maxOutputBytes\\":$__runtime_limit}" >holder.json || exit 75
echo begun >&4 || exit 75
exec 4>&- 7<&-
__runtime_dir=$PWD
trap ': >"$__runtime_dir/.unbegun"' EXIT
shopt -s execfail 2>/dev/null
cd "$__runtime_workspace" || exit 126
PWD=$__runtime_workspace
umask "$__runtime_mask"
unset OLDPWD SHLVL
case $__runtime_locale in =*) LC_ALL=\${__runtime_locale#=} ;; esac
case $__runtime_path in =*) PATH=\${__runtime_path#=} ;; *) unset PATH ;; esac
exec "$@"
`;

/**
 * Looks at how much the agent writes, and ends the run's processes when that is beyond the limit, whether an owner
 * lives or not: those of its cgroup, of the agent's session, and those with the mark. It stays for as long as there are
 * any, beyond the agent and beyond the holder.
 * The first look comes after a moment, so that a short run pays for nothing but the wait. From then on `tail` and `head`
 * count along while the holder lives; `tail` polls, since inotify instances are few (128 for a user by default), and ends
 * with the holder. Where it cannot do that, and after the holder, the sizes are looked at once a second.
 * The agent itself writes into its files: through a pipe it could lose what it has not got rid of when it exits, and
 * would feel the death of the process behind it. So what it writes until it is seen comes on top of the limit: in the
 * first quarter of a second, then in two tenths, and what its children write after it in a second.
 * The watch is no job of the holder, whose list of jobs tells how the agent ended.
 */
const limitFunctions = `
# The wait ends with the shell that waits.
nap() {
  __runtime_nap=
  trap '[ -z "$__runtime_nap" ] || kill "$__runtime_nap"; exit' TERM
  sleep "$1" &
  __runtime_nap=$!
  wait "$__runtime_nap"
  trap - TERM
}
# Ends with what counts: what follows may not notice that.
follow_output() {
  ( "$__runtime_follow" ---disable-inotify -s 0.2 "--pid=$$" -q -c +1 -f stdout.log stderr.log & ) |
    head -c "$((__runtime_limit + 1))"
}
is_over() {
  [ -s stdout.log ] || [ -s stderr.log ] || return 1
  __runtime_size=0
  for __runtime_word in $(wc -c stdout.log stderr.log); do
    case $__runtime_word in total) break ;; *[!0-9]*) ;; *) __runtime_size=$__runtime_word ;; esac
  done
  [ "$__runtime_size" -gt "$__runtime_limit" ]
}
# The pids of the run's processes that are proven, but for the agent and what is in the holder's own group.
others() {
  __runtime_session=
  if start_time "$1" && [ "$__runtime_started" = "$2" ]; then __runtime_session=$1; fi
  set -- $(grep -lazx "RUNTIME_RUN_ID=$__runtime_run" /proc/[0-9]*/environ)
  __runtime_marked=" $* "
  for __runtime_file in /proc/[0-9]*/stat; do
    __runtime_pid=\${__runtime_file#/proc/} __runtime_pid=\${__runtime_pid%/stat}
    case $__runtime_marked in *" /proc/$__runtime_pid/environ "*) ;; *) [ -n "$__runtime_session" ] || continue ;; esac
    read -r __runtime_line <"$__runtime_file" || continue
    set -- \${__runtime_line##*) }
    [ "$1" != Z ] && [ "$3" != "$__runtime_group" ] && [ "$__runtime_pid" != "$__runtime_session" ] || continue
    case $__runtime_marked in *" /proc/$__runtime_pid/environ "*) ;; *) [ "$4" = "$__runtime_session" ] || continue ;; esac
    echo "$__runtime_pid"
  done
}
# An agent that could not join its cgroup has none.
has_cgroup() { [ -n "$__runtime_cgroup" ] && [ -s cgroup ] && [ -r "$__runtime_cgroup/cgroup.events" ]; }
is_deserted() { read -r __runtime_line <"$__runtime_cgroup/cgroup.events" && [ "$__runtime_line" = 'populated 0' ]; }
is_left() {
  if start_time "$1" && [ "$__runtime_started" = "$2" ]; then return 0; fi
  if has_cgroup; then ! is_deserted; else [ -n "$(others "$1" "$2")" ]; fi
}
# The agent is stopped while its children are ended: it makes no new ones, and its session stays proven.
end_all() {
  if has_cgroup; then echo 1 >"$__runtime_cgroup/cgroup.kill"; fi
  if start_time "$1" && [ "$__runtime_started" = "$2" ]; then kill -STOP "$1"; fi
  for __runtime_round in 1 2 3 4 5 6 7 8 9 10; do
    __runtime_others=$(others "$1" "$2")
    [ -n "$__runtime_others" ] || break
    kill -KILL $__runtime_others
  done
  if start_time "$1" && [ "$__runtime_started" = "$2" ]; then kill -KILL "-$1"; fi
}
watch_output() {
  ( read -r __runtime_line <"/proc/$$/stat" && set -- "$@" \${__runtime_line##*) } && __runtime_group=$6
    if [ -z "$__runtime_follow" ]; then nap 1
    else
      nap 0.25
      if start_time "$$" && [ "$__runtime_started" = "$3" ]; then follow_output; fi
    fi
    while :; do
      if is_over; then end_all "$1" "$2"; fi
      is_left "$1" "$2" || break
      nap 1
    done ) >/dev/null 2>&1 3>&- 4>&- 7<&- &
  echo $!
}
`;

/**
 * The holder. It runs in the run directory, and names nothing there by its path: the directory may be moved, or
 * something mounted over it, while the agent works. Its arguments are those of `holderArguments`: nothing of them ever
 * becomes shell text.
 *
 * - The agent has a cgroup of its own where one can be made, and joins it before it executes anything. The holder stays
 *   outside, and leaves the cgroup of a run whose agent started it.
 * - \`wait\` does not distinguish a signal from an exit code above 128; the job table does ("Done(143)", "Terminated").
 *   It is read through a file whose blocks are allocated: that works on a full disk too, and where the file has lost its
 *   name. What is written there is read at once, so writer and reader stand at the same place.
 * - dash shows a job after \`wait\`, bash only until it has cleaned up behind the command during which the job ended,
 *   before which it runs the CHLD trap: so bash shows its jobs there.
 * - A background job of a shell without job control has SIGINT ignored for good; \`env --default-signal\` undoes that
 *   where there is one.
 * - exit.json is blank from the start, and proves nothing until then. It is written in one piece into blocks that are
 *   allocated: a full disk does not lose the exit code.
 * - A program of its own is what a step costs most, so there are no more than it needs: what the system has is known,
 *   and the cgroup is removed by whoever reaps the run.
 * - The traps are handlers and not ignores, which the agent would inherit.
 */
export const holderScript = `# runtime holder: starts one agent, keeps its input open, records how it ended.
${identityFunctions}${cgroupFunctions}${limitFunctions}
fail() { echo "runtime holder: $1" >&2; exit 75; }
give_back() { rmdir claim; [ -z "$__runtime_cgroup" ] || rmdir "$__runtime_cgroup"; fail "$1"; }
flush() { sync "$@" 2>/dev/null || sync; }
has_owner() { { read -r __runtime_line <"/proc/$$/stat"; } 2>/dev/null && set -- \${__runtime_line##*) } && [ "$2" = "$__runtime_owner" ]; }
__runtime_workspace=$1 __runtime_run=$2 __runtime_kind=$3 __runtime_input=$4 __runtime_mount=$5 __runtime_limit=$6
__runtime_setsid=$7 __runtime_setpriv=$8 __runtime_env=$9 __runtime_follow=\${10} __runtime_owner=\${11}
shift 11
__runtime_mask=$(umask)
umask 077
__runtime_path=\${PATH+=$PATH} __runtime_locale=\${LC_ALL+=$LC_ALL}
PATH=/usr/bin:/bin\${PATH:+:$PATH} LC_ALL=C
__runtime_caught= __runtime_cgroup=
trap '__runtime_caught=1' TERM INT HUP QUIT
trap : CHLD
trap '__runtime_caught=1; exec 3>&-' USR1
start_time "$$" || fail 'cannot read its own start time'
read_boot || fail 'cannot read the boot id'

mkdir claim || { [ -d claim ] && exit 73; fail 'cannot make the claim'; }
printf '%4000s\\n' '' >.jobs && printf '%300s\\n' '' >exit.json || give_back 'no room for the exit record'
exec 4<>.jobs 7<.jobs
own_cgroup "$__runtime_mount" "$__runtime_run"
if [ "$__runtime_kind" = fifo ]; then
  __runtime_input=in
  [ -p "$__runtime_input" ] || mkfifo "$__runtime_input" || give_back 'cannot make the input fifo'
  exec 3<>"$__runtime_input"
else
  [ "$__runtime_kind" = file ] || __runtime_input=/dev/null
  exec 3</dev/null
fi

: >>stdout.log && : >>stderr.log || give_back 'no room for the output'

set -- /bin/sh -c '${agentStage.replaceAll("'", `'\\''`)}' runtime-agent "$__runtime_workspace" "$__runtime_run" "$$" "$__runtime_started" "$__runtime_boot" "$__runtime_mask" "$__runtime_path" "$__runtime_locale" "$__runtime_cgroup" "$__runtime_limit" "$@"
if [ -n "$__runtime_env" ]; then set -- "$__runtime_env" --default-signal=INT,QUIT -- "$@"; fi
if [ -n "$__runtime_setpriv" ]; then set -- "$__runtime_setpriv" --pdeathsig KILL -- "$@"; fi
if [ -n "$__runtime_setsid" ]; then set -- "$__runtime_setsid" "$@"; else set -m; fi
if type shopt >/dev/null 2>&1; then trap 'jobs >&4' CHLD; fi
( exec <"$__runtime_input" >>stdout.log 2>>stderr.log 3>&- && exec "$@" ) &
agent=$!
__runtime_watch=
if [ -n "$__runtime_limit" ]; then
  __runtime_holder_start=$__runtime_started
  # An agent may be gone already, and what it left writes on.
  start_time "$agent" || __runtime_started=
  __runtime_watch=$(watch_output "$agent" "$__runtime_started" "$__runtime_holder_start")
  start_time "$__runtime_watch" && __runtime_watch_start=$__runtime_started
fi

begun=
while :; do
  __runtime_caught=
  wait "$agent"
  status=$?
  { jobs; echo; } >&4
  state=
  while IFS= read -r line <&7 && [ -n "$line" ]; do
    case $line in begun) begun=1 ;; *) state=$line ;; esac
  done
  state=\${state#*]}
  while :; do case $state in [+\\ -]*) state=\${state#?} ;; *) break ;; esac; done
  case $state in Running* | Stopped* | Suspended*) ;; *) break ;; esac
done
wait "$agent"
again=$?
if [ "$again" -ne 127 ]; then status=$again __runtime_caught=; fi
read_uptime
# Whatever else is left is for the watch to find out.
if [ -n "$__runtime_watch" ] && has_cgroup && is_deserted &&
  start_time "$__runtime_watch" && [ "$__runtime_started" = "$__runtime_watch_start" ]; then
  kill "$__runtime_watch" 2>/dev/null
fi
[ -n "$begun" ] || [ -e holder.json ] || give_back 'the agent was never begun'

code= name=
case $state in
Done\\(*) code=\${state#Done(} code=\${code%%)*} ;;
Exit\\ *) code=\${state#Exit } code=\${code%%[!0-9]*} ;;
Done*) code=0 ;;
Hangup*) name=HUP ;;
Interrupt*) name=INT ;;
Quit*) name=QUIT ;;
Illegal*) name=ILL ;;
Trace*) name=TRAP ;;
Abort*) name=ABRT ;;
Bus*) name=BUS ;;
Floating*) name=FPE ;;
Killed*) name=KILL ;;
Segmentation*) name=SEGV ;;
Broken*) name=PIPE ;;
Alarm*) name=ALRM ;;
Terminated*) name=TERM ;;
CPU*) name=XCPU ;;
?*) if [ -z "$__runtime_caught" ] && [ "$status" -gt 128 ]; then name=$(kill -l "$((status - 128))"); fi ;;
*) if [ -z "$__runtime_caught" ] && [ "$status" -le 128 ]; then code=$status; fi ;;
esac
if [ -n "$code" ]; then end="\\"kind\\":\\"exited\\",\\"code\\":$code"
elif [ -n "$name" ]; then end="\\"kind\\":\\"signaled\\",\\"signal\\":\\"SIG\${name#SIG}\\""
else end="\\"kind\\":\\"unknown\\",\\"why\\":\\"the shell reported status $status, which may be a code or a signal\\""; fi
began=true
if [ -e .unbegun ]; then began=false; fi
printf '%-300s\\n' "{\\"version\\":1,\\"began\\":$began,\\"exit\\":{$end}$__runtime_uptime}" 1<>exit.json || fail 'cannot write the exit record'
# Its owner has the exit in its log before anything follows from it.
has_owner || flush exit.json .
`;

/** Exit status of a holder that found the run claimed by another. */
export const holderExitClaimed = 73;
