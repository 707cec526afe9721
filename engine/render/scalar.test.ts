import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { describeWith } from '../../test/needs.ts'
import { compose } from './compose.ts'
import { readYaml } from './nodes.ts'
import { isPlainText } from './scalar.ts'

/** What is written, and the JSON that kubectl reads from it. */
const cases: readonly (readonly [written: string, read: unknown])[] = [
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'on', 'On', 'ON', 'true', 'True', 'TRUE'].map(word => [word, true] as const),
  ...['n', 'N', 'no', 'No', 'NO', 'off', 'Off', 'OFF', 'false', 'False', 'FALSE'].map(word => [word, false] as const),
  ...['', '~', 'null', 'Null', 'NULL'].map(word => [word, null] as const),
  ['tRUE', 'tRUE'],
  ['yES', 'yES'],
  // octal
  ['0644', 420],
  ['-0644', -420],
  ['0o644', 420],
  ['0O644', 420],
  ['-0o7', -7],
  ['00', 0],
  ['0_7', 7],
  // no octal digit: a float
  ['08', 8],
  ['0888', 888],
  ['0o8', '0o8'],
  // other bases
  ['0x1F', 31],
  ['+0x10', 16],
  ['0x_1f', 31],
  ['0x1G', '0x1G'],
  ['0x', '0x'],
  ['0b101', 5],
  ['-0b11', -3],
  ['0b2', '0b2'],
  // underscores
  ['1_000', 1000],
  ['1__0', 10],
  ['1_', 1],
  ['_1', '_1'],
  ['1,000', '1,000'],
  // neither sexagesimal numbers nor dates
  ['1:30', '1:30'],
  ['190:20:30', '190:20:30'],
  ['2001-01-01', '2001-01-01'],
  ['2001-12-14t21:59:43.10-05:00', '2001-12-14t21:59:43.10-05:00'],
  // numbers
  ['+12', 12],
  ['-0', 0],
  ['1.5', 1.5],
  ['1.', 1],
  ['.5', 0.5],
  ['+.5', 0.5],
  ['1e3', 1000],
  ['1E+3', 1000],
  ['-2E-05', -0.00002],
  ['1e1_0', 10_000_000_000],
  ['1_0.5', 10.5],
  ['0.1e-7', 1e-8],
  ['1.10', 1.1],
  ['1e', '1e'],
  ['1e400', '1e400'],
  ['0x1.8p3', '0x1.8p3'],
  ['9007199254740991', Number.MAX_SAFE_INTEGER],
  ['18446744073709551616', 18446744073709552000],
  ['+', '+'],
  ['=', '='],
  ['<<', '<<'],
  ['NaN', 'NaN'],
  ['inf', 'inf'],
  // tags
  ['!!str 12', '12'],
  ['! 12', '12'],
  ['!!int "12"', 12],
  ['!!float 1', 1],
  ['!!bool "yes"', true],
  ['!!null ""', null],
  ['!!binary aGVsbG8=', 'hello'],
  ['!!timestamp 2001-01-01', '2001-01-01'],
  // quoted
  ['"yes"', 'yes'],
  ["'0644'", '0644'],
  ['""', ''],
  ['"\\u00e9\\n"', 'é\n'],
]

test.each(cases)('%s', (written, read) => {
  expect(valueOf(`v: ${written}`)).toEqual({ v: read })
})

test.each([
  ['.inf', '.inf is no number that a manifest can hold'],
  ['-.INF', '-.INF is no number that a manifest can hold'],
  ['.nan', '.nan is no number that a manifest can hold'],
  ['9007199254740993', '9007199254740993 is too large a number to be kept exactly (at most 9007199254740991)'],
  ['!vault secret', 'the tag !vault has no meaning in a manifest'],
  ['!!int twelve', '"twelve" is not what its tag !!int says'],
  ['!!binary ä', 'the value after !!binary is not base64'],
  ['!!binary /w==', 'the value after !!binary is not UTF-8 text'],
])('%s is refused', (written, message) => {
  expect(findingsOf(`v: ${written}`)).toEqual([
    expect.objectContaining({ severity: 'error', message, offset: expect.any(Number) }),
  ])
})

test.each([
  ['yes', 'true'],
  ['0644', '420'],
  ['1.5', '1.5'],
  ['1e3', '1000'],
  ['2001-01-01', '2001-01-01'],
  ['"yes"', 'yes'],
])('the key %s is %s', (written, key) => {
  expect(valueOf(`? ${written}\n: 1`)).toEqual({ [key]: 1 })
})

test('a text is plain where it is read as itself', () => {
  const words = cases.filter(([written]) => /^[\w+.,:-]+$/.test(written))
  for (const [written, read] of words) expect([written, isPlainText(written)]).toEqual([written, read === written])
})

describeWith(['kubectl'], 'as kubectl reads them', () => {
  test('every case', () => {
    const fields = cases.map(([written], index) => `  v${index}: ${written}`)
    const manifest = ['apiVersion: v1', 'kind: Case', 'metadata: { name: case }', 'values:', ...fields].join('\n')
    const output = execFileSync('kubectl', ['annotate', '--local', '-o', 'json', '-f', '-', 'a=b'], { input: manifest })
    const oracle: { values: Record<string, unknown> } = JSON.parse(output.toString())
    const expected = cases.map(([, read], index) => [`v${index}`, read] as const)
    expect(oracle.values).toEqual(Object.fromEntries(expected))
  })
})

function valueOf(text: string): unknown {
  return readYaml(text).map(node => compose(node).value)[0]
}

function findingsOf(text: string) {
  return readYaml(text).flatMap(node => compose(node).findings)
}
