import type { FileKey } from './sops/file-key.ts'
import type { Format } from './sops/format.ts'
import type { TreeUnitName } from './tree-unit.ts'
import type { Language } from './unit.ts'

/**
 * What a worker reads: one file, a file to open for a unit of several, or, as JSON, what such a unit is asked (with its
 * paths), objects to judge, or fields to find.
 */
export type Job = (
  | { readonly language: Language | TreeUnitName | 'policy' | 'places' }
  | { readonly language: 'sops'; readonly format: Format }
) & {
  /** Without it objects are given as they are written: neither checked nor defaulted. */
  readonly validate: boolean
  /** The file's own key, where it is encrypted. */
  readonly key?: FileKey
}

/** What a worker is asked: its answers come in the same order, in one message. */
export interface Batch {
  readonly units: readonly { readonly bytes: Uint8Array; readonly options: Job }[]
  readonly maxOutputBytes: number
}

export type BatchResult = readonly UnitResult[]

/** A RenderedUnit, TreeAnswer, PolicyAnswer or PlacesAnswer as JSON, or why there is none, in words that follow the file's name. */
export type UnitResult = { readonly unit: string; readonly milliseconds: number } | { readonly failure: string }
