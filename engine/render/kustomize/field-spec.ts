import { fieldOf, isFields, setField, splitPath, type Fields } from './fields.ts'
import { gvkOf } from './resource.ts'
import { isSelected, type Gvk } from './resource-id.ts'

/** Where in which kinds a transformer writes: `spec/template/spec/containers[]/image`. */
export interface FieldSpec extends Partial<Gvk> {
  readonly path: string
  readonly create?: boolean
}

/** A place in an object, to read and to write. */
export interface Slot {
  readonly value: unknown
  write(value: unknown): void
}

export interface Visit {
  /** What to make where the path ends and nothing is: nothing by itself. */
  readonly make?: 'mapping' | 'scalar'
  visit(slot: Slot): void
}

/** A path that leads through a value which has no fields. */
export class NotTraversable extends Error {}

/** Visits every place that a path leads to in an object of the spec's kind. */
export function visitFields(object: Fields, visit: Visit & { readonly spec: FieldSpec }): void {
  if (isSelected(gvkOf(object), visit.spec)) visitPath(object, visit)
}

/** The same in an object of any kind; a list on the way stands for each of its items. */
export function visitPath(object: Fields, { spec, ...how }: Visit & { readonly spec: FieldSpec }): void {
  const make = spec.create === true ? how.make : undefined
  const root: Slot = { value: object, write: () => undefined }
  descend(root, { path: stepsOf(spec), make, visit: how.visit, whole: spec.path })
}

const steps = new WeakMap<FieldSpec, readonly string[]>()

/** The default specs are followed thousands of times. */
function stepsOf(spec: FieldSpec): readonly string[] {
  const known = steps.get(spec) ?? splitPath(spec.path, '/')
  steps.set(spec, known)
  return known
}

interface Walk {
  readonly path: readonly string[]
  readonly make: 'mapping' | 'scalar' | undefined
  readonly whole: string
  visit(slot: Slot): void
}

function descend(slot: Slot, walk: Walk): void {
  const [step, ...rest] = walk.path
  const { value } = slot
  if (step === undefined) return walk.visit(slot)
  if (value === null || value === undefined) return
  if (Array.isArray(value)) {
    for (const index of value.keys()) descend(itemSlot(value, index), walk)
  } else if (isFields(value)) {
    enter(value, { ...walk, path: rest, step })
  } else {
    throw new NotTraversable(`${walk.whole} leads through a value that is neither a mapping nor a list`)
  }
}

function enter(fields: Fields, { step, ...walk }: Walk & { readonly step: string }): void {
  const name = step.replace(/\[\]$/, '')
  const isList = name !== step
  const make = isList ? undefined : walk.make
  const present = fieldOf(fields, name)
  if (present === undefined && make === undefined) return
  if (present === undefined || present === null) {
    if (isList) setField(fields, { name, value: [] })
    else if (make !== undefined)
      setField(fields, { name, value: walk.path.length === 0 && make === 'scalar' ? '' : {} })
  }
  descend({ value: fields[name], write: value => setField(fields, { name, value }) }, walk)
}

function itemSlot(list: unknown[], index: number): Slot {
  return { value: list[index], write: value => void (list[index] = value) }
}
