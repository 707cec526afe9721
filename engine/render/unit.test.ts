import { expect, test } from 'vitest'
import { renderUnit, type Language, type RenderedUnit } from './unit.ts'

const namespace = 'apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n'
const shop = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } }

/** A unit in a line each: what it gives and where, what is wrong and where. */
function render(source: string | Uint8Array, language: Language = 'yaml'): string[] {
  return inWords(renderUnit(typeof source === 'string' ? Buffer.from(source) : source, { language, validate: true }))
}

function inWords({ manifests, problems }: RenderedUnit): string[] {
  return [
    ...manifests.map(({ object, line, column }) => `${line}:${column} ${object.kind} ${object.metadata.name}`),
    ...problems.map(
      ({ line, column, severity, message, remedy }) =>
        `${line}:${column} ${severity}: ${message}${remedy === undefined ? '' : `; ${remedy}`}`,
    ),
  ]
}

const configMap = (...lines: readonly string[]) =>
  ['apiVersion: v1', 'kind: ConfigMap', 'metadata: { name: c }', ...lines].join('\n')

test.each<{ name: string; source: string | Uint8Array; language?: Language; gives: readonly string[] }>([
  { name: 'one document', source: namespace, gives: ['1:1 Namespace shop'] },
  { name: 'nothing', source: '', gives: [] },
  { name: 'comments only', source: '# nothing\n\n# here\n', gives: [] },
  { name: 'empty documents', source: `---\n---\n# none\n---\n${namespace}---\n`, gives: ['5:1 Namespace shop'] },
  {
    name: 'several documents, separators with comments',
    source: `# first\n--- # of two\n${namespace}--- # second\n${namespace.replace('shop', 'tools')}...\n`,
    gives: ['3:1 Namespace shop', '8:1 Namespace tools'],
  },
  { name: 'Windows line ends', source: namespace.replaceAll('\n', '\r\n'), gives: ['1:1 Namespace shop'] },
  { name: 'a byte order mark', source: `\ufeff${namespace}`, gives: ['1:1 Namespace shop'] },
  { name: 'UTF-16 with its mark', source: Buffer.from(`\ufeff${namespace}`, 'utf16le'), gives: ['1:1 Namespace shop'] },
  { name: 'no line feed at the end', source: namespace.trimEnd(), gives: ['1:1 Namespace shop'] },
  {
    name: 'a List',
    source: `apiVersion: v1\nkind: List\nitems:\n- ${namespace.replaceAll('\n', '\n  ')}\n- apiVersion: v1\n  kind: ConfigMap\n  metadata: { name: c }\n`,
    gives: ['4:3 Namespace shop', '9:3 ConfigMap c'],
  },
  {
    name: 'a typed list, whose items need no kind',
    source: 'apiVersion: v1\nkind: ConfigMapList\nitems:\n- metadata: { name: a }\n- metadata: { name: b }\n',
    gives: ['4:3 ConfigMap a', '5:3 ConfigMap b'],
  },
  {
    name: 'an item of a List that is wrong',
    source: 'apiVersion: v1\nkind: List\nitems:\n- 3\n',
    gives: [
      '4:3 error: a manifest must be a mapping with apiVersion and kind; this is only a number; if it is not meant for the cluster, leave the file out with .gantryignore',
    ],
  },
  { name: 'JSON', source: `\n ${JSON.stringify(shop)}`, language: 'json', gives: ['2:2 Namespace shop'] },
  {
    name: 'several JSON values',
    source: `${JSON.stringify(shop)} ${JSON.stringify(shop, undefined, '\t')}\n{"apiVersion":"v1","kind":"List","items":[]}`,
    language: 'json',
    gives: ['1:1 Namespace shop', '1:67 Namespace shop'],
  },
  {
    name: 'JSON that breaks off',
    source: '{"apiVersion": "v1",\n "kind": "Namespace"',
    language: 'json',
    gives: ["2:21 error: not valid JSON: Expected ',' or '}' after property value"],
  },
  {
    name: 'JSON with a trailing comma',
    source: '{"apiVersion": "v1",}',
    language: 'json',
    gives: ['1:21 error: not valid JSON: Expected double-quoted property name'],
  },
  {
    name: 'JSON with a key twice',
    source: '{"apiVersion": "v1",\n"kind": "Namespace", "kind": "Pod"}',
    language: 'json',
    gives: ['2:22 error: the key "kind" is written twice in one mapping, first written at line 2; keep one of them'],
  },
  {
    name: 'a key twice',
    source: configMap('data:', '  a: "1"', '  b: "2"', '  a: "3"'),
    gives: ['7:3 error: the key "a" is written twice in one mapping, first written at line 5; keep one of them'],
  },
  {
    name: '<< of a text',
    source: configMap('data:', '  <<: text'),
    gives: [
      '5:7 error: << must name a mapping, or a list of mappings; write << with an alias of a mapping, or quote the key: "<<"',
    ],
  },
  {
    name: 'an alias without an anchor',
    source: configMap('data:', '  a: *nobody'),
    gives: [
      '5:7 error: the alias *nobody names no anchor of this document; write &nobody before the value that is meant',
    ],
  },
  {
    name: 'an alias inside of what it names',
    source: configMap('data: &all', '  a: *all'),
    gives: ['5:7 error: the alias *all stands inside the value that it names'],
  },
  {
    name: 'a bomb of aliases',
    source: ['a: &a0 [x]', ...Array.from({ length: 12 }, (_, i) => `b${i}: &a${i + 1} [${`*a${i},`.repeat(10)}]`)].join(
      '\n',
    ),
    gives: [
      '6:23 error: the aliases of this file stand for more than 100000 values; write the values out, or repeat fewer',
    ],
  },
  {
    name: 'nesting without end',
    source: '['.repeat(10_000),
    gives: ['1:200 error: not valid YAML: nesting exceeded maxDepth (200); nest no deeper than 200 levels'],
  },
  {
    name: 'tabs',
    source: 'apiVersion: v1\nkind: Namespace\nmetadata:\n\tname: shop\n',
    gives: ['4:1 error: not valid YAML: tab characters must not be used in indentation; indent with spaces'],
  },
  {
    name: 'a NUL byte',
    source: `${namespace}\0`,
    gives: [
      '5:1 error: the file holds the control character U+0000, which YAML and JSON do not allow; remove it, or write it as an escape in a double-quoted string',
    ],
  },
  {
    name: 'bytes that are not UTF-8',
    source: Buffer.concat([Buffer.from(`${namespace}# `), Buffer.from([0xe4, 0xf6]), Buffer.from('\n')]),
    gives: ['5:3 error: the file is not UTF-8 text; save it as UTF-8, or leave it out with .gantryignore'],
  },
  {
    name: 'a YAML that is no manifest',
    source: 'image: nginx\n',
    gives: [
      '1:1 error: a manifest needs apiVersion and kind; this has no apiVersion and no kind; if it is not meant for the cluster, leave the file out with .gantryignore',
    ],
  },
  {
    name: 'a text that is no manifest',
    source: 'hello\n',
    gives: [
      '1:1 error: a manifest must be a mapping with apiVersion and kind; this is only a string; if it is not meant for the cluster, leave the file out with .gantryignore',
    ],
  },
  {
    name: 'a Git LFS pointer',
    source: 'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n',
    gives: [
      '1:1 warning: the file is a Git LFS pointer, not its contents: nothing of it is applied; commit the file itself, or leave it out with .gantryignore',
    ],
  },
  {
    name: 'a file that only says that it is encrypted',
    source: 'apiVersion: v1\nkind: Secret\nsops: { mac: x }\n',
    gives: [
      '3:1 error: sops has no lastmodified as a time: nothing says that the values are those that were encrypted; restore the file as it was encrypted, and change it with gantry secret edit',
    ],
  },
  {
    name: 'a key that is read as something else',
    source: configMap('data:', '  on: "1"'),
    gives: ['1:1 ConfigMap c', '5:3 warning: the key on is read as "true"; quote it: "on"'],
  },
  {
    name: 'a boolean where text is asked for',
    source: configMap('data:', '  enabled: yes'),
    gives: [
      '5:12 error: data.enabled must be text, not true (yes without quotes is read as true); quote it: enabled: "yes"',
    ],
  },
  {
    name: 'an octal number where text is asked for',
    source: configMap('data:', '  mode: 0644'),
    gives: ['5:9 error: data.mode must be text, not 420 (0644 without quotes is read as 420); quote it: mode: "0644"'],
  },
  {
    name: 'problems of every document at once',
    source: [configMap('data: { a: 1 }'), configMap('data: { b: 2 }'), namespace].join('\n---\n'),
    gives: [
      '11:1 Namespace shop',
      '4:12 error: data.a must be text, not 1; quote it: a: "1"',
      '9:12 error: data.b must be text, not 2; quote it: b: "2"',
    ],
  },
])('$name', ({ source, language, gives }) => {
  expect(render(source, language)).toEqual(gives)
})

test('aliases give values of their own, and merge keys the fields that are not written', () => {
  const source = configMap('data:', '  a: &text long', '  b: *text', 'binaryData: &more { c: YQ==, d: Yg== }').replace(
    'metadata: { name: c }',
    'metadata:\n  name: c\n  labels: &labels { app: web, tier: front }\n  annotations: { <<: *labels, tier: back }',
  )
  const { manifests, problems } = renderUnit(Buffer.from(source), { language: 'yaml', validate: true })
  expect(problems).toEqual([])
  expect(manifests[0]?.object).toMatchObject({
    metadata: { labels: { app: 'web', tier: 'front' }, annotations: { app: 'web', tier: 'back' } },
    data: { a: 'long', b: 'long' },
  })
})

test('a key named __proto__ is a key like others', () => {
  const { manifests } = renderUnit(Buffer.from(configMap('data:', '  a: x', '  __proto__: z')), {
    language: 'yaml',
    validate: false,
  })
  expect(JSON.stringify(manifests[0]?.object.data)).toBe('{"a":"x","__proto__":"z"}')
})

test('beyond fifty problems the rest is counted', () => {
  const lines = render(configMap('data:', ...Array.from({ length: 80 }, (_, i) => `  k${i}: ${i}`)))
  expect([lines.length, lines.at(-1)]).toEqual([51, '0:0 error: 30 more problems in this file'])
})
