import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { memoryTree } from '../memory-tree.fixture.ts'
import { answerOf } from './answer.fixture.ts'

const chartFile = 'apiVersion: v2\nname: web\nversion: 1.0.0\n'

/** Whatever the files hold: a result that crosses threads as JSON, every problem with a place, nothing thrown. */
function survives(files: Readonly<Record<string, string | Uint8Array>>): readonly string[] {
  const unit = answerOf(memoryTree({ 'chart/Chart.yaml': chartFile, ...files }), {
    values: 'values.yaml' in files ? [{ file: 'values.yaml', isOptional: false }] : [],
  })
  expect(JSON.parse(JSON.stringify(unit))).toEqual(unit)
  for (const { file, line, column, message } of unit.problems) {
    expect([file.length > 0, Number.isInteger(line), Number.isInteger(column), message.length > 0]).toEqual([
      true,
      true,
      true,
      true,
    ])
  }
  return unit.problems.map(({ message }) => message)
}

test('any bytes in any file', () => {
  const name = fc.constantFrom(
    'Chart.yaml',
    'values.yaml',
    'values.schema.json',
    '.helmignore',
    'templates/a.hbs',
    'templates/b.yaml',
    'templates/_p.hbs',
    'crds/a.yaml',
  )
  fc.assert(
    fc.property(name, fc.uint8Array({ maxLength: 100 }), (path, bytes) => void survives({ [`chart/${path}`]: bytes })),
    { numRuns: 150 },
  )
})

const words = [
  'Values',
  'Values.a',
  'Values.a.b',
  'this',
  '../x',
  '@root',
  '@index',
  '"t"',
  '1',
  '-1',
  'true',
  'null',
  '.5',
  '__proto__',
  'constructor',
  'a.[b c]',
]
const calls = [
  'toYaml',
  'nindent',
  'default',
  'include',
  'tpl',
  'dict',
  'list',
  'eq',
  'add',
  'trunc',
  'printf',
  'fromYaml',
  'merge',
  'keys',
  'lookup',
  'Files.Get',
  'date',
  'semverCompare',
  'until',
  'repeat',
]
const marks = [
  '{{',
  '}}',
  '{{{',
  '}}}',
  '{{~',
  '~}}',
  '{{#if ',
  '{{#each ',
  '{{#with ',
  '{{else}}',
  '{{/if}}',
  '{{/each}}',
  '{{/with}}',
  '{{> _p',
  '{{#> _p}}',
  '{{/_p}}',
  '{{#*inline "x"}}',
  '{{/inline}}',
  '{{> x}}',
  '(',
  ')',
  ' ',
  '\n',
  'a: ',
  '- ',
  '---\n',
  'as |x y|',
  '=',
  '{{!',
  '--}}',
  '\\{{',
  '{{{{raw}}}}',
  '{{{{/raw}}}}',
]

test('any text of Handlebars’ own marks', () => {
  const text = fc.array(fc.constantFrom(...words, ...calls, ...marks), { maxLength: 25 }).map(parts => parts.join(''))
  fc.assert(
    fc.property(
      text,
      text,
      (template, partial) =>
        void survives({
          'chart/templates/a.hbs': template,
          'chart/templates/_p.hbs': partial,
          'values.yaml': 'a: { b: 1 }',
        }),
    ),
    { numRuns: 250 },
  )
})

test('helpers given anything', () => {
  const argument = fc.constantFrom(
    ...words,
    '(list 1 "a" Values)',
    '(dict "a" Values)',
    'Values.s',
    'Values.l',
    '"{{x"',
    '99999999',
    '"%d %s %q"',
    '"("',
  )
  const call = fc.tuple(
    fc.constantFrom(
      ...calls,
      ...'upper quote replace split join regexMatch toJson fromJson b64dec get hasKey pick omit first uniq has len ternary required div mod int float64 now semver dig slice'.split(
        ' ',
      ),
    ),
    fc.array(argument, { maxLength: 4 }),
  )
  const nested = fc
    .tuple(call, call)
    .map(([[outer, args], [inner, more]]) => `{{${outer} ${args.join(' ')} (${inner} ${more.join(' ')})}}`)
  fc.assert(
    fc.property(
      nested,
      text => void survives({ 'chart/templates/a.hbs': text, 'values.yaml': 's: text\nl: [1, a]\na: { b: ~ }' }),
    ),
    { numRuns: 250 },
  )
})

const deep = (depth: number, open: string, close: string): string => open.repeat(depth) + close.repeat(depth)

test.each([
  [
    'a partial that includes itself',
    { 'chart/templates/_p.hbs': '{{> _p}}', 'chart/templates/a.hbs': '{{> _p}}' },
    /more than 100 deep/,
  ],
  [
    'two that include each other',
    {
      'chart/templates/_p.hbs': '{{include "_q" this}}',
      'chart/templates/_q.hbs': '{{include "_p" this}}',
      'chart/templates/a.hbs': '{{> _p}}',
    },
    /more than 100 deep/,
  ],
  [
    'a tpl that gives itself',
    { 'chart/templates/a.hbs': '{{tpl Values.t this}}', 'values.yaml': 't: "{{tpl Values.t this}}"' },
    /more than 100 deep/,
  ],
  [
    'a tpl that doubles',
    {
      'chart/templates/a.hbs': '{{tpl Values.t this}}',
      'values.yaml': 't: "{{#each (until 9)}}{{tpl @root.Values.t @root}}{{/each}}xxxxxxxxxxxxxxxx"',
    },
    /more than 100 deep/,
  ],
  [
    'loops in loops',
    { 'chart/templates/a.hbs': `${'{{#each (until 1000)}}'.repeat(3)}x${'{{/each}}'.repeat(3)}` },
    /more than 300000 steps/,
  ],
  [
    'partials that double',
    {
      'chart/templates/a.hbs':
        Array.from({ length: 40 }, (_, i) => `{{#*inline "p${i}"}}{{> p${i + 1}}}{{> p${i + 1}}}{{/inline}}`).join('') +
        '{{#*inline "p40"}}x{{/inline}}{{> p0}}',
    },
    /more than 300000 steps/,
  ],
  [
    'too much text',
    { 'chart/templates/a.hbs': '{{#each (until 9)}}{{repeat 8000000 "x"}}{{/each}}' },
    /more than 16 MiB of text/,
  ],
  [
    'text that doubles',
    { 'chart/templates/a.hbs': '{{#each (until 99)}}{{len (join (repeat 9999 "x") (until 9999))}}{{/each}}' },
    /would give more than/,
  ],
  ['deep blocks', { 'chart/templates/a.hbs': deep(5_000, '{{#if 1}}', '{{/if}}') }, /more than 100 blocks stand/],
  [
    'deep expressions',
    { 'chart/templates/a.hbs': `{{list ${deep(5_000, '(list ', ')')}}}` },
    /more than 100 parentheses/,
  ],
  [
    'deep values',
    { 'chart/templates/a.hbs': '{{toYaml Values}}', 'values.yaml': 'a: '.padEnd(5_000, '[') },
    /not valid YAML/,
  ],
  ['a large template', { 'chart/templates/a.hbs': 'x'.repeat(2 << 20) }, /larger than 1024 KiB/],
  [
    'values of a bomb of aliases',
    {
      'values.yaml': Array.from(
        { length: 30 },
        (_, i) => `a${i}: &a${i} [${i === 0 ? 'x' : `*a${i - 1}, *a${i - 1}`}]`,
      ).join('\n'),
    },
    /aliases/,
  ],
])('%s', (_, files: Readonly<Record<string, string>>, expected) => {
  expect(survives(files).join('\n')).toMatch(expected)
})
