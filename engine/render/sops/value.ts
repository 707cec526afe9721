import { Unreadable } from '../source-text.ts'

/** A value as SOPS encrypts it and counts it into its MAC: what it is, and its bytes as SOPS writes them. */
export interface SopsValue {
  readonly type: 'str' | 'int' | 'float' | 'bool' | 'bytes'
  readonly bytes: Uint8Array
}

export function textValue(text: string): SopsValue {
  return { type: 'str', bytes: Buffer.from(text) }
}

/** The text of a value; undefined where it is none. */
export function textOf({ bytes }: Pick<SopsValue, 'bytes'>): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

const forms = {
  int: /^[-+]?[0-9]+$/,
  float: /^[-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?$/,
  bool: /^(?:1|0|t|f|true|false)$/i,
} as const

/** A value that was decrypted, as SOPS would write it again: older releases wrote `true`, and 1.50. */
export function canonical({ type, bytes }: SopsValue): SopsValue {
  if (type === 'str' || type === 'bytes') return { type, bytes }
  const text = Buffer.from(bytes).toString()
  if (!forms[type].test(text)) throw new Unreadable(`the value is no ${type}, as it says that it is`)
  if (type === 'bool') return { type, bytes: Buffer.from(/^(?:1|t)/i.test(text) ? 'True' : 'False') }
  return type === 'float' ? jsonNumber(text) : { type, bytes }
}

/** Any number of JSON is a float to SOPS. */
export function jsonNumber(text: string): SopsValue {
  return { type: 'float', bytes: Buffer.from(decimal(Number(text))) }
}

const words = new Map<string, SopsValue | null>([
  ...['', '~', 'null', 'Null', 'NULL'].map(word => [word, null] as const),
  ...['true', 'True', 'TRUE'].map(word => [word, { type: 'bool', bytes: Buffer.from('True') }] as const),
  ...['false', 'False', 'FALSE'].map(word => [word, { type: 'bool', bytes: Buffer.from('False') }] as const),
])
const integer = /^([-+]?)(?:0[bB]([01]+)|0[xX]([0-9a-fA-F]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))$/
const float = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/
const notFinite = /^[-+]?\.(?:inf|Inf|INF)$|^\.(?:nan|NaN|NAN)$/
const date = /^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:$|[Tt\s])/

/**
 * What YAML written without quotes is to SOPS, whose reader (go-yaml 3) is not kubectl's: `yes` is text there. Null has no
 * value. Throws Unreadable for what SOPS itself does not take.
 */
export function plainValue(text: string): SopsValue | null {
  const word = words.get(text)
  if (word !== undefined) return word
  if (notFinite.test(text) || date.test(text)) {
    throw new Unreadable('a date or a number without end cannot stand in an encrypted file', { remedy: 'quote it' })
  }
  const digits = /^[-+.0-9]/.test(text) ? text.replaceAll('_', '') : ''
  const whole = integerOf(digits)
  if (whole !== undefined) return { type: 'int', bytes: Buffer.from(String(whole)) }
  const number = float.test(digits) ? Number(digits) : Infinity
  return Number.isFinite(number) ? { type: 'float', bytes: Buffer.from(decimal(number)) } : textValue(text)
}

/** Undefined where a text is no whole number of 64 bits. */
function integerOf(text: string): bigint | undefined {
  const [matched, sign, binary, hexadecimal, octal, plain] = integer.exec(text) ?? []
  if (matched === undefined) return undefined
  const size = BigInt(plain ?? (binary && `0b${binary}`) ?? (hexadecimal && `0x${hexadecimal}`) ?? `0o${octal}`)
  const value = sign === '-' ? -size : size
  return BigInt.asIntN(64, value) === value ? value : undefined
}

/** The shortest decimal that stands for a number, never with an exponent: 1e21 is 1000000000000000000000. */
function decimal(number: number): string {
  if (Object.is(number, -0)) return '-0'
  const [, sign = '', head = '', tail = '', power] = /^(-?)(\d+)(?:\.(\d+))?(?:e([-+]\d+))?$/.exec(String(number)) ?? []
  if (power === undefined) return String(number)
  const digits = head + tail
  const point = head.length + Number(power)
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`
  return `${sign}${digits.padEnd(point, '0')}`
}
