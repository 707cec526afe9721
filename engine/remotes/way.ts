import type { Credentials } from './credentials.ts'

/** How the outside may be asked. */
export interface Way {
  /** `spec.remotes.hosts` of gantry.yaml. */
  readonly hosts: readonly string[]
  readonly credentials: Credentials
  readonly patience: Patience
}

export interface Patience {
  /** Milliseconds without a sign of life. */
  readonly idle: number
  /** Milliseconds for one download as a whole. */
  readonly total: number
  /** Milliseconds before each further try. */
  readonly again: readonly number[]
}

export const defaultPatience: Patience = { idle: 20_000, total: 300_000, again: [300, 1500] }
