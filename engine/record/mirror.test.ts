import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { GitError } from '../git/repository.ts'
import type { GitErrorCode, Oid, RefName, Repository } from '../git/repository.ts'
import { createMirror } from './mirror.ts'
import type { Mirror } from './mirror.ts'

const refs = ['refs/heads/observed/hello', 'refs/notes/gantry/hello']
const start = Date.parse('2030-01-01T00:00:00Z')
let mirror: Mirror
/** Where each reference of the own repository is. */
let heads: Map<RefName, Oid>
/** Seconds since the start, and what arrived. */
let pushes: { at: number; refs: readonly RefName[] }[]
/** What is wrong with the remote. */
let fault: GitErrorCode | undefined
/** How long a push takes. */
let takes = 0

beforeEach(() => {
  vi.useFakeTimers({ now: start })
  heads = new Map([[refs[0] ?? '', 'a'.repeat(40)]])
  pushes = []
  fault = undefined
  takes = 0
  mirror = createMirror({
    repository: { resolve: async (ref: RefName) => heads.get(ref) } as Repository,
    remote: {
      async push(names) {
        pushes.push({ at: seconds(), refs: names })
        if (takes > 0) await new Promise(resolve => setTimeout(resolve, takes))
        if (fault !== undefined) throw new GitError(fault, 'git push of x failed', 'mend it')
      },
    },
    refs,
  })
})
afterEach(async () => {
  const closed = mirror.close()
  await vi.runAllTimersAsync()
  await closed
  vi.useRealTimers()
})

const seconds = (): number => (Date.now() - start) / 1000
const pass = (time: number): Promise<unknown> => vi.advanceTimersByTimeAsync(time * 1000)
const times = (): number[] => pushes.map(({ at }) => at)

test('the first change goes at once, those that follow at most every 10 s, and an idle record not at all', async () => {
  for (let change = 0; change < 25; change++) {
    mirror.changed()
    await pass(1)
  }
  await pass(100)
  expect(times()).toEqual([0, 10, 20, 30])
  expect(mirror.state()).toEqual({})
})

test('references that are not there yet are left out', async () => {
  mirror.changed()
  await pass(5)
  heads.set(refs[1] ?? '', 'b'.repeat(40))
  mirror.changed()
  await pass(10)
  expect(pushes).toEqual([
    { at: 0, refs: [refs[0]] },
    { at: 10, refs },
  ])
})

test('what is on its way is behind until it has arrived, and what changes meanwhile goes after it', async () => {
  takes = 4_000
  mirror.changed()
  await pass(1)
  expect(mirror.state()).toEqual({ behindSince: start })
  mirror.changed()
  await pass(2.5)
  expect(mirror.state()).toEqual({ behindSince: start })
  await pass(1)
  expect(mirror.state()).toEqual({ behindSince: start + 1_000 })
  await pass(20)
  expect(mirror.state()).toEqual({})
  expect(times()).toEqual([0, 14])
})

test('a remote that is away is asked less and less often; the lag counts from the first change that it missed', async () => {
  fault = 'RemoteUnreachable'
  mirror.changed()
  await pass(50)
  mirror.changed()
  await pass(1_000)
  expect(times()).toEqual([0, 20, 60, 140, 300, 620, 940])
  expect(mirror.state()).toEqual({ behindSince: start, problem: 'git push of x failed; mend it' })
})

test('a remote that was away is asked soon once it answers', async () => {
  fault = 'RemoteUnreachable'
  mirror.changed()
  await pass(145)
  fault = undefined
  mirror.reachable()
  await pass(5)
  mirror.reachable()
  await pass(50)
  expect(times()).toEqual([0, 20, 60, 140, 155])
  expect(mirror.state()).toEqual({})
})

test('that it answers hurries nothing that is not late', async () => {
  mirror.changed()
  await pass(1)
  mirror.changed()
  mirror.reachable()
  await pass(50)
  expect(times()).toEqual([0, 10])
})

test('after it is closed nothing is pushed', async () => {
  mirror.changed()
  await pass(1)
  mirror.changed()
  await mirror.close()
  mirror.changed()
  mirror.reachable()
  await pass(100)
  expect(times()).toEqual([0])
})
