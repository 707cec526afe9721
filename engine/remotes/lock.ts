/** `gantry.lock`: what each remote of a commit is. `gantry vendor` writes it, and nothing else is ever fetched. */
import { dump, load } from 'js-yaml'
import { isFetchUrl } from '../api/remote-names.ts'
import { isRecord } from '../../machine/json-file.ts'
import { RemoteFailure } from './failure.ts'
import { notLocked } from './place.ts'
import { type Remote, describeRemote } from './remote.ts'

export const lockFile = 'gantry.lock'

/** What a remote is, by its contents. */
export interface Pin {
  /** Of a chart: the version that the range stands for. */
  readonly version?: string
  /** Of a repository's chart: where its archive is. */
  readonly url?: string
  /** `sha256:` and 64 hexadecimal digits, of all but a base. */
  readonly digest?: string
  /** Of a base. */
  readonly commit?: string
}

export interface Locked {
  readonly remote: Remote
  readonly pin: Pin
}

/** By `describeRemote`. */
export type Lock = ReadonlyMap<string, Locked>

export const emptyLock: Lock = new Map()

export function lockOf(entries: readonly Locked[]): Lock {
  return new Map(entries.map(entry => [describeRemote(entry.remote), entry]))
}

/** Rejects with `NotLocked`. */
export function pinOf(remote: Remote, lock: Lock): Pin {
  const found = lock.get(describeRemote(remote))
  if (found !== undefined) return found.pin
  throw notLocked(remote)
}

/** As large as a lock of some thousand entries; what is larger was not written by `gantry vendor`. */
export const maxLockBytes = 1 << 20

/** Throws `Unfit` where the text is no lock. */
export function readLock(text: string): Lock {
  const value = parse(text)
  if (!isRecord(value)) throw damaged('it is not a map')
  const unknown = Object.keys(value).find(key => key !== 'charts' && key !== 'bases' && key !== 'files')
  if (unknown !== undefined) throw damaged(`it has ${JSON.stringify(unknown)}`)
  return lockOf([
    ...entriesOf(value, 'charts').map(readChart),
    ...entriesOf(value, 'bases').map(readBase),
    ...entriesOf(value, 'files').map(readFile),
  ])
}

const header = '# Written by gantry vendor: what the charts and bases of this branch are. Commit it; do not edit it.\n'

/** The same lock is the same text. */
export function writeLock(lock: Lock): string {
  const all = [...lock.keys()].sort().flatMap(key => lock.get(key) ?? [])
  const of = (...kinds: Remote['kind'][]) => all.filter(({ remote }) => kinds.includes(remote.kind)).map(fieldsOf)
  const lists = Object.entries({ charts: of('chart', 'oci'), bases: of('base'), files: of('file') })
  const filled = lists.filter(([, list]) => list.length > 0)
  return `${header}${dump(Object.fromEntries(filled), { lineWidth: -1 })}`
}

function fieldsOf({ remote, pin }: Locked): object {
  switch (remote.kind) {
    case 'chart':
    case 'oci': {
      const { kind: _, version: range, ...from } = remote
      return {
        ...from,
        range,
        version: pin.version,
        digest: pin.digest,
        ...(remote.kind === 'chart' ? { url: pin.url } : {}),
      }
    }
    case 'base':
      return { url: remote.url, ref: remote.ref, commit: pin.commit }
    case 'file':
      return { url: remote.url, digest: pin.digest }
  }
}

type Entry = Readonly<Record<string, unknown>>

function readChart(entry: Entry): Locked {
  const common = { version: textIn(entry, 'version'), digest: digestIn(entry) }
  const version = textIn(entry, 'range')
  if (entry['oci'] !== undefined) return { remote: { kind: 'oci', oci: textIn(entry, 'oci'), version }, pin: common }
  const remote: Remote = {
    kind: 'chart',
    repository: textIn(entry, 'repository'),
    name: textIn(entry, 'name'),
    version,
  }
  return { remote, pin: { ...common, url: urlIn(entry) } }
}

function readBase(entry: Entry): Locked {
  const commit = textIn(entry, 'commit')
  if (!/^[0-9a-f]{40}$/.test(commit)) throw damaged(`a commit is ${JSON.stringify(commit)}`)
  return { remote: { kind: 'base', url: textIn(entry, 'url'), ref: textIn(entry, 'ref') }, pin: { commit } }
}

function readFile(entry: Entry): Locked {
  return { remote: { kind: 'file', url: urlIn(entry) }, pin: { digest: digestIn(entry) } }
}

function entriesOf(value: Entry, key: string): Entry[] {
  const list = Object.hasOwn(value, key) ? value[key] : []
  if (!Array.isArray(list) || !list.every(isRecord)) throw damaged(`${key} is not a list of entries`)
  return list
}

function textIn(entry: Entry, key: string): string {
  const value = Object.hasOwn(entry, key) ? entry[key] : undefined
  if (typeof value !== 'string') throw damaged(`an entry has no ${key}`)
  return value
}

function digestIn(entry: Entry): string {
  const digest = textIn(entry, 'digest')
  if (!/^sha256:[0-9a-f]{64}$/.test(digest)) throw damaged(`a digest is ${JSON.stringify(digest)}`)
  return digest
}

function urlIn(entry: Entry): string {
  const url = textIn(entry, 'url')
  if (!isFetchUrl(url)) throw damaged(`a url is ${JSON.stringify(url)}`)
  return url
}

function parse(text: string): unknown {
  if (text.length > maxLockBytes) throw damaged('it is larger than 1 MiB')
  try {
    return load(text) ?? {}
  } catch (error) {
    throw damaged(error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error))
  }
}

function damaged(why: string): RemoteFailure {
  return new RemoteFailure(
    'Unfit',
    `${lockFile} is not as gantry vendor writes it: ${why}`,
    'take the last good one from git, or remove it, and run gantry vendor',
  )
}
