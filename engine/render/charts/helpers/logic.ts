import { equal } from '../../../api/stable.ts'
import { HelperFailure, helper, isEmpty, typeInWords, type Helper } from './helper.ts'

const comparing = (holds: (order: number) => boolean): Helper =>
  helper({ takes: ['any', 'any'] }, ([a, b]) => holds(compare(a, b)))

/** Comparisons and choices. `and` and `or` give the argument that decides, as in Go's templates. */
export const logicHelpers: Readonly<Record<string, Helper>> = {
  /** Whether the first equals any of the others. */
  eq: helper({ takes: ['any', 'any'], rest: 'any' }, ([value, other], _, more) =>
    [other, ...more].some(each => equal(value, each)),
  ),
  ne: helper({ takes: ['any', 'any'] }, ([a, b]) => !equal(a, b)),
  lt: comparing(order => order < 0),
  le: comparing(order => order <= 0),
  gt: comparing(order => order > 0),
  ge: comparing(order => order >= 0),
  and: helper({ takes: ['any'], rest: 'any' }, ([first], _, more) => {
    const all = [first, ...more]
    const deciding = all.findIndex(isEmpty)
    return all.at(deciding)
  }),
  or: helper({ takes: ['any'], rest: 'any' }, ([first], _, more) => {
    const all = [first, ...more]
    return all.find(value => !isEmpty(value)) ?? all.at(-1)
  }),
  not: helper({ takes: ['any'] }, ([value]) => isEmpty(value)),
  empty: helper({ takes: ['any'] }, ([value]) => isEmpty(value)),
  default: helper({ takes: ['any', 'any'], optional: 1 }, ([otherwise, value]) => (isEmpty(value) ? otherwise : value)),
  coalesce: helper({ takes: [], rest: 'any' }, (_, __, values) => values.find(value => !isEmpty(value)) ?? null),
  ternary: helper({ takes: ['any', 'any', 'any'] }, ([yes, no, condition]) => (isEmpty(condition) ? no : yes)),
  required: helper({ takes: ['text', 'any'] }, ([message, value]) => {
    if (value === null || value === undefined || value === '') throw new HelperFailure(message)
    return value
  }),
  fail: helper({ takes: ['text'] }, ([message]) => {
    throw new HelperFailure(message)
  }),
  kindIs: helper({ takes: ['text', 'any'] }, ([kind, value]) => kindOf(value) === kind),
  kindOf: helper({ takes: ['any'] }, ([value]) => kindOf(value)),
  typeIs: helper({ takes: ['text', 'any'] }, ([type, value]) => typeOf(value) === type),
  typeOf: helper({ takes: ['any'] }, ([value]) => typeOf(value)),
}

function compare(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : a > b ? 1 : 0
  throw new HelperFailure(`cannot compare ${typeInWords(a)} with ${typeInWords(b)}`, 'compare two numbers or two texts')
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'invalid'
  if (Array.isArray(value)) return 'slice'
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float64'
  return typeof value === 'object' ? 'map' : typeof value === 'boolean' ? 'bool' : 'string'
}

function typeOf(value: unknown): string {
  const kind = kindOf(value)
  const types: Readonly<Record<string, string>> = {
    invalid: '<nil>',
    slice: '[]interface {}',
    map: 'map[string]interface {}',
  }
  return types[kind] ?? kind
}
