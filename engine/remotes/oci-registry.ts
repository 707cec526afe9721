/** Charts in OCI registries: https://github.com/opencontainers/distribution-spec and https://helm.sh/docs/topics/registries/ */
import { isFetchUrl, isLoopback } from '../api/remote-names.ts'
import { highestIn } from '../api/version-range.ts'
import { isRecord } from '../../machine/json-file.ts'
import { type Found, differs, maxArchiveBytes, noVersion } from './chart-repository.ts'
import { digestOf } from './digest-store.ts'
import { type Answer, download, expectOk, shown } from './download.ts'
import { RemoteFailure } from './failure.ts'
import { hostOf } from './hosts.ts'
import type { Remote } from './remote.ts'
import type { Way } from './way.ts'

type Chart = Extract<Remote, { kind: 'oci' }>

const manifestType = 'application/vnd.oci.image.manifest.v1+json'
const chartType = 'application/vnd.cncf.helm.chart.content.v1.tar+gzip'
const maxJsonBytes = 4 << 20
const maxPages = 200

/** The highest version in the chart's range, and its archive. */
export async function findOciChart(chart: Chart, way: Way): Promise<Found> {
  const registry = new Registry(chart.oci, way)
  const version = await findVersion(chart, registry)
  // A tag may hold no plus sign: Helm writes an underscore in its place.
  const digest = await registry.chartDigest(version.replaceAll('+', '_'))
  return { pin: { version: version.replaceAll('_', '+'), digest }, bytes: await registry.blob(digest) }
}

/** By digest alone: wherever the tag points by now. */
export async function fetchOciChart(chart: Chart, { digest, way }: { digest: string; way: Way }): Promise<Buffer> {
  return await new Registry(chart.oci, way).blob(digest)
}

async function findVersion(chart: Chart, registry: Registry): Promise<string> {
  if (/^v?\d+\.\d+\.\d+(?:[-+][\w.+-]+)?$/.test(chart.version)) return chart.version
  const tags = await registry.tags()
  const found = highestIn(chart.version, tags)
  if (found === undefined) throw noVersion(chart, tags)
  return found
}

/** One repository of a registry. */
class Registry {
  readonly #name: string
  readonly #api: string
  readonly #way: Way
  #token: string | undefined

  constructor(oci: string, way: Way) {
    const [, host = '', name = ''] = /^oci:\/\/([^/]+)\/(.+)$/.exec(oci) ?? []
    this.#name = name
    this.#api = `${isLoopback(host.replace(/:\d+$/, '')) ? 'http' : 'https'}://${host}/v2/${name}`
    this.#way = way
  }

  async tags(): Promise<readonly string[]> {
    const tags: string[] = []
    let url = `${this.#api}/tags/list?n=1000`
    for (let page = 0; page < maxPages; page++) {
      const { body, headers } = await this.#get(url, { maxBytes: maxJsonBytes })
      const list = parse(body, url)['tags']
      if (Array.isArray(list)) tags.push(...list.filter(tag => typeof tag === 'string'))
      const next = /<([^>]+)>\s*;\s*rel="?next"?/.exec(String(headers['link'] ?? ''))?.[1]
      if (next === undefined) return tags
      url = URL.canParse(next, url) ? new URL(next, url).href : ''
      if (!isFetchUrl(url)) throw unfit(this.#api, 'its list of tags goes on at no address that is fetched')
    }
    throw unfit(this.#api, `its list of tags goes on for more than ${maxPages} pages`)
  }

  /** The digest of the archive that a tag stands for now. */
  async chartDigest(tag: string): Promise<string> {
    const url = `${this.#api}/manifests/${tag}`
    const { body, headers } = await this.#get(url, { maxBytes: maxJsonBytes, accept: manifestType })
    const promised = headers['docker-content-digest']
    if (typeof promised === 'string' && promised.startsWith('sha256:') && promised !== digestOf(body)) {
      throw differs(shown(url), { is: digestOf(body), should: promised, says: 'its registry' })
    }
    const { layers } = parse(body, url)
    const charts = (Array.isArray(layers) ? layers : []).filter(
      layer => isRecord(layer) && layer['mediaType'] === chartType,
    )
    const [layer] = charts
    const digest: unknown = isRecord(layer) ? layer['digest'] : undefined
    if (charts.length !== 1) throw unfit(url, `it has ${charts.length} layers of ${chartType}, not one`)
    if (typeof digest !== 'string' || !/^sha256:[0-9a-f]{64}$/.test(digest))
      throw unfit(url, 'its layer has no sha256 digest')
    return digest
  }

  async blob(digest: string): Promise<Buffer> {
    const url = `${this.#api}/blobs/${digest}`
    const { body } = await this.#get(url, { maxBytes: maxArchiveBytes })
    if (digestOf(body) !== digest) throw differs(shown(url), { is: digestOf(body), should: digest, says: 'its name' })
    return body
  }

  /** Asks, answers the registry's question who is asking, and asks again. */
  async #get(url: string, options: { readonly maxBytes: number; readonly accept?: string }): Promise<Answer> {
    const host = hostOf(this.#api)
    const ask = async (authorization: string | undefined): Promise<Answer> =>
      download(url, { ...this.#way, ...options, authorize: at => (at === host ? authorization : undefined) })
    let answer = await ask(this.#token)
    if (answer.status === 401) {
      this.#token = await this.#authorization(String(answer.headers['www-authenticate'] ?? ''))
      answer = await ask(this.#token)
    }
    expectOk(answer, url)
    return answer
  }

  /** https://distribution.github.io/distribution/spec/auth/token/ */
  async #authorization(challenge: string): Promise<string | undefined> {
    const { credentials } = this.#way
    const own = credentials(hostOf(this.#api))
    if (!/^bearer /i.test(challenge)) return own
    const { realm = '', service } = parametersOf(challenge)
    if (!isFetchUrl(realm)) throw unfit(this.#api, 'it sends those who ask to no address that is fetched')
    const url = new URL(realm)
    if (service !== undefined) url.searchParams.set('service', service)
    url.searchParams.set('scope', `repository:${this.#name}:pull`)
    // Credentials of the registry are for the service that it names, which has to be among the allowed hosts.
    const asked = hostOf(realm)
    const authorize = (at: string): string | undefined => (at === asked ? (credentials(asked) ?? own) : undefined)
    const answer = await download(url.href, { ...this.#way, maxBytes: maxJsonBytes, authorize })
    expectOk(answer, realm)
    const { token, access_token: other } = parse(answer.body, realm)
    const found = typeof token === 'string' ? token : other
    if (typeof found !== 'string') throw unfit(realm, 'it gives no token')
    return `Bearer ${found}`
  }
}

/** `Bearer realm="https://…",service="…"` → its parameters. */
function parametersOf(challenge: string): Readonly<Record<string, string>> {
  const pairs = [...challenge.matchAll(/([a-z_]+)="([^"]*)"/gi)].map(([, key = '', value = '']) => [
    key.toLowerCase(),
    value,
  ])
  return Object.fromEntries(pairs)
}

function parse(bytes: Buffer, url: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(bytes.toString())
    if (isRecord(value)) return value
  } catch {
    // What is not JSON is said below; what a parser says of it could quote a token.
  }
  throw unfit(url, 'it answers no JSON object')
}

function unfit(url: string, why: string): RemoteFailure {
  return new RemoteFailure('Unfit', `${shown(url)} is not as a registry of charts has it: ${why}`, 'check the address')
}
