import { canonicalJson, compareText, equal } from '../../../api/stable.ts'
import { fieldOf, isFields, setField, type Fields } from '../../kustomize/fields.ts'
import { overlay } from '../overlay.ts'
import { textOf } from './convert.ts'
import { HelperFailure, checkSize, helper, isEmpty, longestList, typeInWords, type Helper } from './helper.ts'

const ofList = (run: (items: readonly unknown[]) => unknown): Helper =>
  helper({ takes: ['list'] }, ([items]) => run(items))

/** Sprig's functions of lists. None changes its argument. */
export const listHelpers: Readonly<Record<string, Helper>> = {
  list: helper({ takes: [], rest: 'any' }, (_, __, items) => items),
  first: ofList(items => items[0] ?? null),
  last: ofList(items => items.at(-1) ?? null),
  rest: ofList(items => items.slice(1)),
  initial: ofList(items => items.slice(0, -1)),
  reverse: ofList(items => items.toReversed()),
  uniq: ofList(items => [...new Map(items.map(item => [canonicalJson(item), item])).values()]),
  compact: ofList(items => items.filter(item => !isEmpty(item))),
  sortAlpha: ofList(items => items.map(textOf).sort(compareText)),
  append: helper({ takes: ['list', 'any'] }, ([items, item]) => [...items, item]),
  prepend: helper({ takes: ['list', 'any'] }, ([items, item]) => [item, ...items]),
  concat: helper({ takes: [], rest: 'list' }, (_, __, lists) => {
    checkSize(
      lists.reduce((sum, { length }) => sum + length, 0),
      longestList,
    )
    return lists.flat()
  }),
  without: helper({ takes: ['list'], rest: 'any' }, ([items], _, left) =>
    items.filter(item => !left.some(each => equal(each, item))),
  ),
  has: helper({ takes: ['any', 'list'] }, ([item, items]) => items.some(each => equal(each, item))),
  slice: helper({ takes: ['list', 'whole', 'whole'], optional: 1 }, ([items, start, end]) => items.slice(start, end)),
  until: helper({ takes: ['whole'] }, ([end]) => sequence({ start: 0, end, step: end < 0 ? -1 : 1 })),
  untilStep: helper({ takes: ['whole', 'whole', 'whole'] }, ([start, end, step]) => sequence({ start, end, step })),
  len: helper({ takes: ['any'] }, ([value]) => lengthOf(value)),
}

function sequence({
  start,
  end,
  step,
}: {
  readonly start: number
  readonly end: number
  readonly step: number
}): number[] {
  if (step === 0) return []
  const length = Math.max(0, Math.ceil((end - start) / step))
  checkSize(length, longestList)
  return Array.from({ length }, (_, index) => start + index * step)
}

function lengthOf(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value)
  if (Array.isArray(value)) return value.length
  if (isFields(value)) return Object.keys(value).length
  throw new HelperFailure(`takes text, a list or a mapping, not ${typeInWords(value)}`)
}

/** Sprig's functions of mappings, without those that would change one. */
export const fieldHelpers: Readonly<Record<string, Helper>> = {
  dict: helper({ takes: [], rest: 'any' }, (_, __, pairs) => fieldsOf(pairs)),
  get: helper({ takes: ['fields', 'text'] }, ([fields, name]) => fieldOf(fields, name) ?? ''),
  hasKey: helper({ takes: ['any', 'text'] }, ([value, name]) => fieldOf(value, name) !== undefined),
  keys: helper({ takes: ['fields'], rest: 'fields' }, ([first], _, more) =>
    [first, ...more].flatMap(fields => sortedKeys(fields)),
  ),
  values: helper({ takes: ['fields'] }, ([fields]) => sortedKeys(fields).map(name => fieldOf(fields, name))),
  pick: helper({ takes: ['fields'], rest: 'text' }, ([fields], _, names) =>
    filtered(fields, name => names.includes(name)),
  ),
  omit: helper({ takes: ['fields'], rest: 'text' }, ([fields], _, names) =>
    filtered(fields, name => !names.includes(name)),
  ),
  /** The first mapping that has a field gives it. */
  merge: helper({ takes: ['fields'], rest: 'fields' }, ([first], _, more) =>
    more.reduce((merged, each) => overlay(each, merged), first),
  ),
  /** The last one does. */
  mergeOverwrite: helper({ takes: ['fields'], rest: 'fields' }, ([first], _, more) =>
    more.reduce((merged, each) => overlay(merged, each), first),
  ),
  /** Nothing is ever changed, so a value is as good as its copy. */
  deepCopy: helper({ takes: ['any'] }, ([value]) => value),
  pluck: helper({ takes: ['text'], rest: 'fields' }, ([name], _, all) =>
    all.flatMap(fields => (fieldOf(fields, name) === undefined ? [] : [fieldOf(fields, name)])),
  ),
  /** `dig "a" "b" default mapping`. */
  dig: helper({ takes: ['text', 'any', 'any'], rest: 'any' }, ([first, second, third], _, more) => {
    const all = [first, second, third, ...more]
    const names = all.slice(0, -2)
    const found = names.reduce<unknown>((value, name) => fieldOf(value, textOf(name)), all.at(-1))
    return found ?? all.at(-2) ?? null
  }),
}

function fieldsOf(pairs: readonly unknown[]): Fields {
  if (pairs.length % 2 === 1) throw new HelperFailure('takes names and values in turn', 'give every name a value')
  const fields: Fields = {}
  for (let i = 0; i < pairs.length; i += 2) {
    const name = pairs[i]
    if (typeof name !== 'string') throw new HelperFailure(`takes text as a name, not ${typeInWords(name)}`, 'quote it')
    setField(fields, { name, value: pairs[i + 1] })
  }
  return fields
}

export function sortedKeys(fields: Fields): string[] {
  return Object.keys(fields).sort(compareText)
}

function filtered(fields: Fields, keep: (name: string) => boolean): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => keep(name)))
}
