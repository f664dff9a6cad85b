# Usage: warden.sh DIRECTORY. Waits for the end of its input; then ends every process that has DIRECTORY as its TMPDIR,
# or works below it, prints one line for each, unmounts what is mounted in DIRECTORY, and removes it.
directory=$1
# A runner that was killed reads nothing any more.
trap '' HUP INT TERM PIPE
cat >/dev/null

# What ends by itself, such as a holder that records its agent's exit, has a moment for it.
found() {
  {
    grep -lzs -- "^TMPDIR=$directory\$" /proc/[0-9]*/environ | cut -d/ -f3
    for process in /proc/[0-9]*; do
      case $(readlink "$process/cwd") in "$directory"*) echo "${process#/proc/}" ;; esac
    done
  } 2>/dev/null | sort -un
}
living() {
  for pid in $(found); do
    # A zombie is dead; the runner's own helper ends with it.
    grep -qs '^State:.Z' "/proc/$pid/status" && continue
    grep -qsa '^vitest-watchdog' "/proc/$pid/cmdline" && continue
    echo "$pid"
  done
}
round=0
left=$(living)
while [ -n "$left" ] && [ "$round" -lt 10 ]; do
  round=$((round + 1))
  sleep 0.5
  left=$(living)
done
for pid in $left; do
  printf '%s %s\n' "$pid" "$(tr '\0' ' ' <"/proc/$pid/cmdline" | head -c 300)" 2>/dev/null
done
round=0
while [ -n "$left" ] && [ "$round" -lt 20 ]; do
  round=$((round + 1))
  kill -KILL $left 2>/dev/null
  left=$(living)
done
while read -r _ mounted _; do
  case $mounted in "$directory"/*) umount -l "$mounted" ;; esac
done </proc/mounts
rm -rf "$directory"
