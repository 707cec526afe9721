import type { Origin } from '../../../api/problem.ts'
import { isFields, type Fields } from '../../kustomize/fields.ts'
import type { ChartFiles } from '../files.ts'
import type { Capabilities, Lookup } from '../release.ts'

/** Why a helper gives nothing; the call tells where. It names no value: values may be secret. */
export class HelperFailure extends Error {
  readonly remedy: string | undefined
  constructor(message: string, remedy?: string) {
    super(message)
    this.name = 'HelperFailure'
    this.remedy = remedy
  }
}

/** What a helper may see besides its arguments. */
export interface HelperContext {
  readonly origin: Origin
  readonly files: ChartFiles
  readonly capabilities: Capabilities
  /** The commit's time in seconds since 1970: the only time there is. */
  readonly time: () => number
  readonly lookup: Lookup
  /** What a partial gives for a context. */
  include(name: string, context: unknown): string
  tpl(text: string, context: unknown): string
}

interface Kinds {
  readonly text: string
  readonly whole: number
  readonly number: number
  readonly list: readonly unknown[]
  readonly fields: Fields
  readonly any: unknown
}
type Kind = keyof Kinds
type Arguments<Params extends readonly Kind[]> = { readonly [Index in keyof Params]: Kinds[Params[Index]] }

export interface Helper {
  readonly least: number
  readonly most: number
  run(args: readonly unknown[], context: HelperContext): unknown
}

export interface HelperShape<Params extends readonly Kind[], Rest extends Kind> {
  readonly takes: Params
  /** What may follow, any number of times. */
  readonly rest?: Rest
  /** How many of `takes` may be left out, from the end. */
  readonly optional?: number
}

/** A helper whose arguments are checked before it runs. */
export function helper<const Params extends readonly Kind[], Rest extends Kind = never>(
  { takes, rest, optional = 0 }: HelperShape<Params, Rest>,
  run: (args: Arguments<Params>, context: HelperContext, more: readonly Kinds[Rest][]) => unknown,
): Helper {
  return {
    least: takes.length - optional,
    most: rest === undefined ? takes.length : Infinity,
    run: (args, context) => {
      const given: unknown = args.slice(0, takes.length)
      const more: unknown = args.slice(takes.length)
      checkArguments(given, takes)
      checkMore(more, { kind: rest, from: takes.length })
      return run(given, context, more)
    },
  }
}

function checkArguments<Params extends readonly Kind[]>(
  given: unknown,
  takes: Params,
): asserts given is Arguments<Params> {
  if (!Array.isArray(given)) return
  for (const [index, value] of given.entries()) check(value, { kind: takes[index] ?? 'any', index })
}

function checkMore<Rest extends Kind>(
  given: unknown,
  { kind, from }: { readonly kind: Rest | undefined; readonly from: number },
): asserts given is readonly Kinds[Rest][] {
  if (!Array.isArray(given)) return
  for (const [index, value] of given.entries()) check(value, { kind: kind ?? 'any', index: from + index })
}

const words: Readonly<Record<Kind, string>> = {
  text: 'text',
  whole: 'a whole number',
  number: 'a number',
  list: 'a list',
  fields: 'a mapping',
  any: 'anything',
}
const fits: Readonly<Record<Kind, (value: unknown) => boolean>> = {
  text: value => typeof value === 'string',
  whole: value => Number.isSafeInteger(value),
  number: value => typeof value === 'number',
  list: Array.isArray,
  fields: isFields,
  any: () => true,
}
const ordinals = ['first', 'second', 'third', 'fourth', 'fifth']

function check(value: unknown, { kind, index }: { readonly kind: Kind; readonly index: number }): void {
  if (fits[kind](value)) return
  const remedy =
    kind === 'text' && (typeof value === 'number' || typeof value === 'boolean')
      ? 'quote the value, or write (toString …)'
      : kind === 'whole' && typeof value !== 'object'
        ? 'write (int …)'
        : undefined
  throw new HelperFailure(
    `takes ${words[kind]} as its ${ordinals[index] ?? `${index + 1}th`} argument, not ${typeInWords(value)}`,
    remedy,
  )
}

export function typeInWords(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a mapping'
  if (typeof value === 'number') return Number.isInteger(value) ? 'a whole number' : 'a number'
  return typeof value === 'string' ? 'text' : `a ${typeof value}`
}

/** What Helm's `if` and `default` take for nothing: null, false, 0, and whatever is empty. */
export function isEmpty(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) {
    return Array.isArray(value) ? value.length === 0 : Object.keys(value).length === 0
  }
  return value === undefined || value === null || value === false || value === 0 || value === ''
}

/** No text or list that a helper makes may be larger. */
export const largestText = 8 << 20
export const longestList = 100_000

export function checkSize(size: number, most: number = largestText): void {
  if (size <= most) return
  throw new HelperFailure(`would give more than ${most} ${most === largestText ? 'characters' : 'items'}`)
}
