import { expect, test } from 'vitest'
import { lineage } from './lineage.ts'
import type { Commit, ObjectReader } from './git/repository.ts'

const history: readonly (readonly [oid: string, committedAt: number, ...parents: string[]])[] = [
  ['root', 1],
  ['a', 2, 'root'],
  ['b', 3, 'a'],
  ['c', 4, 'b'],
  ['side', 3, 'root'],
  ['merge', 5, 'b', 'side'],
  ['other', 6],
]
const commits = new Map(
  history.map(([oid, committedAt, ...parents]): [string, Commit] => [
    oid,
    { oid, tree: '', parents, author: { name: '', email: '' }, committedAt, message: oid },
  ]),
)

function read(oid: string): Commit {
  const commit = commits.get(oid)
  if (commit === undefined) throw new Error(`no commit ${oid}`)
  return commit
}
const objects: Pick<ObjectReader, 'readCommit'> = { readCommit: async oid => read(oid) }

test.each([
  { name: 'the same commit', from: 'b', to: 'b', expected: [], complete: true },
  { name: 'one commit further', from: 'b', to: 'a', expected: ['b'], complete: true },
  { name: 'several', from: 'c', to: 'root', expected: ['c', 'b', 'a'], complete: true },
  { name: 'a merge brings its side', from: 'merge', to: 'a', expected: ['merge', 'b', 'side'], complete: true },
  { name: 'rewritten: not among the ancestors', from: 'other', to: 'b', expected: ['other'], complete: false },
  { name: 'gone back', from: 'a', to: 'c', expected: ['a', 'root'], complete: false },
  { name: 'nothing was applied yet', from: 'c', to: undefined, expected: ['c'], complete: false },
])('$name', async ({ from, to, expected, complete }) => {
  const found = await lineage(objects as ObjectReader, { from: read(from), to })
  expect(found.commits.map(({ oid }) => oid).sort()).toEqual([...expected].sort())
  expect(found.complete).toBe(complete)
})
