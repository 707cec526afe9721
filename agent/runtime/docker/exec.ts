import type { ExecResult } from '../runtime.ts'
import { identify, signal } from '../../../machine/processes.ts'
import type { DockerEngine } from './engine.ts'

const outputLimit = 10 * 1024

/** Runs a command in a container. At the end of its time the process is killed where Gantry may: Docker has no call for it. */
export async function execute(
  engine: DockerEngine,
  { id, command, timeoutMs }: { id: string; command: readonly string[]; timeoutMs: number },
): Promise<ExecResult> {
  const what = `run ${command[0] ?? 'nothing'} in container ${id.slice(0, 12)}`
  const exec = await engine.call(what, api =>
    api.getContainer(id).exec({ Cmd: [...command], AttachStdout: true, AttachStderr: true }),
  )
  const stream = await engine.call(what, () => exec.start({ hijack: true, stdin: false }))
  // Known at once by its start time too: at the end of its time the number may be another's.
  const pid = timeoutMs > 0 ? (await engine.call(what, () => exec.inspect())).Pid : 0
  const identity = pid > 0 ? identify(pid) : undefined
  const output = collect(stream)
  const late = new Promise<undefined>(resolve => {
    const timer = setTimeout(() => resolve(undefined), timeoutMs)
    void output.ended.then(() => clearTimeout(timer))
  })
  const ended = await Promise.race([output.ended.then(() => true), late])
  if (ended === undefined) {
    if (identity !== undefined) signal(identity, 'SIGKILL')
    stream.destroy()
    return { exitCode: undefined, output: output.text() }
  }
  const { ExitCode } = await engine.call(what, () => exec.inspect())
  return { exitCode: ExitCode ?? undefined, output: output.text() }
}

/** Both streams in the order of their frames: a byte for the stream, three of nothing, a length in four bytes. */
function collect(stream: NodeJS.ReadableStream): { ended: Promise<void>; text: () => string } {
  let rest: Buffer = Buffer.alloc(0)
  let kept: Buffer = Buffer.alloc(0)
  stream.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk])
    while (rest.length >= 8 && rest.length >= 8 + rest.readUInt32BE(4)) {
      const end = 8 + rest.readUInt32BE(4)
      kept = Buffer.concat([kept, rest.subarray(8, end)]).subarray(0, outputLimit)
      rest = rest.subarray(end)
    }
  })
  const ended = new Promise<void>(resolve => {
    for (const event of ['end', 'close', 'error']) stream.once(event, () => resolve())
  })
  return { ended, text: () => kept.toString('utf8') }
}
