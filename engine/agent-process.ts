/** The agent of `gantry up`: a process of its own that speaks the same protocol as one on another machine. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { entryUrl } from './protocol/entries.ts'

export interface AgentProcessOptions {
  /** The agent's own folder. */
  readonly folder: string
  readonly engineSocket: string
  readonly nodeName: string
  readonly nodeAddress: string
  readonly runtime: 'auto' | 'docker' | 'process'
  readonly version: string
  /** A line that the agent logged. */
  onLog(line: string): void
  /** The agent ended by itself and is started again after a pause. */
  onRestart(reason: string): void
}

export interface AgentProcess {
  /** Ends the agent; its pods run on. */
  stop(): Promise<void>
  /** Ends the agent and stops every pod of the node. Rejects with what went wrong. */
  down(): Promise<void>
}

const restartPause = 1_000

export function startAgentProcess(options: AgentProcessOptions): AgentProcess {
  let child: ChildProcess
  let retry: NodeJS.Timeout | undefined
  let stopping = false

  function start(): void {
    child = run([])
    child.once('exit', (code, signal) => {
      if (stopping) return
      options.onRestart(signal === null ? `exit code ${code}` : signal)
      retry = setTimeout(start, restartPause)
    })
  }

  function run(more: readonly string[]): ChildProcess {
    const args = [
      ...['--data', options.folder, '--engine-socket', options.engineSocket],
      ...['--node-name', options.nodeName, '--node-address', options.nodeAddress],
      ...['--runtime', options.runtime, '--version', options.version, ...more],
    ]
    const started = spawn(process.execPath, [fileURLToPath(entryUrl('agent')), ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const output of [started.stdout, started.stderr]) {
      let rest = ''
      output.setEncoding('utf8').on('data', (chunk: string) => {
        const lines = (rest + chunk).split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) options.onLog(line)
      })
    }
    return started
  }

  async function stop(): Promise<void> {
    stopping = true
    clearTimeout(retry)
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
  }

  start()
  return {
    stop,
    async down() {
      await stop()
      const last = run(['--down'])
      const [code, signal] = (await once(last, 'exit')) as [number | null, NodeJS.Signals | null]
      if (code !== 0) {
        throw new Error(`stopping the pods ended with ${signal ?? `exit code ${code}`}; see the agent's log above, then try again`)
      }
    },
  }
}
