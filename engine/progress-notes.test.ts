import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { ClusterObject } from './api/cluster-object.ts'
import { openRepository } from './git/open.ts'
import { GitError } from './git/repository.ts'
import type { Oid, Repository } from './git/repository.ts'
import { createProgressNotes } from './progress-notes.ts'
import type { ProgressNotes } from './progress-notes.ts'
import { readFates } from './record/fate.ts'

const [early, late] = ['2030-01-01T12:00:00Z', '2030-01-01T12:00:09Z']
let folder = ''
let repository: Repository
let notes: ProgressNotes
let told: ('written' | 'trouble')[] = []
/** How many of the next notes fail. */
let failures = 0

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-notes-'))
  repository = await openRepository(join(folder, 'r.git'), { create: { defaultBranch: 'main' } })
  told = []
  failures = 0
  const write = repository.writeNote.bind(repository)
  vi.spyOn(repository, 'writeNote').mockImplementation(async (...note) => {
    if (failures-- > 0) throw new GitError('DiskFull', 'the disk is full')
    await write(...note)
  })
  notes = createProgressNotes({
    repository,
    cluster: 'hello',
    onWritten: () => told.push('written'),
    onTrouble: () => told.push('trouble'),
  })
})
afterEach(async () => {
  vi.useRealTimers()
  await notes.close()
  await repository.close()
  rmSync(folder, { recursive: true })
})

async function commit(message: string): Promise<Oid> {
  return await repository.commit({
    ref: 'refs/heads/main',
    expected: await repository.resolve('refs/heads/main'),
    changes: new Map([['a.yaml', message]]),
    message,
    author: { name: 'Ada', email: 'ada@example.org' },
    at: 1_700_000_000,
    sign: false,
  })
}

/** The cluster's own object with a commit that is applied so far. */
function cluster(oid: Oid | undefined, status: Partial<ClusterObject['status']> = {}): ClusterObject {
  const revision = { commit: oid, subject: 'x', author: 'Ada' }
  return { status: { ...(oid === undefined ? {} : { revision }), ...status } } as ClusterObject
}

const read = async (...oids: Oid[]): Promise<unknown> =>
  Object.fromEntries(await readFates({ repository, cluster: 'hello' }, oids))

test('says when a commit was applied and when it became healthy, and keeps the last one alive', async () => {
  const [one, two] = [await commit('one'), await commit('two')]
  notes.note(cluster(one, { appliedAt: early }))
  await vi.waitFor(() => expect(told).toEqual(['written']))
  expect(await read(one, two)).toEqual({ [one]: { appliedAt: early } })
  notes.note(cluster(one, { appliedAt: early, healthyAt: late }))
  notes.note(cluster(two, { appliedAt: late }))
  await notes.close()
  expect(await read(one, two)).toEqual({ [one]: { appliedAt: early, healthyAt: late }, [two]: { appliedAt: late } })
  expect(await repository.resolve('refs/gantry/applied/hello')).toBe(two)
})

test('says why a commit was rejected, for good, while an older one stays applied', async () => {
  const [one, bad, two] = [await commit('one'), await commit('bad'), await commit('two')]
  const error = { severity: 'error', file: 'a.yaml', line: 3, column: 1, message: 'no', remedy: 'mend it' } as const
  const warning = { ...error, severity: 'warning' } as const
  const revision = { commit: bad, tree: '', subject: 'bad', author: 'Ada', committedAt: 0 }
  const refused = { revision, verdict: 'rejected', problems: [warning, error] } as const
  notes.note(cluster(one, { appliedAt: early, refused }))
  notes.note(
    cluster(one, {
      appliedAt: early,
      refused: { ...refused, revision: { ...revision, commit: two }, verdict: 'waiting' },
    }),
  )
  await notes.close()
  expect(await read(one, bad, two)).toEqual({ [one]: { appliedAt: early }, [bad]: { refused: 'rejected' } })
  const texts = await repository.readNotes('refs/notes/gantry/hello', [bad])
  expect(texts.get(bad)).toBe('Rejected:\na.yaml:3:1: error: no; mend it\n')
})

test.each([
  { name: 'without a commit', object: () => cluster(undefined, { appliedAt: early }) },
  { name: 'with a commit that is not applied', object: (oid: Oid) => cluster(oid) },
])('a cluster $name gets no note', async ({ object }) => {
  notes.note(object(await commit('one')))
  await notes.close()
  expect(told).toEqual([])
  expect(await repository.listRefs('refs/notes/')).toEqual([])
})

test('what the note says already is not written again: a restart makes no commit', async () => {
  const one = await commit('one')
  notes.note(cluster(one, { appliedAt: early }))
  await vi.waitFor(() => expect(told).toEqual(['written']))
  const before = await repository.listRefs('refs/notes/')
  notes.note(cluster(one, { appliedAt: early }))
  await notes.close()
  expect(await repository.listRefs('refs/notes/')).toEqual(before)
  expect(told).toEqual(['written'])
})

test('a note that cannot be written is tried again, with what became known meanwhile', async () => {
  const one = await commit('one')
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  failures = 2
  notes.note(cluster(one, { appliedAt: early }))
  await vi.waitUntil(() => told.length === 1)
  notes.note(cluster(one, { appliedAt: early, healthyAt: late }))
  await vi.waitUntil(() => told.length === 2)
  expect(await read(one)).toEqual({})
  await vi.advanceTimersByTimeAsync(2_000)
  await vi.waitUntil(() => told.length === 3)
  expect(told).toEqual(['trouble', 'trouble', 'written'])
  expect(await read(one)).toEqual({ [one]: { appliedAt: early, healthyAt: late } })
})

test('once closed it is not tried again', async () => {
  const one = await commit('one')
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  failures = 1
  notes.note(cluster(one, { appliedAt: early }))
  await notes.close()
  expect(told).toEqual(['trouble'])
  expect(vi.getTimerCount()).toBe(0)
  expect(await read(one)).toEqual({})
})
