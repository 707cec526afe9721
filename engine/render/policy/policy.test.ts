import { afterEach, expect, test } from 'vitest'
import { plainSecret } from '../sops/manifests.ts'
import { formatProblem } from '../../api/problem.ts'
import { createRenderer, type Renderer, type RendererOptions } from '../renderer.ts'
import { treeOf, type Contents } from '../tree.fixture.ts'

let renderer: Renderer | undefined
afterEach(async () => renderer?.close())

function start(options: RendererOptions = {}) {
  const started = (renderer = createRenderer({ workers: 1, ...options }))
  return async (files: Readonly<Record<string, Contents>>): Promise<string[]> =>
    (await started.render(treeOf(files))).problems.map(formatProblem)
}

const settings = (policy: string) =>
  `apiVersion: gantry.dev/v1\nkind: Cluster\nspec:\n  policy:\n${policy.replace(/^/gm, '    ')}\n`
const rule = (fields: string) => settings(`rules:\n  - name: r\n${fields.replace(/^/gm, '    ')}`)
const configMap = (name: string, value = '1') =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\ndata:\n  a: "${value}"\n`

// The workers run the built program (npm run build).
const one = rule(`validations:\n  - { expression: object.data.a == '1', message: must be 1, fieldPath: .data.a }`)
const said = 'must be 1 (policy r)'

test.each<{ name: string; files: Record<string, Contents>; told: string[] }>([
  { name: 'nothing, where the rule is kept', files: { 'gantry.yaml': one, 'a.yaml': configMap('a') }, told: [] },
  {
    name: "the field's line, of the second document",
    files: { 'gantry.yaml': one, 'a.yaml': `${configMap('a')}---\n${configMap('b', '2')}` },
    told: [`a.yaml:13:6: error: ${said}`],
  },
  {
    name: 'the line of a field of a list item in JSON, in a folder',
    files: {
      'gantry.yaml': one,
      'apps/a.json':
        '{ "apiVersion": "v1", "kind": "ConfigMapList", "items": [\n  { "metadata": { "name": "a" },\n    "data": {\n      "a": "2" } } ] }',
    },
    told: [`apps/a.json:4:12: error: ${said}`],
  },
  {
    name: "the object's line, where the field came from a patch",
    files: {
      'gantry.yaml': one,
      'o/kustomization.yaml': `resources: [a.yaml]\npatches: [{ patch: '${'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"a":"2"}}'}' }]`,
      'o/a.yaml': `# a comment\n${configMap('a')}`,
    },
    told: [`o/a.yaml:2:1: error: ${said}`],
  },
  {
    name: "the field's line in a base",
    files: {
      'gantry.yaml': one,
      'b/kustomization.yaml': 'resources: [a.yaml]',
      'b/a.yaml': configMap('a', '2'),
      'o/kustomization.yaml': 'namePrefix: o-\nresources: [../b]',
    },
    told: [`b/a.yaml:6:6: error: ${said}`],
  },
  {
    name: 'the mistake in the rule, and nothing of what it would find',
    files: {
      'gantry.yaml': rule('validations:\n  - expression: object.data.\n    message: x'),
      'a.yaml': configMap('a', '2'),
    },
    told: [
      'gantry.yaml:8:25: error: spec.policy.rules[0].validations[0].expression makes no sense: Expected IDENTIFIER, got EOF at column 13 of the expression',
    ],
  },
  {
    name: 'what breaks a rule beside what is not valid',
    files: { 'gantry.yaml': one, 'a.yaml': configMap('a', '2'), 'b.yaml': 'apiVersion: v1\nkind: Pdo\n' },
    told: [
      'b.yaml:2:7: error: kind is "Pdo", which Kubernetes does not have in v1; did you mean Pod?',
      `a.yaml:6:6: error: ${said}`,
    ],
  },
])('told is $name', async ({ files, told }) => expect(await start()(files)).toEqual(told))

test('what is told stays right when files, places and rules change', async () => {
  const render = start()
  const files = { 'gantry.yaml': one, 'a.yaml': configMap('a', '2'), 'b.yaml': configMap('b') }
  const inA = `a.yaml:6:6: error: ${said}`
  expect(await render(files)).toEqual([inA])
  expect(await render({ ...files, 'b.yaml': configMap('b', '3') })).toEqual([inA, `b.yaml:6:6: error: ${said}`])
  expect(await render({ ...files, 'a.yaml': `# moved\n${configMap('a', '2')}` })).toEqual([
    `a.yaml:7:6: error: ${said}`,
  ])
  expect(await render({ ...files, 'gantry.yaml': one.replace('must be 1', 'is to be 1') })).toEqual([
    inA.replace('must be 1', 'is to be 1'),
  ])
  expect(await render({ ...files, 'gantry.yaml': settings('rules: []') })).toEqual([])
  expect(await render(files)).toEqual([inA])
})

test.each<{ name: string; expression: string }>([
  {
    name: 'walks lists inside lists',
    expression:
      '[1,2,3,4,5,6,7,8,9].all(a, L.all(b, L.all(c, L.all(d, L.all(e, L.all(f, L.all(g, L.all(h, L.all(i, true)))))))))',
  },
  { name: 'has a pattern that repeats what repeats', expression: `object.data.a.matches('^(a+)+$')` },
])('a rule that $name fails within the limits, and harms no later commit', async ({ expression }) => {
  const text = expression.replaceAll('L', '[1,2,3,4,5,6,7,8,9]')
  const render = start({ limits: { unitMilliseconds: 3_000 } })
  const files = { 'a.yaml': configMap('a', `${'a'.repeat(40)}b`) }
  expect(await render({ ...files, 'gantry.yaml': rule(`validations:\n  - expression: "${text}"`) })).toEqual([
    'gantry.yaml: error: the check by the rules of spec.policy takes more than 2 s for an object; most of it took rule r, which was at ConfigMap default/a; look for a rule that walks lists inside lists, or whose pattern repeats what repeats',
  ])
  expect(await render({ ...files, 'gantry.yaml': settings('rules: []') })).toEqual([])
})

test("a Secret's values are in no message", async () => {
  const leak = rule(
    `validations:\n  - expression: object.kind != 'Secret'\n    messageExpression: "'is ' + object.data.password"\n    fieldPath: .data.password`,
  )
  const secret = 'apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\ndata:\n  password: aHVudGVyMg==\n'
  expect(await start()({ 'gantry.yaml': leak, 's.yaml': secret })).toEqual([
    `s.yaml:1:1: warning: ${plainSecret.message}; ${plainSecret.remedy}`,
    's.yaml:6:13: error: is (policy r)',
  ])
})
