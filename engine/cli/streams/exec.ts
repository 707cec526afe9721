import type { Pod } from '../../api/types.ts'
import type { Client } from '../client.ts'
import { CliError, usageError } from '../failure.ts'
import { defaultContainer, findPod, podPath } from '../find-pods.ts'
import type { Terminal } from '../terminal.ts'
import { carryStreams, commandFailed } from './run.ts'
import { handOver } from './screen.ts'

export interface ExecOptions {
  readonly namespace: string
  readonly container?: string
  readonly stdin: boolean
  readonly tty: boolean
  readonly quiet: boolean
}

/** `gantry exec`, as `kubectl exec`: ends as the command does. */
export async function exec(
  client: Client,
  { target, command }: { target: string; command: readonly string[] },
  { options, terminal }: { options: ExecOptions; terminal: Terminal },
): Promise<void> {
  if (command.length === 0) {
    throw usageError('you must specify at least one command for the container', 'write gantry exec POD -- COMMAND')
  }
  const note = options.quiet ? () => {} : terminal.note
  const { pod } = await findPod(client, target, { namespace: options.namespace, note })
  refuseEnded(pod, 'exec into')
  const container = options.container ?? defaultContainer(pod, note)
  const query = new URLSearchParams(command.map((word): [string, string] => ['command', word]))
  await connectStreams(client, `${podPath(pod, 'exec')}?${query}`, {
    container,
    stdin: options.stdin,
    tty: options.tty && options.stdin && hasTerminal(note),
  })
}

/** `gantry attach`, as `kubectl attach`. */
export async function attach(
  client: Client,
  target: string,
  { options, terminal }: { options: ExecOptions; terminal: Terminal },
): Promise<void> {
  const note = options.quiet ? () => {} : terminal.note
  const { pod } = await findPod(client, target, { namespace: options.namespace, note })
  refuseEnded(pod, 'attach to')
  const container = options.container ?? defaultContainer(pod, note)
  const spec = pod.spec.containers.find(({ name }) => name === container)
  if (options.tty && spec?.tty !== true) {
    note(`error: Unable to use a TTY - container ${container} did not allocate one\n`)
  }
  note("If you don't see a command prompt, try pressing enter.\n")
  await connectStreams(client, `${podPath(pod, 'attach')}?`, {
    container,
    stdin: options.stdin,
    tty: spec?.tty === true && options.stdin && hasTerminal(note),
  })
}

async function connectStreams(
  client: Client,
  path: string,
  { container, stdin, tty }: { container: string; stdin: boolean; tty: boolean },
): Promise<void> {
  const query = new URLSearchParams({ container, stdin: String(stdin), stdout: 'true', stderr: String(!tty) })
  const socket = await client.connect(`${path}&${query}${tty ? '&tty=true' : ''}`)
  const giveBack = tty ? handOver(socket) : undefined
  try {
    const { stdout, stderr } = process
    const exitCode = await carryStreams(socket, { stdin: stdin ? process.stdin : undefined, stdout, stderr })
    if (exitCode !== 0) throw commandFailed(exitCode)
  } finally {
    giveBack?.()
  }
}

function refuseEnded({ status }: Pod, what: string): void {
  const phase = status?.phase
  if (phase !== 'Succeeded' && phase !== 'Failed') return
  throw new CliError(`cannot ${what} a container in a completed pod; current phase is ${phase}`)
}

function hasTerminal(note: Terminal['note']): boolean {
  if (process.stdin.isTTY) return true
  note('Unable to use a TTY - input is not a terminal or the right kind of file\n')
  return false
}
