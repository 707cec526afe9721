/** A command or a container with a terminal's or a program's streams connected to it. */
import type { Readable, Writable } from 'node:stream'
import type { WebSocket } from 'ws'
import { channels } from '../../protocol/frames.ts'
import { CliError } from '../failure.ts'
import { closed, sendAll, writerFor } from './channels.ts'

export interface Streams {
  /** Undefined: nothing is sent. */
  readonly stdin: Readable | undefined
  readonly stdout: Writable
  readonly stderr: Writable
}

/** Kubernetes's Status, as far as it tells how a command ended. */
interface EndStatus {
  readonly status?: string
  readonly message?: string
  readonly reason?: string
  readonly details?: { readonly causes?: readonly { readonly reason?: string; readonly message?: string }[] }
}

/** Resolves to the exit code. Rejects where it could not be learned. */
export async function carryStreams(socket: WebSocket, { stdin, stdout, stderr }: Streams): Promise<number> {
  let end: EndStatus | undefined
  const [out, err] = [writerFor(stdout, socket), writerFor(stderr, socket)]
  socket.on('message', (data: Buffer) => {
    const [channel, payload] = [data[0], data.subarray(1)]
    if (channel === channels.stdout) out(payload)
    else if (channel === channels.stderr) err(payload)
    else if (channel === channels.end) end = JSON.parse(String(payload)) as EndStatus
  })
  socket.resume()
  // What could not be read is as what was not there; how the command ended says the rest.
  if (stdin !== undefined) sendAll(socket, channels.stdin, stdin).catch(() => socket.close())
  await closed(socket)
  stdin?.destroy()
  return exitCodeOf(end)
}

function exitCodeOf(end: EndStatus | undefined): number {
  if (end === undefined) throw new CliError('the connection was lost before the command had ended')
  if (end.status === 'Success') return 0
  const cause = end.details?.causes?.find(({ reason }) => reason === 'ExitCode')
  if (end.reason === 'NonZeroExitCode' && cause?.message !== undefined) return Number(cause.message)
  throw new CliError(end.message ?? 'the command failed without a reason')
}

/** kubectl's words. */
export function commandFailed(exitCode: number): CliError {
  return new CliError(`command terminated with exit code ${exitCode}`, { exitCode })
}
