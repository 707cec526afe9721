import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Transform } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readCredentials } from './credentials.ts'
import { RemoteFailure } from './failure.ts'
import type { FileTree } from './file-tree.ts'
import { emptyLock, lockOf, type Pin } from './lock.ts'
import type { Remote } from './remote.ts'
import { type Remotes, type RemotesOptions, createRemotes } from './remotes.ts'
import {
  type ChartHost,
  type GitHost,
  type Host,
  type Registry,
  chartArchive,
  serve,
  sha256,
  startChartHost,
  startGitHost,
  startRegistry,
} from './servers.fixture.ts'

let folder = ''
let ends: (() => Promise<unknown>)[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-remotes-'))
})
afterEach(async () => {
  for (const end of ends.toReversed()) await end()
  ends = []
  rmSync(folder, { recursive: true })
})

async function started<T extends Host>(host: Promise<T>): Promise<T> {
  const server = await host
  ends.push(() => server.close())
  return server
}

/** Passes on what a host says, at no more than 400 KB a second. */
async function slowly({ host }: Host): Promise<Host> {
  const proxy = createServer(socket => {
    const other = connect(Number(host.split(':')[1]), '127.0.0.1')
    const drip = new Transform({
      highWaterMark: 1,
      transform: (chunk, _, done) => void setTimeout(() => done(null, chunk), chunk.length / 400),
    })
    for (const each of [socket, other]) each.on('error', () => [socket, other].map(end => end.destroy()))
    socket.pipe(other).pipe(drip).pipe(socket)
  })
  await new Promise<void>(resolve => proxy.listen(0, '127.0.0.1', resolve))
  return {
    host: `127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    close: () => new Promise(resolve => proxy.close(() => resolve())),
  }
}

const patience = { idle: 20_000, total: 30_000, again: [1, 1] }
/** For servers that are silent on purpose. */
const impatience = { ...patience, idle: 300 }

function remotes(more: Partial<RemotesOptions> = {}): Remotes {
  const made = createRemotes({ folder: join(folder, 'store'), patience, ...more })
  ends.push(() => made.close())
  return made
}

/** Path: contents, of a whole tree. */
async function contentsOf({ objects, tree }: FileTree, path = ''): Promise<Record<string, string>> {
  const all: Record<string, string> = {}
  for (const { name, oid, kind } of await objects.readTree(tree)) {
    if (kind === 'tree') Object.assign(all, await contentsOf({ objects, tree: oid }, `${path}${name}/`))
    else all[`${path}${name}`] = String(await objects.readBlob(oid))
  }
  return all
}

async function failureOf(promise: Promise<unknown>): Promise<Pick<RemoteFailure, 'code' | 'message' | 'remedy'>> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof RemoteFailure)) throw new Error(`no RemoteFailure but ${String(error)}`)
  return { code: error.code, message: error.message, remedy: error.remedy }
}

const locked = (remote: Remote, pin: Pin) => lockOf([{ remote, pin }])

describe('a chart repository', () => {
  let host: ChartHost
  let web: Remote
  let hosts: readonly string[]
  beforeEach(async () => {
    host = await started(startChartHost())
    web = { kind: 'chart', repository: host.url, name: 'web', version: '^1.2' }
    hosts = [host.host]
    for (const version of ['1.1.0', '1.10.0', '1.3.0', '2.0.0']) {
      const archive = await chartArchive('web', version, { 'templates/a.hbs': version })
      host.published.push({ name: 'web', version, archive })
    }
  })

  test('a range is resolved once; from then on it is the same files, also offline and after a restart', async () => {
    const pin = await remotes().resolve(web, { hosts })
    const archive = host.published[1]?.archive ?? Buffer.alloc(0)
    const digest = sha256(archive)
    expect(pin).toEqual({ version: '1.10.0', digest: `sha256:${digest}`, url: `${host.url}/web-1.10.0.tgz` })
    host.published.push({ name: 'web', version: '1.11.0', archive: await chartArchive('web', '1.11.0') })
    const lock = locked(web, pin)
    rmSync(join(folder, 'store'), { recursive: true })
    await remotes().open(web, { lock, hosts })
    await host.close()
    const opened = await remotes().open(web, { lock, hosts })
    expect({ id: opened.id, files: await contentsOf(opened) }).toEqual({
      id: `sha256-${digest}`,
      files: { 'Chart.yaml': 'apiVersion: v2\nname: web\nversion: 1.10.0\n', 'templates/a.hbs': '1.10.0' },
    })
    expect(readdirSync(join(folder, 'store/files'))).toEqual([`sha256-${digest}`])
    // The index was read to resolve, the archive fetched then and once after the store was lost.
    expect(host.asked).toEqual(['/charts/index.yaml', '/charts/web-1.10.0.tgz', '/charts/web-1.10.0.tgz'])
  })

  test('what is not in the lock is not fetched', async () => {
    expect(await failureOf(remotes().open(web, { lock: emptyLock, hosts }))).toEqual({
      code: 'NotLocked',
      message: `gantry.lock does not say what chart web ^1.2 of ${host.url} is`,
      remedy: 'run gantry vendor, and commit gantry.lock',
    })
    expect(host.asked).toEqual([])
  })

  test('what is kept is refused too where its host is no longer allowed', async () => {
    const lock = locked(web, await remotes().resolve(web, { hosts }))
    expect(await failureOf(remotes().open(web, { lock, hosts: ['ghcr.io'] }))).toEqual({
      code: 'HostNotAllowed',
      message: `${host.host} is not among the hosts that gantry.yaml allows: spec.remotes.hosts names ghcr.io`,
      remedy: `where ${host.host} is to be trusted, write in gantry.yaml: spec: {remotes: {hosts: [ghcr.io, ${host.host}]}}`,
    })
  })

  test('an archive that was changed after the lock is refused', async () => {
    const pin = await remotes().resolve(web, { hosts })
    rmSync(join(folder, 'store'), { recursive: true })
    const other = await chartArchive('web', '1.10.0', { 'templates/a.hbs': 'evil' })
    host.answers.set('/charts/web-1.10.0.tgz', (_, response) => void response.end(other))
    expect(await failureOf(remotes().open(web, { lock: locked(web, pin), hosts }))).toMatchObject({
      code: 'DigestDiffers',
      message: `chart web ^1.2 of ${host.url} is not what gantry.lock says: its digest is sha256:${sha256(other)}, not ${pin.digest}`,
    })
  })

  test('an index that promises another digest is refused', async () => {
    const archive = await chartArchive('web', '1.99.0')
    host.published.push({ name: 'web', version: '1.99.0', archive, digest: '0'.repeat(64) })
    expect(await failureOf(remotes().resolve(web, { hosts }))).toMatchObject({
      code: 'DigestDiffers',
      message: `${host.url}/web-1.99.0.tgz is not what its repository says: its digest is sha256:${sha256(archive)}, not sha256:${'0'.repeat(64)}`,
    })
  })

  test('credentials go to their own host alone, and into no message', async () => {
    const other = await started(startChartHost())
    const config = join(folder, 'config.json')
    const auth = Buffer.from('ada:s3cret').toString('base64')
    writeFileSync(config, JSON.stringify({ auths: { [host.host]: { auth } } }))
    host.asks = `Basic ${auth}`
    const archive = await chartArchive('web', '1.50.0')
    other.answers.set('/x.tgz', (_, response) => void response.end(archive))
    host.published.push({ name: 'web', version: '1.50.0', archive, url: `http://${other.host}/x.tgz` })
    const known = remotes({ credentials: await readCredentials(config) })
    const both = [...hosts, other.host]
    expect(await known.resolve(web, { hosts: both })).toMatchObject({ version: '1.50.0' })
    expect({ own: host.asked, other: other.asked }).toEqual({
      own: [`/charts/index.yaml Basic ${auth}`],
      other: ['/x.tgz'],
    })
    const failure = await failureOf(remotes().resolve(web, { hosts: both }))
    expect(failure).toEqual({
      code: 'Refused',
      message: `${host.url}/index.yaml asks for other credentials (401)`,
      remedy: 'log in with docker login or helm registry login, and name that file with --registry-config',
    })
  })

  test.each<{
    name: string
    patience?: typeof patience
    answer: (elsewhere: string) => Parameters<typeof serve>[0]
    failure: object
  }>([
    {
      name: 'a redirect to a host that is not allowed',
      answer: elsewhere => (_, response) =>
        void response.writeHead(302, { location: `http://${elsewhere}/charts/index.yaml?signature=s3cret` }).end(),
      failure: { code: 'HostNotAllowed', message: expect.stringMatching(/^127.0.0.1:\d+ is not among the hosts/) },
    },
    {
      name: 'a redirect to a file',
      answer: () => (_, response) => void response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
      failure: { code: 'Refused', message: expect.stringMatching(/leads to an address that is not fetched$/) },
    },
    {
      name: 'a redirect without end',
      answer: () => (_, response) => void response.writeHead(302, { location: '/charts/index.yaml' }).end(),
      failure: { code: 'Refused', message: expect.stringMatching(/leads on more than 5 times$/) },
    },
    {
      name: 'an index that says how large it is',
      answer: () => (_, response) => void response.writeHead(200, { 'content-length': 1e12 }).write('a'),
      failure: { code: 'Unfit', message: expect.stringMatching(/is larger than 65536 KiB, the most that is fetched$/) },
    },
    {
      name: 'a server that says nothing',
      patience: impatience,
      answer: () => () => undefined,
      failure: { code: 'Unreachable', message: expect.stringMatching(/no sign of life for 0.3 s$/) },
    },
    {
      name: 'a server that breaks off',
      answer: () => (_, response) => {
        response.writeHead(200, { 'content-length': 1000 }).write('entries:')
        setTimeout(() => response.destroy(), 5)
      },
      failure: { code: 'Unreachable', message: expect.stringMatching(/cannot be reached: aborted$/) },
    },
    {
      name: 'a server that is at a loss',
      answer: () => (_, response) => void response.writeHead(503).end(),
      failure: { code: 'Unreachable', message: expect.stringMatching(/index.yaml answers 503$/) },
    },
    {
      name: 'a page instead of an index',
      answer: () => (_, response) => void response.end('<html>'),
      failure: {
        code: 'Unfit',
        message: expect.stringMatching(/is no index of a chart repository: it has no entries$/),
      },
    },
    {
      name: 'an index without the chart',
      answer: () => (_, response) => void response.end('entries: {__proto__: [], db: []}'),
      failure: { code: 'Refused', message: expect.stringMatching(/has no chart web$/) },
    },
    {
      name: 'an index of nonsense',
      answer: () => (_, response) =>
        void response.end('entries: {web: [null, 7, {version: 1}, {version: 1.2.0, urls: [javascript:x]}]}'),
      failure: {
        code: 'Unfit',
        message: expect.stringMatching(/version 1.2.0 of web has no address that is fetched$/),
      },
    },
    {
      name: 'versions outside the range',
      answer: () => (_, response) => void response.end('entries: {web: [{version: 3.0.0, urls: [x]}]}'),
      failure: { code: 'Refused', message: 'no version of the chart is in the range ^1.2: there are 3.0.0' },
    },
  ])('$name', async ({ answer, failure, patience: asked }) => {
    const elsewhere = await started(startChartHost())
    host.answers.set('/charts/index.yaml', answer(elsewhere.host))
    const found = await failureOf(remotes({ patience: asked ?? patience }).resolve(web, { hosts }))
    expect(found).toMatchObject(failure)
    expect(`${found.message} ${found.remedy}`).not.toContain('s3cret')
    expect(elsewhere.asked).toEqual([])
  })

  test('a server that sends slowly without end is left', async () => {
    let timer: NodeJS.Timeout | undefined
    host.answers.set('/charts/index.yaml', (_, response) => {
      response.writeHead(200)
      timer = setInterval(() => response.write('#'), 20)
    })
    const failure = await failureOf(remotes({ patience: { idle: 300, total: 200, again: [] } }).resolve(web, { hosts }))
    clearInterval(timer)
    expect(failure).toMatchObject({
      code: 'Unreachable',
      message: `${host.url}/index.yaml cannot be reached: it takes too long`,
    })
  })

  test('a server that comes back is asked again', async () => {
    host.answers.set('/charts/index.yaml', (_, response) => {
      host.answers.clear()
      response.writeHead(502).end()
    })
    expect(await remotes().resolve(web, { hosts })).toMatchObject({ version: '1.10.0' })
  })

  test.each([
    ['no chart', gzipSync(Buffer.alloc(1024))],
    ['a page', Buffer.from('<html>')],
  ])('%s in the place of an archive is refused before it is locked', async (_, archive) => {
    host.published.push({ name: 'web', version: '1.60.0', archive })
    expect(await failureOf(remotes().resolve(web, { hosts }))).toMatchObject({ code: 'Unfit' })
  })
})

describe('an OCI registry', () => {
  let registry: Registry
  let web: Remote
  let hosts: readonly string[]
  let archive: Buffer
  beforeEach(async () => {
    registry = await started(startRegistry())
    web = { kind: 'oci', oci: `oci://${registry.host}/org/web`, version: '>=1.0.0' }
    hosts = [registry.host]
    archive = await chartArchive('web', '1.10.0')
    for (const tag of ['1.0.0', 'latest', '1.2.0', '2.0.0-rc.1', '1.9.0_1']) {
      registry.push('org/web', tag, await chartArchive('web', tag))
    }
    registry.push('org/web', '1.10.0', archive)
  })

  test('a range is resolved over all pages of tags; a tag that moves later changes nothing', async () => {
    const pin = await remotes().resolve(web, { hosts })
    const digest = `sha256:${sha256(archive)}`
    expect(pin).toEqual({ version: '1.10.0', digest })
    registry.push('org/web', '1.10.0', await chartArchive('web', '1.10.0', { evil: 'yes' }))
    rmSync(join(folder, 'store'), { recursive: true })
    const opened = await remotes().open(web, { lock: locked(web, pin), hosts })
    expect(await contentsOf(opened)).toEqual({ 'Chart.yaml': 'apiVersion: v2\nname: web\nversion: 1.10.0\n' })
  })

  test('a full version needs no list of tags; a plus sign is an underscore there', async () => {
    registry.answers.set('/v2/org/web/tags/list', (_, response) => void response.writeHead(403).end())
    const exact: Remote = { ...web, version: '1.9.0+1' } as Remote
    expect(await remotes().resolve(exact, { hosts })).toMatchObject({ version: '1.9.0+1' })
  })

  test('a registry that asks who comes is told, and nobody else', async () => {
    const config = join(folder, 'config.json')
    writeFileSync(config, JSON.stringify({ auths: { [registry.host]: { username: 'ada', password: 's3cret' } } }))
    registry.asks = `Basic ${Buffer.from('ada:s3cret').toString('base64')}`
    const credentials = await readCredentials(config)
    expect(await remotes({ credentials }).resolve(web, { hosts })).toMatchObject({ version: '1.10.0' })
    expect(await failureOf(remotes().resolve(web, { hosts }))).toMatchObject({
      code: 'Refused',
      message: `http://${registry.host}/token asks for other credentials (401)`,
    })
  })

  const manifestOf = (value: unknown): Parameters<typeof serve>[0] => {
    return (_, response) => void response.end(typeof value === 'string' ? value : JSON.stringify(value))
  }
  test.each<{ name: string; spoil: () => void; failure: object }>([
    {
      name: 'tokens from a host that is not allowed',
      spoil: () => (registry.realm = 'https://tokens.example.com/token'),
      failure: { code: 'HostNotAllowed', message: expect.stringMatching(/^tokens.example.com is not among/) },
    },
    {
      name: 'tokens from a file',
      spoil: () => (registry.realm = 'file:///etc/passwd'),
      failure: {
        code: 'Unfit',
        message: expect.stringMatching(/it sends those who ask to no address that is fetched$/),
      },
    },
    {
      name: 'tags that go on at another host',
      spoil: () =>
        registry.answers.set('/v2/org/web/tags/list', (_, response) => {
          response.setHeader('link', '<http://127.0.0.1:1/more>; rel="next"')
          response.end('{"tags": []}')
        }),
      failure: { code: 'HostNotAllowed' },
    },
    {
      name: 'tags that go on for ever',
      spoil: () =>
        registry.answers.set('/v2/org/web/tags/list', (_, response) => {
          response.setHeader('link', '</v2/org/web/tags/list>; rel="next"')
          response.end('{"tags": [1, null]}')
        }),
      failure: { code: 'Unfit', message: expect.stringMatching(/goes on for more than 200 pages$/) },
    },
    {
      name: 'an image instead of a chart',
      spoil: () => registry.answers.set('/v2/org/web/manifests/1.10.0', manifestOf({ layers: [{ mediaType: 'x' }] })),
      failure: { code: 'Unfit', message: expect.stringMatching(/it has 0 layers of application\/vnd.cncf.helm/) },
    },
    {
      name: 'a manifest that is none',
      spoil: () => registry.answers.set('/v2/org/web/manifests/1.10.0', manifestOf('<html>')),
      failure: { code: 'Unfit', message: expect.stringMatching(/it answers no JSON object$/) },
    },
    {
      name: 'a manifest of another digest',
      spoil: () =>
        registry.answers.set('/v2/org/web/manifests/1.10.0', (_, response) => {
          response.setHeader('docker-content-digest', `sha256:${'0'.repeat(64)}`)
          response.end('{}')
        }),
      failure: { code: 'DigestDiffers' },
    },
    {
      name: 'an archive of another digest',
      spoil: () =>
        registry.answers.set(
          `/v2/org/web/blobs/sha256:${sha256(archive)}`,
          (_, response) => void response.end('something else'),
        ),
      failure: { code: 'DigestDiffers' },
    },
  ])('$name', async ({ spoil, failure }) => {
    spoil()
    expect(await failureOf(remotes().resolve(web, { hosts }))).toMatchObject(failure)
  })
})

describe('a base', () => {
  let host: GitHost
  let base: Remote
  let hosts: readonly string[]
  beforeEach(async () => {
    host = await started(startGitHost(folder))
    base = { kind: 'base', url: host.url, ref: 'v1' }
    hosts = [host.host]
  })

  test('a tag is resolved once; when it moves, and when the host is gone, it is the same files', async () => {
    const first = await host.commit({ 'base/kustomization.yaml': 'resources: [a.yaml]', 'base/a.yaml': 'a: 1' })
    await host.tag('v1', first)
    const pin = await remotes().resolve(base, { hosts })
    expect(pin).toEqual({ commit: first })
    await host.tag('v1', await host.commit({ 'evil.yaml': 'b: 2' }))
    const lock = locked(base, pin)
    await remotes().open(base, { lock, hosts })
    await host.close()
    const opened = await remotes().open(base, { lock, hosts })
    expect({ id: opened.id, files: await contentsOf(opened) }).toEqual({
      id: `commit-${first}`,
      files: { 'base/kustomization.yaml': 'resources: [a.yaml]', 'base/a.yaml': 'a: 1' },
    })
  })

  test('a branch, a commit and the default branch are found as well', async () => {
    const first = await host.commit({ a: '1' })
    const second = await host.commit({ a: '2' })
    const own = remotes()
    const resolved = ['main', '', first].map(async ref => own.resolve({ kind: 'base', url: host.url, ref }, { hosts }))
    expect(await Promise.all(resolved)).toEqual([{ commit: second }, { commit: second }, { commit: first }])
  })

  test('too many are dropped, but for those of the lock', async () => {
    const commits = [await host.commit({ a: '1' }), await host.commit({ a: '2' }), await host.commit({ a: '3' })]
    const own = remotes({ limits: { baseBytes: 1 } })
    const [first, second, third] = commits.map(commit => ({
      remote: { kind: 'base', url: host.url, ref: commit } as const,
      pin: { commit },
    }))
    if (!first || !second || !third) throw new Error('three commits')
    await own.open(first.remote, { lock: lockOf([first, second]), hosts })
    await own.open(second.remote, { lock: lockOf([first, second]), hosts })
    expect(await contentsOf(await own.open(first.remote, { lock: lockOf([first]), hosts }))).toEqual({ a: '1' })
    await own.open(third.remote, { lock: lockOf([first, third]), hosts })
    await host.close()
    const later = remotes()
    const found = [first, second, third].map(async ({ remote, pin }) =>
      later.open(remote, { lock: locked(remote, pin), hosts }).then(contentsOf, ({ code }) => code),
    )
    expect(await Promise.all(found)).toEqual([{ a: '1' }, 'Unreachable', { a: '3' }])
  })

  test.each<{ name: string; patience?: typeof patience; spoil: () => Promise<Remote>; failure: object }>([
    {
      name: 'a tag that is not there',
      spoil: async () => base,
      failure: { code: 'Refused', message: expect.stringMatching(/has no branch or tag v1$/) },
    },
    {
      name: 'a commit that is not there',
      spoil: async () => ({ kind: 'base', url: host.url, ref: 'a'.repeat(40) }),
      failure: { code: 'Refused', remedy: expect.stringMatching(/run gantry vendor --update$/) },
    },
    {
      name: 'a redirect',
      spoil: async () => {
        host.spoil = (_, response) => {
          response.writeHead(302, { location: 'http://127.0.0.1:1/org/repo.git/info/refs' }).end()
          return true
        }
        return base
      },
      failure: { code: 'Refused', remedy: expect.stringMatching(/^the repository is elsewhere/) },
    },
    {
      name: 'a host that is not allowed',
      spoil: async () => ({ kind: 'base', url: 'git@github.com:org/repo.git', ref: '' }),
      failure: { code: 'HostNotAllowed' },
    },
    {
      name: 'a host that is silent',
      patience: impatience,
      spoil: async () => {
        host.spoil = () => true
        return base
      },
      failure: { code: 'Unreachable' },
    },
  ])('$name', async ({ spoil, failure, patience: asked }) => {
    await host.commit({ a: '1' })
    const remote = await spoil()
    const own = remotes({ patience: asked ?? patience })
    const work = async () => own.open(remote, { lock: locked(remote, await own.resolve(remote, { hosts })), hosts })
    expect(await failureOf(work())).toMatchObject(failure)
  })

  test('a base that is too large is left in mid-fetch', async () => {
    const noise = Array.from({ length: 8192 }, (_, i) => sha256(Buffer.from(String(i)))).join('')
    const commit = await host.commit({ noise })
    const proxy = await started(slowly(host))
    const url = `http://${proxy.host}/org/repo.git`
    const remote: Remote = { kind: 'base', url, ref: commit }
    const options = { lock: locked(remote, { commit }), hosts: [proxy.host] }
    const own = remotes({ limits: { fetchBytes: 64 << 10 } })
    expect(await failureOf(own.open(remote, options))).toMatchObject({
      code: 'Refused',
      message: expect.stringMatching(/it is larger than 0.0625 MiB, the most that is fetched$/),
    })
    expect(await contentsOf(await remotes().open(remote, options))).toEqual({ noise })
  })
})

describe('a file', () => {
  test('is what it was when it was locked', async () => {
    let text = 'a: 1'
    const host = await started(serve((_, response) => void response.end(text)))
    const url = `http://${host.host}/v1/install.yaml`
    const remote: Remote = { kind: 'file', url }
    const hosts = [host.host]
    const pin = await remotes().resolve(remote, { hosts })
    expect(pin).toEqual({ digest: `sha256:${sha256(Buffer.from(text))}` })
    text = 'a: 2'
    expect(await contentsOf(await remotes().open(remote, { lock: locked(remote, pin), hosts }))).toEqual({
      'install.yaml': 'a: 1',
    })
    rmSync(join(folder, 'store'), { recursive: true })
    expect(await failureOf(remotes().open(remote, { lock: locked(remote, pin), hosts }))).toMatchObject({
      code: 'DigestDiffers',
    })
  })
})
