/**
 * Functions that both stages share. POSIX sh, run by dash, bash and busybox ash alike.
 * `started`: the start time of a process as `readIdentity` reads it. `boot`: the machine's boot.
 */
const common = `
start_time() {
  if [ -r "/proc/$1/stat" ]; then
    read -r started <"/proc/$1/stat" || return 1
    set -- \${started##*) }
    shift 19
    started=$1
  else
    started=$(LC_ALL=C TZ=UTC ps -o lstart= -p "$1") || return 1
    set -- $started
    started="$*"
  fi
}
`;

/**
 * The second stage: the agent's own process, before it becomes the agent. It runs under the parent-death signal already,
 * and looks at its parent once more, for the parent may have died before the signal was armed.
 * holder.json is complete before the agent executes anything: without it, nothing ever ran.
 * An exec that fails leaves .unbegun behind: dash runs the EXIT trap, bash needs execfail for that.
 */
const agentStage = `${common}
dir=$1 run=$2 holder=$3 holder_start=$4 boot=$5 mask=$6 path=$7 locale=$8
shift 8
[ "$PPID" = "$holder" ] || exit 75
start_time "$$" || exit 75
printf '{"version":1,"runId":"%s","holder":{"pid":%s,"startTime":"%s","bootId":"%s"},"agent":{"pid":%s,"startTime":"%s","bootId":"%s","pgid":%s}}\\n' \\
  "$run" "$holder" "$holder_start" "$boot" "$$" "$started" "$boot" "$$" >"$dir/holder.json.tmp" || exit 75
mv -f "$dir/holder.json.tmp" "$dir/holder.json" || exit 75
trap ': >"$dir/.unbegun"' EXIT
shopt -s execfail 2>/dev/null
umask "$mask"
unset OLDPWD SHLVL
case $locale in =*) LC_ALL=\${locale#=} ;; esac
case $path in =*) PATH=\${path#=} ;; *) unset PATH ;; esac
exec "$@"
`;

/**
 * The holder. Arguments: run directory, run id, input kind (fifo, file, none), input path, then the command, one argument each:
 * nothing of it ever becomes shell text.
 *
 * - \`wait\` tells a signal and an exit code above 128 apart by nothing; the job table does ("Done(143)", "Terminated").
 *   It goes through a FIFO because a full disk must not lose the answer.
 * - dash shows a job after \`wait\`, bash only before: the CHLD trap interrupts bash's wait in time.
 * - A background job of a shell without job control has SIGINT ignored for good; \`env --default-signal\` undoes that where there is one.
 * - exit.json is written into blocks that were allocated at the start: a full disk does not lose the exit code.
 * - The traps are handlers and not ignores, which the agent would inherit.
 */
export const holderScript = `# runtime holder: starts one agent, keeps its input open, records how it ended.
${common}
fail() { echo "runtime holder: $1" >&2; exit 75; }
give_back() { rmdir "$dir/claim"; fail "$1"; }
flush() { sync "$@" 2>/dev/null || sync; }
dir=$1 run=$2 kind=$3 input=$4
shift 4
mask=$(umask)
umask 077
path=\${PATH+=$PATH} locale=\${LC_ALL+=$LC_ALL}
PATH=/usr/bin:/bin\${PATH:+:$PATH} LC_ALL=C
caught=
trap 'caught=1' TERM INT HUP QUIT
trap : CHLD
trap 'caught=1; exec 3>&-' USR1
start_time "$$" || fail 'cannot read its own start time'
boot=
if [ -r /proc/sys/kernel/random/boot_id ]; then read -r boot </proc/sys/kernel/random/boot_id
else boot=$(sysctl -n kern.bootsessionuuid); fi
[ -n "$boot" ] || fail 'cannot read the boot id'

mkdir "$dir/claim" || { [ -d "$dir/claim" ] && exit 73; fail 'cannot make the claim'; }
printf '%200s\\n' '' >"$dir/exit.json.tmp" || give_back 'no room for the exit record'
rm -f "$dir/.jobs"
mkfifo "$dir/.jobs" || give_back 'cannot make a fifo'
exec 4<>"$dir/.jobs"
rm -f "$dir/.jobs"
if [ "$kind" = fifo ]; then
  input=$dir/in
  [ -p "$input" ] || mkfifo "$input" || give_back 'cannot make the input fifo'
  exec 3<>"$input"
else
  [ "$kind" = file ] || input=/dev/null
  exec 3</dev/null
fi

set -- /bin/sh -c '${agentStage.replaceAll("'", `'\\''`)}' runtime-agent "$dir" "$run" "$$" "$started" "$boot" "$mask" "$path" "$locale" "$@"
if env --default-signal=INT,QUIT true 2>/dev/null; then set -- env --default-signal=INT,QUIT -- "$@"; fi
if setpriv --pdeathsig KILL true 2>/dev/null; then set -- setpriv --pdeathsig KILL -- "$@"; fi
if command -v setsid >/dev/null; then set -- setsid "$@"; else set -m; fi
( exec <"$input" 3>&- 4>&- >>"$dir/stdout.log" 2>>"$dir/stderr.log" && exec "$@" ) &
agent=$!

while :; do
  caught=
  wait "$agent"
  status=$?
  { jobs; echo; } >&4
  state=
  while IFS= read -r line <&4 && [ -n "$line" ]; do state=$line; done
  state=\${state#*]}
  while :; do case $state in [+\\ -]*) state=\${state#?} ;; *) break ;; esac; done
  case $state in Running* | Stopped* | Suspended*) ;; *) break ;; esac
done
wait "$agent"
again=$?
if [ "$again" -ne 127 ]; then status=$again caught=; fi
[ -e "$dir/holder.json" ] || give_back 'the agent was never begun'

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
?*) if [ -z "$caught" ] && [ "$status" -gt 128 ]; then name=$(kill -l "$((status - 128))"); fi ;;
*) if [ -z "$caught" ] && [ "$status" -le 128 ]; then code=$status; fi ;;
esac
if [ -n "$code" ]; then end="\\"kind\\":\\"exited\\",\\"code\\":$code"
elif [ -n "$name" ]; then end="\\"kind\\":\\"signaled\\",\\"signal\\":\\"SIG\${name#SIG}\\""
else end="\\"kind\\":\\"unknown\\",\\"why\\":\\"the shell reported status $status, which may be a code or a signal\\""; fi
began=true
if [ -e "$dir/.unbegun" ]; then began=false; fi
printf '%-200s\\n' "{\\"version\\":1,\\"began\\":$began,\\"exit\\":{$end}}" 1<>"$dir/exit.json.tmp" || fail 'cannot write the exit record'
flush "$dir/exit.json.tmp"
publish() { mv -f "$dir/exit.json.tmp" "$dir/exit.json"; }
publish || publish || fail 'cannot publish the exit record'
flush "$dir"
`;

/** Exit status of a holder that found the run claimed by another. */
export const holderExitClaimed = 73;
