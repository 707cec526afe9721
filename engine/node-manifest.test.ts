import { expect, test } from 'vitest'
import { renderUnit } from './render/unit.ts'
import { editNodeManifest, newNodeManifest, type Schedulability } from './node-manifest.ts'

const cordon: Schedulability = { unschedulable: true, drain: undefined }
const drain: Schedulability = { unschedulable: true, drain: 'force' }
const uncordon: Schedulability = { unschedulable: false, drain: undefined }

interface Case {
  readonly name: string
  readonly wanted: Schedulability
  readonly before: string
  readonly after: string | undefined
}

const head = 'apiVersion: v1\nkind: Node\nmetadata:\n  name: a\n'

test.each<Case>([
  { name: 'no spec yet', wanted: cordon, before: head, after: `${head}spec:\n  unschedulable: true\n` },
  { name: 'an empty spec', wanted: cordon, before: `${head}spec:\n`, after: `${head}spec:\n  unschedulable: true\n` },
  {
    name: 'beside taints and comments, written as they are',
    wanted: cordon,
    before: `# Bought in 2024.\n${head}spec:\n  # Only what asks for it.\n  taints:\n  - key: gpu # the big one\n    effect: NoSchedule\n`,
    after: `# Bought in 2024.\n${head}spec:\n  # Only what asks for it.\n  taints:\n  - key: gpu # the big one\n    effect: NoSchedule\n  unschedulable: true\n`,
  },
  {
    name: 'one document of several; the others are copied to the letter',
    wanted: cordon,
    before: `a:   1\nb: {x: 0644}\n---\n${head}---\nc:     [ 1,2 ]\n`,
    after: `a:   1\nb: {x: 0644}\n---\n${head}spec:\n  unschedulable: true\n---\nc:     [ 1,2 ]\n`,
  },
  {
    name: 'scalars that would be read as something else',
    wanted: cordon,
    before: `${head}  labels:\n    on: yes\n    mode: 0644\n    long: ${'x '.repeat(60)}x\n    text: 'it''s'\n`,
    after: `${head}  labels:\n    on: yes\n    mode: 0644\n    long: ${'x '.repeat(60)}x\n    text: 'it''s'\nspec:\n  unschedulable: true\n`,
  },
  {
    name: 'it says no',
    wanted: cordon,
    before: `${head}spec:\n  unschedulable: false # for now\n`,
    after: `${head}spec:\n  unschedulable: true # for now\n`,
  },
  {
    name: 'a drain',
    wanted: drain,
    before: head,
    after: `${head}  annotations:\n    gantry.dev/drain: "force"\nspec:\n  unschedulable: true\n`,
  },
  {
    name: 'back again, with what held nothing else',
    wanted: uncordon,
    before: `${head}  annotations:\n    gantry.dev/drain: "force"\nspec:\n  unschedulable: true\n`,
    after: head,
  },
  {
    name: 'back again, beside what else is said',
    wanted: uncordon,
    before: `${head}  annotations:\n    note: kept\n    gantry.dev/drain: "true"\nspec:\n  taints: []\n  unschedulable: true\n`,
    after: `${head}  annotations:\n    note: kept\nspec:\n  taints: []\n`,
  },
  {
    name: 'comments above and below',
    wanted: cordon,
    before: `---\n# Rack 4.\n\n# The old one.\n${head}# Bought in 2019.\n`,
    after: `---\n# Rack 4.\n\n# The old one.\n${head}spec:\n  unschedulable: true\n# Bought in 2019.\n`,
  },
  {
    name: 'lines of Windows',
    wanted: cordon,
    before: head.replaceAll('\n', '\r\n'),
    after: `${head}spec:\n  unschedulable: true\n`.replaceAll('\n', '\r\n'),
  },
  { name: 'no end of line', wanted: cordon, before: head.trimEnd(), after: `${head}spec:\n  unschedulable: true\n` },
  { name: 'another node', wanted: cordon, before: head.replace('name: a', 'name: b'), after: undefined },
  { name: 'a flow', wanted: cordon, before: '{apiVersion: v1, kind: Node, metadata: {name: a}}\n', after: undefined },
])('$name', ({ wanted, before, after }) => {
  expect(editNodeManifest(before, 'a', wanted)).toBe(after)
})

test('a new file says just what is wanted', () => {
  const text = newNodeManifest('a', drain)
  expect(text).toBe(`${head}  annotations:\n    gantry.dev/drain: "force"\nspec:\n  unschedulable: true\n`)
  const { manifests, problems } = renderUnit(Buffer.from(text), { language: 'yaml', validate: true })
  expect({ problems, spec: manifests[0]?.object.spec }).toEqual({ problems: [], spec: { unschedulable: true } })
})
