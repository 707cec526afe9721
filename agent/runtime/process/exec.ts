import { spawn } from 'node:child_process'
import { open } from 'node:fs/promises'
import type { ExecResult } from '../runtime.ts'
import { shimPath } from './machine.ts'

const outputLimit = 10 * 1024
/** What a shell says of a program that SIGKILL ended. */
const killed = 137

export interface ExecRequest {
  readonly argv: readonly string[]
  /** The file that holds the container's environment. */
  readonly environment: string
  readonly marks: Readonly<Record<string, string>>
  readonly timeoutMs: number
}

/** Runs to its end or to the end of its time; then the whole process group goes. */
export async function execute({ argv, environment, marks, timeoutMs }: ExecRequest): Promise<ExecResult> {
  const [program = '', ...args] = argv
  const file = await open(environment)
  try {
    return await new Promise<ExecResult>((resolve, reject) => {
      const child = spawn(program, args, {
        stdio: ['ignore', 'pipe', 'pipe', file.fd],
        env: { ...marks, PATH: shimPath },
        detached: true,
      })
      const output: Buffer[] = []
      let length = 0
      const keep = (chunk: Buffer): void => {
        const part = chunk.subarray(0, Math.max(0, outputLimit - length))
        length += part.length
        output.push(part)
      }
      child.stdout?.on('data', keep)
      child.stderr?.on('data', keep)
      const finish = (exitCode: number | undefined): void => {
        clearTimeout(timer)
        child.stdout?.destroy()
        child.stderr?.destroy()
        resolve({ exitCode, output: Buffer.concat(output).toString('utf8') })
      }
      const timer = setTimeout(() => {
        killGroup(child.pid)
        finish(undefined)
      }, timeoutMs)
      child.once('error', error => {
        clearTimeout(timer)
        reject(error)
      })
      child.once('close', code => finish(code ?? killed))
      // What the command left in the background may hold its output open for ever: what it wrote itself is read by then.
      child.once('exit', code => setTimeout(() => finish(code ?? killed), 200))
    })
  } finally {
    await file.close()
  }
}

/** The child was not reaped yet, so its group's number is still its own. */
function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}
