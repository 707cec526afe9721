/** Chart repositories over HTTP: https://helm.sh/docs/topics/chart_repository/ */
import { load } from 'js-yaml'
import { isFetchUrl } from '../api/remote-names.ts'
import { highestIn } from '../api/version-range.ts'
import { isRecord } from '../../machine/json-file.ts'
import { digestOf } from './digest-store.ts'
import { fetchBytes, shown } from './download.ts'
import { RemoteFailure } from './failure.ts'
import type { Pin } from './lock.ts'
import type { Remote } from './remote.ts'
import type { Way } from './way.ts'

type Chart = Extract<Remote, { kind: 'chart' }>

/** The index of a large public repository has 20 MB. */
const maxIndexBytes = 64 << 20
export const maxArchiveBytes = 32 << 20

export interface Found {
  readonly pin: Pin
  readonly bytes: Buffer
}

/** The highest version in the chart's range, and its archive. */
export async function findChart(chart: Chart, way: Way): Promise<Found> {
  const { repository, name } = chart
  const base = repository.endsWith('/') ? repository : `${repository}/`
  const versions = await readIndex(`${base}index.yaml`, { name, way })
  const version = highestIn(
    chart.version,
    versions.map(each => each.version),
  )
  const entry = versions.find(each => each.version === version)
  if (version === undefined || entry === undefined)
    throw noVersion(
      chart,
      versions.map(each => each.version),
    )
  const url = URL.canParse(entry.url, base) ? new URL(entry.url, base).href : ''
  if (!isFetchUrl(url)) throw unfit(`${base}index.yaml`, `version ${version} of ${name} has no address that is fetched`)
  const bytes = await fetchBytes(url, { way, maxBytes: maxArchiveBytes })
  const digest = digestOf(bytes)
  const promised = entry.digest?.replace(/^sha256:/, '')
  if (promised !== undefined && digest !== `sha256:${promised}`) {
    throw differs(shown(url), { is: digest, should: `sha256:${promised}`, says: 'its repository' })
  }
  return { pin: { version, url, digest }, bytes }
}

export function noVersion(remote: { readonly version: string }, versions: readonly string[]): RemoteFailure {
  const some = versions.slice(0, 5).join(', ')
  return new RemoteFailure(
    'Refused',
    `no version of the chart is in the range ${remote.version}: there ${some === '' ? 'is none' : `are ${some}`}`,
    'write another range; a pre-release is taken only where the range names one',
  )
}

export function differs(
  what: string,
  { is, should, says }: { readonly is: string; readonly should: string; readonly says: string },
): RemoteFailure {
  return new RemoteFailure(
    'DigestDiffers',
    `${what} is not what ${says} says: its digest is ${is}, not ${should}`,
    'find out who changed it; where the change is right, run gantry vendor --update',
  )
}

interface Version {
  readonly version: string
  readonly url: string
  readonly digest?: string
}

async function readIndex(
  url: string,
  { name, way }: { readonly name: string; readonly way: Way },
): Promise<readonly Version[]> {
  const index = parse(url, await fetchBytes(url, { way, maxBytes: maxIndexBytes }))
  const entries = isRecord(index) && isRecord(index['entries']) ? index['entries'] : undefined
  if (entries === undefined) throw unfit(url, 'it has no entries')
  const found = Object.hasOwn(entries, name) ? entries[name] : undefined
  if (!Array.isArray(found)) {
    throw new RemoteFailure('Refused', `${shown(url)} has no chart ${name}`, 'check the name of the chart')
  }
  return found.flatMap(entry => versionOf(entry))
}

/** What is no version is passed over, as Helm does: one bad entry must not hide the others. */
function versionOf(entry: unknown): Version[] {
  if (!isRecord(entry) || !Array.isArray(entry['urls'])) return []
  const { version, digest, urls } = entry
  const [url]: readonly unknown[] = urls
  if (typeof version !== 'string' || typeof url !== 'string') return []
  return [{ version, url, ...(typeof digest === 'string' && digest !== '' ? { digest } : {}) }]
}

function parse(url: string, bytes: Buffer): unknown {
  try {
    return load(bytes.toString())
  } catch (error) {
    throw unfit(url, error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error))
  }
}

function unfit(url: string, why: string): RemoteFailure {
  return new RemoteFailure('Unfit', `${shown(url)} is no index of a chart repository: ${why}`, 'check the address')
}
