/**
 * Shell functions that read a process identity as adapter-kit's `readIdentity` does.
 * `start_time PID` sets `started`; `read_boot` sets `boot`. Both fail when the system does not tell.
 */
export const readFunctions = `
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
read_boot() {
  if [ -r /proc/sys/kernel/random/boot_id ]; then read -r boot </proc/sys/kernel/random/boot_id
  else boot=$(sysctl -n kern.bootsessionuuid); fi
  [ -n "$boot" ]
}
`;
