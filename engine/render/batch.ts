import type { TreeUnitName } from './tree-unit.ts'
import type { Language } from './unit.ts'

/** What a worker reads: one file, or, as JSON, what a unit of several files is asked (with its paths), objects to judge, or fields to find. */
export interface Job {
  readonly language: Language | TreeUnitName | 'policy' | 'places'
  /** Without it objects are given as they are written: neither checked nor defaulted. */
  readonly validate: boolean
}

/** What a worker is asked: its answers come in the same order, in one message. */
export interface Batch {
  readonly units: readonly { readonly bytes: Uint8Array; readonly options: Job }[]
  readonly maxOutputBytes: number
}

export type BatchResult = readonly UnitResult[]

/** A RenderedUnit, TreeAnswer, PolicyAnswer or PlacesAnswer as JSON, or why there is none, in words that follow the file's name. */
export type UnitResult = { readonly unit: string; readonly milliseconds: number } | { readonly failure: string }
