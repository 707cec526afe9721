import { spawn } from 'node:child_process'

/** A program that could not be run, or that ended with an error. */
export class CommandError extends Error {
  /** Undefined where it could not be started. */
  readonly exitCode: number | undefined
  constructor(message: string, exitCode: number | undefined) {
    super(message)
    this.name = 'CommandError'
    this.exitCode = exitCode
  }
}

const timeoutMs = 10_000

/** Runs a program to its end and resolves to what it wrote. Never through a shell. */
export function run(argv: readonly [string, ...string[]], options: { input?: string } = {}): Promise<string> {
  const [program, ...args] = argv
  const shown = argv.join(' ')
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] })
    // Not spawn's own: that one goes on where the program could not be started, and keeps the process from ending.
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
    const output: Buffer[] = []
    const errors: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => errors.push(chunk))
    child.once('error', error => {
      clearTimeout(timer)
      reject(new CommandError(`${shown}: ${error.message}`, undefined))
    })
    child.once('close', (code, signal) => {
      clearTimeout(timer)
      if (code === 0) return resolve(Buffer.concat(output).toString())
      const words = Buffer.concat(errors).toString().trim() || (signal ? `ended by ${signal}` : `exit code ${code}`)
      reject(new CommandError(`${shown}${options.input ? ` (${options.input.trim()})` : ''}: ${words}`, code ?? -1))
    })
    // A program that ends without reading its input is told by its exit code, not by EPIPE.
    child.stdin.on('error', () => {})
    child.stdin.end(options.input ?? '')
  })
}

/** Runs several commands of `ip` in one process; `namespace` is a name in /run/netns. */
export async function ipBatch(lines: readonly string[], namespace?: string): Promise<void> {
  const inside = namespace === undefined ? [] : ['-netns', namespace]
  await run(['ip', ...inside, '-batch', '-'], { input: `${lines.join('\n')}\n` })
}

/** What an `ip` command answers as JSON. Where it has nothing to tell, some versions answer nothing: that is `[]`. */
export async function ipQuery(args: readonly string[], namespace?: string): Promise<readonly unknown[]> {
  const inside = namespace === undefined ? [] : ['-netns', namespace]
  const text = await run(['ip', ...inside, '-json', ...args])
  const value: unknown = text.trim() === '' ? [] : JSON.parse(text)
  if (!Array.isArray(value)) throw new CommandError(`ip ${args.join(' ')} answered ${text.slice(0, 200)}`, 0)
  return value
}
