import type { KubeObject } from './types.ts'
import type { Origin } from './problem.ts'

/** An object as a commit asks for it (validated, defaulted) and the place it came from. */
export interface Manifest {
  readonly object: KubeObject
  readonly origin: Origin
  /** Absent where it belongs to none. */
  readonly release?: Release
}

/** A chart as the commit asks for it: its objects are applied together, after the releases that it depends on. */
export interface Release {
  readonly name: string
  readonly namespace: string
  /** Where its objects are that name no namespace. */
  readonly targetNamespace?: string
  /** Names of releases: `db` in the same namespace, or `shop/db`. */
  readonly dependsOn: readonly string[]
  /** Where the commit asks for it. */
  readonly origin?: Origin
}

/** One commit of the followed branch. */
export interface Revision {
  readonly commit: string
  /** The id of the tree under the followed path: equal trees render equally. */
  readonly tree: string
  readonly subject: string
  readonly author: string
  /** Seconds since 1970. */
  readonly committedAt: number
}

/** Of objects that name none. */
export const defaultNamespace = 'default'

/** Names the file that an object of the followed branch came from; its presence marks the object as desired by git. */
export const sourceAnnotation = 'gantry.dev/source'
/** What the branch says of a Node, and what its agent does: canonical JSON of NodeWords, written by the cluster. */
export const desiredAnnotation = 'gantry.dev/desired'
export const reportedAnnotation = 'gantry.dev/reported'
/** On a Node of the branch: its pods are to go. See DrainOptions. */
export const drainAnnotation = 'gantry.dev/drain'
/** Names the release that an object belongs to: `shop/db`. */
export const releaseAnnotation = 'gantry.dev/release'
/** `"true"` leaves an object of the branch out. */
export const ignoreAnnotation = 'gantry.dev/ignore'
/** Names rules of the policy, separated by commas, that do not hold for the object. */
export const exemptAnnotation = 'gantry.dev/policy-exempt'
