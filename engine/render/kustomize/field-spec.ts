import { once } from '../../api/once.ts'
import { fieldOf, isFields, setField, splitPath, textOf, type Fields } from './fields.ts'
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
  readonly make?: 'mapping' | 'scalar' | undefined
  visit(slot: Slot): void
}

/** A path that leads through a value which has no fields. */
export class NotTraversable extends Error {}

/** Visits every place that a path leads to in an object of the spec's kind. */
export function visitFields(object: Fields, visit: Visit & { readonly spec: FieldSpec }): void {
  const { kind = '' } = visit.spec
  // Mostly the kind tells: that saves taking the apiVersion apart.
  if (kind !== '' && kind !== textOf(object, 'kind')) return
  if (isSelected(gvkOf(object), visit.spec)) visitPath(object, visit)
}

/** The same in an object of any kind; a list on the way stands for each of its items. */
export function visitPath(object: Fields, { spec, make, visit }: Visit & { readonly spec: FieldSpec }): void {
  const walk = new Walk({ make: spec.create === true ? make : undefined, visit, path: spec.path })
  walk.descend({ value: object, write: () => undefined }, firstStep(spec))
}

interface Step {
  readonly name: string
  /** `containers[]`: a list that is not made where it is missing. */
  readonly isList: boolean
  readonly next: Step | undefined
}

/** The default specs are followed thousands of times. */
const firstStep = once(({ path }: FieldSpec) =>
  splitPath(path, '/').reduceRight<Step | undefined>(
    (next, step) => ({ name: step.replace(/\[\]$/, ''), isList: step.endsWith('[]'), next }),
    undefined,
  ),
)

class Walk {
  readonly #how: Visit & { readonly path: string }

  constructor(how: Visit & { readonly path: string }) {
    this.#how = how
  }

  descend(slot: Slot, step: Step | undefined): void {
    const { value } = slot
    if (step === undefined) return this.#how.visit(slot)
    if (value === null || value === undefined) return
    if (Array.isArray(value)) {
      for (const index of value.keys()) this.descend(itemSlot(value, index), step)
    } else if (isFields(value)) {
      this.#enter(value, step)
    } else {
      throw new NotTraversable(`${this.#how.path} leads through a value that is neither a mapping nor a list`)
    }
  }

  #enter(fields: Fields, { name, isList, next }: Step): void {
    const make = isList ? undefined : this.#how.make
    const present = fieldOf(fields, name)
    if (present === undefined && make === undefined) return
    if (present === undefined || present === null) {
      if (isList) setField(fields, { name, value: [] })
      else if (make !== undefined) setField(fields, { name, value: next === undefined && make === 'scalar' ? '' : {} })
    }
    this.descend({ value: fields[name], write: value => setField(fields, { name, value }) }, next)
  }
}

function itemSlot(list: unknown[], index: number): Slot {
  return { value: list[index], write: value => void (list[index] = value) }
}
