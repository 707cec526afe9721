import { Unreadable } from './source-text.ts'
import type { ScalarNode } from './nodes.ts'

/**
 * What a scalar means to kubectl, whose reader takes YAML 1.1 booleans (`yes`, `on`, `y`) and octal (`0644` is 420), the
 * `0o` of YAML 1.2 and binary, but neither sexagesimal numbers nor dates.
 */
export function scalarValue(node: ScalarNode): string | number | boolean | null {
  switch (node.tag) {
    case undefined:
      return node.plain ? plainValue(node) : node.text
    case '!':
    case 'tag:yaml.org,2002:str':
    case 'tag:yaml.org,2002:timestamp':
      return node.text
    case 'tag:yaml.org,2002:binary':
      return decodeBinary(node)
    case 'tag:yaml.org,2002:int':
    case 'tag:yaml.org,2002:float':
      return tagged(node, value => typeof value === 'number')
    case 'tag:yaml.org,2002:bool':
      return tagged(node, value => typeof value === 'boolean')
    case 'tag:yaml.org,2002:null':
      return tagged(node, value => value === null)
    default:
      throw new Unreadable(`the tag ${node.tag} has no meaning in a manifest`, {
        offset: node.offset,
        remedy: 'remove the tag',
      })
  }
}

const words: ReadonlyMap<string, boolean | null> = new Map<string, boolean | null>([
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'].map(word => [word, true] as const),
  ...['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'].map(word => [word, false] as const),
  ...['', '~', 'null', 'Null', 'NULL'].map(word => [word, null] as const),
])

function plainValue(node: ScalarNode): string | number | boolean | null {
  const { text } = node
  const word = words.get(text)
  if (word !== undefined) return word
  return numberValue(node) ?? text
}

/** Whether a text that is written without quotes is read as that text. */
export function isPlainText(text: string): boolean {
  return !words.has(text) && !notFinite.test(text) && (numberOf(text)?.value ?? text) === text
}

const integers: readonly { readonly form: RegExp; readonly radix: number; readonly prefix: number }[] = [
  { form: /^0[xX][0-9a-fA-F]+$/, radix: 16, prefix: 2 },
  { form: /^0[bB][01]+$/, radix: 2, prefix: 2 },
  { form: /^0[oO][0-7]+$/, radix: 8, prefix: 2 },
  { form: /^0[0-7]+$/, radix: 8, prefix: 1 },
  { form: /^(?:0|[1-9][0-9]*)$/, radix: 10, prefix: 0 },
]
const float = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/
const notFinite = /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/
/** Beyond it Kubernetes's reader too takes a whole number for a float. */
const largestInteger = 18446744073709551615n

/** The number that a plain text writes, and whether it stands for a whole number that is too large for one here. */
function numberOf(text: string): { value: number; inexact: boolean } | undefined {
  if (!/^[-+.0-9]/.test(text)) return undefined
  const digits = text.replaceAll('_', '')
  const unsigned = digits.replace(/^[-+]/, '')
  const integer = integers.find(({ form }) => form.test(unsigned))
  if (integer === undefined) {
    const value = float.test(digits) ? Number(digits) : NaN
    // A float that is too large stays text, as there.
    return Number.isFinite(value) ? { value: value === 0 ? 0 : value, inexact: false } : undefined
  }
  const value = parseInt(unsigned.slice(integer.prefix), integer.radix)
  const inexact = !Number.isSafeInteger(value) && (integer.radix !== 10 || BigInt(unsigned) <= largestInteger)
  return { value: value === 0 ? 0 : digits.startsWith('-') ? -value : value, inexact }
}

function numberValue({ text, offset }: ScalarNode): number | undefined {
  if (notFinite.test(text)) {
    throw new Unreadable(`${text} is no number that a manifest can hold`, { offset, remedy: `quote it: "${text}"` })
  }
  const number = numberOf(text)
  if (number?.inexact === true) {
    throw new Unreadable(`${text} is too large a number to be kept exactly (at most ${Number.MAX_SAFE_INTEGER})`, {
      offset,
      remedy: `quote it if it is text: "${text}"`,
    })
  }
  return number?.value
}

/** What an explicit tag such as `!!int "12"` asks for. */
function tagged(node: ScalarNode, fits: (value: unknown) => boolean): string | number | boolean | null {
  const value = plainValue(node)
  if (fits(value)) return value
  const name = node.tag?.replace('tag:yaml.org,2002:', '!!') ?? ''
  throw new Unreadable(`"${node.text}" is not what its tag ${name} says`, {
    offset: node.offset,
    remedy: 'remove the tag',
  })
}

function decodeBinary({ text, offset }: ScalarNode): string {
  const base64 = text.replace(/\s+/g, '')
  const bytes = Buffer.from(base64, 'base64')
  if (bytes.toString('base64').replace(/=+$/, '') !== base64.replace(/=+$/, '')) {
    throw new Unreadable('the value after !!binary is not base64', { offset, remedy: 'encode it, or remove the tag' })
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new Unreadable('the value after !!binary is not UTF-8 text', {
      offset,
      remedy: 'write the base64 itself under binaryData, without the tag',
    })
  }
}
