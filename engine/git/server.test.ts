import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync, mkdirSync } from 'node:fs'
import { createServer, request as httpRequest } from 'node:http'
import type { Server } from 'node:http'
import { connect } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openRepository } from './open.ts'
import type { Push, PushUpdate, PushVerdict } from './push.ts'
import type { Repository } from './repository.ts'
import { createGitServer } from './server.ts'
import type { GitServer } from './server.ts'

const run = promisify(execFile)
const main = 'refs/heads/main'
const author = { name: 'Ada', email: 'ada@example.org' }
let folder = ''
let repository: Repository
let gitServer: GitServer
let http: Server
let url = ''
let onPush: (push: Push) => Promise<PushVerdict>
let pushed: (readonly PushUpdate[])[] = []

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-server-'))
  repository = await openRepository(join(folder, 'a:b.git'), { create: { defaultBranch: 'main' } })
  onPush = async () => ({ accept: true, lines: ['planned'] })
  pushed = []
  gitServer = await createGitServer({
    repository,
    followed: main,
    onPush: push => onPush(push),
    onPushed: updates => pushed.push(updates),
    verdictTimeout: 2000,
    maxPushBytes: 3_000_000,
  })
  http = createServer((request, response) => {
    void gitServer.handle(request, response, new URL(request.url ?? '', 'http://x').pathname.slice('/r.git'.length))
  })
  await new Promise<void>(resolve => http.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/r.git`
})
afterEach(async () => {
  http.closeAllConnections()
  http.close()
  await gitServer.close()
  await repository.close()
  rmSync(folder, { recursive: true })
})

/** What git said on both streams, and whether it succeeded. */
async function git(cwd: string, ...args: string[]): Promise<{ ok: boolean; text: string }> {
  const config = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', '-c', 'init.defaultBranch=main']
  return await run('git', [...config, ...args], {
    cwd,
    env: { PATH: process.env['PATH'], GIT_CONFIG_GLOBAL: '/dev/null' },
  }).then(
    ({ stdout, stderr }) => ({ ok: true, text: stdout + stderr }),
    ({ stdout, stderr }: { stdout: string; stderr: string }) => ({ ok: false, text: stdout + stderr }),
  )
}

async function clone(name: string): Promise<string> {
  const work = join(folder, name)
  const { ok, text } = await git(folder, 'clone', '-q', url, work)
  expect(ok, text).toBe(true)
  return work
}

async function change(work: string, file: string, contents: string | Buffer): Promise<string> {
  writeFileSync(join(work, file), contents)
  await git(work, 'add', '.')
  await git(work, 'commit', '-qm', `Change ${file}`)
  return (await git(work, 'rev-parse', 'HEAD')).text.trim()
}

async function codesLeft(): Promise<string[]> {
  return readdirSync(join(repository.path, 'objects')).filter(name => name.startsWith('tmp_objdir'))
}

test('a push reaches the engine before its reference moves, and the plan reaches the pusher', async () => {
  const work = await clone('w')
  const head = await change(work, 'a.yaml', 'kind: Pod\n')
  let seen: unknown
  onPush = async ({ updates, objects, pushOptions }) => {
    const commit = await objects.readCommit(head)
    const [entry] = await objects.readTree(commit.tree)
    const blob = await objects.readBlob(entry?.oid ?? '')
    seen = { updates, pushOptions, text: blob.toString(), refMoved: (await repository.resolve(main)) !== undefined }
    return { accept: true, lines: ['create Pod a', 'applied within 2 s'] }
  }
  const { ok, text } = await git(work, 'push', '-o', 'one', '-o', 'two words', 'origin', 'main')
  expect({ ok, text }).toEqual({
    ok: true,
    text: expect.stringMatching(/remote: create Pod a *\n *remote: applied within 2 s/),
  })
  const updates = [{ ref: main, after: head }]
  expect(seen).toEqual({ updates, pushOptions: ['one', 'two words'], text: 'kind: Pod\n', refMoved: false })
  expect(await repository.resolve(main)).toBe(head)
  await expect.poll(() => pushed).toEqual([updates])
})

test.each([
  { name: 'unpacked, a commit more', files: 1, commits: 1 },
  { name: 'unpacked, three commits more', files: 1, commits: 3 },
  { name: 'as a pack', files: 150, commits: 1 },
])('an edit that git keeps $name is read with what was there before', async ({ files, commits }) => {
  const work = await clone('w')
  const before = await change(work, 'old.yaml', 'kind: Service\n')
  await git(work, 'push', 'origin', 'main')
  await expect.poll(() => pushed).toHaveLength(1)
  for (let file = 1; file < files; file++) writeFileSync(join(work, `new-${file}.yaml`), `n: ${file}\n`)
  let head = ''
  for (let commit = 1; commit <= commits; commit++) head = await change(work, 'new-0.yaml', `kind: Pod ${commit}\n`)
  let seen: unknown
  onPush = async ({ updates, objects }) => {
    const { parents, tree } = await objects.readCommit(head)
    const entries = await objects.readTree(tree)
    const oldTree = (await objects.readCommit(before)).tree
    const [oldest] = await objects.readTree(oldTree)
    const named = (name: string) => entries.find(entry => entry.name === name)?.oid ?? ''
    seen = {
      updates,
      files: entries.length - 1,
      texts: [
        (await objects.readBlob(named('new-0.yaml'))).toString(),
        (await objects.readBlob(named('old.yaml'))).toString(),
      ],
      sizes: [await objects.blobSize(named('new-0.yaml')), await objects.blobSize(oldest?.oid ?? '')],
      isNext: parents.includes(before),
      raw: (await objects.readRawCommit(head)).toString().startsWith(`tree ${tree}\n`),
      wrongKind: await objects.readBlob(tree).catch((error: Error) => error.message),
      missing: await objects.readBlob('12'.repeat(20)).catch((error: Error) => error.message),
    }
    return { accept: true, lines: [] }
  }
  const { ok, text } = await git(work, 'push', 'origin', 'main')
  expect(ok, text).toBe(true)
  expect(seen).toEqual({
    updates: [{ ref: main, before, after: head }],
    files,
    texts: [`kind: Pod ${commits}\n`, 'kind: Service\n'],
    sizes: [12, 14],
    isNext: commits === 1,
    raw: true,
    wrongKind: expect.stringMatching(/is a tree, not a blob$/),
    missing: expect.stringMatching(/is not in the repository$/),
  })
})

test('a refused push changes nothing', async () => {
  const work = await clone('w')
  const head = await change(work, 'a.yaml', 'imagee: x\n')
  onPush = async () => ({ accept: false, lines: ['a.yaml:1:1: error: unknown field imagee'] })
  const { ok, text } = await git(work, 'push', 'origin', 'main')
  expect(ok).toBe(false)
  expect(text).toContain('remote: a.yaml:1:1: error: unknown field imagee')
  expect(await repository.resolve(main)).toBeUndefined()
  await expect(repository.readCommit(head)).rejects.toThrow('not in the repository')
  expect([pushed, await codesLeft()]).toEqual([[], []])
})

test.each([
  {
    name: 'the observed branch',
    refspec: 'main:refs/heads/observed/hello',
    says: /observed\/hello is written by Gantry alone/,
  },
  { name: 'its notes', refspec: 'main:refs/notes/gantry/hello', says: /is written by Gantry alone/ },
  {
    name: 'its private references',
    refspec: 'main:refs/gantry/applied/hello',
    says: /deny updating a hidden ref|written by Gantry alone/,
  },
  { name: 'deleting the followed branch', refspec: ':main', says: /it cannot be deleted.*\n.*gantry down/ },
])('users may not push: $name', async ({ refspec, says }) => {
  const work = await clone('w')
  const head = await change(work, 'a', '1')
  await git(work, 'push', 'origin', 'main')
  const { ok, text } = await git(work, 'push', 'origin', refspec)
  expect(ok).toBe(false)
  expect(text).toMatch(says)
  expect(await repository.listRefs('refs/')).toEqual([{ ref: main, oid: head }])
})

test('a force-push needs its own word', async () => {
  const work = await clone('w')
  const old = await change(work, 'a', '1')
  await git(work, 'push', 'origin', 'main')
  await git(work, 'commit', '--amend', '-qm', 'Another past')
  const head = (await git(work, 'rev-parse', 'HEAD')).text.trim()
  const refused = await git(work, 'push', '--force', 'origin', 'main')
  expect(refused.text).toMatch(/this push would rewrite main.*\n.*git revert COMMIT.*\n.*-o gantry\.rewrite/)
  expect(await repository.resolve(main)).toBe(old)
  expect((await git(work, 'push', '--force', '-o', 'gantry.rewrite', 'origin', 'main')).ok).toBe(true)
  expect(await repository.resolve(main)).toBe(head)
})

test('of two pushes at the same time one wins, and the other is told what to do', async () => {
  const [a, b] = [await clone('a'), await clone('b')]
  const heads = [await change(a, 'f', 'a'), await change(b, 'f', 'b')]
  let inside = 0
  onPush = async () => {
    inside += 1
    expect(inside).toBe(1)
    await new Promise(resolve => setTimeout(resolve, 300))
    inside -= 1
    return { accept: true, lines: [] }
  }
  const results = await Promise.all([a, b].map(work => git(work, 'push', 'origin', 'main')))
  expect(results.map(({ ok }) => ok).toSorted()).toEqual([false, true])
  expect(results.find(({ ok }) => !ok)?.text).toContain('git pull --rebase, then push again')
  expect(heads).toContain(await repository.resolve(main))
})

test('an engine that throws or hangs refuses the push', async () => {
  const work = await clone('w')
  await change(work, 'a', '1')
  onPush = async () => {
    throw new Error('the renderer broke')
  }
  expect((await git(work, 'push', 'origin', 'main')).text).toContain('could not look at this push: the renderer broke')
  onPush = () => new Promise(() => undefined)
  expect((await git(work, 'push', 'origin', 'main')).text).toContain('did not finish looking at this push within 2 s')
  onPush = async () => ({ accept: true, lines: [] })
  expect((await git(work, 'push', 'origin', 'main')).ok).toBe(true)
})

test('what is too big or not a git object is refused', async () => {
  const work = await clone('w')
  await change(work, 'big', Buffer.from(Array.from({ length: 4_000_000 }, () => Math.random() * 256)))
  const { ok, text } = await git(work, 'push', 'origin', 'main')
  expect(ok).toBe(false)
  expect(text).toContain('exceeds maximum allowed size')
  expect(await codesLeft()).toEqual([])
})

test('big files and many files pass both ways, gzipped and chunked', async () => {
  const work = await clone('w')
  mkdirSync(join(work, 'many'))
  for (let n = 0; n < 3000; n++) writeFileSync(join(work, 'many', `${n}.yaml`), `n: ${n}\n`)
  const head = await change(work, 'big', Buffer.alloc(20_000_000, 'x'))
  expect(await git(work, 'push', 'origin', 'main')).toMatchObject({ ok: true })
  const other = await clone('other')
  expect((await git(other, 'rev-parse', 'HEAD')).text.trim()).toBe(head)
  for (let n = 0; n < 30; n++) await git(work, 'commit', '--allow-empty', '-qm', `${n}`)
  await git(work, 'push', 'origin', 'main')
  expect(await git(other, 'fetch', '-v', 'origin')).toMatchObject({ ok: true })
  const v0 = await git(folder, '-c', 'protocol.version=0', 'clone', '-q', url, join(folder, 'v0'))
  expect(v0).toMatchObject({ ok: true })
})

test("Gantry's record and notes can be fetched, its private references cannot be seen", async () => {
  const commit = { changes: new Map([['a', '1']]), message: 'x', author, at: 1, sign: false, expected: undefined }
  const oid = await repository.commit({ ...commit, ref: 'refs/heads/observed/hello' })
  await repository.updateRef('refs/gantry/applied/hello', { to: oid, expected: undefined })
  await repository.writeNote('refs/notes/gantry/hello', oid, 'Applied')
  const { text } = await git(folder, 'ls-remote', url)
  expect(text.split('\n').flatMap(line => line.split('\t')[1] ?? [])).toEqual([
    'refs/heads/observed/hello',
    'refs/notes/gantry/hello',
  ])
})

test('a pusher that goes away in mid-pack leaves nothing', async () => {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  const type = 'application/x-git-receive-pack-request'
  const command = `${'0'.repeat(40)} ${'a'.repeat(40)} ${main}\0report-status`
  const line = `${(command.length + 4).toString(16).padStart(4, '0')}${command}0000`
  socket.write(
    `POST /r.git/git-receive-pack HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\nContent-Length: 100000\r\n\r\n${line}PACK\0\0\0\x02`,
  )
  await new Promise(resolve => setTimeout(resolve, 200))
  socket.destroy()
  await expect.poll(codesLeft).toEqual([])
  expect(await repository.listRefs('refs/')).toEqual([])
  await gitServer.close()
})

test('closing in mid-push ends it', async () => {
  const work = await clone('w')
  await change(work, 'a', '1')
  const asked = new Promise<void>(resolve => {
    onPush = async () => {
      resolve()
      return await new Promise(() => undefined)
    }
  })
  const push = git(work, 'push', 'origin', 'main')
  await asked
  await gitServer.close()
  expect((await push).ok).toBe(false)
  expect(await repository.resolve(main)).toBeUndefined()
})

test.each([
  { method: 'GET', path: '/info/refs', status: 403 },
  { method: 'GET', path: '/info/refs?service=git-upload-archive', status: 403 },
  { method: 'POST', path: '/info/refs?service=git-upload-pack', status: 405 },
  { method: 'GET', path: '/HEAD', status: 404 },
  { method: 'GET', path: '/git-upload-pack', status: 405 },
  { method: 'POST', path: '/git-upload-pack', status: 415 },
])('$method $path answers $status', async ({ method, path, status }) => {
  const answer = await new Promise<number | undefined>((resolve, reject) => {
    httpRequest(`${url}${path}`, { method }, response => {
      response.resume()
      resolve(response.statusCode)
    })
      .on('error', reject)
      .end()
  })
  expect(answer).toBe(status)
})
