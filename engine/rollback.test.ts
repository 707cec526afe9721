import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openRepository } from './git/open.ts'
import type { Oid, Repository } from './git/repository.ts'
import { createSource } from './git/source.ts'
import type { Source } from './git/source.ts'
import { markApplied } from './record/fate.ts'
import { rollBack } from './rollback.ts'
import type { RollbackOptions } from './rollback.ts'
import { Refused } from './server/controls.ts'

const main = 'refs/heads/main'
let folder = ''
let own: Repository
let source: Source

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-rollback-'))
  execFileSync('git', ['init', '--quiet', '--bare', '--initial-branch=main', join(folder, 'remote.git')])
  execFileSync('git', ['init', '--quiet', '--initial-branch=main', join(folder, 'work')])
  own = await openRepository(join(folder, 'own.git'), { create: { defaultBranch: 'main' } })
  source = createSource({ repository: own, url: join(folder, 'remote.git'), branch: 'main' })
})
afterEach(async () => {
  await source.close()
  await own.close()
  rmSync(folder, { recursive: true })
})

function git(...args: string[]): string {
  const author = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org']
  return execFileSync('git', [...author, ...args], {
    cwd: join(folder, 'work'),
    encoding: 'utf8',
    stdio: 'pipe',
  }).trim()
}

const atRemote = (): string => git('ls-remote', '../remote.git', main).slice(0, 40)

/** Makes the files of the branch these, commits and pushes. A link is written `→ target`, a program begins with `#!`. */
function push(message: string, files: Record<string, string>): Oid {
  git('rm', '-r', '--quiet', '--force', '--ignore-unmatch', '.')
  for (const [name, contents] of Object.entries(files)) {
    const path = join(folder, 'work', name)
    mkdirSync(dirname(path), { recursive: true })
    if (contents.startsWith('→ ')) symlinkSync(contents.slice(2), path)
    else writeFileSync(path, contents)
    if (contents.startsWith('#!')) chmodSync(path, 0o755)
  }
  git('add', '--all')
  git('commit', '--quiet', '--message', message)
  git('push', '--quiet', '../remote.git', 'HEAD:main')
  return git('rev-parse', 'HEAD')
}

function run(options: Partial<RollbackOptions> = {}) {
  return rollBack({
    state: { repository: own, source, now: () => 1_800_000_000_000 },
    clusterName: 'hello',
    branch: 'main',
    followed: async () => ['.'],
    current: undefined,
    commit: undefined,
    ...options,
  })
}

async function refusal(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (error instanceof Refused) return `${error.message}; ${error.remedy}`
  throw new Error(`not refused but ${String(error)}`)
}

test('one new commit at the remote has the very tree of the old one: programs, links and folders too', async () => {
  const old = push('Old', {
    'run.sh': '#!/bin/sh',
    'mode.sh': '#!/bin/sh',
    link: '→ run.sh',
    'a/b/c': '1',
    d: '2',
    kept: '3',
  })
  push('New', {
    'mode.sh': '#!/bin/sh',
    'run.sh': 'no program',
    link: 'no link',
    a: 'no folder',
    'd/e': '4',
    kept: '3',
  })
  chmodSync(join(folder, 'work/mode.sh'), 0o644)
  git('commit', '--quiet', '--all', '--amend', '--no-edit')
  git('push', '--quiet', '--force', '../remote.git', 'HEAD:main')
  const fresh = git('rev-parse', 'HEAD')
  const { commit, restored } = await run({ commit: old.slice(0, 7) })
  expect(restored).toMatchObject({ commit: old, subject: 'Old' })
  expect(atRemote()).toBe(commit)
  git('fetch', '--quiet', '../remote.git', 'main')
  expect(git('log', '-1', '--format=%P %s', 'FETCH_HEAD')).toBe(`${fresh} Roll back to ${old.slice(0, 7)}: Old`)
  expect(git('rev-parse', 'FETCH_HEAD^{tree}')).toBe(git('rev-parse', `${old}^{tree}`))
  expect(await own.resolve(main)).toBe(commit)
})

test('what is not followed stays as it is', async () => {
  const old = push('Old', { 'deploy/a': '1', 'deploy/gone/b': '2', 'gantry.yaml': '3', 'src/main.c': '4' })
  push('New', { 'deploy/a': '5', 'gantry.yaml': '6', 'src/main.c': '7', 'src/more.c': '8' })
  const { commit } = await run({ commit: old, followed: async () => ['gantry.yaml', 'deploy', '.gantryignore'] })
  git('fetch', '--quiet', '../remote.git', 'main')
  expect(git('diff', '--name-only', old, commit).split('\n')).toEqual(['src/main.c', 'src/more.c'])
})

test('without a commit, the last healthy one before the applied one', async () => {
  const commits = ['1', '2', '3', '4'].map(text => push(text, { a: text }))
  await source.fetch()
  const at = '2030-01-01T00:00:00Z'
  for (const commit of [0, 1, 3].flatMap(index => commits[index] ?? [])) {
    const healthy = commit === commits[1] ? {} : { healthyAt: at }
    await markApplied({ repository: own, cluster: 'hello' }, { commit, appliedAt: at, ...healthy })
  }
  expect((await run({ current: commits[3] })).restored.commit).toBe(commits[0])
})

test.each<{ name: string; given: (commits: readonly Oid[]) => Partial<RollbackOptions>; says: RegExp }>([
  {
    name: 'none was healthy',
    given: ([, current]) => ({ current }),
    says: /^no earlier commit was healthy; name the commit to go back to/,
  },
  {
    name: 'there is no such commit',
    given: () => ({ commit: 'abcdef0' }),
    says: /^the branch has no commit "abcdef0"; /,
  },
  { name: 'it is no commit', given: () => ({ commit: 'HEAD~1' }), says: /^the branch has no commit "HEAD~1"; / },
  {
    name: 'the files are those already',
    given: ([, current = '']) => ({ commit: current }),
    says: /^the head of main has the files of [0-9a-f]{7} \(New\) already; name another commit/,
  },
])('refused where $name', async ({ given, says }) => {
  const commits = [push('Old', { a: '1' }), push('New', { a: '2' })]
  expect(await refusal(run(given(commits)))).toMatch(says)
  expect(atRemote()).toBe(commits[1])
})

test.each([
  {
    name: 'a hook there refuses',
    spoil: () => hook('pre-receive', 'echo "main is protected" >&2; exit 1'),
    says: /^the rollback cannot be pushed to main: git push of \S+ failed: .*main is protected.*; let the user or key with which Gantry comes push that branch, .*; or roll back in a clone/,
  },
  {
    name: 'somebody pushes at the same moment',
    spoil: (commits: readonly Oid[]) =>
      hook('pre-receive', `unset GIT_QUARANTINE_PATH; git update-ref ${main} ${commits[0]} ${commits[1]}`),
    moved: true,
    says: /^somebody pushed to main at the same moment, so nothing was rolled back; look at what came/,
  },
])('where $name, nothing is changed', async ({ spoil, moved, says }) => {
  const commits = [push('Old', { a: '1' }), push('New', { a: '2' })]
  spoil(commits)
  expect(await refusal(run({ commit: commits[0] }))).toMatch(says)
  expect(atRemote()).toBe(commits[moved ? 0 : 1])
  expect(await own.resolve(main)).toBe(atRemote())
})

test('where the remote is away, nothing is changed', async () => {
  const commits = [push('Old', { a: '1' }), push('New', { a: '2' })]
  await source.fetch()
  rmSync(join(folder, 'remote.git'), { recursive: true })
  expect(await refusal(run({ commit: commits[0] }))).toMatch(
    /^the rollback needs the newest commit: git fetch of \S+ failed: .*; check the address, .*; or roll back in a clone/,
  )
  expect(await own.resolve(main)).toBe(commits[1])
})

test('where the remote goes away in mid-push, the own branch is as before', async () => {
  const commits = [push('Old', { a: '1' }), push('New', { a: '2' })]
  hook('pre-receive', 'mv "$PWD" "$PWD.away"; exit 1')
  expect(await refusal(run({ commit: commits[0] }))).toMatch(/^the rollback cannot be pushed to main: /)
  expect(await own.resolve(main)).toBe(commits[1])
})

/** A hook of the remote. */
function hook(name: string, script: string): void {
  const path = join(folder, 'remote.git/hooks', name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 })
}
