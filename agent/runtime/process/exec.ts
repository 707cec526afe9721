import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { open } from 'node:fs/promises'
import { constants } from 'node:os'
import { Readable } from 'node:stream'
import { identify } from '../../../machine/processes.ts'
import { hangUp } from '../hang-up.ts'
import type { ContainerStreams } from '../streams.ts'
import { shimPath } from './machine.ts'
import { joined } from './output.ts'
import type { Wiring } from './output.ts'
import { openPipes } from './pipes.ts'
import { inputScript } from './scripts.ts'
import { openTerminal } from './terminal.ts'

export interface ExecRequest {
  readonly argv: readonly string[]
  /** The file that holds the container's environment. */
  readonly environment: string
  readonly marks: Readonly<Record<string, string>>
  readonly stdin: boolean
  /** A folder for what lives as long as the command; whose the command's files are. */
  readonly folder: string
  readonly owner: { readonly uid: number; readonly gid: number }
  /** For a command with a terminal: the words that `terminalScript` runs in it. */
  readonly terminal: readonly string[] | undefined
}

/** Starts the command; it is a child of the agent and ends with whoever asked for it. */
export async function startExec(request: ExecRequest): Promise<ContainerStreams> {
  const environment = await open(request.environment)
  try {
    const start = request.terminal === undefined ? throughPipes : throughTerminal
    const { child, wiring } = await start(request, environment.fd)
    return streamsOf(child, wiring)
  } finally {
    await environment.close()
  }
}

interface Started {
  readonly child: ChildProcess
  readonly wiring: Wiring
}

async function throughPipes(request: ExecRequest, environment: number): Promise<Started> {
  const pipes = await openPipes(request)
  const [stdout, stderr] = pipes
  const outputs = { stdout: stdout.ours, stderr: stderr.ours }
  try {
    if (!request.stdin) {
      const child = await spawned(request, ['ignore', stdout.theirs, stderr.theirs, environment])
      return { child, wiring: { stdin: undefined, outputs, exit: exitOf(child) } }
    }
    const argv = ['/bin/sh', '-c', inputScript, 'sh', String(request.owner.uid), ...request.argv]
    const child = await spawned({ ...request, argv }, ['pipe', stdout.theirs, stderr.theirs, environment, 'pipe'])
    return { child, wiring: { stdin: child.stdin ?? undefined, outputs, exit: toldExitOf(child) } }
  } catch (error) {
    for (const pipe of pipes) pipe.ours.destroy()
    throw error
  } finally {
    for (const pipe of pipes) pipe.release()
  }
}

async function throughTerminal(request: ExecRequest, environment: number): Promise<Started> {
  const child = await spawned(request, ['pipe', 'pipe', 'pipe', environment, 'pipe', 'pipe'])
  const terminal = openTerminal(child, { words: request.terminal ?? [], stdin: request.stdin })
  return { child, wiring: { ...terminal, exit: exitOf(child) } }
}

type Stdio = readonly ('ignore' | 'pipe' | number)[]

/** Resolves once it runs. */
function spawned({ argv, marks, terminal }: ExecRequest, stdio: Stdio): Promise<ChildProcess> {
  const [program = '', ...args] = argv
  const child = spawn(program, args, {
    stdio: [...stdio],
    env: { ...marks, PATH: shimPath, ...(terminal === undefined ? {} : { TERM: 'xterm' }) },
    detached: true,
  })
  return new Promise((resolve, reject) => {
    child.once('spawn', () => resolve(child))
    child.once('error', reject)
  })
}

/** As a shell tells it of a command that a signal ended. */
function exitOf(child: ChildProcess): Promise<number> {
  return new Promise(resolve => {
    child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? 'SIGKILL']))
  })
}

/** `inputScript` says on 4 how the command ended, and itself ends when it has nothing more to read. */
function toldExitOf(child: ChildProcess): Promise<number> {
  const [, , , , told] = child.stdio
  const exit = exitOf(child)
  if (!(told instanceof Readable)) return exit
  const code = new Promise<number>(resolve => told.once('data', (text: Buffer) => resolve(Number(String(text)))))
  return Promise.race([code, exit]).finally(() => child.stdin?.destroy())
}

function streamsOf(child: ChildProcess, { stdin, outputs, resize, exit }: Wiring): ContainerStreams {
  // Not yet reaped, so the number is still its own.
  const root = child.pid === undefined ? undefined : identify(child.pid)
  // A command need not read what is written to it.
  stdin?.on('error', () => {})
  return {
    stdin,
    output: joined(outputs, exit),
    exitCode: () => exit,
    resize: async size => resize?.(size),
    async close() {
      if (root !== undefined) await hangUp(root)
      for (const stream of [stdin, outputs.stdout, outputs.stderr]) stream?.destroy()
    },
  }
}
