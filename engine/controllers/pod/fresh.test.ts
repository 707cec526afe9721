import { expect, test } from 'vitest'
import type { Condition } from '../../api/types.ts'
import { podObject } from '../../cluster/objects/objects.fixture.ts'
import { anew } from './fresh.ts'

const scheduled: Condition = { type: 'PodScheduled', status: 'True' }

test.each([
  {
    name: 'one that the scheduler placed may go anywhere',
    conditions: [scheduled],
    fromGit: true,
    expected: [undefined],
  },
  { name: 'one that git binds comes back to the same node', conditions: [], fromGit: true, expected: ['a'] },
  { name: 'one that git does not ask for does not come back', conditions: [scheduled], fromGit: false, expected: [] },
])('$name', ({ conditions, fromGit, expected }) => {
  const metadata = fromGit ? { annotations: { 'gantry.dev/source': 'web.yaml' } } : {}
  const pod = podObject('web', { metadata, spec: { nodeName: 'a' }, status: { phase: 'Running', conditions } })
  const made = anew(pod).flatMap(change => (change.kind === 'put' ? [change.object] : []))
  expect(made.map(({ spec }) => (spec as { nodeName?: string }).nodeName)).toEqual(expected)
  expect(made.map(({ metadata: { uid } }) => uid)).toEqual(made.map(() => undefined))
})
