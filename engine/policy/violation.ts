import type { FieldPath } from '../api/report.ts'
import type { KubeObject } from '../api/types.ts'

/** What of an object breaks a rule. */
export interface Violation {
  readonly message: string
  readonly remedy?: string
  /** The field that is to blame; empty where it is the object. */
  readonly path: FieldPath
}

/** Judges an object by one rule. */
export type Judge = (object: ObjectForRules) => readonly Violation[]

/** An object as rules read it. */
export interface ObjectForRules {
  readonly object: KubeObject
  /** As CEL reads it: see `celValue`. */
  cel(): unknown
}
