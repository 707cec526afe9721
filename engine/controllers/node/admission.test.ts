import { expect, test } from 'vitest'
import { defaultSettings } from '../../api/settings.ts'
import type { Node } from '../../api/types.ts'
import { nodeObject } from '../../cluster/objects/objects.fixture.ts'
import { admission } from './admission.ts'

const seen = nodeObject('a')
const named: Node = { ...seen, metadata: { ...seen.metadata, annotations: { 'gantry.dev/source': 'nodes/a.yaml' } } }

test.each<{ name: string; how: 'open' | 'strict'; node: Node | undefined; admitted: boolean }>([
  { name: 'open to a node that nobody knows', how: 'open', node: undefined, admitted: true },
  { name: 'open to one that was there before', how: 'open', node: seen, admitted: true },
  { name: 'closed to a node that nobody knows', how: 'strict', node: undefined, admitted: false },
  { name: 'closed to one that was there before', how: 'strict', node: seen, admitted: false },
  { name: 'open to one that the branch names', how: 'strict', node: named, admitted: true },
])('$name', ({ how, node, admitted }) => {
  const settings = { ...defaultSettings.spec.nodes, admission: how }
  expect(admission({ name: 'a', node, settings })).toEqual(
    admitted
      ? { admitted }
      : {
          admitted,
          reason: 'node a is not named in the branch, and gantry.yaml has spec.nodes.admission: strict',
          remedy: 'commit a manifest with apiVersion: v1, kind: Node and metadata.name: a, or write admission: open',
        },
  )
})
