import { stat } from 'node:fs/promises'
import { basename, join, posix } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import type { Readable } from 'node:stream'
import type { Pod } from '../../api/types.ts'
import type { Client } from '../client.ts'
import { CliError, usageError } from '../failure.ts'
import { defaultContainer, findPod, podPath } from '../find-pods.ts'
import type { Terminal } from '../terminal.ts'
import { packFiles, unpackFiles } from './archive.ts'
import { carryStreams } from './run.ts'

export interface CopyOptions {
  readonly namespace: string
  readonly container?: string
}

interface Place {
  readonly namespace: string
  /** Undefined: this machine. */
  readonly pod: string | undefined
  readonly path: string
}

interface Command {
  readonly words: readonly string[]
  readonly stdin?: Readable
  readonly stdout: Writable
}

/** `gantry cp`, as `kubectl cp`: through tar, which the container must have. */
export async function copy(
  client: Client,
  { from, to }: { from: string; to: string },
  { options, terminal }: { options: CopyOptions; terminal: Terminal },
): Promise<void> {
  const [source, destination] = [readPlace(from, options), readPlace(to, options)]
  const remote = source.pod === undefined ? destination : source
  if (remote.pod === undefined || (source.pod !== undefined && destination.pod !== undefined)) {
    throw usageError('one of source or destination must be a place in a pod', 'write gantry cp FILE POD:PATH')
  }
  if (source.path === '' || destination.path === '') throw usageError('filepath can not be empty')
  const { pod } = await findPod(client, remote.pod, { namespace: remote.namespace, note: terminal.note })
  const container = options.container ?? defaultContainer(pod, terminal.note)
  const run = (command: Command): Promise<{ exitCode: number; errors: string }> =>
    runIn(client, { pod, container, command })
  if (source.pod === undefined) await upload(source.path, destination.path, run)
  else await download(source.path, { to: destination.path, run, note: terminal.note })
}

type Run = (command: Command) => Promise<{ exitCode: number; errors: string }>

async function upload(local: string, remote: string, run: Run): Promise<void> {
  await stat(local).catch(() => {
    throw new CliError(`${local} doesn't exist in local filesystem`)
  })
  const folder = await run({ words: ['test', '-d', remote], stdout: nowhere() })
  const target = folder.exitCode === 0 ? posix.join(remote, basename(local)) : posix.normalize(remote)
  const archive = new PassThrough()
  const words = ['tar', '-xmf', '-', '-C', posix.dirname(target)]
  const [ended] = await Promise.all([
    run({ words, stdin: archive, stdout: nowhere() }),
    // Where tar has ended, it tells why; what it did not take is of no interest.
    packFiles(local, { as: posix.basename(target), into: archive }).catch((error: unknown) => {
      if (!archive.destroyed) throw error
    }),
  ])
  refuseFailed(ended)
}

async function download(
  remote: string,
  { to, run, note }: { to: string; run: Run; note: Terminal['note'] },
): Promise<void> {
  const clean = posix.normalize(remote).replace(/\/+$/, '')
  const archive = new PassThrough()
  const [folder, name] = [posix.dirname(clean), posix.basename(clean)]
  const isFolder = await stat(to).then(
    status => status.isDirectory(),
    () => false,
  )
  const tested = await run({ words: ['test', '-d', clean], stdout: nowhere() })
  // A file that is copied to a folder keeps its name; a folder's files go where kubectl puts them.
  const target = isFolder && tested.exitCode !== 0 ? join(to, name) : to
  const ended = run({ words: ['tar', '-cf', '-', '-C', folder, name], stdout: archive })
  const [outcome] = await Promise.all([ended, unpackFiles(archive, { from: name, to: target, skipped: note })])
  refuseFailed(outcome)
}

function refuseFailed({ exitCode, errors }: { exitCode: number; errors: string }): void {
  if (exitCode === 0) return
  const remedy = exitCode === 126 || exitCode === 127 ? { remedy: 'the container must have tar' } : {}
  throw new CliError(errors.trim() || `command terminated with exit code ${exitCode}`, { exitCode, ...remedy })
}

async function runIn(
  client: Client,
  { pod, container, command }: { pod: Pod; container: string; command: Command },
): Promise<{ exitCode: number; errors: string }> {
  const { words, stdin, stdout } = command
  const query = new URLSearchParams([
    ...words.map((word): [string, string] => ['command', word]),
    ['container', container],
    ['stdin', String(stdin !== undefined)],
    ['stdout', 'true'],
    ['stderr', 'true'],
  ])
  const socket = await client.connect(`${podPath(pod, 'exec')}?${query}`)
  let errors = ''
  const stderr = new Writable({
    write(chunk, _, done) {
      errors += String(chunk)
      done()
    },
  })
  const exitCode = await carryStreams(socket, { stdin, stdout, stderr })
  stdout.end()
  return { exitCode, errors }
}

function nowhere(): Writable {
  return new PassThrough().resume()
}

/** `POD:PATH`, `NAMESPACE/POD:PATH`, or a path of this machine. */
function readPlace(text: string, { namespace }: CopyOptions): Place {
  const colon = text.indexOf(':')
  // A path of this machine may hold a colon where it begins as a path.
  if (colon < 0 || /^[./]/.test(text)) return { namespace, pod: undefined, path: text }
  const [first = '', second] = text.slice(0, colon).split('/')
  const path = text.slice(colon + 1)
  return second === undefined ? { namespace, pod: first, path } : { namespace: first, pod: second, path }
}
