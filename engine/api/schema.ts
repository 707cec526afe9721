import { type Constraint, alsoRequired, constraints } from './constraints.ts'
import { gantryModels } from './gantry-models.ts'
import { models as kubernetesModels } from './generated/kubernetes.ts'
import type { ModelTable } from './model-table.ts'
import { nearest } from './nearest.ts'
import { isQuantity } from './quantity.ts'
import { type FieldGap, fieldGaps } from './support.ts'
import { type FieldPath, type Report, show } from './report.ts'

/**
 * The generated table as shapes, and the walk of a value along its shape. Kubernetes's schemas hold no combinators
 * (no anyOf, no references between fields), so one walk finds every problem, bounds depth and size, and leaves a clean
 * copy; a general schema validator would need all of that around it.
 */
export type Shape =
  | { readonly kind: 'scalar'; readonly type: ScalarType }
  | { readonly kind: 'list'; readonly of: Shape }
  | { readonly kind: 'map'; readonly of: Shape }
  | { readonly kind: 'model'; readonly name: string }
  | { readonly kind: 'any' }

export interface Field {
  readonly shape: Shape
  readonly constraint: Constraint | undefined
  /** Why it is not honoured, where it is not. */
  readonly gap: FieldGap | undefined
}

export interface Model {
  readonly fields: ReadonlyMap<string, Field>
  readonly required: readonly string[]
}

type ScalarType = keyof typeof scalars

const models: ModelTable = { ...kubernetesModels, ...gantryModels }
const compiled = new Map<string, Model>()

/** The fields of a model, by name. Compiled when first asked for: most commits use few of the 600. */
export function modelOf(name: string): Model {
  const before = compiled.get(name)
  if (before) return before
  const plain = plainName(name)
  const entries = Object.entries(models[name] ?? {})
  const model = {
    fields: new Map(
      entries.map(([field, text]): [string, Field] => [
        field,
        {
          shape: shapeOf(text.replace('!', '')),
          constraint: constraints[`${plain}.${field}`],
          gap: fieldGaps[plain]?.[field],
        },
      ]),
    ),
    required: entries
      .filter(([field, text]) => text.endsWith('!') || alsoRequired.has(`${plain}.${field}`))
      .map(([field]) => field),
  }
  compiled.set(name, model)
  return model
}

function shapeOf(text: string): Shape {
  if (text.endsWith('[]')) return { kind: 'list', of: shapeOf(text.slice(0, -2)) }
  if (text.endsWith('{}')) return { kind: 'map', of: shapeOf(text.slice(0, -2)) }
  if (text === 'any') return { kind: 'any' }
  if (isScalar(text)) return { kind: 'scalar', type: text }
  return Object.hasOwn(models, text) ? { kind: 'model', name: text } : { kind: 'any' }
}

function isScalar(text: string): text is ScalarType {
  return Object.hasOwn(scalars, text)
}

/** `V1Container` → `Container`, `CoreV1EventSeries` → `EventSeries`: the name without its group and version. */
export function plainName(model: string): string {
  return model.replace(/^[A-Za-z]*?V\d+((alpha|beta)\d+)?(?=[A-Z])/, '')
}

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

/** Walks a value along a shape: reports what does not conform, and copies what does. Never changes the value. */
export function conform(value: unknown, shape: Shape, options: ConformOptions): Conformed {
  const walk = new Walk(options)
  const copy = walk.copy(value, shape)
  return { value: copy, whole: walk.whole && copy !== undefined }
}

class Walk {
  whole = true
  readonly #options: ConformOptions
  readonly #path: (string | number)[]
  #values = 0

  constructor(options: ConformOptions) {
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
    if (copy === undefined) return undefined
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

  #test(value: unknown, { accepts, expected, of }: Constraint): void {
    if (accepts(value)) return
    // Of an entry the key is shown by the path.
    const shown = of === 'entries' && Array.isArray(value) ? value[1] : value
    this.#error(`must be ${expected}, not ${this.#show(shown)}`, nearestValue(value, expected))
  }

  #unknownField(key: string, { value, name }: { value: object; name: string }): void {
    const names = [...modelOf(name).fields.keys()].filter(field => !isSet(value, field))
    const meant = nearest(key, names)
    const path = [...this.#path, key]
    this.#options.report.error(path, `is not a field of ${article(plainName(name))}`, {
      target: 'key',
      remedy: meant === undefined ? `remove it; the fields are ${names.join(', ')}` : `did you mean ${meant}?`,
      ...(meant === undefined ? {} : { concerns: [...this.#path, meant] }),
    })
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

function isText(shape: Shape): boolean {
  return shape.kind === 'scalar' && (shape.type === 'string' || shape.type === 'byte')
}

function article(noun: string): string {
  return `${/^[AEIOU]/.test(noun) ? 'an' : 'a'} ${noun}`
}

/** `must be one of Always, Never`: the nearest of them, where one is near. */
function nearestValue(value: unknown, expected: string): string | undefined {
  const choices = /^one of (.*)$/.exec(expected)?.[1]?.split(', ')
  const meant = typeof value === 'string' && choices ? nearest(value, choices) : undefined
  return meant === undefined ? undefined : `did you mean ${meant}?`
}

interface Scalar {
  readonly expected: string
  /** The value as it is kept; undefined where it is none of this type. */
  readonly read: (value: unknown) => unknown
  readonly remedy?: (value: unknown, field: string) => string | undefined
}

const integer = (expected: string, fits: (value: number) => boolean): Scalar => ({
  expected,
  read: value => (typeof value === 'number' && Number.isInteger(value) && fits(value) ? value : undefined),
  remedy: (value, field) =>
    typeof value === 'string' && /^\d+$/.test(value) ? `write ${field}: ${value}` : `write a number, as in ${field}: 1`,
})

const timePattern = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/
const base64Pattern = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

const scalars = {
  string: {
    expected: 'text',
    read: value => (typeof value === 'string' ? value : undefined),
    remedy: (value, field) =>
      typeof value === 'number' || typeof value === 'boolean' ? `quote it: ${field}: "${String(value)}"` : undefined,
  },
  boolean: {
    expected: 'true or false',
    read: value => (typeof value === 'boolean' ? value : undefined),
    remedy: (value, field) => {
      const meant =
        typeof value === 'string'
          ? { true: true, yes: true, on: true, false: false, no: false, off: false }[value.toLowerCase()]
          : undefined
      return meant === undefined ? undefined : `write ${field}: ${meant}`
    },
  },
  int32: integer('a whole number', value => Math.abs(value) < 2 ** 31),
  int64: integer('a whole number', value => Number.isSafeInteger(value)),
  number: {
    expected: 'a number',
    read: value => (Number.isFinite(value) ? value : undefined),
  },
  IntOrString: {
    expected: 'a whole number or text',
    read: value => (typeof value === 'string' || Number.isInteger(value) ? value : undefined),
  },
  quantity: {
    expected: 'a quantity such as 250m, 2 or 64Mi',
    read: value => {
      const text = typeof value === 'number' ? String(value) : value
      return typeof text === 'string' && isQuantity(text) ? text : undefined
    },
    remedy: value =>
      typeof value === 'string' && /^\d+ ?[KkMG][Bb]$/.test(value)
        ? `write ${value.replace(/ ?([KkMG])[Bb]$/, (_, unit: string) => `${unit.toUpperCase()}i`)}`
        : undefined,
  },
  'date-time': {
    expected: 'a time such as 2026-11-20T19:08:09Z',
    read: value =>
      typeof value === 'string' && timePattern.test(value) && !Number.isNaN(Date.parse(value)) ? value : undefined,
  },
  byte: {
    expected: 'base64',
    // Kubernetes's decoder skips line breaks.
    read: value => {
      const text = typeof value === 'string' ? value.replace(/[\r\n]/g, '') : undefined
      return text !== undefined && base64Pattern.test(text) ? text : undefined
    },
    remedy: () => 'put plain text under stringData (of a Secret) or data (of a ConfigMap)',
  },
} satisfies Record<string, Scalar>
