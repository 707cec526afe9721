/** Real servers on loopback: a chart repository, an OCI registry with tokens, a git host; each can be told to misbehave. */
import { createHash } from 'node:crypto'
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { dump } from 'js-yaml'
import { pack } from 'tar-stream'
import { openRepository } from '../git/open.ts'
import type { Oid } from '../git/repository.ts'
import { createGitServer } from '../git/server.ts'

type Answer = (request: IncomingMessage, response: ServerResponse) => void

export interface Host {
  /** `127.0.0.1:43210` */
  readonly host: string
  close(): Promise<void>
}

export async function serve(answer: Answer): Promise<Host> {
  const http = createServer(answer)
  await new Promise<void>(resolve => http.listen(0, '127.0.0.1', resolve))
  return {
    host: `127.0.0.1:${(http.address() as AddressInfo).port}`,
    close: () =>
      new Promise(resolve => {
        http.close(() => resolve())
        http.closeAllConnections()
      }),
  }
}

/** As `helm package` makes it. */
export async function chartArchive(
  name: string,
  version: string,
  files: Readonly<Record<string, string | Buffer>> = {},
): Promise<Buffer> {
  const tar = pack()
  const all = { 'Chart.yaml': `apiVersion: v2\nname: ${name}\nversion: ${version}\n`, ...files }
  for (const [path, contents] of Object.entries(all)) {
    tar.entry({ name: `${name}/${path}`, mtime: new Date(0) }, contents)
  }
  tar.finalize()
  const chunks: Uint8Array[] = []
  for await (const chunk of tar) chunks.push(chunk as Uint8Array)
  return gzipSync(Buffer.concat(chunks))
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

export interface Published {
  readonly name: string
  readonly version: string
  readonly archive: Buffer
  /** What the index says instead of the archive's own digest. */
  readonly digest?: string
  /** … and instead of the archive's own place. */
  readonly url?: string
}

/** A chart repository. */
export interface ChartHost extends Host {
  readonly url: string
  readonly published: Published[]
  /** Paths, with the Authorization header where there was one. */
  readonly asked: string[]
  /** What a path answers instead. */
  readonly answers: Map<string, Answer>
  /** An Authorization header without which nothing is given. */
  asks: string | undefined
}

export async function startChartHost(): Promise<ChartHost> {
  const published: Published[] = []
  const asked: string[] = []
  const answers = new Map<string, Answer>()
  const server = await serve((request, response) => {
    const path = (request.url ?? '').replace(/\?.*$/, '')
    const { authorization } = request.headers
    asked.push(authorization === undefined ? path : `${path} ${authorization}`)
    const chart = published.find(each => path === `/charts/${each.name}-${each.version}.tgz`)
    const special = answers.get(path)
    if (host.asks !== undefined && authorization !== host.asks) response.writeHead(401).end()
    else if (special !== undefined) special(request, response)
    else if (path === '/charts/index.yaml') response.end(indexOf(published))
    else if (chart !== undefined) response.end(chart.archive)
    else response.writeHead(404).end()
  })
  const host = { ...server, url: `http://${server.host}/charts`, published, asked, answers, asks: undefined }
  return host
}

function indexOf(published: readonly Published[]): string {
  const entries: Record<string, object[]> = {}
  for (const { name, version, archive, digest = sha256(archive), url = `${name}-${version}.tgz` } of published) {
    ;(entries[name] ??= []).push({ name, version, digest, urls: [url] })
  }
  return dump({ apiVersion: 'v1', entries })
}

/** An OCI registry that gives nothing without a token, and a token only for the right user where it has one. */
export interface Registry extends Host {
  readonly asked: string[]
  push(name: string, tag: string, archive: Buffer): void
  /** What a path answers instead. */
  readonly answers: Map<string, Answer>
  /** An Authorization header without which there is no token. */
  asks: string | undefined
  /** Where tokens are to be had; its own /token by default. */
  realm: string
}

const chartType = 'application/vnd.cncf.helm.chart.content.v1.tar+gzip'
const pageSize = 2

export async function startRegistry(): Promise<Registry> {
  const blobs = new Map<string, Buffer>()
  const tags = new Map<string, Map<string, Buffer>>()
  const answers = new Map<string, Answer>()
  const asked: string[] = []
  const server = await serve((request, response) => {
    const url = new URL(request.url ?? '', `http://${server.host}`)
    const { authorization } = request.headers
    asked.push(url.pathname)
    const special = answers.get(url.pathname)
    if (special !== undefined) return special(request, response)
    if (url.pathname === '/token') {
      if (registry.asks !== undefined && authorization !== registry.asks) return void response.writeHead(401).end()
      return void response.end(JSON.stringify({ token: `for ${url.searchParams.get('scope')}` }))
    }
    const [, name = '', what, key = ''] = /^\/v2\/(.+)\/(tags|manifests|blobs)\/([^/]+)$/.exec(url.pathname) ?? []
    if (authorization !== `Bearer for repository:${name}:pull`) {
      const challenge = `Bearer realm="${registry.realm}",service="charts",scope="repository:${name}:pull"`
      return void response.writeHead(401, { 'www-authenticate': challenge }).end()
    }
    const known = tags.get(name)
    if (what === 'tags' && known !== undefined) {
      const all = [...known.keys()]
      const from = all.indexOf(url.searchParams.get('last') ?? '') + 1
      const page = all.slice(from, from + pageSize)
      const next = `</v2/${name}/tags/list?n=${pageSize}&last=${page.at(-1)}>; rel="next"`
      if (from + pageSize < all.length) response.setHeader('link', next)
      return void response.end(JSON.stringify({ name, tags: page }))
    }
    const found = what === 'manifests' ? known?.get(key) : blobs.get(key)
    if (found === undefined) return void response.writeHead(404).end()
    if (what === 'manifests') response.setHeader('docker-content-digest', `sha256:${sha256(found)}`)
    return void response.end(found)
  })
  const registry: Registry = {
    ...server,
    asked,
    answers,
    asks: undefined,
    realm: `http://${server.host}/token`,
    push(name, tag, archive) {
      const digest = `sha256:${sha256(archive)}`
      blobs.set(digest, archive)
      const config = {
        mediaType: 'application/vnd.cncf.helm.config.v1+json',
        digest: `sha256:${sha256(Buffer.from('{}'))}`,
        size: 2,
      }
      const layers = [{ mediaType: chartType, digest, size: archive.length }]
      const manifest = { schemaVersion: 2, mediaType: 'application/vnd.oci.image.manifest.v1+json', config, layers }
      const known = tags.get(name) ?? new Map<string, Buffer>()
      tags.set(name, known.set(tag, Buffer.from(JSON.stringify(manifest))))
    },
  }
  return registry
}

/** A git server of one repository, by Gantry's own. */
export interface GitHost extends Host {
  readonly url: string
  /** Commits these files alone, and gives the commit. */
  commit(files: Readonly<Record<string, string>>): Promise<Oid>
  /** Points a tag to a commit, wherever it pointed before. */
  tag(name: string, commit: Oid): Promise<void>
  /** What is done with a request instead, where it says so. */
  spoil: ((...args: Parameters<Answer>) => boolean) | undefined
}

export async function startGitHost(folder: string): Promise<GitHost> {
  const repository = await openRepository(join(folder, 'remote.git'), { create: { defaultBranch: 'main' } })
  const git = await createGitServer({
    repository,
    followed: 'refs/heads/other',
    onPush: async () => ({ accept: true, lines: [] }),
    onPushed: () => undefined,
  })
  const server = await serve((request, response) => {
    const { pathname } = new URL(request.url ?? '', 'http://x')
    if (host.spoil?.(request, response) !== true)
      void git.handle(request, response, pathname.slice('/org/repo.git'.length))
  })
  let before: readonly string[] = []
  const host: GitHost = {
    ...server,
    url: `http://${server.host}/org/repo.git`,
    spoil: undefined,
    async commit(files) {
      const gone = before.map(path => [path, null] as const)
      before = Object.keys(files)
      return await repository.commit({
        ref: 'refs/heads/main',
        expected: await repository.resolve('refs/heads/main'),
        changes: new Map([...gone, ...Object.entries(files)]),
        message: 'change',
        author: { name: 'Ada', email: 'ada@example.org' },
        at: 1_700_000_000,
        sign: false,
      })
    },
    async tag(name, commit) {
      const ref = `refs/tags/${name}`
      await repository.updateRef(ref, { to: commit, expected: await repository.resolve(ref) })
    },
    async close() {
      await server.close()
      await git.close()
      await repository.close()
    },
  }
  return host
}
