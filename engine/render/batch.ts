import type { UnitOptions } from './unit.ts'

/** What a worker reads: one file, or the files of a kustomization as JSON (BuildRequest). */
export type Job = Omit<UnitOptions, 'language'> & { readonly language: UnitOptions['language'] | 'kustomization' }

/** What a worker is asked: its answers come in the same order, in one message. */
export interface Batch {
  readonly units: readonly { readonly bytes: Uint8Array; readonly options: Job }[]
  readonly maxOutputBytes: number
}

export type BatchResult = readonly UnitResult[]

/** A RenderedUnit, or a BuildAnswer, as JSON, or why the unit gave none, in words that follow the file's name. */
export type UnitResult = { readonly unit: string } | { readonly failure: string }
