import { canonicalQuantity, isQuantity } from './quantity.ts'

/** A type without parts. */
export interface Scalar {
  readonly expected: string
  /** The value as it is kept; undefined where it is none of this type. */
  readonly read: (value: unknown) => unknown
  readonly remedy?: (value: unknown, field: string) => string | undefined
}

const integer = (expected: string, fits: (value: number) => boolean): Scalar => ({
  expected,
  read: value => (typeof value === 'number' && Number.isInteger(value) && fits(value) ? value : undefined),
  remedy: (value, field) => {
    const word = typeof value === 'string' ? value.trim().toLowerCase() : ''
    const meant = /^\d+$/.test(word) ? word : numberWords.indexOf(word)
    return meant === -1 ? `write a number, as in ${field}: 1` : `write ${field}: ${meant}`
  },
})

const numberWords = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten']

/** What a text that stands for a boolean most likely means. */
const booleanWords: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['yes', true],
  ['on', true],
  ['false', false],
  ['no', false],
  ['off', false],
])

const timePattern = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/
const base64Pattern = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

export const scalars = {
  string: {
    expected: 'text',
    read: value => (typeof value === 'string' ? value : undefined),
    remedy: (value, field) =>
      typeof value === 'number' || typeof value === 'boolean' ? `quote it: ${field}: "${String(value)}"` : undefined,
  },
  boolean: {
    expected: 'true or false',
    read: value => (typeof value === 'boolean' ? value : undefined),
    remedy: (value, field) => {
      const meant = typeof value === 'string' ? booleanWords.get(value.toLowerCase()) : undefined
      return meant === undefined ? undefined : `write ${field}: ${meant}`
    },
  },
  int32: integer('a whole number', value => Math.abs(value) < 2 ** 31),
  int64: integer('a whole number', value => Number.isSafeInteger(value)),
  number: {
    expected: 'a number',
    read: value => (Number.isFinite(value) ? value : undefined),
  },
  IntOrString: {
    expected: 'a whole number or text',
    read: value => (typeof value === 'string' || Number.isInteger(value) ? value : undefined),
  },
  quantity: {
    expected: 'a quantity such as 250m, 2 or 64Mi',
    read: value => {
      const text = typeof value === 'number' ? String(value) : value
      return typeof text === 'string' && isQuantity(text) ? canonicalQuantity(text) : undefined
    },
    remedy: value =>
      typeof value === 'string' && /^\d+ ?[KkMG][Bb]$/.test(value)
        ? `write ${value.replace(/ ?([KkMG])[Bb]$/, (_, unit: string) => `${unit.toUpperCase()}i`)}`
        : undefined,
  },
  'date-time': {
    expected: 'a time such as 2026-11-20T19:08:09Z',
    read: value =>
      typeof value === 'string' && timePattern.test(value) && !Number.isNaN(Date.parse(value)) ? value : undefined,
  },
  byte: {
    expected: 'base64',
    // Kubernetes's decoder skips line breaks.
    read: value => {
      const text = typeof value === 'string' ? value.replace(/[\r\n]/g, '') : undefined
      return text !== undefined && base64Pattern.test(text) ? text : undefined
    },
    remedy: () => 'put plain text under stringData (of a Secret) or data (of a ConfigMap)',
  },
} satisfies Record<string, Scalar>

export type ScalarType = keyof typeof scalars

export function isScalar(text: string): text is ScalarType {
  return Object.hasOwn(scalars, text)
}
