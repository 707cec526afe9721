import type { Origin } from '../../api/problem.ts'

/** A parsed template: what stands in the file, in our own words, each part with its place. */
export interface Program {
  readonly statements: readonly Statement[]
  /** Partials that it defines: `{{#*inline "name"}}`. */
  readonly inlines: ReadonlyMap<string, Template>
}

/** A program and the chart whose files it may name as partials. */
export interface Template {
  readonly program: Program
  readonly home: Home
}

/** The folder of a chart, by which its own partials are found. */
export interface Home {
  readonly partials: Map<string, Template>
}

export type Statement =
  /** `exact`: the text stands in the file as it is. */
  | { readonly kind: 'text'; readonly text: string; readonly exact: boolean; readonly origin: Origin }
  | { readonly kind: 'output'; readonly value: Expression; readonly origin: Origin }
  | Block
  | PartialCall

export interface Block extends Call {
  readonly kind: 'block'
  readonly names: readonly string[]
  readonly body: Program
  readonly otherwise: Program
}

export interface PartialCall {
  readonly kind: 'partial'
  /** A text, or what gives one. */
  readonly name: Expression
  readonly params: readonly Expression[]
  readonly hash: readonly HashEntry[]
  /** The white space before a call that has a line of its own: it stands before every line of the partial. */
  readonly indent: string
  /** `{{#> name}}…{{/name}}`: the partial's `@partial-block`, or what stands for it where there is no such partial. */
  readonly body: Program | undefined
  readonly origin: Origin
}

export type Expression = Literal | Path | (Call & { readonly kind: 'call' })

export interface Literal {
  readonly kind: 'literal'
  readonly value: string | number | boolean | null
  readonly origin: Origin
}

export interface Path {
  readonly kind: 'path'
  /** As it is written: `../Values.[a b]`. */
  readonly written: string
  /** `@root`, `@index`. */
  readonly data: boolean
  /** How many `../` it begins with. */
  readonly depth: number
  readonly parts: readonly string[]
  readonly origin: Origin
}

export interface Call {
  readonly name: string
  readonly params: readonly Expression[]
  readonly hash: readonly HashEntry[]
  readonly origin: Origin
}

export interface HashEntry {
  readonly name: string
  readonly value: Expression
}
