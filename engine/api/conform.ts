import type { Constraint } from './constraints.ts'
import { nearest } from './nearest.ts'
import { type FieldPath, type Report, fieldText, show } from './report.ts'
import { type Scalar, scalars } from './scalars.ts'
import { type Field, type Model, type Shape, findBelow, modelOf, plainName } from './schema.ts'
import type { FieldGap } from './support.ts'

export interface ConformOptions {
  readonly report: Report
  /** Leaves values out of messages: the object is a Secret. */
  readonly hideValues: boolean
  /** Where in the object the value stands; at its top by default. */
  readonly path?: FieldPath
  /** Called for each field that is set and that Gantry does not honour. */
  readonly onGap?: (gap: FieldGap, field: { readonly path: FieldPath; readonly value: unknown }) => void
}

export interface Conformed {
  /** A copy without nulls, unknown fields and values of a wrong type; quantities are strings. */
  readonly value: unknown
  /** False: a required field is missing or wrong, so the copy must not be read as what the model promises. */
  readonly whole: boolean
}

/** Beyond any real object (a schema nested in a CustomResourceDefinition reaches about 40), well within the stack. */
const deepest = 200
/** Beyond any real object (Kubernetes takes 1.5 MB of JSON). An alias bomb ends here. */
const mostValues = 500_000

/**
 * Walks a value along a shape: reports what does not conform, and copies what does. Never changes the value.
 * Kubernetes's schemas hold no combinators (no anyOf, no rules between fields), so one walk finds every problem, bounds
 * depth and size, and leaves a clean copy; a general schema validator would need all of that around it.
 */
export function conform(value: unknown, shape: Shape, options: ConformOptions): Conformed {
  const walk = new Walk(shape, options)
  const copy = walk.copy(value, shape)
  return { value: copy, whole: walk.whole && copy !== undefined }
}

/** As many names as a message lists. */
const mostNames = 12

class Walk {
  whole = true
  readonly #root: Shape
  readonly #options: ConformOptions
  readonly #path: (string | number)[]
  #values = 0

  constructor(root: Shape, options: ConformOptions) {
    this.#root = root
    this.#options = options
    this.#path = [...(options.path ?? [])]
  }

  copy(value: unknown, shape: Shape): unknown {
    this.#values++
    if (this.#values > mostValues) {
      if (this.#values === mostValues + 1)
        this.#error(`is part of an object of more than ${mostValues} values`, 'split it')
      return this.#broken()
    }
    if (this.#path.length > deepest) {
      this.#error(`is nested more than ${deepest} levels deep`)
      return this.#broken()
    }
    switch (shape.kind) {
      case 'scalar':
        return this.#scalar(value, scalars[shape.type])
      case 'list':
        return this.#list(value, shape.of)
      case 'map':
        return this.#map(value, shape.of)
      case 'model':
        return this.#model(value, shape.name)
      case 'any':
        return this.#any(value)
    }
  }

  #scalar(value: unknown, scalar: Scalar): unknown {
    const read = scalar.read(value)
    if (read !== undefined) return read
    this.#error(`must be ${scalar.expected}, not ${this.#show(value)}`, this.#remedy(value, scalar))
    return undefined
  }

  #list(value: unknown, of: Shape): unknown {
    if (!Array.isArray(value)) {
      this.#error(`must be a list, not ${this.#show(value)}`, 'start each item with "- "')
      return undefined
    }
    return value.map((item, i) => this.#inside(i, () => this.#item(item, of)))
  }

  /** An item that does not conform leaves a hole in the list, which nothing can read. */
  #item(item: unknown, of: Shape): unknown {
    const copy = this.copy(item, of)
    return copy === undefined ? this.#broken() : copy
  }

  #map(value: unknown, of: Shape): unknown {
    if (!isObject(value)) {
      this.#error(`must be a map of names to values, not ${this.#show(value)}`)
      return undefined
    }
    const entries = Object.entries(value).map(([key, item]): [string, unknown] => [
      key,
      // Kubernetes reads an empty value in a map of strings as ''.
      this.#inside(key, () => this.copy(item === null && isText(of) ? '' : item, of)),
    ])
    // fromEntries defines the keys, where an assignment to `__proto__` would change the prototype.
    return Object.fromEntries(entries.filter(([, item]) => item !== undefined))
  }

  #model(value: unknown, name: string): unknown {
    if (!isObject(value)) {
      this.#error(`must be ${article(plainName(name))} with its fields, not ${this.#show(value)}`)
      return undefined
    }
    const { fields, required } = modelOf(name)
    const copy: Record<string, unknown> = {}
    for (const key of Object.keys(value)) {
      const field = fields.get(key)
      const item = value[key]
      if (!field) this.#unknownField(key, { value, name })
      else if (item !== null) {
        this.#path.push(key)
        const copied = this.#field(item, field)
        this.#path.pop()
        if (copied !== undefined) copy[key] = copied
      }
    }
    for (const key of required) if (copy[key] === undefined) this.#missing(key, { value, fields })
    return copy
  }

  #field(value: unknown, field: Field): unknown {
    const copy = this.copy(value, field.shape)
    if (copy === undefined || isUnset(copy, field)) return undefined
    if (field.gap) this.#options.onGap?.(field.gap, { path: [...this.#path], value: copy })
    if (field.constraint) this.#constrain(copy, field.constraint)
    return copy
  }

  #constrain(value: unknown, constraint: Constraint): void {
    if (constraint.of === 'items' && Array.isArray(value)) {
      for (const [i, item] of value.entries()) this.#inside(i, () => this.#test(item, constraint))
    } else if (constraint.of === 'entries' && isObject(value)) {
      for (const entry of Object.entries(value)) this.#inside(entry[0], () => this.#test(entry, constraint))
    } else this.#test(value, constraint)
  }

  #test(value: unknown, { accepts, expected, of, remedy }: Constraint): void {
    if (accepts(value)) return
    // Of an entry the key is shown by the path.
    const shown = of === 'entries' && Array.isArray(value) ? value[1] : value
    const advice = this.#options.hideValues ? undefined : remedy?.(value)
    this.#error(`must be ${expected}, not ${this.#show(shown)}`, advice)
  }

  #unknownField(key: string, { value, name }: { value: object; name: string }): void {
    const names = [...modelOf(name).fields.keys()].filter(field => !isSet(value, field))
    const meant = nearest(key, names)
    this.#options.report.error([...this.#path, key], `is not a field of ${article(plainName(name))}`, {
      target: 'key',
      remedy: meant === undefined ? this.#belongs(key, { name, names }) : `did you mean ${meant}?`,
      ...(meant === undefined ? {} : { concerns: [...this.#path, meant] }),
    })
  }

  /** Where a field that is spelt right and stands in the wrong place belongs. */
  #belongs(key: string, { name, names }: { name: string; names: readonly string[] }): string {
    const below = findBelow(name, key)
    if (below !== undefined)
      return `it belongs in ${[fieldText(this.#path), below].filter(part => part !== '').join('.')}`
    const elsewhere = this.#root.kind === 'model' ? findBelow(this.#root.name, key) : undefined
    if (elsewhere !== undefined) return `it belongs in ${elsewhere}`
    return names.length > mostNames ? 'remove it' : `remove it; the fields are ${names.join(', ')}`
  }

  /** Says so, unless what is wrong with the field (its type, its spelling) was said already. */
  #missing(key: string, { value, fields }: { value: object; fields: Model['fields'] }): void {
    this.whole = false
    const isMisspelt = Object.keys(value).some(other => !fields.has(other) && nearest(other, [key]) === key)
    if (!isSet(value, key) && !isMisspelt) this.#inside(key, () => this.#error('is required', `add ${key}`))
  }

  #any(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((item, i) => this.#inside(i, () => this.copy(item, { kind: 'any' })))
    if (isObject(value)) {
      return Object.fromEntries(
        Object.entries(value).map(([key, item]) => [key, this.#inside(key, () => this.copy(item, { kind: 'any' }))]),
      )
    }
    return typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value) ? value : null
  }

  #inside<T>(step: string | number, act: () => T): T {
    this.#path.push(step)
    const result = act()
    this.#path.pop()
    return result
  }

  #broken(): undefined {
    this.whole = false
  }

  #error(text: string, remedy?: string): void {
    this.#options.report.error([...this.#path], text, remedy === undefined ? {} : { remedy })
  }

  /** A remedy repeats the value, so that of a Secret has to do without. */
  #remedy(value: unknown, scalar: Scalar): string | undefined {
    if (!this.#options.hideValues) return scalar.remedy?.(value, String(this.#path.at(-1)))
    return typeof value === 'object'
      ? undefined
      : `write ${scalar.expected === 'text' ? 'it in quotes' : scalar.expected}`
  }

  #show(value: unknown): string {
    if (!this.#options.hideValues || value === null || typeof value === 'object') return show(value)
    return `a ${typeof value}`
  }
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Kubernetes reads null as absent. */
function isSet(value: object, key: string): boolean {
  return Object.hasOwn(value, key) && Reflect.get(value, key) !== null
}

/** Templates write `imagePullPolicy: ""` where nothing is meant, and so Kubernetes reads it. */
function isUnset(value: unknown, { required, constraint }: Field): boolean {
  if (required || !constraint) return false
  return value === '' || (value === 0 && constraint.zeroIsUnset === true)
}

function isText(shape: Shape): boolean {
  return shape.kind === 'scalar' && (shape.type === 'string' || shape.type === 'byte')
}

function article(noun: string): string {
  return `${/^[AEIOU]/.test(noun) ? 'an' : 'a'} ${noun}`
}
