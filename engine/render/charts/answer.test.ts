import { expect, test } from 'vitest'
import { formatProblem } from '../../api/problem.ts'
import { memoryTree } from '../memory-tree.fixture.ts'
import type { ReleaseRequest } from './answer.ts'
import { answerOf } from './answer.fixture.ts'

const chartFile = 'apiVersion: v2\nname: web\nversion: 1.2.3\n'
const configMap = (name: string, data: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\ndata:\n  ${data}\n`

interface Case {
  readonly name: string
  /** In the folder `chart`; Chart.yaml need not be given. */
  readonly files: Readonly<Record<string, string>>
  /** Contents of `values.yaml` beside the chart. */
  readonly values?: string
  readonly request?: Partial<ReleaseRequest>
  /** Each ConfigMap's data, by name, in order. */
  readonly gives?: readonly (readonly [string, unknown])[]
  readonly problems?: readonly string[]
  readonly notes?: string
}

function run({ files, values, request }: Case) {
  const tree = memoryTree({
    'chart/Chart.yaml': chartFile,
    ...Object.fromEntries(Object.entries(files).map(([path, text]) => [`chart/${path}`, text])),
    ...(values === undefined ? {} : { 'values.yaml': values }),
  })
  const layers = values === undefined ? [] : [{ file: 'values.yaml', isOptional: false }]
  return answerOf(tree, { values: layers, ...request })
}

const part = (name: string, more: Readonly<Record<string, string>> = {}): Record<string, string> => ({
  [`charts/${name}/Chart.yaml`]: `apiVersion: v2\nname: ${name}\nversion: 0.3.1\n`,
  [`charts/${name}/values.yaml`]: 'x: default\nz: kept\n',
  [`charts/${name}/templates/config.hbs`]: configMap(name, 'values: {{quote (toJson Values)}}'),
  ...Object.fromEntries(Object.entries(more).map(([path, text]) => [`charts/${name}/${path}`, text])),
})
const dependsOn = (...lines: string[]): Record<string, string> => ({
  'Chart.yaml': `${chartFile}dependencies:\n${lines.map(line => `  - ${line}\n`).join('')}`,
})
const own = { 'templates/config.hbs': configMap('own', 'values: {{quote (toJson Values)}}') }

test.each<Case>([
  {
    name: 'values are merged, lists replaced, and null takes a default away',
    files: { 'values.yaml': 'a: { b: 1, c: 2, d: null }\nl: [1, 2]\ngone: 1\n', ...own },
    values: 'a: { c: 3 }\nl: [9]\ngone: null\n',
    gives: [['own', { values: '{"a":{"b":1,"c":3,"d":null},"l":[9]}' }]],
  },
  {
    name: 'a key that is read otherwise than it looks',
    files: { 'values.yaml': 'y: 1\n', ...own },
    values: 'on: 1\n',
    gives: [['own', { values: '{"true":1}' }]],
    problems: [
      'values.yaml:1:1: warning: the key on is read as "true"; quote it: "on"',
      'chart/values.yaml:1:1: warning: the key y is read as "true"; quote it: "y"',
    ],
  },
  {
    name: 'a later layer counts',
    files: own,
    values: 'a: 1\nb: 1\n',
    request: {
      values: [
        { file: 'values.yaml', isOptional: false },
        { values: { b: 2 }, origin: { file: 'secret', line: 0, column: 0 }, secret: true },
      ],
    },
    gives: [['own', { values: '{"a":1,"b":2}' }]],
  },
  {
    name: 'a part gets its own values and the globals, and its parent sees them',
    files: { 'values.yaml': 'global: { g: 1 }\nsub: { x: parent }\n', ...own, ...part('sub') },
    values: 'sub: { w: user, z: null }\n',
    gives: [
      ['own', { values: '{"global":{"g":1},"sub":{"global":{"g":1},"w":"user","x":"parent"}}' }],
      ['sub', { values: '{"global":{"g":1},"w":"user","x":"parent"}' }],
    ],
  },
  {
    name: 'an alias names a part',
    files: {
      ...dependsOn('{ name: sub, version: ~0.3, alias: one }', '{ name: sub, alias: two }'),
      'charts/sub/Chart.yaml': 'apiVersion: v2\nname: sub\nversion: 0.3.1\n',
      'charts/sub/templates/config.hbs': configMap('sub-{{Values.n}}', 'chart: {{Chart.Name}}'),
    },
    values: 'one: { "n": a }\ntwo: { "n": b }\n',
    gives: [
      ['sub-a', { chart: 'sub' }],
      ['sub-b', { chart: 'sub' }],
    ],
  },
  {
    name: 'a condition switches a part, and goes before tags',
    files: {
      ...dependsOn(
        '{ name: a, condition: "a.enabled,global.a" }',
        '{ name: b, tags: [back, front] }',
        '{ name: c, tags: [back] }',
        '{ name: d, tags: [back], condition: d.enabled }',
      ),
      ...part('a'),
      ...part('b'),
      ...part('c'),
      ...part('d'),
    },
    values: 'a: { enabled: false }\ntags: { back: false, front: true }\nd: { enabled: true, x: 1 }\n',
    gives: [
      ['b', { values: '{"x":"default","z":"kept"}' }],
      ['d', { values: '{"enabled":true,"x":1,"z":"kept"}' }],
    ],
  },
  {
    name: 'values of a part are imported',
    files: {
      ...dependsOn('{ name: sub, import-values: [data, { child: inner, parent: under }] }'),
      ...part('sub', {
        'values.yaml': 'exports: { data: { p: 1, q: 1 } }\ninner: { r: 2 }\n',
        'templates/config.hbs': '',
      }),
      'values.yaml': 'q: own\n',
      'templates/config.hbs': configMap('own', 'values: {{Values.p}}{{Values.q}}{{Values.under.r}}'),
    },
    gives: [['own', { values: '1own2' }]],
  },
  {
    name: 'a library gives partials only, from another folder too',
    files: {
      ...dependsOn('{ name: lib, repository: "file://lib" }'),
      'lib/Chart.yaml': 'apiVersion: v2\nname: lib\nversion: 1.0.0\ntype: library\n',
      'lib/templates/_a.hbs': '{{#*inline "lib.name"}}{{Chart.Name}}-lib{{/inline}}',
      'lib/templates/config.hbs': configMap('none', 'a: b'),
      'templates/config.hbs': configMap('{{include "lib.name" this}}', 'a: {{quote (include "lib/_a" this)}}'),
    },
    gives: [['web-lib', { a: '' }]],
  },
  {
    name: 'plain YAML is taken as it is, definitions come first, NOTES are apart, ignored files are not seen',
    files: {
      '.helmignore': 'templates/old*\nfiles/*.key\n',
      'crds/widget.yaml': configMap('definition', 'a: b'),
      'templates/a.yaml': configMap('plain', 'a: yes-{'),
      'templates/old.yaml': '{{ .Values.x }}',
      'templates/b.hbs': `{{#each (until 2)}}---\n${configMap('made-{{this}}', 'files: {{len (Files.Glob "files/**")}}x')}{{/each}}`,
      'templates/_x.hbs': '',
      'templates/NOTES.hbs': 'Hello {{Release.Name}}',
      'files/a.key': 'a',
      'files/b.txt': 'b',
    },
    gives: [
      ['definition', { a: 'b' }],
      ['plain', { a: 'yes-{' }],
      ['made-0', { files: '1x' }],
      ['made-1', { files: '1x' }],
    ],
    notes: 'Hello web',
  },
  {
    name: 'Go templates are refused',
    files: { 'templates/a.yaml': 'apiVersion: v1\nkind: {{ .Values.kind }}\n' },
    problems: [
      'chart/templates/a.yaml:2:7: error: Go templates are not rendered yet; write it in Handlebars as templates/a.hbs, or commit what helm template gives',
    ],
  },
  {
    name: 'a dependency that is not there',
    files: dependsOn('{ name: sub, version: 1.x, repository: "https://example.com" }'),
    problems: [
      'chart/Chart.yaml:5:5: error: the dependency sub 1.x is not in charts/; put the chart into chart/charts/sub, or run helm dependency update',
    ],
  },
  {
    name: 'a chart that is a part of itself',
    files: dependsOn('{ name: web, repository: "file://." }'),
    problems: ['chart/Chart.yaml:5:5: error: the chart chart is a dependency of itself'],
  },
  {
    name: 'no chart',
    files: {},
    request: { chart: 'other' },
    problems: [
      'release.yaml:1:1: error: there is no chart in other: it has no Chart.yaml; name the folder that holds Chart.yaml',
    ],
  },
  {
    name: 'Chart.yaml is checked',
    files: { 'Chart.yaml': 'apiVersion: v2\nname: web\nversion: one\n' },
    problems: ['chart/Chart.yaml:3:10: error: version must be a version, not "one"; write version: 0.1.0'],
  },
  {
    name: 'a chart for another Kubernetes, with an unknown field',
    files: { 'Chart.yaml': `${chartFile}kubeVersion: ">=1.99"\nkeyword: x\n` },
    problems: [
      'chart/Chart.yaml:5:1: warning: a chart has no field keyword; did you mean keywords?',
      'chart/Chart.yaml:4:14: error: the chart web is for Kubernetes >=1.99, and this is v1.34.0; take another version of the chart',
    ],
  },
  {
    name: 'the schema is held against the values, each at its place',
    files: {
      'values.yaml': 'port: 80\nname: x\n',
      'values.schema.json':
        '{"$schema":"http://json-schema.org/draft-07/schema#","type":"object","required":["image"],"additionalProperties":false,"properties":{"port":{"type":"integer"},"name":{"enum":["a","b"]},"image":{"type":"string"}}}',
    },
    values: 'port: "eighty"\nextra: 1\n',
    problems: [
      "values.yaml:1:1: error: Values must have required property 'image'; add image",
      'values.yaml:2:8: error: Values has a field that the chart does not know: extra; remove it, or correct its name',
      'values.yaml:1:7: error: Values.port must be integer; correct the value',
      'chart/values.yaml:2:7: error: Values.name must be one of "a", "b"; correct the value',
    ],
  },
  {
    name: 'a schema that cannot be read',
    files: { 'values.schema.json': '{"type":"text"}' },
    problems: [
      'chart/values.schema.json:1:1: error: the schema cannot be read: schema is invalid: data/type must be equal to one of the allowed values, data/type must be array, data/type must match a schema in anyOf; correct the schema',
    ],
  },
  {
    name: 'a refused field names the template and the value',
    files: {
      'templates/a.hbs':
        'apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  selector: { a: b }\n  ports:\n  - port: {{Values.port}}\n',
    },
    values: 'other: 1\nport: eighty\n',
    problems: [
      'chart/templates/a.hbs:8:13: error: spec.ports[0].port must be a whole number, not "eighty" (Values.port stands at values.yaml:2); write a number, as in port: 1',
    ],
  },
  {
    name: 'through partials: the line of the partial, and where it was included',
    files: {
      'templates/_p.hbs': 'selector: { a: b }\nports:\n- prt: 80\n  port: {{port}}\n',
      'templates/a.hbs':
        'apiVersion: v1\nkind: Service\nmetadata:\n  name: a\nspec:\n  {{> _p Values}}\n---\napiVersion: v1\nkind: Service\nmetadata:\n  name: b\nspec: {{nindent 4 (include "_p" Values)}}\n',
    },
    values: 'port: x\n',
    problems: [
      'chart/templates/_p.hbs:3:3: error: spec.ports[0].prt is not a field of a ServicePort (included at chart/templates/a.hbs:6); remove it; the fields are appProtocol, name, nodePort, protocol, targetPort',
      'chart/templates/_p.hbs:4:11: error: spec.ports[0].port must be a whole number, not "x" (Values.port stands at values.yaml:1, included at chart/templates/a.hbs:6); write a number, as in port: 1',
      'chart/templates/_p.hbs:3:3: error: spec.ports[0].prt is not a field of a ServicePort (included at chart/templates/a.hbs:12); remove it; the fields are appProtocol, name, nodePort, protocol, targetPort',
      'chart/templates/_p.hbs:4:11: error: spec.ports[0].port must be a whole number, not "x" (Values.port stands at values.yaml:1, included at chart/templates/a.hbs:12); write a number, as in port: 1',
    ],
  },
  {
    name: 'YAML that is wrong names the line and the value',
    files: { 'templates/a.hbs': `${configMap('a', 'x: 1')}  y: {{Values.text}}\n` },
    values: "\n\ntext: 'a: b: c'\n",
    problems: [
      'chart/templates/a.hbs:7:8: error: what the template gives is wrong here: not valid YAML: bad indentation of a mapping entry (Values.text stands at values.yaml:3); align the line with its neighbours',
    ],
  },
  {
    name: 'what is secret is not shown',
    files: {
      'templates/a.hbs': `${configMap('a', 'x: 1')}  y: {{Values.text}}\n`,
      'templates/b.hbs':
        'apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  ports:\n  - port: x{{Values.text}}\n',
      'templates/c.hbs': '{{fail (printf "not %s" Values.text)}}',
      'templates/d.hbs': '{{int Values.text}}',
    },
    request: {
      values: [
        { values: { text: 'hunter2: hunter2: [' }, origin: { file: 'db.enc.yaml', line: 2, column: 1 }, secret: true },
      ],
    },
    problems: [
      'chart/templates/a.hbs:7:8: error: what the template gives is wrong here: what is not shown, as it may hold a secret value (Values.text stands at db.enc.yaml:2)',
      'chart/templates/b.hbs:7:14: error: what the template gives is wrong here: what is not shown, as it may hold a secret value (Values.text stands at db.enc.yaml:2)',
      'chart/templates/c.hbs:1:1: error: fail says something that is made of a secret value, so it is not shown',
      'chart/templates/d.hbs:1:1: error: int takes a number, or text that writes one',
    ],
  },
  {
    name: 'a secret value in a refused field is not shown',
    files: {
      'templates/b.hbs':
        'apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  selector: { a: b }\n  ports:\n  - port: x{{Values.text}}\n',
    },
    request: {
      values: [{ values: { text: 'hunter2' }, origin: { file: 'db.enc.yaml', line: 2, column: 1 }, secret: true }],
    },
    problems: [
      'chart/templates/b.hbs:8:11: error: spec.ports[0].port must be a whole number, not (a value that may be secret)',
    ],
  },
  {
    name: 'every template tells its own mistake',
    files: {
      'templates/a.hbs': '{{Values.a}}',
      'templates/b.hbs': configMap('b', 'c: d'),
      'templates/c.hbs': '\n {{nope 1}}',
    },
    gives: [['b', { c: 'd' }]],
    problems: [
      'chart/templates/a.hbs:1:3: error: Values.a is not there: Values has no a; give it in the values, or write (default … Values.a)',
      'chart/templates/c.hbs:2:2: error: there is no helper nope; charts/README.md lists the helpers',
    ],
  },
  {
    name: 'a part’s values must be a mapping',
    files: part('sub'),
    values: 'sub: 1\n',
    problems: [
      'values.yaml:1:6: error: Values.sub holds the values of the chart sub, so it must be a mapping; nest them one level deeper',
    ],
  },
])('$name', ({ gives = [], problems = [], notes = '', ...given }) => {
  const unit = run({ ...given, name: '' })
  expect({
    gives: unit.manifests.map(({ object }) => [object.metadata.name, object['data']]),
    problems: unit.problems.map(formatProblem),
    notes: unit.notes,
  }).toEqual({ gives, problems, notes })
})

test('objects remember the line that made them, and get the release’s namespace', () => {
  const chart = { 'templates/a.hbs': `{{! a comment }}\n${configMap('a', 'x: z')}---\n\n${configMap('b', 'x: z')}` }
  const { manifests } = run({ name: '', files: chart })
  expect(manifests.map(({ object, origin }) => ({ namespace: object.metadata.namespace, ...origin }))).toEqual([
    { namespace: 'shop', file: 'chart/templates/a.hbs', line: 2, column: 1 },
    { namespace: 'shop', file: 'chart/templates/a.hbs', line: 10, column: 1 },
  ])
})

test.each([
  { name: 'a ConfigMap', template: configMap('a', 'x: z'), secret: false },
  { name: 'a Secret', template: 'apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\n', secret: true },
  { name: 'a failure', template: '{{nope 1}}', secret: true },
  { name: 'what a Secret holds', template: '{{#if (lookup "v1" "Secret" "shop" "a")}}{{/if}}', secret: true },
])('$name rests on the disk, or not', ({ template, secret }) => {
  expect(run({ name: '', files: { 'templates/a.hbs': template } }).secret).toBe(secret)
})

test('a render tells what it depends on', () => {
  const chart = {
    'templates/a.hbs': '{{#if (lookup "v1" "Secret" "shop" "db")}}{{Files.Get "a.txt"}}{{/if}}',
    'a.txt': 'x',
  }
  const objects = [{ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'db', namespace: 'shop' } }]
  const { asked, lookups } = run({ name: '', files: chart, request: { objects } })
  expect(lookups).toEqual([{ apiVersion: 'v1', kind: 'Secret', namespace: 'shop', name: 'db' }])
  expect(asked).toEqual(
    expect.arrayContaining([
      'chart/Chart.yaml',
      'chart/values.yaml',
      'chart/templates/',
      'chart/templates/a.hbs',
      'chart/a.txt',
    ]),
  )
})
