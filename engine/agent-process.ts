/** The agent of `gantry up`: a process of its own that speaks the same protocol as one on another machine. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { nodeArguments } from './node-options.ts'
import type { NodeOptions } from './node-options.ts'
import { entryUrl } from './protocol/entries.ts'

interface ProcessOptions {
  /** The agent's own folder. */
  readonly folder: string
  readonly nodeName: string
  readonly version: string
  /** A line that the agent logged. */
  onLog(line: string): void
}

export interface AgentProcessOptions extends ProcessOptions, NodeOptions {
  readonly engineSocket: string
  /** The agent ended by itself and is started again after the pause that this returns, in milliseconds. */
  onRestart(reason: string): number
}

export interface AgentProcess {
  /** Ends the agent; its pods run on. */
  stop(): Promise<void>
}

export function startAgentProcess(options: AgentProcessOptions): AgentProcess {
  let child: AgentChild
  let retry: NodeJS.Timeout | undefined
  let stopping = false

  function start(): void {
    child = runAgent(options, ['--engine-socket', options.engineSocket, ...nodeArguments(options)])
    child.process.once('exit', (code, signal) => {
      if (stopping) return
      const pause = options.onRestart(child.lastWords() ?? signal ?? `exit code ${code}`)
      retry = setTimeout(start, pause)
    })
  }

  start()
  return {
    async stop() {
      stopping = true
      clearTimeout(retry)
      const { process: running } = child
      if (running.exitCode !== null || running.signalCode !== null) return
      const ended = once(running, 'exit')
      running.kill('SIGTERM')
      await ended
    },
  }
}

/** Stops every pod of a node whose agent has ended. Rejects with what went wrong. */
export async function stopPods(options: ProcessOptions): Promise<void> {
  const child = runAgent(options, ['--down'])
  const [code, signal] = (await once(child.process, 'exit')) as [number | null, NodeJS.Signals | null]
  if (code === 0) return
  throw new Error(
    `the pods could not be stopped: ${child.lastWords() ?? signal ?? `exit code ${code}`}; mend that and try again`,
  )
}

interface AgentChild {
  readonly process: ChildProcess
  /** The last line on its stderr: why it ended. */
  lastWords(): string | undefined
}

function runAgent({ folder, nodeName, version, onLog }: ProcessOptions, more: readonly string[]): AgentChild {
  const args = ['--data', folder, '--node-name', nodeName, '--version', version, ...more]
  const child = spawn(process.execPath, [fileURLToPath(entryUrl('agent')), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let last: string | undefined
  eachLine(child.stdout, onLog)
  eachLine(child.stderr, line => {
    last = line
    onLog(line)
  })
  return { process: child, lastWords: () => last }
}

function eachLine(stream: Readable, accept: (line: string) => void): void {
  let rest = ''
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) accept(line)
  })
}
