import type { Environment } from '@marcbachmann/cel-js'

/** Functions of texts that the library lacks: https://kubernetes.io/docs/reference/using-api/cel/#cel-extended-strings-library */
export function addTexts(environment: Environment): void {
  environment
    .registerFunction('string.replace(string, string): string', (text: string, from: string, to: string) =>
      text.replaceAll(from, () => to),
    )
    .registerFunction('string.charAt(int): string', (text: string, index: bigint) => {
      const characters = [...text]
      if (index < 0n || index > characters.length) throw new RangeError(`charAt: index out of range: ${index}`)
      return characters[Number(index)] ?? ''
    })
    .registerFunction('string.find(string): string', (text: string, pattern: string) => {
      const [found = ''] = patternOf(pattern).exec(text) ?? []
      return found
    })
    .registerFunction('string.findAll(string): list<string>', (text: string, pattern: string) =>
      findAll(text, { pattern, most: -1n }),
    )
    .registerFunction('string.findAll(string, int): list<string>', (text: string, pattern: string, most: bigint) =>
      findAll(text, { pattern, most }),
    )
    .registerFunction('string.format(list): string', format)
}

function findAll(text: string, { pattern, most }: { readonly pattern: string; readonly most: bigint }): string[] {
  const all = [...text.matchAll(patternOf(pattern, 'g'))].map(([found]) => found)
  return most < 0n ? all : all.slice(0, Number(most))
}

function patternOf(pattern: string, flags = ''): RegExp {
  try {
    return new RegExp(pattern, flags)
  } catch {
    throw new RangeError(`Invalid regular expression: ${pattern}`)
  }
}

/** `%s`, `%d`, `%f`, `%e`, `%b`, `%o`, `%x`, `%X`, with `.3` before `f` and `e`; `%%` is a percent sign. */
function format(text: string, values: readonly unknown[]): string {
  let used = 0
  const written = text.replace(
    /%(?:%|(?:\.(\d+))?([a-zA-Z])?)/g,
    (clause, precision: string | undefined, verb = '') => {
      if (clause === '%%') return '%'
      if (used >= values.length) throw new RangeError(`format: ${clause} has no value`)
      const value = values[used++]
      const word = formatted(value, { verb, digits: Number(precision ?? 6) })
      if (word === undefined) throw new RangeError(`format: ${clause} does not take this value`)
      return word
    },
  )
  if (used < values.length) throw new RangeError(`format: ${values.length - used} value(s) too many`)
  return written
}

const longestFraction = 100

function formatted(
  value: unknown,
  { verb, digits }: { readonly verb: string; readonly digits: number },
): string | undefined {
  const isNumber = typeof value === 'bigint' || typeof value === 'number'
  switch (verb) {
    case 's':
      return isNumber || typeof value === 'string' || typeof value === 'boolean' ? String(value) : undefined
    case 'd':
      return typeof value === 'bigint' ? String(value) : undefined
    case 'f':
      return isNumber && digits <= longestFraction ? Number(value).toFixed(digits) : undefined
    case 'e':
      return isNumber && digits <= longestFraction ? exponential(Number(value), digits) : undefined
    case 'b':
      return typeof value === 'boolean' ? String(Number(value)) : inBase(value, 2)
    case 'o':
      return inBase(value, 8)
    case 'x':
      return typeof value === 'string' ? hexOf(value) : inBase(value, 16)
    case 'X':
      return (typeof value === 'string' ? hexOf(value) : inBase(value, 16))?.toUpperCase()
    default:
      return undefined
  }
}

function inBase(value: unknown, base: number): string | undefined {
  return typeof value === 'bigint' ? value.toString(base) : undefined
}

function hexOf(text: string): string {
  return [...new TextEncoder().encode(text)].map(byte => byte.toString(16).padStart(2, '0')).join('')
}

/** An exponent of two digits, as Go writes it. */
function exponential(value: number, digits: number): string {
  return value.toExponential(digits).replace(/e([+-])(\d)$/, 'e$10$2')
}
