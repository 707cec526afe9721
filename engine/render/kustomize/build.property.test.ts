import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { RenderFailure } from '../failure.ts'
import { Needed, knownTree, type KnownPath } from '../known-paths.ts'
import { memoryTree } from '../memory-tree.fixture.ts'
import { answerBuild } from './answer.ts'
import { buildKustomization } from './build.ts'

type Files = Readonly<Record<string, string | Uint8Array>>

/** Whatever the files are: resources that cross threads as JSON, or a failure with a place; nothing else is thrown. */
function survives(files: Files, folder = ''): void {
  try {
    const { resources } = buildKustomization(memoryTree(files), folder)
    for (const { object } of resources) expect(JSON.parse(JSON.stringify(object))).toEqual(object)
  } catch (error) {
    if (!(error instanceof RenderFailure)) throw error
    const { origin, message } = error
    expect([Number.isInteger(origin.line), Number.isInteger(origin.column), message.length > 0]).toEqual([
      true,
      true,
      true,
    ])
  }
}

test('any bytes, in the kustomization and in what it names', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
      survives({ 'kustomization.yaml': bytes })
      for (const list of ['resources', 'transformers', 'configurations', 'crds', 'patchesStrategicMerge']) {
        survives({ 'kustomization.yaml': `${list}: [x.yaml]`, 'x.yaml': bytes })
      }
      survives({ 'kustomization.yaml': 'configMapGenerator: [{ name: c, files: [x], envs: [x] }]', x: bytes })
    }),
    { numRuns: 60 },
  )
})

const fields = [
  'resources components namespace namePrefix nameSuffix labels commonLabels commonAnnotations images replicas patches',
  'patchesStrategicMerge patchesJson6902 configMapGenerator secretGenerator generatorOptions replacements vars',
  'transformers generators openapi sortOptions buildMetadata configurations helmCharts kind apiVersion __proto__',
]
  .join(' ')
  .split(' ')
const innerFields =
  'name path patch target options kind group version newTag count pairs source targets select fieldPaths literals files __proto__'.split(
    ' ',
  )
const value = fc.letrec<{ value: unknown }>(tie => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<unknown>(
      null,
      true,
      1,
      '',
      'web',
      'a.yaml',
      '../x',
      'base',
      'Deployment',
      '[{op: add}]',
      'a=b',
      '*',
      '(',
    ),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...innerFields), tie('value'), { maxKeys: 4 }),
  ),
})).value

const web = `apiVersion: apps/v1
kind: Deployment
metadata: { name: web, annotations: { a: b } }
spec: { template: { spec: { containers: [{ name: web, image: x }] } } }
`

test('a kustomization of its own fields with values of every shape', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...fields), value, { maxKeys: 4 }), written => {
      const kustomization = JSON.stringify({ resources: ['a.yaml'], ...written })
      survives({
        'kustomization.yaml': kustomization,
        'a.yaml': web,
        'base/kustomization.yaml': 'resources: [../a.yaml]',
      })
    }),
    { numRuns: 200 },
  )
})

test('any patch of a merge or of operations', () => {
  const operation = fc.record({
    op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test', 'x'),
    path: fc.constantFrom(
      '/spec',
      '/spec/template',
      '/metadata/name',
      '/metadata',
      '/spec/x/-',
      '',
      '/__proto__/x',
      '/kind',
    ),
    from: fc.constantFrom('/spec', '/metadata', '/'),
    value,
  })
  const merge = fc.record({ kind: fc.constant('Deployment'), metadata: value, spec: value })
  fc.assert(
    fc.property(fc.oneof(fc.array(operation, { maxLength: 3 }), merge), patch => {
      const patches = [{ target: { kind: 'Deployment' }, patch: JSON.stringify(patch) }]
      const kustomization = JSON.stringify({ resources: ['a.yaml'], patches, buildMetadata: ['originAnnotations'] })
      survives({ 'kustomization.yaml': kustomization, 'a.yaml': web })
    }),
    { numRuns: 200 },
  )
  expect(({} as Record<string, unknown>)['x']).toBeUndefined()
})

test('any folders that name each other, in circles or not', () => {
  const folder = fc.constantFrom('a', 'b', 'c', 'd')
  fc.assert(
    fc.property(fc.dictionary(folder, fc.array(folder, { maxLength: 3 })), named => {
      const files = Object.entries(named).map(([name, others]) => [
        `${name}/kustomization.yaml`,
        JSON.stringify({ resources: others.map(each => `../${each}`), namePrefix: name }),
      ])
      for (const name of Object.keys(named)) survives(Object.fromEntries(files), name)
    }),
    { numRuns: 200 },
  )
})

const depth = 20_000
test.each<{ name: string; files: Files; says: RegExp }>([
  {
    name: 'a bomb of aliases',
    files: {
      'kustomization.yaml': 'resources: [a.yaml]',
      'a.yaml': Array.from(
        { length: 30 },
        (_, i) => `a${i}: &a${i} [${i === 0 ? 'x' : `*a${i - 1}, *a${i - 1}`}]\n`,
      ).join(''),
    },
    says: /alias|large|more than/i,
  },
  {
    name: 'deep nesting',
    files: { 'kustomization.yaml': 'resources: [a.yaml]', 'a.yaml': `${'['.repeat(depth)}${']'.repeat(depth)}` },
    says: /nesting exceeded/,
  },
  {
    name: 'a chain of bases',
    files: Object.fromEntries(
      Array.from({ length: 60 }, (_, i) => [`${i}/kustomization.yaml`, `resources: [../${i + 1}]`]).concat([
        ['kustomization.yaml', 'resources: ["0"]'],
      ]),
    ),
    says: /deeper than 50 levels/,
  },
  {
    name: 'a tree of bases that doubles at each level',
    files: Object.fromEntries(
      Array.from({ length: 30 }, (_, i) => [
        `${i}/kustomization.yaml`,
        `resources: [../${i + 1}, ../${i + 1}/../${i + 1}]`,
      ]).concat([
        ['30/kustomization.yaml', 'resources: []'],
        ['kustomization.yaml', 'resources: ["0"]'],
      ]),
    ),
    says: /more than 2000 kustomizations/,
  },
])('$name is refused', ({ files, says }) => {
  expect(() => buildKustomization(memoryTree(files), '')).toThrow(RenderFailure)
  expect(() => buildKustomization(memoryTree(files), '')).toThrow(says)
})

test('a build that is handed any part of a tree asks for more, and gives the same in the end', () => {
  const files: Record<string, string> = {
    'o/kustomization.yaml': 'resources: [../base]\npatches: [{ path: p.yaml }]',
    'o/p.yaml': web.replace('image: x', 'image: z'),
    'base/kustomization.yaml': 'resources: [a.yaml]',
    'base/a.yaml': web,
  }
  const whole = new Map<string, KnownPath>([
    ['o', 'folder'],
    ['base', 'folder'],
    ...Object.entries(files).map(([path, text]) => [path, { base64: Buffer.from(text).toString('base64') }] as const),
    ...['o', 'base'].flatMap(folder =>
      ['kustomization.yml', 'Kustomization'].map(name => [`${folder}/${name}`, 'nothing'] as const),
    ),
  ])
  const answer = (paths: ReadonlyMap<string, KnownPath>) =>
    answerBuild(Buffer.from(JSON.stringify({ folder: 'o', paths: [...paths] })), { validate: false })
  fc.assert(
    fc.property(fc.subarray([...whole.keys()]), known => {
      const paths = new Map(known.map(path => [path, whole.get(path) ?? 'nothing']))
      for (let given = answer(paths); 'needs' in given; given = answer(paths)) {
        expect([...paths.keys()]).not.toContain(given.needs)
        paths.set(given.needs, whole.get(given.needs) ?? 'nothing')
      }
      expect(answer(paths)).toEqual(answer(whole))
    }),
    { numRuns: 60 },
  )
  expect(() => knownTree(new Map(), new Set()).read('x')).toThrow(Needed)
})
