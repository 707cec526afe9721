import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { formatProblem } from '../api/problem.ts'
import { createRenderer, type Rendered, type Renderer } from './renderer.ts'
import { createKeyRing } from './sops/key-ring.ts'
import { sealedText, testIdentities } from './sops/sealed.fixture.ts'
import type { UnitTrace } from './trace.ts'
import { treeOf } from './tree.fixture.ts'

type Files = Readonly<Record<string, string>>

let renderer: Renderer
let traces: UnitTrace[] = []
let encrypted = ''
beforeAll(async () => {
  const keyRing = createKeyRing({ identities: await testIdentities(), withoutKey: 'refuse' })
  encrypted = await sealedText('x: hunter22\n', { whole: true })
  renderer = createRenderer({ workers: 1, keyRing, onUnit: trace => traces.push(trace) })
})
afterAll(() => renderer.close())

async function render(files: Files, time = 0): Promise<Rendered> {
  traces = []
  return renderer.render({ ...treeOf(files), time })
}

/** What there is but Releases, in short, and what is wrong. */
function inWords({ manifests, problems }: Rendered): string[] {
  return [
    ...manifests.flatMap(({ object, origin, release }) => {
      if (object.kind === 'Release') return []
      const data: unknown = Reflect.get(object, 'data')
      const { name, namespace } = object.metadata
      const of = release === undefined ? '' : ` of ${release.namespace}/${release.name}`
      return `${origin.file}:${origin.line} ${object.kind} ${namespace}/${name}${of} ${JSON.stringify(data)}`
    }),
    ...problems.map(formatProblem),
  ]
}

const chart = (body: string, values = ''): Files => ({
  'c/Chart.yaml': 'apiVersion: v2\nname: c\nversion: 1.0.0\n',
  'c/values.yaml': values,
  'c/templates/map.hbs': `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: {{Release.Name}} }\ndata:\n  x: ${body}\n`,
})
const release = (spec: string, name = 'r'): string =>
  `apiVersion: gantry.dev/v1\nkind: Release\nmetadata: { name: ${name} }\nspec:\n  chart: { path: c }\n${spec}`
const secret = 'apiVersion: v1\nkind: Secret\nmetadata: { name: s }\nstringData: { values.yaml: "x: hunter22" }\n'
const secretText =
  'apiVersion: v1\nkind: Secret\nmetadata: { name: {{Release.Name}} }\nstringData: { x: {{Values.x}} }\n'

test('a Release that stays as it is takes the values that its ConfigMap has now', async () => {
  const filesWith = (x: string): Files => ({
    ...chart('{{quote Values.x}}'),
    'm.yaml': `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: m }\ndata: { values.yaml: "x: ${x}" }\n`,
    'r.yaml': release('  valuesFrom:\n  - { kind: ConfigMap, name: m }\n'),
  })
  for (const x of ['one', 'two']) {
    expect(inWords(await render(filesWith(x)))).toContain(
      `c/templates/map.hbs:1 ConfigMap default/r of default/r {"x":"${x}"}`,
    )
  }
})

describe('a release', () => {
  test.each<{ name: string; files: Files; gives: string[] }>([
    {
      name: 'of a chart of the branch, with values, into a namespace',
      files: {
        ...chart('{{quote Values.x}}', 'x: default'),
        'r.yaml': release('  targetNamespace: shop\n  values: { x: given }\n'),
        'shop.yaml': 'apiVersion: v1\nkind: Namespace\nmetadata: { name: shop }\n',
      },
      gives: [
        'shop.yaml:1 Namespace undefined/shop undefined',
        'c/templates/map.hbs:1 ConfigMap shop/r of default/r {"x":"given"}',
      ],
    },
    {
      name: 'with a custom resource, whose definition in the commit says that it belongs to a namespace',
      files: {
        'c/Chart.yaml': 'apiVersion: v2\nname: c\nversion: 1.0.0\n',
        'c/templates/w.yaml': 'apiVersion: example.com/v1\nkind: Widget\nmetadata: { name: w }\n',
        'w.yaml': 'apiVersion: example.com/v1\nkind: Widget\nmetadata: { name: plain }\n',
        'crd.yaml':
          'apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: { name: widgets.example.com }\nspec: { group: example.com, scope: Namespaced, names: { kind: Widget, plural: widgets }, versions: [{ name: v1, served: true, storage: true }] }\n',
        'r.yaml': release('  targetNamespace: shop\n'),
        'shop.yaml': 'apiVersion: v1\nkind: Namespace\nmetadata: { name: shop }\n',
      },
      gives: [
        'crd.yaml:1 CustomResourceDefinition undefined/widgets.example.com undefined',
        'shop.yaml:1 Namespace undefined/shop undefined',
        'w.yaml:1 Widget default/plain undefined',
        'c/templates/w.yaml:1 Widget shop/w of default/r undefined',
        'crd.yaml:2:7: warning: kind CustomResourceDefinition is not acted on: objects of its kind are kept in its scope, without being checked',
        'w.yaml:2:7: warning: kind Widget is not acted on: Gantry has no controller for it',
        'c/templates/w.yaml:2:7: warning: kind Widget is not acted on: Gantry has no controller for it',
      ],
    },
    {
      name: 'whose values are wrong is told where they stand',
      files: {
        ...chart('{{quote Values.x}}'),
        'c/values.schema.json': '{"properties":{"x":{"type":"string"}}}',
        'r.yaml': release('  values:\n    x: 1\n'),
      },
      gives: ['r.yaml:7:8: error: Values.x must be string; correct the value'],
    },
    {
      name: 'with values of files and ConfigMaps, of which a later one counts and its own most',
      files: {
        ...chart('"{{Values.a}}{{Values.b}}{{Values.c}}{{Values.d.e.[1]}}"', 'd: {}'),
        'v.txt': 'a: 1\nb: 1\nc: 1\n',
        'm.yaml':
          'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: m }\ndata: { values.yaml: "b: 2\\nc: 2", e: "5" }\n',
        'r.yaml': release(
          '  valuesFrom:\n  - file: v.txt\n  - { kind: ConfigMap, name: m }\n  - { kind: ConfigMap, name: m, valuesKey: e, targetPath: "d.e[1]" }\n  - { file: none.yaml, optional: true }\n  values: { c: 3 }\n',
        ),
      },
      gives: [
        'm.yaml:1 ConfigMap default/m {"values.yaml":"b: 2\\nc: 2","e":"5"}',
        'c/templates/map.hbs:1 ConfigMap default/r of default/r {"x":"1235"}',
      ],
    },
    {
      name: 'of values that are not there',
      files: {
        ...chart('"1"'),
        'r.yaml': release('  valuesFrom:\n  - { kind: ConfigMap, name: m }\n'),
        'q.yaml': release('  valuesFrom: [{ file: v.yaml }]\n', 'q'),
      },
      gives: [
        'c/templates/map.hbs:1 ConfigMap default/r of default/r {"x":"1"}',
        'r.yaml:1:1: error: spec.valuesFrom: there is no ConfigMap m in namespace default; correct the name, add it to the branch, or write optional: true',
        'q.yaml:1:1: error: there is no file v.yaml; add it, correct its path, or write optional: true',
      ],
    },
    {
      name: 'of a chart that is not there, or fetched by nobody',
      files: {
        'a.yaml': release('', 'a'),
        'd.yaml': release('', 'd').replace('path: c', 'repository: "https://charts.example", name: d, version: "1"'),
      },
      gives: [
        'a.yaml:1:1: error: there is no chart in c: it has no Chart.yaml; name the folder that holds Chart.yaml',
        'd.yaml:1:1: error: gantry.lock does not say what chart d 1 of https://charts.example is; run gantry vendor, and commit gantry.lock',
      ],
    },
    {
      name: 'may write what comes from a Secret to a Secret',
      files: {
        ...chart('"1"'),
        'c/templates/map.hbs': secretText,
        's.yaml': secret,
        'r.yaml': release('  valuesFrom: [{ kind: Secret, name: s }]\n'),
      },
      gives: [
        's.yaml:1 Secret default/s {"values.yaml":"eDogaHVudGVyMjI="}',
        'c/templates/map.hbs:1 Secret default/r of default/r {"x":"aHVudGVyMjI="}',
        's.yaml:1:1: warning: the values of this Secret can be read by all who can read the repository; encrypt them: gantry secret encrypt --in-place FILE',
      ],
    },
    {
      name: 'may write what comes from a Secret to nothing else, however it is written; what can be read anyway it may',
      files: {
        ...chart('"{{b64enc Values.x}} {{Values.z}}"', 'z: everybody'),
        's.yaml': secret.replace('hunter22', 'hunter22\\nz: everybody'),
        'r.yaml': release('  valuesFrom: [{ kind: Secret, name: s }]\n'),
      },
      gives: [
        's.yaml:1 Secret default/s {"values.yaml":"eDogaHVudGVyMjIKejogZXZlcnlib2R5"}',
        'c/templates/map.hbs:1 ConfigMap default/r of default/r {"x":"aHVudGVyMjI= everybody"}',
        's.yaml:1:1: warning: the values of this Secret can be read by all who can read the repository; encrypt them: gantry secret encrypt --in-place FILE',
        'c/templates/map.hbs:1:1: error: ConfigMap r would show a value that comes from a Secret or an encrypted file in plans and on the observed branch; write it to a Secret in the chart, and refer to that (secretKeyRef, a volume)',
      ],
    },
    {
      name: 'looks up what the commit has, and what other releases make',
      files: {
        ...chart(
          '{{#if Values.of}}"{{lookup "v1" "ConfigMap" "default" Values.of "data.x"}}"{{else}}"1"{{/if}}',
          'of: ""',
        ),
        'c/templates/map.hbs':
          'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: {{Release.Name}} }\ndata:\n{{#with (lookup "v1" "ConfigMap" "default" Values.of)}}  x: "{{default "none" (get data "x")}}+"\n{{else}}  x: "first"\n{{/with}}',
        'r.yaml': [release('  values: { of: b }\n', 'a'), release('  values: { of: m }\n', 'b')].join('---\n'),
        'm.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: m }\ndata: { x: m }\n',
      },
      gives: [
        'm.yaml:1 ConfigMap default/m {"x":"m"}',
        'c/templates/map.hbs:1 ConfigMap default/a of default/a {"x":"m++"}',
        'c/templates/map.hbs:1 ConfigMap default/b of default/b {"x":"m+"}',
      ],
    },
    {
      name: 'that no Release names is told of',
      files: chart('"1"'),
      gives: [
        'c/Chart.yaml: warning: no Release names this chart: nothing of it is applied; add a manifest with apiVersion: gantry.dev/v1, kind: Release and its path under spec.chart, or leave it out with .gantryignore',
      ],
    },
  ])('$name', async ({ files, gives }) => {
    expect(inWords(await render(files))).toEqual(gives)
  })

  test('may write what an encrypted file holds to a Secret, and to nothing else', async () => {
    const files = {
      ...chart('{{quote Values.x}}'),
      'c/templates/secret.hbs': secretText,
      'v.yaml': encrypted,
      '.gantryignore': 'v.yaml\n',
      'r.yaml': release('  valuesFrom: [{ file: v.yaml }]\n'),
    }
    expect(inWords(await render(files))).toEqual([
      'c/templates/map.hbs:1 ConfigMap default/r of default/r {"x":"hunter22"}',
      'c/templates/secret.hbs:1 Secret default/r of default/r {"x":"aHVudGVyMjI="}',
      'c/templates/map.hbs:1:1: error: ConfigMap r would show a value that comes from a Secret or an encrypted file in plans and on the observed branch; write it to a Secret in the chart, and refer to that (secretKeyRef, a volume)',
    ])
  })

  test('does not take an encrypted file for values as they stand', async () => {
    const files = {
      ...chart('{{quote Values.x}}'),
      'v.txt': encrypted,
      'r.yaml': release('  valuesFrom: [{ file: v.txt }]\n'),
    }
    expect(inWords(await render(files))).toEqual([
      'v.txt:1:1: error: the file is encrypted, and its name does not tell its format; give it the ending .yaml',
    ])
  })

  test('two that look each other up are an error for both', async () => {
    const looking =
      'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: {{Release.Name}} }\ndata: { x: "{{toJson (lookup "v1" "ConfigMap" "default" Values.of)}}" }\n'
    const files = {
      ...chart('"1"'),
      'c/templates/map.hbs': looking.replace('"{{toJson', '{{quote (toJson').replace('Values.of)}}"', 'Values.of))}}'),
      'r.yaml': [release('  values: { of: b }\n', 'a'), release('  values: { of: a }\n', 'b')].join('---\n'),
    }
    const { problems } = await render(files)
    expect(problems.map(formatProblem)).toEqual(
      [1, 8].map(
        line =>
          `r.yaml:${line}:1: error: releases look up each other's objects in a circle: a, b; give one of them the value by spec.values`,
      ),
    )
  })

  test('is rendered anew where something that it read is another, and nowhere else', async () => {
    const files = {
      ...chart('{{quote Values.x}}', 'x: 1'),
      'v.txt': 'x: 2',
      'r.yaml': release('  valuesFrom: [{ file: v.txt }]\n'),
      'other.yaml': release('', 'other'),
    }
    const rendered = async (changed: Files, time: number): Promise<string[]> => {
      await render({ ...files, ...changed }, time)
      return traces.filter(({ cache }) => cache === 'miss').map(({ unit }) => unit)
    }
    await rendered({}, 1)
    expect(await rendered({ 'w.yaml': '' }, 2)).not.toContain('r.yaml')
    expect(await rendered({ 'v.txt': 'x: 3' }, 3)).toEqual(['r.yaml'])
    expect((await rendered({ 'c/values.yaml': 'x: 9' }, 4)).sort()).toEqual(['other.yaml', 'r.yaml'])
  })

  test('tells the commit’s time, and is another at another time', async () => {
    const files = { ...chart('{{quote (now)}}'), 'r.yaml': release('') }
    const times: unknown[] = []
    for (const time of [0, 0, 86_400]) times.push(inWords(await render(files, time)))
    const at = (text: string): string[] => [`c/templates/map.hbs:1 ConfigMap default/r of default/r {"x":"${text}"}`]
    expect(times).toEqual([at('1970-01-01T00:00:00Z'), at('1970-01-01T00:00:00Z'), at('1970-01-02T00:00:00Z')])
  })
})
