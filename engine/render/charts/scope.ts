import type { FieldPath } from '../../api/report.ts'
import type { Home, Template } from './template.ts'

/** Where an expression stands: what its paths begin at. */
export interface Frame {
  readonly context: unknown
  /** What `../` leads to. */
  readonly parent: Frame | undefined
  /** `@index`, `@key`, `@first`, `@last`. */
  readonly data: ReadonlyMap<string, unknown>
  /** Block parameters: `as |item index|`. */
  readonly names: ReadonlyMap<string, unknown>
  readonly partials: PartialScope | undefined
  /** The values that the context was made of. */
  readonly reads: readonly FieldPath[]
  readonly home: Home
}

/** Partials that are defined where they are used; inner ones hide outer ones. */
export interface PartialScope {
  readonly inlines: ReadonlyMap<string, Template>
  /** What `{{> @partial-block}}` gives, and the partials that it sees. */
  readonly block?: { readonly template: Template; readonly scope: PartialScope | undefined }
  readonly outer: PartialScope | undefined
}

export function findInline(scope: PartialScope | undefined, name: string): Template | undefined {
  for (let each = scope; each !== undefined; each = each.outer) {
    const found = each.inlines.get(name)
    if (found !== undefined) return found
  }
  return undefined
}

export function findBlock(scope: PartialScope | undefined): PartialScope['block'] {
  for (let each = scope; each !== undefined; each = each.outer) if (each.block !== undefined) return each.block
  return undefined
}
