import { deepStrictEqual } from 'node:assert'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { NotWrittenHere, readYaml } from './read-yaml.ts'
import { writeYaml } from './write-yaml.ts'

const strange = [
  '',
  ' ',
  'yes',
  'No',
  'on',
  'null',
  '~',
  'true',
  '0644',
  '0o17',
  '0x1f',
  '1e3',
  '1_000',
  '12:30:45',
  '.inf',
  '2026-11-20',
  '2026-11-20T19:08:09Z',
  '- a',
  'a: b',
  'a:b',
  'a #b',
  'a#b',
  '#',
  '"',
  "'",
  '\\',
  '{}',
  '[]',
  '|',
  '|-',
  '>',
  '&a',
  '*a',
  '!x',
  '%',
  '@a',
  '`',
  '?',
  '? a',
  'a:',
  ':',
  'x ',
  ' x',
  'a  b',
  'a -b',
  '=',
  '<<',
  '---',
  '...',
  '\t',
  '\n',
  'a\n',
  'a\n\n',
  '\na',
  ' a\nb',
  'a\nb',
  'a\n\nb\n',
  'a\n  b\n c',
  'a\n  \nb',
  'a\n\t\nb',
  'a\r\nb',
  'a \nb ',
  '# a\nb',
  'key: a\nkey2: |\n  b',
  '\ufeff',
  '\u0085',
  '\u2028',
  '\ud800',
  '\uffff',
  '🚢',
  '🚢\nü\n',
  '\u0000',
  '\u007f',
  'a\u0007\nb',
  '__proto__',
  'constructor',
  'a'.repeat(3000),
  '-',
  '--',
  '-1',
  '+1',
  'a,b',
  'a, b',
  '(a)',
  'NaN',
  'a::b',
  'a: ',
  'http://x/y?z=1',
]
const text = fc.oneof(
  fc.constantFrom(...strange),
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.array(fc.constantFrom(...strange)).map(parts => parts.join('\n')),
)
const number = fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true })).map(value => value + 0)
const { value } = fc.letrec(tie => ({
  value: fc.oneof({ maxDepth: 5 }, text, number, fc.boolean(), fc.constant(null), fc.array(tie('value')), tie('map')),
  map: fc.dictionary(text, tie('value')),
}))
const document = fc.dictionary(text, value)

test('reads back whatever it wrote', () => {
  fc.assert(
    fc.property(document, written => {
      deepStrictEqual(readYaml(writeYaml(written)), plain(written))
    }),
    { numRuns: 2000 },
  )
})

test.each(['1.1', '1.2'] as const)('a reader of all of YAML %s reads the same', version => {
  const legal = fc.dictionary(
    text.filter(isLegalKey),
    fc.oneof(text, fc.array(text), fc.dictionary(text.filter(isLegalKey), text)),
  )
  fc.assert(
    fc.property(legal, written => {
      fc.pre(!JSON.stringify(written).includes(String.raw`\ud`))
      expect(parse(writeYaml(written), { version, uniqueKeys: false })).toEqual(plain(written))
    }),
    { numRuns: 1000 },
  )
})

test('looks as kubectl prints it', () => {
  const pod = {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: { name: 'web', labels: {}, annotations: { note: 'two\nlines', 'gantry.dev/source': 'shop/web.yaml' } },
    spec: {
      containers: [{ name: 'app', command: ['sh', '-c', 'echo "a"\nsleep 1\n'], env: [], image: undefined }],
      matrix: [[1, 2], []],
    },
    status: { startTime: '2026-11-20T19:08:09Z', ready: true, note: null },
  }
  expect(writeYaml(pod)).toBe(`apiVersion: v1
kind: Pod
metadata:
  annotations:
    gantry.dev/source: shop/web.yaml
    note: |-
      two
      lines
  labels: {}
  name: web
spec:
  containers:
  - command:
    - sh
    - "-c"
    - |
      echo "a"
      sleep 1
    env: []
    name: app
  matrix:
  - - 1
    - 2
  - []
status:
  note: null
  ready: true
  startTime: "2026-11-20T19:08:09Z"
`)
})

test.each([
  '',
  'a',
  'a: b',
  'a: 1\n b: 2\n',
  'a:\n',
  '- a\n',
  'a: &x 1\n',
  'a: "b\n',
  "a: 'b'\n",
  'a: {b: 1}\n',
  'a: 1 # one\n',
  '\n',
  'a:\n    b: 1\n',
])('refuses %j, which it does not write', foreign => expect(() => readYaml(foreign)).toThrow(NotWrittenHere))

/** YAML limits a key to 1,024 characters; the reader that is compared with drops __proto__. */
function isLegalKey(key: string): boolean {
  return key !== '__proto__' && key.length < 500
}

/** Prototypes as JSON gives them. */
function plain(written: unknown): unknown {
  return JSON.parse(JSON.stringify(written))
}
