import { HelperFailure, helper, type Helper } from './helper.ts'

const folding = (fold: (a: number, b: number) => number): Helper =>
  helper({ takes: ['whole'], rest: 'whole' }, ([first], _, more) => exact(more.reduce(fold, first)))

/** Sprig's whole numbers: division leaves the remainder out. */
export const numberHelpers: Readonly<Record<string, Helper>> = {
  add: folding((a, b) => a + b),
  add1: helper({ takes: ['whole'] }, ([a]) => exact(a + 1)),
  sub: folding((a, b) => a - b),
  mul: folding((a, b) => a * b),
  div: folding((a, b) => Math.trunc(a / notZero(b))),
  mod: folding((a, b) => a % notZero(b)),
  max: folding((a, b) => Math.max(a, b)),
  min: folding((a, b) => Math.min(a, b)),
  floor: helper({ takes: ['number'] }, ([a]) => Math.floor(a)),
  ceil: helper({ takes: ['number'] }, ([a]) => Math.ceil(a)),
  round: helper({ takes: ['number', 'whole'], optional: 1 }, ([a, digits]) =>
    Number(a.toFixed(Math.min(Math.max(digits ?? 0, 0), 20))),
  ),
  int: helper({ takes: ['any'] }, ([value]) => exact(Math.trunc(numberOf(value)))),
  int64: helper({ takes: ['any'] }, ([value]) => exact(Math.trunc(numberOf(value)))),
  float64: helper({ takes: ['any'] }, ([value]) => numberOf(value)),
  atoi: helper({ takes: ['text'] }, ([text]) => exact(Math.trunc(numberOf(text)))),
}

function notZero(divisor: number): number {
  if (divisor === 0) throw new HelperFailure('cannot divide by 0')
  return divisor
}

function exact(value: number): number {
  if (!Number.isSafeInteger(value)) throw new HelperFailure('would give a number too large to be kept exactly')
  return value === 0 ? 0 : value
}

function numberOf(value: unknown): number {
  if (typeof value === 'boolean') return value ? 1 : 0
  const text = typeof value === 'string' ? value.trim() : value
  const number = text === '' ? NaN : typeof text === 'string' || typeof text === 'number' ? Number(text) : NaN
  if (!Number.isFinite(number)) throw new HelperFailure('takes a number, or text that writes one')
  return number
}
