import type { Origin, Problem } from './problem.ts'

/** Where a field stands inside an object: `['spec', 'containers', 0, 'image']`. */
export type FieldPath = readonly (string | number)[]

/** Where in the files a field's key or value stands. Asked only for paths that are in the input. */
export type Locate = (path: FieldPath, target: 'key' | 'value') => Origin

export interface Advice {
  readonly remedy?: string
  /** What the place of the problem is: the field's name, or (by default) its value. */
  readonly target?: 'key' | 'value'
  /** Another field that the same mistake concerns: later findings there are left out. */
  readonly concerns?: FieldPath
}

/** Collects what is wrong with one object. */
export class Report {
  readonly problems: Problem[] = []
  readonly #value: unknown
  readonly #locate: Locate
  readonly #object: string | undefined
  readonly #spoiled: FieldPath[] = []

  constructor({ value, locate, object }: { value: unknown; locate: Locate; object?: string | undefined }) {
    this.#value = value
    this.#locate = locate
    this.#object = object
  }

  /** The text reads on from the field's path: `must be a whole number, not "three"`. */
  error(path: FieldPath, text: string, advice: Advice = {}): void {
    this.#add('error', path, { text, ...advice })
  }

  warn(path: FieldPath, text: string, advice: Advice = {}): void {
    this.#add('warning', path, { text, ...advice })
  }

  get failed(): boolean {
    return this.problems.some(problem => problem.severity === 'error')
  }

  /** From here on nothing is added about fields that are known to be wrong: it would only be what follows from that. */
  settle(): void {
    this.#spoiled.push(...this.#wrong)
  }

  readonly #wrong: FieldPath[] = []

  #add(
    severity: Problem['severity'],
    path: FieldPath,
    { text, remedy, target = 'value', concerns }: Advice & { text: string },
  ) {
    if (this.#spoiled.some(wrong => isWithin(wrong, path) || isWithin(path, wrong))) return
    if (severity === 'error') this.#wrong.push(path, ...(concerns ? [concerns] : []))
    const known = presentPart(this.#value, path)
    // A field that is missing is placed at the start of what should hold it.
    const origin = this.#locate(known, known.length === path.length ? target : 'value')
    this.problems.push({
      ...origin,
      severity,
      message: `${path.length === 0 ? 'the manifest' : fieldText(path)} ${text}`,
      ...(remedy === undefined ? {} : { remedy }),
      ...(this.#object === undefined ? {} : { object: this.#object }),
      ...(path.length === 0 ? {} : { field: fieldText(path) }),
    })
  }
}

function isWithin(path: FieldPath, outer: FieldPath): boolean {
  return outer.length <= path.length && outer.every((step, i) => step === path[i])
}

function presentPart(value: unknown, path: FieldPath): FieldPath {
  let at = value
  for (const [i, step] of path.entries()) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) return path.slice(0, i)
    at = Reflect.get(at, step)
  }
  return path
}

/** `spec.containers[0].image`, `metadata.labels["app.kubernetes.io/name"]`. */
export function fieldText(path: FieldPath): string {
  return path
    .map(step =>
      typeof step === 'number' ? `[${step}]` : /^[\w$-]+$/.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`,
    )
    .join('')
    .replace(/^\./, '')
}

const longestShown = 60

/** A value as a message shows it: short, and never the inside of an object. */
export function show(value: unknown): string {
  if (value === null || value === undefined) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'an object'
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value)
  return text.length > longestShown ? `${text.slice(0, longestShown)}…` : text
}
