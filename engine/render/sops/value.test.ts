import { expect, test } from 'vitest'
import { jsonNumber, plainValue, type SopsValue } from './value.ts'

const words = (value: SopsValue | null): string | null =>
  value === null ? null : `${value.type} ${Buffer.from(value.bytes).toString()}`

// As go-yaml 3 resolves them, whose values SOPS counts.
test.each<{ text: string; value: string | null }>([
  { text: '', value: null },
  { text: '~', value: null },
  { text: 'null', value: null },
  { text: 'nothing', value: 'str nothing' },
  { text: 'true', value: 'bool True' },
  { text: 'False', value: 'bool False' },
  { text: 'yes', value: 'str yes' },
  { text: 'off', value: 'str off' },
  { text: '0', value: 'int 0' },
  { text: '-0', value: 'int 0' },
  { text: '+12', value: 'int 12' },
  { text: '0644', value: 'int 420' },
  { text: '0o14', value: 'int 12' },
  { text: '-0x1F', value: 'int -31' },
  { text: '0b101', value: 'int 5' },
  { text: '1_000', value: 'int 1000' },
  { text: '08', value: 'float 8' },
  { text: '9223372036854775807', value: 'int 9223372036854775807' },
  { text: '1.50', value: 'float 1.5' },
  { text: '.5', value: 'float 0.5' },
  { text: '12e03', value: 'float 12000' },
  { text: '1e21', value: 'float 1000000000000000000000' },
  { text: '1.25e-8', value: 'float 0.0000000125' },
  { text: '-1.5e22', value: 'float -15000000000000000000000' },
  { text: '1e999', value: 'str 1e999' },
  { text: '12:30:45', value: 'str 12:30:45' },
  { text: '1.2.3', value: 'str 1.2.3' },
])('YAML $text', ({ text, value }) => {
  expect(words(plainValue(text))).toBe(value)
})

test.each(['2024-01-01', '2024-1-1T00:00:00Z', '.inf', '-.Inf', '.nan'])('YAML %s is refused', text => {
  expect(() => plainValue(text)).toThrow('cannot stand in an encrypted file')
})

test.each([
  { text: '12', value: 'float 12' },
  { text: '-0', value: 'float -0' },
  { text: '1e21', value: 'float 1000000000000000000000' },
  { text: '12345678901234567890', value: 'float 12345678901234567000' },
])('JSON $text', ({ text, value }) => {
  expect(words(jsonNumber(text))).toBe(value)
})
