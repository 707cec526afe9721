import { expect, test } from 'vitest'
import { canonicalQuantity, formatBytes, formatCpu, parseQuantity } from './quantity.ts'

test.each([
  ['0', 0],
  ['2', 2],
  ['250m', 0.25],
  ['0.1', 0.1],
  ['.5', 0.5],
  ['5.', 5],
  ['+1', 1],
  ['-1', -1],
  ['100n', 1e-7],
  ['3u', 3e-6],
  ['1k', 1000],
  ['1M', 1e6],
  ['2G', 2e9],
  ['1T', 1e12],
  ['1P', 1e15],
  ['1E', 1e18],
  ['1Ki', 1024],
  ['64Mi', 67_108_864],
  ['1.5Gi', 1_610_612_736],
  ['1Ti', 1024 ** 4],
  ['1e3', 1000],
  ['1E3', 1000],
  ['12e-1', 1.2],
])('%s is %d', (text, expected) => {
  expect(parseQuantity(text)).toBe(expected)
})

test.each([
  '',
  ' 1',
  '1 ',
  'm',
  '1K',
  '1mi',
  '1ki',
  '64MB',
  '1.2.3',
  '1e',
  '1e3m',
  '--1',
  '0x10',
  'NaN',
  'Infinity',
  '1_000',
  '.',
])('%j is no quantity', text => {
  expect(() => parseQuantity(text)).toThrow(
    `not a quantity: ${JSON.stringify(text)}; a quantity is a number with a suffix: 250m, 2, 64Mi, 1G`,
  )
})

test.each([
  [0, '0'],
  [0.25, '250m'],
  [2, '2'],
  [0.1 + 0.2, '300m'],
  [1.0001, '1001m'],
])('%d cores print as %s', (cores, expected) => {
  expect(formatCpu(cores)).toBe(expected)
})

test.each([
  [0, '0'],
  [1, '1'],
  [1000, '1000'],
  [1024, '1Ki'],
  [67_108_864, '64Mi'],
  [1_610_612_736, '1536Mi'],
  [1024 ** 4, '1Ti'],
])('%d bytes print as %s', (bytes, expected) => {
  expect(formatBytes(bytes)).toBe(expected)
})

test.each([
  ['0', '0'],
  ['0Mi', '0'],
  ['-0', '0'],
  ['0.1', '100m'],
  ['1000m', '1'],
  ['1.5', '1500m'],
  ['+2', '2'],
  ['-0.5', '-500m'],
  ['.5', '500m'],
  ['5.', '5'],
  ['1000k', '1M'],
  ['1234k', '1234k'],
  ['64Mi', '64Mi'],
  ['1024Mi', '1Gi'],
  ['1.5Gi', '1536Mi'],
  ['0.9Gi', '966367641600m'],
  ['0.5Ki', '512'],
  ['1025', '1025'],
  ['1e3', '1e3'],
  ['1E3', '1e3'],
  ['1000e0', '1e3'],
  ['12e-1', '1200e-3'],
  ['5e0', '5'],
  ['1n', '1n'],
  ['0.1n', '1n'],
  ['1e-999', '1e-9'],
  ['1E', '1E'],
  ['100E', '9223372036854775807'],
  ['1e999', '9223372036854775807'],
])('%s is stored as %s', (text, expected) => {
  expect(canonicalQuantity(text)).toBe(expected)
  expect(canonicalQuantity(expected)).toBe(expected)
})
