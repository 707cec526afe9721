import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { renderUnit, type Language } from './unit.ts'
import { writeYaml } from './write.ts'

const languages: readonly Language[] = ['yaml', 'json', 'settings']

/** Whatever the bytes are: a result that crosses threads as JSON, every problem with a place, nothing thrown. */
function survives(bytes: Uint8Array): void {
  for (const language of languages) {
    for (const validate of [true, false]) {
      const unit = renderUnit(bytes, { language, validate })
      expect(JSON.parse(JSON.stringify(unit))).toEqual(unit)
      for (const { line, column, message } of unit.problems) {
        expect([Number.isInteger(line), Number.isInteger(column), message.length > 0]).toEqual([true, true, true])
      }
    }
  }
}

test('any bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), bytes => survives(bytes)),
    { numRuns: 100 },
  )
})

const words = 'a kind apiVersion v1 ConfigMap metadata name items List data __proto__ yes 0644 .inf ~ 1e3 é 😀 0'.split(
  ' ',
)
const marks = [
  ': ',
  ':',
  '\n',
  '\n  ',
  '\n    ',
  '- ',
  '? ',
  '[',
  ']',
  '{',
  '}',
  ', ',
  '"',
  "'",
  '|\n',
  '>-\n',
  '#',
  ' # c',
]
const signs = ['&a ', '*a', '<<: ', '!!str ', '!x ', '!!binary ', '---\n', '...\n', '%YAML 1.1\n', '%TAG ! x:\n']
const oddities = ['\t', '\r\n', '\ufeff', '\u2028', '\ud800', '@', '`']

/** Text made of what YAML gives a meaning to. */
const yamlish = fc
  .array(fc.constantFrom(...words, ...marks, ...signs, ...oddities), { maxLength: 60 })
  .map(parts => parts.join(''))

test('any text of YAML’s own marks', () => {
  fc.assert(
    fc.property(yamlish, text => survives(Buffer.from(text))),
    { numRuns: 600 },
  )
})

const fieldName = fc.constantFrom(
  'metadata',
  'spec',
  'data',
  'template',
  'containers',
  'name',
  'ports',
  'env',
  'selector',
  'matchLabels',
  'x',
)
const anything = fc.letrec<{ value: unknown }>(tie => ({
  value: fc.oneof(
    { maxDepth: 6 },
    fc.constantFrom<unknown>(null, true, 0, -1, 1.5, 'text', '', 'yes', '0644', '10Mi'),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fieldName, tie('value'), { maxKeys: 5 }),
  ),
})).value
const kinds = fc.constantFrom(
  ['v1', 'Pod'],
  ['apps/v1', 'Deployment'],
  ['v1', 'Service'],
  ['v1', 'Secret'],
  ['v1', 'List'],
  ['example.dev/v1', 'Widget'],
)

test('objects of every shape', () => {
  fc.assert(
    fc.property(kinds, fc.dictionary(fieldName, anything), ([apiVersion, kind], fields) =>
      survives(Buffer.from(JSON.stringify({ apiVersion, kind, ...fields }))),
    ),
    { numRuns: 400 },
  )
})

test('what is written as YAML is read as it was', () => {
  const text = fc.oneof(
    fc.string(),
    fc.constantFrom(
      'yes',
      'y',
      '0644',
      '-0o7',
      '0B1',
      '1_0.5',
      '1:30',
      '~',
      '',
      '.inf',
      '<<',
      '=',
      ' a',
      'a\n',
      '\n',
      '- a',
      '# a',
      'a: b',
      '2001-01-01',
      '1e3',
      '\u0085',
    ),
  )
  const value = fc.letrec<{ value: unknown }>(tie => ({
    value: fc.oneof(
      { maxDepth: 4 },
      text,
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(text, tie('value'), { maxKeys: 3 }),
    ),
  })).value
  fc.assert(
    fc.property(value, data => {
      const object = { apiVersion: 'v1', kind: 'Any', data }
      const unit = renderUnit(Buffer.from(writeYaml(object)), { language: 'yaml', validate: false })
      expect(unit).toEqual({ manifests: [{ line: 1, column: 1, object }], problems: [] })
    }),
    { numRuns: 400 },
  )
})
