/**
 * Shell functions for the script of a holder, which read a process's identity as `readIdentity` does. POSIX sh, run by
 * dash, bash and busybox ash alike. `start_time PID` sets `__runtime_started`; `read_boot` sets `__runtime_boot`. Both
 * fail when the system has no answer: where there is a /proc, what is not in it is gone, and no program is asked.
 * `read_uptime` sets `__runtime_uptime` to the members of an exit record that say when, or to nothing where the system
 * does not tell its uptime.
 * All their variables begin with `__runtime_`: assigning a variable of the environment changes what the agent gets.
 */
export const identityFunctions = `
start_time() {
  if [ -r "/proc/$1/stat" ]; then
    read -r __runtime_started <"/proc/$1/stat" || return 1
    set -- \${__runtime_started##*) }
    shift 19
    __runtime_started=$1
  elif [ -r /proc/self/stat ]; then return 1
  else
    __runtime_started=$(LC_ALL=C TZ=UTC ps -o lstart= -p "$1") || return 1
    set -- $__runtime_started
    __runtime_started="$*"
  fi
}
read_boot() {
  __runtime_boot=
  if [ -r /proc/sys/kernel/random/boot_id ]; then read -r __runtime_boot </proc/sys/kernel/random/boot_id
  else __runtime_boot=$(sysctl -n kern.bootsessionuuid); fi
  [ -n "$__runtime_boot" ]
}
read_uptime() {
  __runtime_uptime=
  { read -r __runtime_line __runtime_rest </proc/uptime; } 2>/dev/null || return 0
  case $__runtime_line in *[!0-9.]* | *.*.* | .* | *. | '') return 0 ;; esac
  __runtime_uptime=",\\"seenAt\\":{\\"uptime\\":$__runtime_line,\\"bootId\\":\\"$__runtime_boot\\"}"
}
`;

/**
 * `own_cgroup MOUNT RUN` makes a cgroup for a run and sets `__runtime_cgroup` to it, or to nothing where none can be
 * made. Its path is in the file `cgroup` of the working directory before it is made. Leaves the cgroup of another run
 * first: a holder is in one when an agent started it.
 */
export const cgroupFunctions = `
own_cgroup() {
  __runtime_cgroup=
  [ -n "$1" ] || return 0
  while IFS= read -r __runtime_line; do
    case $__runtime_line in 0::*) __runtime_cgroup=$1\${__runtime_line#0::} ;; esac
  done </proc/self/cgroup
  [ -n "$__runtime_cgroup" ] || return 0
  case \${__runtime_cgroup##*/} in
  runtime-*)
    __runtime_cgroup=\${__runtime_cgroup%/*}
    { echo "$$" >"$__runtime_cgroup/cgroup.procs"; } 2>/dev/null
    ;;
  esac
  __runtime_cgroup=\${__runtime_cgroup%/}/runtime-$2
  { printf '%s\\n' "$__runtime_cgroup" >cgroup && { [ -d "$__runtime_cgroup" ] || mkdir "$__runtime_cgroup"; }; } 2>/dev/null ||
    __runtime_cgroup=
}
`;
