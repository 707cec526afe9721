/** How a unit came about. */
export interface UnitTrace {
  /** The file that it is, or that says what it is made of. */
  readonly unit: string
  /** The files that it read. */
  readonly files: readonly string[]
  /** `hit`: it was known from before, with everything that it read. */
  readonly cache: 'hit' | 'miss'
  /** How long a worker rendered it. */
  readonly milliseconds: number
}

/** Told of each unit that was looked into; what an unchanged folder holds is not. */
export type OnUnit = (trace: UnitTrace) => void
