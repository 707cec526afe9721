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

interface Finding extends Advice {
  readonly path: FieldPath
  readonly text: string
}

/** As many problems of one object as anybody reads. */
const mostProblems = 100

/** Collects what is wrong with one object. */
export class Report {
  readonly problems: Problem[] = []
  readonly #value: unknown
  readonly #locate: Locate
  readonly #object: string | undefined
  /** The fields that have an error. */
  readonly #wrong: FieldPath[] = []
  /** Those of them about which nothing more is said. */
  #settled: readonly FieldPath[] = []

  constructor({ value, locate, object }: { value: unknown; locate: Locate; object?: string | undefined }) {
    this.#value = value
    this.#locate = locate
    this.#object = object
  }

  get failed(): boolean {
    return this.#wrong.length > 0
  }

  /** The text reads on from the field's path: `must be a whole number, not "three"`. */
  error(path: FieldPath, text: string, advice: Advice = {}): void {
    if (this.#isSettled(path)) return
    this.#wrong.push(path, ...(advice.concerns ? [advice.concerns] : []))
    this.#add('error', { path, text, ...advice })
  }

  warn(path: FieldPath, text: string, advice: Advice = {}): void {
    if (!this.#isSettled(path)) this.#add('warning', { path, text, ...advice })
  }

  /** From here on nothing is added about fields that are known to be wrong: it would only be what follows from that. */
  settle(): void {
    this.#settled = [...this.#wrong]
  }

  #isSettled(path: FieldPath): boolean {
    return this.#settled.some(wrong => isWithin(wrong, path) || isWithin(path, wrong))
  }

  #add(severity: Problem['severity'], finding: Finding): void {
    if (this.problems.length < mostProblems) this.problems.push(this.#problem(severity, finding))
    else if (this.problems.length === mostProblems) {
      this.problems.push(
        this.#problem('error', { path: [], text: `has more than ${mostProblems} problems; the rest is not listed` }),
      )
    }
  }

  #problem(severity: Problem['severity'], { path, text, remedy, target = 'value' }: Finding): Problem {
    const known = presentPart(this.#value, path)
    // A field that is missing is placed at the start of what should hold it.
    const origin = this.#locate(known, known.length === path.length ? target : 'value')
    return {
      ...origin,
      severity,
      message: `${path.length === 0 ? 'the manifest' : fieldText(path)} ${text}`,
      ...(remedy === undefined ? {} : { remedy }),
      ...(this.#object === undefined ? {} : { object: this.#object }),
      ...(path.length === 0 ? {} : { field: fieldText(path) }),
    }
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

const longestShown = 60

function cut(text: string): string {
  return text.length > longestShown ? `${text.slice(0, longestShown)}…` : text
}

/** `spec.containers[0].image`, `metadata.labels["app.kubernetes.io/name"]`. */
export function fieldText(path: FieldPath): string {
  return path.map(stepText).join('').replace(/^\./, '')
}

function stepText(step: string | number): string {
  if (typeof step === 'number') return `[${step}]`
  return /^[\w$-]+$/.test(step) ? `.${cut(step)}` : `[${cut(JSON.stringify(step))}]`
}

/** A value as a message shows it: short, and never the inside of an object. */
export function show(value: unknown): string {
  if (value === null || value === undefined) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'an object'
  return cut(typeof value === 'string' ? JSON.stringify(value) : String(value))
}
