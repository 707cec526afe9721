/** A chart's archive → its files. What an archive may hold is named, all else is refused; nothing touches a disk. */
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { type Header, extract } from 'tar-stream'
import { RemoteFailure } from './failure.ts'

export interface UnpackLimits {
  readonly entries: number
  readonly fileBytes: number
  /** Of the whole, unpacked. */
  readonly bytes: number
  /** How many times larger than packed the whole may be, where it is larger than `freeBytes`. */
  readonly ratio: number
  readonly freeBytes: number
}

/** Sizes as Helm has them: https://github.com/helm/helm/blob/main/pkg/chart/loader/archive/archive.go */
export const chartLimits: UnpackLimits = {
  entries: 10_000,
  fileBytes: 5 << 20,
  bytes: 100 << 20,
  ratio: 200,
  freeBytes: 8 << 20,
}

/** Contents by their paths below the archive's one folder. Rejects with `Unfit`. */
export async function unpack(
  archive: Uint8Array,
  { what, limits = chartLimits }: { readonly what: string; readonly limits?: UnpackLimits },
): Promise<ReadonlyMap<string, Buffer>> {
  try {
    const tar = await promisify(gunzip)(archive, { maxOutputLength: limits.bytes })
    if (tar.length > limits.freeBytes && tar.length > limits.ratio * archive.length) {
      throw new Error(`it unpacks to more than ${limits.ratio} times its size`)
    }
    return withoutTop(await filesIn(tar, limits))
  } catch (error) {
    throw new RemoteFailure('Unfit', `the archive of ${what} is refused: ${reason(error, limits)}`, 'name another one')
  }
}

function reason(error: unknown, { bytes }: UnpackLimits): string {
  if (!(error instanceof Error)) return String(error)
  const isLarge = 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE'
  return isLarge ? `it unpacks to more than ${bytes >> 20} MiB` : error.message
}

async function filesIn(tar: Buffer, limits: UnpackLimits): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>()
  const entries = extract()
  entries.end(tar)
  let count = 0
  for await (const entry of entries) {
    count += 1
    if (count > limits.entries) throw new Error(`it has more than ${limits.entries} entries`)
    const path = checkedPath(entry.header)
    if (entry.header.size > limits.fileBytes) throw new Error(`${path} is larger than ${limits.fileBytes >> 10} KiB`)
    const chunks: Uint8Array[] = []
    for await (const chunk of entry) chunks.push(chunk as Uint8Array)
    if (entry.header.type === 'directory') continue
    if (files.has(path)) throw new Error(`${path} is in it twice`)
    files.set(path, Buffer.concat(chunks))
  }
  return files
}

/** As deep and as long as any file system takes. */
const [deepest, longest] = [50, 1024]

function checkedPath({ name, type }: Header): string {
  const shown = JSON.stringify(name.slice(0, 80))
  if (type !== 'file' && type !== 'directory' && type !== 'contiguous-file') {
    throw new Error(`${shown} is a ${type}, and only files and folders are taken`)
  }
  const path = name.replace(/^\.\//, '').replace(/\/+$/, '')
  const parts = path.split('/')
  // oxlint-disable-next-line no-control-regex -- a control character is what is looked for
  const isOdd = /[\\\x00-\x1f\x7f]|^[a-z]:/i.test(path) || name.startsWith('/')
  // The folder `.` itself has no name that could be wrong.
  if (path === '.' && type === 'directory') return path
  if (isOdd || path.length > longest || parts.length > deepest || parts.some(each => ['', '.', '..'].includes(each))) {
    throw new Error(`${shown} is no path inside it`)
  }
  return path
}

function withoutTop(files: ReadonlyMap<string, Buffer>): ReadonlyMap<string, Buffer> {
  const tops = new Set([...files.keys()].map(path => path.split('/')[0]))
  const [top] = tops
  if (top === undefined || tops.size > 1 || files.has(top)) throw new Error('it does not hold one folder')
  const inside = new Map<string, Buffer>()
  for (const [path, contents] of files) {
    const folders = path.split('/').slice(1, -1)
    const clash = folders.map((_, i) => [top, ...folders.slice(0, i + 1)].join('/')).find(each => files.has(each))
    if (clash !== undefined) throw new Error(`${clash} is both a file and a folder`)
    inside.set(path.slice(top.length + 1), contents)
  }
  return inside
}
