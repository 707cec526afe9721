import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openRepository } from './open.ts'
import { GitError } from './repository.ts'
import type { Oid, Repository } from './repository.ts'
import { createGitServer } from './server.ts'
import { createSource } from './source.ts'
import type { Source, SourceOptions } from './source.ts'

const main = 'refs/heads/main'
let folder = ''
let remote: Repository
let own: Repository
let ends: (() => Promise<unknown> | void)[] = []

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-source-'))
  remote = await openRepository(join(folder, 'remote.git'), { create: { defaultBranch: 'main' } })
  own = await openRepository(join(folder, 'own.git'), { create: { defaultBranch: 'main' } })
})
afterEach(async () => {
  for (const end of ends.toReversed()) await end()
  ends = []
  await remote.close()
  await own.close()
  rmSync(folder, { recursive: true })
})

async function change(repository: Repository, contents: string, ref = main, parent?: Oid | null): Promise<Oid> {
  const expected = await repository.resolve(ref)
  if (parent === null && expected) await repository.updateRef(ref, { to: undefined, expected })
  return await repository.commit({
    ref,
    expected: parent === null ? undefined : expected,
    changes: new Map([['a.yaml', contents]]),
    message: contents.slice(0, 20),
    author: { name: 'Ada', email: 'ada@example.org' },
    at: 1_700_000_000,
    sign: false,
  })
}

function source(url: string, more: Partial<SourceOptions> = {}): Source {
  const made = createSource({ repository: own, url, branch: 'main', ...more })
  ends.push(() => made.close())
  return made
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void

/** The address of a server on loopback that answers so. */
async function serve(answer: Answer): Promise<string> {
  const http = createServer(answer)
  await new Promise<void>(resolve => http.listen(0, '127.0.0.1', resolve))
  ends.push(() => {
    http.closeAllConnections()
    http.close()
  })
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}/r.git`
}

/** A real server of the remote for those who know the password; `spoil` may do something else with a request. */
async function serveRemote(spoil: (...args: Parameters<Answer>) => boolean = () => false): Promise<string> {
  const server = await createGitServer({
    repository: remote,
    followed: 'refs/heads/other',
    onPush: async () => ({ accept: true, lines: [] }),
    onPushed: () => undefined,
  })
  ends.push(() => server.close())
  const expected = `Basic ${Buffer.from('gantry:s3cret').toString('base64')}`
  return await serve((request, response) => {
    if (request.headers.authorization !== expected) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end()
    } else if (!spoil(request, response)) {
      void server.handle(request, response, new URL(request.url ?? '', 'http://x').pathname.slice('/r.git'.length))
    }
  })
}

async function failureOf(promise: Promise<unknown>): Promise<GitError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (error instanceof GitError) return error
  throw new Error(`no GitError but ${String(error)}`)
}

test.each([{ scheme: '' }, { scheme: 'file://' }])(
  'follows a folder of this machine by $scheme',
  async ({ scheme }) => {
    const followed = source(scheme + remote.path)
    const first = await change(remote, 'one')
    expect(await followed.fetch()).toBe(first)
    const second = await change(remote, 'two')
    expect(await followed.fetch()).toBe(second)
    expect(await followed.fetch()).toBe(second)
    const rewritten = await change(remote, 'three', main, null)
    expect(await followed.fetch()).toBe(rewritten)
    expect(await own.resolve(main)).toBe(rewritten)
  },
)

test('follows http with a token, a password, or a password in the address', async () => {
  const head = await change(remote, 'one')
  const url = await serveRemote()
  for (const followed of [
    source(url, { credentials: { kind: 'token', token: 's3cret' } }),
    source(url, { credentials: { kind: 'basic', username: 'gantry', password: 's3cret' } }),
    source(url.replace('//', '//gantry:s3cret@')),
  ]) {
    expect(followed.url).toBe(url)
    expect(await followed.fetch()).toBe(head)
  }
})

test('follows http with what .netrc says', async () => {
  const head = await change(remote, 'one')
  const url = await serveRemote()
  const home = process.env['HOME']
  writeFileSync(join(folder, '.netrc'), 'machine 127.0.0.1 login gantry password s3cret\n', { mode: 0o600 })
  process.env['HOME'] = folder
  try {
    expect(await source(url).fetch()).toBe(head)
  } finally {
    process.env['HOME'] = home
  }
})

test('settings of git that cannot be read are told, and with them nothing is fetched', async () => {
  await change(remote, 'one')
  const url = await serveRemote()
  const home = process.env['HOME']
  writeFileSync(join(folder, '.gitconfig'), '[http\n')
  process.env['HOME'] = folder
  try {
    expect(await failureOf(source(url).fetch())).toMatchObject({
      code: 'RemoteRefused',
      message: expect.stringMatching(
        /^the settings of git cannot be read: fatal: bad config line 1 in file .*\.gitconfig$/,
      ),
      remedy: 'mend ~/.gitconfig',
    })
  } finally {
    process.env['HOME'] = home
  }
})

test('follows ssh with the programs of the user', async () => {
  const head = await change(remote, 'one')
  const programs = join(folder, 'bin')
  mkdirSync(programs)
  // In place of a server: what ssh would run there runs here. The command is its last argument.
  const script = `#!/bin/sh\necho "$@" >>'${folder}/asked'\nfor last; do :; done\nexec sh -c "$last"\n`
  writeFileSync(join(programs, 'ssh'), script, { mode: 0o755 })
  const path = process.env['PATH']
  process.env['PATH'] = `${programs}:${path}`
  try {
    const followed = source(`ssh://git:s3cret@host.example:2222${remote.path}`)
    expect(followed.url).toBe(`ssh://git@host.example:2222${remote.path}`)
    expect(await followed.fetch()).toBe(head)
  } finally {
    process.env['PATH'] = path
  }
  const asked = readFileSync(join(folder, 'asked'), 'utf8')
  expect(asked).toMatch(/-o BatchMode=yes .*-p 2222 git@host\.example git-upload-pack/)
  expect(asked).not.toContain('s3cret')
})

test('wrong credentials are a matter for a person, and nowhere to be read', async () => {
  await change(remote, 'one')
  const url = await serveRemote()
  const failures = [
    await failureOf(source(url).fetch()),
    await failureOf(source(url.replace('//', '//gantry:wr0ng@')).fetch()),
    await failureOf(source(url, { credentials: { kind: 'token', token: 'wr0ng' } }).fetch()),
  ]
  expect(failures.map(({ code }) => code)).toEqual(['RemoteRefused', 'RemoteRefused', 'RemoteRefused'])
  expect(failures.map(({ message, remedy }) => `${message} ${remedy}`).join(' ')).not.toContain('wr0ng')
})

test('a branch that is not there, or vanishes, and an empty repository', async () => {
  const followed = source(remote.path)
  expect(await failureOf(followed.fetch())).toMatchObject({
    code: 'BranchMissing',
    message: expect.stringContaining('it is empty'),
  })
  const head = await change(remote, 'one')
  await followed.fetch()
  await change(remote, 'two', 'refs/heads/trunk')
  await remote.updateRef(main, { to: undefined, expected: head })
  expect(await failureOf(followed.fetch())).toMatchObject({
    code: 'BranchMissing',
    message: expect.stringContaining('it has trunk'),
  })
  expect(await own.resolve(main)).toBe(head)
})

test.each<{ name: string; answer: Answer; code: string }>([
  { name: 'answers 500', answer: (_, response) => response.writeHead(500).end(), code: 'RemoteUnreachable' },
  { name: 'answers 404', answer: (_, response) => response.writeHead(404).end(), code: 'RemoteRefused' },
  {
    name: 'answers nonsense',
    answer: (_, response) => response.end('<html>\n<body>Sign in</body>\n</html>\n'),
    code: 'RemoteBroken',
  },
  { name: 'hangs', answer: () => undefined, code: 'RemoteUnreachable' },
  { name: 'hangs up', answer: request => request.socket.destroy(), code: 'RemoteBroken' },
])('a remote that $name', async ({ answer, code }) => {
  const followed = source(await serve(answer), { timeouts: { idle: 1000 } })
  expect(await failureOf(followed.fetch())).toMatchObject({ code })
})

test('a remote that sends half a pack leaves everything as it was, until it is whole again', async () => {
  let half = true
  const url = await serveRemote((request, response) => {
    if (!half || !request.url?.endsWith('git-upload-pack')) return false
    const write = response.write.bind(response)
    // The listing of references passes; the pack breaks off in its middle.
    response.write = (chunk: string | Buffer) => {
      const isPack = Buffer.from(chunk).includes('PACK')
      if (isPack) response.socket?.destroySoon()
      return write(isPack ? Buffer.from(chunk).subarray(0, 300) : chunk)
    }
    return false
  })
  const head = await change(remote, 'one'.repeat(100_000))
  const followed = source(url, { credentials: { kind: 'token', token: 's3cret' } })
  expect(await failureOf(followed.fetch())).toMatchObject({ code: 'RemoteBroken' })
  expect(await own.listRefs('refs/')).toEqual([])
  half = false
  expect(await followed.fetch()).toBe(head)
  expect(execFileSync('git', ['--git-dir', own.path, 'fsck', '--full'], { encoding: 'utf8', stdio: 'pipe' })).toBe('')
})

test('a port where nobody listens, and a folder that is no repository', async () => {
  expect(await failureOf(source('http://127.0.0.1:1/r.git').fetch())).toMatchObject({ code: 'RemoteUnreachable' })
  expect(await failureOf(source('ssh://127.0.0.1:1/r.git').fetch())).toMatchObject({ code: 'RemoteUnreachable' })
  expect(await failureOf(source(folder).fetch())).toMatchObject({ code: 'RemoteRefused' })
})

test.each(['ext::sh -c true', '--upload-pack=x', 'ftp://host/x', ''])('refuses the address %j', url => {
  expect(() => source(url)).toThrow('a source cannot be reached by')
})

test('mirrors the record, and never over what another wrote there', async () => {
  const refs = ['refs/heads/observed/hello', 'refs/notes/gantry/hello']
  const [record = '', notes = ''] = refs
  await change(own, 'one', record)
  await change(own, 'note', notes)
  const mirror = source(remote.path)
  await mirror.push(refs)
  expect(await remote.listRefs('refs/')).toEqual(await own.listRefs('refs/'))
  await change(remote, 'foreign', record)
  await change(own, 'two', record)
  expect(await failureOf(mirror.push(refs))).toMatchObject({ code: 'RefChanged' })
})

test('closing ends a fetch that hangs', async () => {
  const followed = source(await serve(() => undefined))
  const fetching = failureOf(followed.fetch())
  await new Promise(resolve => setTimeout(resolve, 300))
  await followed.close()
  expect(await fetching).toBeInstanceOf(GitError)
})
