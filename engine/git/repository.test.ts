import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { describeWith } from '../../test/needs.ts'
import { checkGit } from './check-git.ts'
import { openRepository } from './open.ts'
import { GitError } from './repository.ts'
import type { CommitRequest, Repository } from './repository.ts'
import { ensureSigningKey } from './signing-key.ts'
import { verifyCommit } from './signature.ts'

const main = 'refs/heads/main'
const author = { name: 'Ada', email: 'ada@example.org' }
let folder = ''
let repository: Repository

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-git-'))
  await ensureSigningKey(join(folder, 'keys/signing.pem'))
  repository = await open()
})
afterEach(async () => {
  await repository.close()
  rmSync(folder, { recursive: true })
})

function open(): Promise<Repository> {
  return openRepository(join(folder, 'r.git'), {
    signingKey: join(folder, 'keys/signing.pem'),
    create: { defaultBranch: 'main' },
  })
}

function git(...args: string[]): string {
  return execFileSync('git', ['--git-dir', repository.path, ...args], { encoding: 'utf8' }).trim()
}

async function commit(changes: Record<string, string | Buffer | null>, more: Partial<CommitRequest> = {}) {
  const ref = more.ref ?? main
  return await repository.commit({
    ref,
    expected: await repository.resolve(ref),
    changes: new Map(Object.entries(changes)),
    message: 'Change things',
    author,
    at: 1_700_000_000,
    sign: false,
    ...more,
  })
}

async function codeOf(promise: Promise<unknown>): Promise<string | undefined> {
  return await promise.then(
    () => undefined,
    (error: unknown) => (error instanceof GitError ? error.code : String(error)),
  )
}

describe('commit', () => {
  test.each<{ name: string; before: Record<string, string>; changes: Record<string, string | null>; after: string[] }>([
    { name: 'adds', before: {}, changes: { 'a/b/c.yaml': 'x', z: 'y' }, after: ['a/b/c.yaml', 'z'] },
    {
      name: 'keeps what is not named',
      before: { 'a/1': '1', 'b/2': '2' },
      changes: { 'a/3': '3' },
      after: ['a/1', 'a/3', 'b/2'],
    },
    {
      name: 'removes, with the folder that becomes empty',
      before: { 'a/b/1': '1', c: '2' },
      changes: { 'a/b/1': null },
      after: ['c'],
    },
    { name: 'removes what is not there', before: { c: '2' }, changes: { 'a/b': null, 'c/d': null }, after: ['c'] },
    { name: 'puts a folder where a file was', before: { a: '1' }, changes: { 'a/b': '2' }, after: ['a/b'] },
    { name: 'puts a file where a folder was', before: { 'a/b': '1' }, changes: { a: '2' }, after: ['a'] },
    { name: 'removes everything', before: { 'a/b': '1' }, changes: { 'a/b': null }, after: [] },
    {
      name: "sorts as git does: a folder's name ends in a slash",
      before: {},
      changes: { 'a.b': '1', 'a/b': '2', a0: '3', 'ä/ö': '4', '🚢': '5', '\uffee': '6' },
      after: ['a.b', 'a/b', 'a0', 'ä/ö', '\uffee', '🚢'],
    },
    {
      name: 'the same contents twice',
      before: {},
      changes: { a: 'same', 'b/c': 'same', 'd/c': 'same' },
      after: ['a', 'b/c', 'd/c'],
    },
  ])('$name', async ({ before, changes, after }) => {
    await commit(before)
    const oid = await commit(changes)
    expect(git('-c', 'core.quotePath=false', 'ls-tree', '-r', '--name-only', main).split('\n').filter(Boolean)).toEqual(
      after,
    )
    expect(await repository.resolve(main)).toBe(oid)
    expect(git('fsck', '--strict', '--full')).toBe('')
  })

  test('reads back as it was written', async () => {
    const first = await commit(
      { 'run.sh': '#!/bin/sh\n', 'bin/data': Buffer.from([0, 255, 10]) },
      { message: 'First\n\nbody\n' },
    )
    const second = await commit({ 'run.sh': null }, { message: 'Second' })
    const { tree, ...rest } = await repository.readCommit(second)
    expect(rest).toEqual({ oid: second, parents: [first], author, committedAt: 1_700_000_000, message: 'Second\n' })
    const [bin] = await repository.readTree(tree)
    expect(bin).toEqual({ name: 'bin', kind: 'tree', oid: git('rev-parse', `${second}:bin`) })
    const [data] = await repository.readTree(bin?.oid ?? '')
    expect(await repository.readBlob(data?.oid ?? '')).toEqual(Buffer.from([0, 255, 10]))
    expect(await repository.blobSize(data?.oid ?? '')).toBe(3)
    expect((await repository.log(second, { limit: 5 })).map(({ oid }) => oid)).toEqual([second, first])
    expect(await repository.isAncestor(first, second)).toBe(true)
    expect(await repository.isAncestor(second, first)).toBe(false)
    expect(await repository.diff((await repository.readCommit(first)).tree, tree)).toEqual(['run.sh'])
    expect(await repository.diff(undefined, tree)).toEqual(['bin/data'])
  })

  test('takes over what the repository has already, of any kind', async () => {
    await commit({ 'a/x': '1', 'a/y': '2', b: '3', 'c/d': '4' })
    const blob = git('rev-parse', `${main}:b`)
    const tree = git('rev-parse', `${main}:a`)
    await repository.commit({
      ref: main,
      expected: await repository.resolve(main),
      changes: new Map([
        ['a', null],
        ['b', { oid: tree, kind: 'tree' }],
        ['c/d', { oid: blob, kind: 'executable' }],
        ['c/link', { oid: blob, kind: 'symlink' }],
        ['e/f', { oid: blob, kind: 'file' }],
        ['g', { oid: git('rev-parse', main), kind: 'submodule' }],
      ]),
      message: 'Take over',
      author,
      at: 1_700_000_000,
      sign: false,
    })
    expect(git('ls-tree', '-r', '--format=%(objectmode) %(objectname) %(path)', main).split('\n')).toEqual([
      `100644 ${git('rev-parse', `${tree}:x`)} b/x`,
      `100644 ${git('rev-parse', `${tree}:y`)} b/y`,
      `100755 ${blob} c/d`,
      `120000 ${blob} c/link`,
      `100644 ${blob} e/f`,
      `160000 ${git('rev-parse', `${main}~1`)} g`,
    ])
  })

  test('leaves names that are not UTF-8 and files that are executable as they are', async () => {
    const work = join(folder, 'work')
    execFileSync('git', ['clone', '-q', repository.path, work], { stdio: 'ignore' })
    writeFileSync(Buffer.concat([Buffer.from(`${work}/`), Buffer.from([0x66, 0xe9])]), 'latin1')
    writeFileSync(join(work, 'x.sh'), '1')
    chmodSync(join(work, 'x.sh'), 0o755)
    execFileSync('git', ['-C', work, 'add', '.'])
    execFileSync('git', ['-C', work, '-c', 'user.name=a', '-c', 'user.email=b', 'commit', '-qm', 'x'])
    execFileSync('git', ['-C', work, 'push', '-q', 'origin', 'HEAD:main'], { stdio: 'ignore' })
    await commit({ 'x.sh': '2' })
    expect(git('-c', 'core.quotePath=true', 'ls-tree', '--format=%(objectmode) %(path)', main).split('\n')).toEqual([
      '100644 "f\\351"',
      '100755 x.sh',
    ])
  })

  test.each(['', '/a', 'a//b', '../a', 'a/./b', '.git/config', 'a/.GIT/b', 'a\0b'])(
    'refuses the path %j',
    async path => {
      await expect(commit({ [path]: 'x' })).rejects.toThrow('cannot be a path in a git tree')
    },
  )

  test('is a compare-and-swap', async () => {
    const first = await commit({ a: '1' })
    expect(await codeOf(commit({ a: '2' }, { expected: undefined }))).toBe('RefChanged')
    const second = await commit({ a: '2' })
    expect(await codeOf(commit({ a: '3' }, { expected: first }))).toBe('RefChanged')
    expect(await repository.resolve(main)).toBe(second)
  })

  test('of two at the same time one wins', async () => {
    const expected = await commit({ a: '1' })
    const codes = await Promise.all(['2', '3', '4'].map(a => codeOf(commit({ a }, { expected }))))
    expect(codes.toSorted()).toEqual(['RefChanged', 'RefChanged', undefined])
  })

  test('signs so that git verifies it', async () => {
    const oid = await commit({ a: '1' }, { sign: true, message: 'Signed\n\nCluster: x\n' })
    const line = readFileSync(join(folder, 'keys/signing.pem.pub'), 'utf8')
    writeFileSync(join(folder, 'allowed'), `ada@example.org ${line}`)
    const config = ['-c', 'gpg.format=ssh', '-c', `gpg.ssh.allowedSignersFile=${join(folder, 'allowed')}`]
    expect(() => git(...config, 'verify-commit', oid)).not.toThrow()
    expect(await verifyCommit(repository, oid, [line])).toBe(true)
    const other = await ensureSigningKey(join(folder, 'other/key.pem'))
    expect(await verifyCommit(repository, oid, [other])).toBe(false)
    expect(await verifyCommit(repository, await commit({ a: '2' }), [line])).toBe(false)
    expect(statSync(join(folder, 'keys/signing.pem')).mode & 0o777).toBe(0o600)
    expect(statSync(join(folder, 'keys')).mode & 0o777).toBe(0o700)
  })
})

describe('references', () => {
  test('are created, moved and deleted by compare-and-swap', async () => {
    const [a, b] = [await commit({ a: '1' }), await commit({ a: '2' })]
    const ref = 'refs/gantry/applied/hello'
    expect(await repository.resolve(ref)).toBeUndefined()
    await repository.updateRef(ref, { to: a, expected: undefined })
    expect(await codeOf(repository.updateRef(ref, { to: b, expected: undefined }))).toBe('RefChanged')
    expect(await codeOf(repository.updateRef(ref, { to: b, expected: b }))).toBe('RefChanged')
    await repository.updateRef(ref, { to: b, expected: a })
    git('pack-refs', '--all')
    expect(await repository.resolve(ref)).toBe(b)
    expect(await repository.listRefs('refs/')).toEqual([
      { ref, oid: b },
      { ref: main, oid: b },
    ])
    await repository.updateRef(ref, { to: undefined, expected: b })
    expect(await repository.resolve(ref)).toBeUndefined()
    expect(await repository.resolve('HEAD')).toBe(b)
  })

  test('never point to what is not there', async () => {
    const missing = 'd'.repeat(40)
    expect(await codeOf(repository.updateRef(main, { to: missing, expected: undefined }))).toBe('ObjectCorrupt')
    expect(await repository.resolve(main)).toBeUndefined()
  })

  test.each([
    'main',
    'refs/heads/../../HEAD',
    'refs/heads/a b',
    'refs/heads/a\nb',
    'refs/heads/x.lock',
    'refs/heads/a^',
    'refs//a',
  ])(
    'refuses the name %j',
    async ref => await expect(repository.resolve(ref)).rejects.toThrow('not the full name of a reference'),
  )
})

describe('notes', () => {
  test('are what git notes shows', async () => {
    const [a, b] = [await commit({ a: '1' }), await commit({ a: '2' })]
    const ref = 'refs/notes/gantry/hello'
    expect(await repository.readNotes(ref, [a])).toEqual(new Map())
    await Promise.all([repository.writeNote(ref, a, 'Applied: now'), repository.writeNote(ref, b, 'Applied: later')])
    await repository.writeNote(ref, a, 'Applied: now\nHealthy: then\n')
    expect(git('notes', '--ref', 'gantry/hello', 'show', a)).toBe('Applied: now\nHealthy: then')
    expect(await repository.readNotes(ref, [a, b, 'c'.repeat(40)])).toEqual(
      new Map([
        [a, 'Applied: now\nHealthy: then\n'],
        [b, 'Applied: later\n'],
      ]),
    )
  })
})

describe('reading', () => {
  test('what is not there, or not of that type', async () => {
    const oid = await commit({ a: '1' })
    const { tree } = await repository.readCommit(oid)
    expect(await codeOf(repository.readBlob('a'.repeat(40)))).toBe('ObjectMissing')
    expect(await codeOf(repository.readBlob('HEAD'))).toBe('ObjectMissing')
    expect(await codeOf(repository.readBlob(tree))).toBe('ObjectMissing')
    expect(await codeOf(repository.readCommit(tree))).toBe('ObjectMissing')
  })

  test('survives a corrupt object and rejects only that', async () => {
    await commit({ a: '1' })
    const good = git('rev-parse', 'main:a')
    const bad = execFileSync('git', ['--git-dir', repository.path, 'hash-object', '-w', '--stdin'], {
      input: randomBytes(50_000),
    })
      .toString()
      .trim()
    const file = join(repository.path, 'objects', bad.slice(0, 2), bad.slice(2))
    chmodSync(file, 0o644)
    truncateSync(file, 30_000)
    const answers = await Promise.all([good, bad, good].map(oid => codeOf(repository.readBlob(oid))))
    expect(answers).toEqual([undefined, 'ObjectCorrupt', undefined])
  })
})

describe('what killed processes left', () => {
  test('is cleared at the next start', async () => {
    const head = await commit({ a: '1' })
    await repository.close()
    const lock = join(repository.path, `${main}.lock`)
    writeFileSync(lock, '')
    const pack = join(repository.path, 'objects/pack/tmp_pack_1')
    writeFileSync(pack, 'half')
    const quarantine = join(repository.path, 'objects/tmp_objdir-incoming-x')
    mkdirSync(quarantine)
    const hoursAgo = new Date(Date.now() - 7_200_000)
    for (const left of [lock, pack, quarantine]) utimesSync(left, hoursAgo, hoursAgo)
    repository = await open()
    expect(await repository.resolve(main)).toBe(head)
    await commit({ a: '2' })
    expect([lock, pack, quarantine].filter(left => existsSync(left))).toEqual([])
  })

  test('a young lock is waited for, then taken for dead', async () => {
    await commit({ a: '1' })
    writeFileSync(join(repository.path, `${main}.lock`), '')
    expect(await codeOf(commit({ a: '2' }))).toBe('ObjectCorrupt')
    await commit({ a: '2' })
  })
})

test('consolidate keeps the number of packs small and loses nothing', async () => {
  for (let n = 0; n < 70; n++) {
    await commit({ [`f${n}`]: `${n}` })
    await repository.consolidate()
  }
  expect(readdirSync(join(repository.path, 'objects/pack')).filter(name => name.endsWith('.idx')).length).toBeLessThan(
    35,
  )
  expect(git('rev-list', '--count', main)).toBe('70')
  expect(git('fsck', '--full')).toBe('')
})

test('what is no repository is refused', async () => {
  expect(await codeOf(openRepository(folder))).toBe('NotARepository')
})

test('the git program is found', async () => {
  expect(await checkGit()).toMatch(/^\d+\.\d+/)
})

describeWith(['root'], 'a full disk', () => {
  test('is told as such, and nothing is corrupt', async () => {
    const mount = join(folder, 'disk')
    mkdirSync(mount)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'gantry-test', mount])
    try {
      const small = await openRepository(join(mount, 'r.git'), { create: { defaultBranch: 'main' } })
      const fill = async (size: number): Promise<void> => {
        const noise = randomBytes(size)
        const expected = await small.resolve(main)
        await small.commit({
          ref: main,
          expected,
          changes: new Map([['x', noise]]),
          message: 'x',
          author,
          at: 1,
          sign: false,
        })
      }
      const code = await codeOf(
        (async () => {
          for (;;) await fill(300_000)
        })(),
      )
      expect(code).toBe('DiskFull')
      expect(execFileSync('git', ['--git-dir', small.path, 'fsck', '--full'], { encoding: 'utf8' })).toBe('')
      const head = await small.resolve(main)
      expect(head).toBeDefined()
      const ballast = readdirSync(join(small.path, 'objects/pack')).filter(name => name.startsWith('tmp'))
      expect(ballast).toEqual([])
      await small.close()
    } finally {
      execFileSync('umount', [mount])
    }
  })
})
