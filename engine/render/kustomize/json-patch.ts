import { cloned, fieldOf, isFields, setField, type Fields } from './fields.ts'
import { PatchMismatch } from './strategic-merge.ts'

/** One operation of a JSON patch (RFC 6902). */
export interface Operation {
  readonly op: string
  readonly path: string
  readonly from?: string
  readonly value?: unknown
}

/** The operations that a patch's document holds, checked for their form. */
export function readOperations(document: unknown): Operation[] {
  if (!Array.isArray(document)) throw new PatchMismatch('a JSON patch is a list of operations')
  return document.map((each, index) => {
    const at = `operation ${index + 1}`
    const [op, path, from] = ['op', 'path', 'from'].map(name => fieldOf(each, name))
    if (typeof op !== 'string' || !operations.has(op)) {
      throw new PatchMismatch(`${at} has no op of ${[...operations].join(', ')}`)
    }
    if (typeof path !== 'string') throw new PatchMismatch(`${at} has no path`)
    if ((op === 'move' || op === 'copy') && typeof from !== 'string') throw new PatchMismatch(`${at} has no from`)
    return { op, path, ...(typeof from === 'string' ? { from } : {}), value: fieldOf(each, 'value') ?? null }
  })
}

const operations: ReadonlySet<string> = new Set(['add', 'remove', 'replace', 'move', 'copy', 'test'])

/** Applies operations to an object and changes it. */
export function applyOperations(object: Fields, patch: readonly Operation[]): void {
  for (const operation of patch) apply(object, operation)
}

function apply(object: Fields, { op, path, from, value }: Operation): void {
  switch (op) {
    case 'add':
      return addAt(object, path, cloned(value))
    case 'remove':
      return void removeAt(object, path)
    case 'replace':
      return replaceAt(object, path, cloned(value))
    case 'move':
      return addAt(object, path, removeAt(object, from ?? ''))
    case 'copy':
      return addAt(object, path, cloned(valueAt(object, from ?? '')))
    case 'test': {
      if (!same(valueAt(object, path), value)) throw new PatchMismatch(`the value at ${path} is not what "test" says`)
    }
  }
}

/** The steps of a JSON pointer (RFC 6901). */
export function stepsOf(pointer: string): string[] {
  if (!pointer.startsWith('/')) throw new PatchMismatch(`the path ${pointer} does not begin with a slash`)
  return pointer
    .slice(1)
    .split('/')
    .map(step => step.replaceAll('~1', '/').replaceAll('~0', '~'))
}

interface Target {
  readonly holder: Fields | unknown[]
  readonly step: string
}

function targetOf(object: Fields, pointer: string): Target {
  const steps = stepsOf(pointer)
  const step = steps.pop() ?? ''
  let holder: unknown = object
  for (const each of steps)
    holder = Array.isArray(holder) ? holder[indexIn(holder, each, pointer)] : fieldOf(holder, each)
  if (!Array.isArray(holder) && !isFields(holder)) throw new PatchMismatch(`nothing is at the path ${pointer}`)
  return { holder, step }
}

function indexIn(list: readonly unknown[], step: string, pointer: string): number {
  const index = /^-?\d+$/.test(step) ? Number(step) : NaN
  const fromStart = index < 0 ? index + list.length : index
  if (fromStart >= 0 && fromStart < list.length) return fromStart
  throw new PatchMismatch(`the path ${pointer} has no item ${step}: the list has ${list.length}`)
}

function valueAt(object: Fields, pointer: string): unknown {
  const { holder, step } = targetOf(object, pointer)
  if (Array.isArray(holder)) return holder[indexIn(holder, step, pointer)]
  if (!Object.hasOwn(holder, step)) throw new PatchMismatch(`nothing is at the path ${pointer}`)
  return holder[step]
}

function addAt(object: Fields, pointer: string, value: unknown): void {
  const { holder, step } = targetOf(object, pointer)
  if (!Array.isArray(holder)) return setField(holder, { name: step, value })
  const end = step === '-' || step === String(holder.length)
  holder.splice(end ? holder.length : indexIn(holder, step, pointer), 0, value)
}

function removeAt(object: Fields, pointer: string): unknown {
  const value = valueAt(object, pointer)
  const { holder, step } = targetOf(object, pointer)
  if (Array.isArray(holder)) holder.splice(indexIn(holder, step, pointer), 1)
  else delete holder[step]
  return value
}

function replaceAt(object: Fields, pointer: string, value: unknown): void {
  valueAt(object, pointer)
  const { holder, step } = targetOf(object, pointer)
  if (Array.isArray(holder)) holder[indexIn(holder, step, pointer)] = value
  else setField(holder, { name: step, value })
}

function same(a: unknown, b: unknown): boolean {
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((each, i) => same(each, b[i]))
  if (!isFields(a)) return a === b
  const keys = Object.keys(a)
  return isFields(b) && keys.length === Object.keys(b).length && keys.every(key => same(a[key], fieldOf(b, key)))
}
