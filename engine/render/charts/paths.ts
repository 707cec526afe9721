import { nearest } from '../../api/nearest.ts'
import type { FieldPath } from '../../api/report.ts'
import { RenderFailure } from '../failure.ts'
import { isFields, type Fields } from '../kustomize/fields.ts'
import type { Frame } from './scope.ts'
import type { Path } from './template.ts'

/** What a path leads to; `source` where that is a part of the values. */
export interface Found {
  readonly value: unknown
  readonly source: FieldPath | undefined
}

/** Where a path ends before its time. */
interface Lost {
  readonly holder: unknown
  readonly step: string
  /** How many parts were found. */
  readonly found: number
}

/** Follows paths through a release's context, by own fields only. */
export class Paths {
  readonly #root: Fields
  /** Which part of the context an object is. */
  readonly #sources = new WeakMap<object, FieldPath>()

  constructor(root: Fields) {
    this.#root = root
    this.#sources.set(root, [])
  }

  /** Undefined where the path leads to nothing and `mayLack`; otherwise that is a RenderFailure. */
  follow(path: Path, { frame, mayLack }: { readonly frame: Frame; readonly mayLack: boolean }): Found | undefined {
    const { start, rest } = this.#start(path, frame)
    let value = start
    let source = this.sourceOf(start)
    for (const [index, step] of rest.entries()) {
      if (!hasStep(value, step)) {
        if (mayLack) return undefined
        throw this.#missing(path, { holder: value, step, found: path.parts.length - rest.length + index })
      }
      const next: unknown = Reflect.get(value, step)
      source = this.note(source, { key: Array.isArray(value) ? Number(step) : step, item: next })
      value = next
    }
    return { value, source }
  }

  /** Which part of the values an item of another part is. */
  note(
    source: FieldPath | undefined,
    { key, item }: { readonly key: string | number; readonly item: unknown },
  ): FieldPath | undefined {
    const known = this.sourceOf(item)
    if (known !== undefined || source === undefined) return known
    const inside = [...source, key]
    if (typeof item === 'object' && item !== null) this.#sources.set(item, inside)
    return inside
  }

  sourceOf(value: unknown): FieldPath | undefined {
    return typeof value === 'object' && value !== null ? this.#sources.get(value) : undefined
  }

  #start(path: Path, frame: Frame): { start: unknown; rest: readonly string[] } {
    const [first = '', ...rest] = path.parts
    if (path.data && first === 'root') return { start: this.#root, rest }
    const outer = this.#outer(path, frame)
    if (path.data) {
      if (outer.data.has(first)) return { start: outer.data.get(first), rest }
      const remedy = 'write @root, or @index and @key inside {{#each}}'
      throw new RenderFailure(`there is no ${path.written} here`, { origin: path.origin, remedy })
    }
    if (path.depth === 0 && !isScoped(path) && outer.names.has(first)) return { start: outer.names.get(first), rest }
    return { start: outer.context, rest: path.parts }
  }

  #outer(path: Path, frame: Frame): Frame {
    let outer = frame
    for (let depth = path.depth; depth > 0; depth--) {
      if (outer.parent === undefined) {
        throw new RenderFailure(`${path.written} leads out of the template`, {
          origin: path.origin,
          remedy: 'write @root for what the template was given',
        })
      }
      outer = outer.parent
    }
    return outer
  }

  #missing(path: Path, { holder, step, found }: Lost): RenderFailure {
    const before = path.parts.slice(0, found)
    const whole = path.written.replace(/^(?:\.\.?\/)+|^this[./]/, '')
    const where = before.length === 0 ? 'what is looked at here' : before.join('.')
    const why = typeof holder === 'object' && holder !== null ? `has no ${step}` : 'is no mapping'
    return new RenderFailure(`${whole} is not there: ${where} ${why}`, {
      origin: path.origin,
      remedy: this.#remedy(path, { holder, step, found }),
    })
  }

  #remedy(path: Path, { holder, step, found }: Lost): string {
    const [first = ''] = path.parts
    if (found === 0 && holder !== this.#root && Object.hasOwn(this.#root, first)) return `write @root.${path.written}`
    const meant = isFields(holder) ? nearest(step, Object.keys(holder)) : undefined
    if (meant !== undefined) return `did you mean ${[...path.parts.slice(0, found), meant].join('.')}?`
    return `give it in the values, or write (default … ${path.written})`
  }
}

/** `this.name` and `./name` are fields, never helpers or block parameters. */
export function isScoped({ written }: Path): boolean {
  return /^(?:\.|this\b)/.test(written)
}

function hasStep(value: unknown, step: string): value is object {
  if (Array.isArray(value)) return step === 'length' || (/^\d+$/.test(step) && Number(step) < value.length)
  return isFields(value) && Object.hasOwn(value, step)
}
