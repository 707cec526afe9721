import type { UnitOptions } from './unit.ts'

/** What a worker is asked: its answers come in the same order, in one message. */
export interface Batch {
  readonly units: readonly { readonly bytes: Uint8Array; readonly options: UnitOptions }[]
  readonly maxOutputBytes: number
}

export type BatchResult = readonly UnitResult[]

/** A RenderedUnit as JSON, or why the unit gave none, in words that follow the file's name. */
export type UnitResult = { readonly unit: string } | { readonly failure: string }
