// Programs that tests start end with the tests, however those end: also by SIGKILL, of which no handler is told.
import { type ChildProcess, spawn } from 'node:child_process'
import { type Socket } from 'node:net'
import { startTicksOf } from '../cluster/processes.ts'

/**
 * A shell that reads from a pipe whose other end the kernel closes with this process, and then kills who is left:
 * `pid PID TICKS` names a process, `dir PATH` all that are recorded there by then (processes.ts). Their groups go with
 * them: what a daemon has forked. The start time tells a process from a later one with its pid (proc(5): field 22, which
 * is the 20th behind the last bracket).
 */
const GUARD = `
pids=''
while read -r kind rest; do
  case $kind in
    pid) pids="$pids \${rest% *}:\${rest#* }" ;;
    dir) set -- "$@" "$rest" ;;
  esac
done
for dir in "$@"; do
  pids="$pids $(sed -n 's/.*"pid":\\([0-9]*\\),"startTicks":"\\([0-9]*\\)".*/\\1:\\2/p' "$dir"/run/*.json 2>/dev/null)"
done
for one in $pids; do
  pid=\${one%:*}
  stat=$(cat "/proc/$pid/stat" 2>/dev/null) || continue
  set -- \${stat##*) }
  [ "\${20}" = "\${one#*:}" ] || continue
  kill -KILL "-$pid" 2>/dev/null || kill -KILL "$pid"
done
`

let pipe: Socket | undefined

/** Has a process, a child that was just started or any other, end with this one at the latest. */
export function endingWithUs<Process extends Pick<ChildProcess, 'pid'>>(child: Process): Process {
  const ticks = child.pid === undefined ? undefined : startTicksOf(child.pid)
  if (ticks !== undefined) tell(`pid ${child.pid} ${ticks}`)
  return child
}

/** Has the programs that are recorded in a folder, now and later, by whomever, end with this process at the latest. */
export function recordedEndWithUs(dir: string): void {
  tell(`dir ${dir}`)
}

function tell(line: string): void {
  pipe ??= startGuard()
  pipe.write(`${line}\n`)
}

function startGuard(): Socket {
  // In a session of its own: what ends this process's group leaves it its work.
  const guard = spawn('sh', ['-c', GUARD], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  guard.unref()
  const stdin = guard.stdin as Socket
  stdin.on('error', () => undefined).unref()
  return stdin
}
