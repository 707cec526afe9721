import { textOf } from './convert.ts'
import { HelperFailure, checkSize, typeInWords } from './helper.ts'

const widest = 1_000

/** The verbs of Go's fmt that charts use: %s %v %d %q %t %f %g %x %X %%, with a width and a precision. */
export function printf(format: string, values: readonly unknown[]): string {
  let next = 0
  const text = format.replace(
    /%([-+0 #]*)(\d*)(?:\.(\d+))?([a-zA-Z%])|%/g,
    (_, flags: string | undefined, width: string, precision: string | undefined, verb: string | undefined) => {
      if (verb === undefined)
        throw new HelperFailure('takes a format in which a verb follows every %', 'write %% for %')
      if (verb === '%') return '%'
      if (next >= values.length) throw new HelperFailure(`has no value for the verb %${verb}`, 'add an argument')
      const given = values[next++]
      if (Number(width) > widest || Number(precision ?? 0) > 100) throw new HelperFailure('takes a smaller width')
      const made = formatted(given, { verb, precision: precision === undefined ? undefined : Number(precision) })
      return padded(made, { flags: flags ?? '', width: Number(width) })
    },
  )
  if (next < values.length) throw new HelperFailure(`has ${values.length - next} more arguments than verbs`)
  checkSize(text.length)
  return text
}

interface Verb {
  readonly verb: string
  readonly precision: number | undefined
}

function formatted(value: unknown, { verb, precision }: Verb): string {
  switch (verb) {
    case 's':
    case 'v':
      return precision === undefined ? textOf(value) : textOf(value).slice(0, precision)
    case 'q':
      return JSON.stringify(textOf(value))
    case 't':
      if (typeof value === 'boolean') return String(value)
      break
    case 'd':
      if (Number.isInteger(value)) return String(value)
      break
    case 'f':
      if (typeof value === 'number') return value.toFixed(precision ?? 6)
      break
    case 'g':
      if (typeof value === 'number') return String(value)
      break
    case 'x':
    case 'X': {
      const hex = typeof value === 'number' ? value.toString(16) : Buffer.from(textOf(value)).toString('hex')
      return verb === 'X' ? hex.toUpperCase() : hex
    }
    default:
      throw new HelperFailure(`does not know the verb %${verb}`, 'use %s, %v, %d, %q, %t, %f, %g or %x')
  }
  throw new HelperFailure(`cannot write ${typeInWords(value)} as %${verb}`, 'use %v')
}

function padded(text: string, { flags, width }: { readonly flags: string; readonly width: number }): string {
  if (flags.includes('-')) return text.padEnd(width)
  if (!flags.includes('0')) return text.padStart(width)
  return text.startsWith('-') ? `-${text.slice(1).padStart(width - 1, '0')}` : text.padStart(width, '0')
}
