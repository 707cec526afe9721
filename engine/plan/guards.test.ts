import { expect, test } from 'vitest'
import { sourceAnnotation } from '../api/manifest.ts'
import { defaultSettings } from '../api/settings.ts'
import type { KubeObject } from '../api/types.ts'
import { Cluster } from '../cluster/cluster.ts'
import { allowsDeletion, checkGuards } from './guards.ts'
import { plan } from './plan.ts'

const configMap = (name: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'shop', annotations: { [sourceAnnotation]: 'a.yaml' } },
})

/** It outlives git. */
const permanent: KubeObject = {
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: 'default', annotations: { [sourceAnnotation]: 'a.yaml' } },
}

/** What becomes of a commit that keeps `kept` of `held` objects, adds `added` and leaves out the default Namespace. */
function verdict({ held, kept, added = 0, namespace = false, messages = [], rewritten = false }: Case): string {
  const cluster = new Cluster({ startVersion: 0 })
  const names = Array.from({ length: held }, (_, i) => `c${i}`)
  cluster.apply(
    [...names.map(configMap), ...(namespace ? [permanent] : [])].map(object => ({ kind: 'put', object })),
    { now: 0, newId: () => 'u', random: () => 0 },
  )
  const wanted = [...names.slice(0, kept), ...Array.from({ length: added }, (_, i) => `new${i}`)]
  const planned = plan(
    cluster,
    wanted.map(name => ({ object: configMap(name), origin: { file: 'a.yaml', line: 1, column: 1 } })),
  )
  const result = checkGuards(planned, cluster, { settings: defaultSettings, messages, rewritten })
  return result.kind === 'allowed' ? 'allowed' : result.message
}

interface Case {
  readonly held: number
  readonly kept: number
  readonly added?: number
  readonly namespace?: boolean
  readonly messages?: readonly string[]
  readonly rewritten?: boolean
}

test.each<Case & { name: string; becomes: string }>([
  { name: 'nothing is removed', held: 10, kept: 10, becomes: 'allowed' },
  { name: 'nothing was there', held: 0, kept: 0, becomes: 'allowed' },
  { name: 'few are removed', held: 8, kept: 3, becomes: 'allowed' },
  { name: 'no more than the share', held: 12, kept: 6, becomes: 'allowed' },
  {
    name: 'more than the share',
    held: 12,
    kept: 5,
    becomes:
      'this commit would remove 7 of 12 objects (58 %); more than 50 % waits (spec.guards.maxDeletionPercent in gantry.yaml)',
  },
  { name: 'everything', held: 3, kept: 0, becomes: 'this commit leaves nothing: it would remove all 3 objects' },
  {
    name: 'the only object',
    held: 1,
    kept: 0,
    becomes: 'this commit leaves nothing: it would remove the only object there is',
  },
  {
    name: 'everything, and what outlives it',
    held: 3,
    kept: 0,
    namespace: true,
    becomes: 'this commit leaves nothing: it would remove all 4 objects',
  },
  {
    name: 'only what outlives git, by a rewritten branch',
    held: 3,
    kept: 3,
    namespace: true,
    rewritten: true,
    becomes: 'the branch was rewritten, and would now remove 1 object',
  },
  { name: 'a renamed object', held: 1, kept: 0, added: 1, becomes: 'allowed' },
  { name: 'everything, allowed', held: 30, kept: 0, messages: ['Away\n\nGantry-Allow: delete\n'], becomes: 'allowed' },
  {
    name: 'allowed by a later commit',
    held: 30,
    kept: 0,
    messages: ['Yes\n\nGantry-Allow: delete', 'Away'],
    becomes: 'allowed',
  },
  {
    name: 'a rewritten branch',
    held: 30,
    kept: 29,
    rewritten: true,
    becomes: 'the branch was rewritten, and would now remove 1 object',
  },
  {
    name: 'a rewritten branch that removes nothing',
    held: 30,
    kept: 30,
    added: 1,
    rewritten: true,
    becomes: 'allowed',
  },
])('$name', ({ becomes, ...given }) => {
  expect(verdict(given)).toBe(becomes)
})

test.each([
  ['Subject\n\nGantry-Allow: delete', true],
  ['Subject\n\ngantry-allow: Delete', true],
  ['Subject\r\n\r\nSigned-off-by: A\r\nGantry-Allow: other, delete\r\n', true],
  ['Subject\n\nGantry-Allow: deletion', false],
  ['Subject\n\nGantry-Allow: delete\n\nAnd then a paragraph.', false],
  ['Subject\n\n    Gantry-Allow: delete', false],
  ['Subject', false],
])('%j', (message, allows) => {
  expect(allowsDeletion(message)).toBe(allows)
})
