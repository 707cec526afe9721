/**
 * What runs between the agent and a container, as POSIX sh: a shim costs a tenth of a Node process, and lives on when
 * the agent dies. Every value comes in as an argument; nothing is ever written into these texts.
 */

/** A stream's file that has grown to this is followed by the next one; so many files are kept. */
export const logFileBytes = 8 * 1024 * 1024
export const logFilesKept = 3
/** How many reads one `dd` does, of how many bytes at most: so a file is never more than 4 MiB too long. */
const reads = 256
const readBytes = 16 * 1024

/**
 * The shim, outside the container's namespaces: `mark launcher…`, in the container's folder, its environment on 3.
 *
 * - `mkdir lock` lets one shim through, so a start that is tried again after a crash can never run a container twice.
 * - A stream goes through a pipe into numbered files. `dd` writes each read at once; it says on stderr how many there
 *   were (`3+12 records in`, whole ones and others), and fewer than asked for are the stream's last. Where the disk is full the log ends and
 *   the container goes on: the rest is read and dropped, so that no write of it ever blocks.
 * - The exit code appears by a rename, whole or not at all. The pipes go when both streams are written out.
 */
export const shimScript = `
umask 077
mkdir lock 2>/dev/null || exit 0
keep() {
  n=1
  while counts=$(LC_ALL=C dd bs=${readBytes} count=${reads} of="$1.$n" oflag=append conv=notrunc 2>&1); do
    counts=\${counts%% records in*}
    counts=\${counts##*[!0-9+]}
    [ "$((\${counts%+*} + \${counts#*+}))" -eq ${reads} ] || return
    [ "$(wc -c <"$1.$n")" -lt ${logFileBytes} ] && continue
    n=$((n + 1))
    rm -f "$1.$((n - ${logFilesKept}))" "$1.$((n - ${logFilesKept})).times"
  done
  exec cat >/dev/null
}
mark=$1
shift
mkfifo stdout stderr || exit 1
keep stdout <stdout 3<&- &
keep stderr <stderr 3<&- &
"$@" >stdout 2>stderr
echo "$?" >exit.part
mv exit.part "$mark.exited"
wait
rm -f stdout stderr
`

/** Says that the main process runs, known by its pid and start time as the host's /proc has them. */
const announce = `
start_time() { start=\${20}; }
announce() { echo "$pid $start" >started.part && mv started.part "$1.started"; }
read -r line </proc/self/stat
start_time \${line##*) }
pid=\${line%% *}
`

/** Without namespaces: `mark program…`. The main process is the shim's own child. */
export const plainScript = `
set -e
mark=$1
shift
exec 5>&2 2>setup
${announce}
announce "$mark"
exec 2>&5 5>&-
exec "$@"
`

/**
 * The first process of a container's pid namespace: `folder mark hostname network program…`. It stays to reap orphans
 * and to end, with its namespace, whatever the main process leaves behind; its child sets up the root and becomes the
 * main process.
 *
 * The root is a tmpfs: each folder of the host's root beneath an overlay of its own, so that mountpoints and writes land
 * in memory and the host is never changed. Volumes are mounted after pivot_root, when no link in them can lead outside.
 */
export const namespaceScript = `
(
  set -e
  home=$1 mark=$2 network=$4
  exec 5>&2 2>"$home/setup"
  # Mountpoints are for the container's user, whoever that is.
  umask 022
  ${announce}
  # Below a user namespace only the system call may set it; without either the host's name shows, save in HOSTNAME.
  { echo "$3" >/proc/sys/kernel/hostname || hostname "$3"; } 2>/dev/null || :
  case $network in own) { echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start; } 2>/dev/null || : ;; esac
  shift 4

  mount -n -t tmpfs -o mode=0755 gantry "$home/root"
  cd "$home/root"
  while read -r mode owner folders; do
    mkdir -m "$mode" $folders
    case $owner in -) ;; *) chown "$owner" $folders ;; esac
  done <"$home/layers"
  mount -n -a -T "$home/root.fstab"
  read -r links <"$home/links"
  [ -z "$links" ] || cp -P $links new/
  cp -P /dev/fd /dev/stdin /dev/stdout /dev/stderr new/dev/
  ln -s pts/ptmx new/dev/ptmx
  for file in null zero full random urandom tty; do : >"new/dev/$file"; done
  mount -n -a -T "$home/devices.fstab"

  mkdir new/.host
  cd new
  pivot_root . .host
  cd /
  mount -n -a -T "/.host$home/folders.fstab"
  while IFS= read -r file; do
    [ -d "\${file%/*}/" ] || mkdir -p "\${file%/*}"
    [ -e "$file" ] || : >"$file"
  done <"/.host$home/files"
  mount -n -a -T "/.host$home/files.fstab"
  while IFS= read -r path; do
    mount -n -o remount,bind,ro "$path"
  done <"/.host$home/readonly"
  cd "/.host$home"
  announce "/.host$mark"
  cd /
  umount -l /.host
  rmdir /.host 2>/dev/null || :
  exec 2>&5 5>&-
  exec "$@"
) &
exec >/dev/null 2>&1 3<&-
wait "$!"
exit "$?"
`

/**
 * The last step, with the container's user already: `workingDir program…`. The environment is read from 3 only now, so
 * that no variable of a container (LD_PRELOAD, …) reaches a program that runs with more rights than it.
 */
export const enterScript = `
umask 022
unset GANTRY_SHIM
cd -- "$1" || exit 127
shift
env=$(command -v env)
eval "$(cat <&3)"
exec 3<&-
exec "$@"
`

/**
 * The last step within a terminal that script(1) made: it takes no arguments, so they come as words of sh on 4, once
 * somebody has heard on 5 that the terminal is there.
 */
export const terminalScript = `
echo >&5
exec 5>&-
eval "set -- $(cat <&4)"
exec 4<&-
${enterScript}`

/**
 * Gives a command a pipe to read from in the place of Node's socket, for its user to open by name: `user program…`. How
 * it ended is told on 4, since `cat` may still wait for more to read.
 */
export const inputScript = `
exec 5>&2 2>/dev/null
user=$1
shift
cat | {
  chown "$user" /dev/stdin
  "$@" 2>&5 4>&- 5>&-
  echo "$?" >&4
}
`
