/** The order of UTF-16 code units: the same on every machine, whatever its language. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Deep equality of JSON values. A key that holds `undefined` counts as absent, as JSON has it. */
export function equal(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return Object.is(a, b)
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, i) => equal(item, b[i]))
  }
  return equalFields(a as Readonly<Record<string, unknown>>, b as Readonly<Record<string, unknown>>)
}

/** Without a list of either's fields: this is called more often than anything else. */
function equalFields(a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>): boolean {
  let missing = 0
  for (const key in a) {
    if (a[key] === undefined) continue
    if (!Object.hasOwn(b, key) || !equal(a[key], b[key])) return false
    missing++
  }
  for (const key in b) if (b[key] !== undefined) missing--
  return missing === 0
}

/** JSON with sorted keys and no white space: equal values give equal text, in every run. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(item => canonicalJson(item ?? null)).join(',')}]`
  if (typeof value === 'object' && value !== null) {
    const fields = entriesOf(value).sort(([a], [b]) => (a < b ? -1 : 1))
    return `{${fields.map(([key, field]) => `${JSON.stringify(key)}:${canonicalJson(field)}`).join(',')}}`
  }
  return JSON.stringify(value) ?? 'null'
}

/** Kubernetes's alphabet for generated names: no vowels, so no words; no 0, 1 and 3, which look like letters. */
const safeAlphabet = 'bcdfghjklmnpqrstvwxz2456789'
const hashLength = 10

/**
 * Ten characters that follow from a JSON value alone: the `pod-template-hash` of a template. Not cryptographic.
 * (FNV-1a of the canonical JSON, 64 bits; 27 ** 10 is about 2 ** 47.)
 */
export function templateHash(value: unknown): string {
  let rest = fnv1a(canonicalJson(value))
  const radix = BigInt(safeAlphabet.length)
  let text = ''
  for (let i = 0; i < hashLength; i++) {
    text += safeAlphabet.charAt(Number(rest % radix))
    rest /= radix
  }
  return text
}

const fnvOffset = 0xcbf29ce484222325n
const fnvPrime = 0x100000001b3n

/** FNV-1a over UTF-16 code units, low byte first, 64 bits. */
function fnv1a(text: string): bigint {
  let hash = fnvOffset
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    hash = BigInt.asUintN(64, (hash ^ BigInt(unit & 0xff)) * fnvPrime)
    hash = BigInt.asUintN(64, (hash ^ BigInt(unit >> 8)) * fnvPrime)
  }
  return hash
}

function entriesOf(value: object): [string, unknown][] {
  return Object.entries(value).filter(([, field]) => field !== undefined)
}
