import type { Origin, Problem } from '../api/problem.ts'

/** What follows from it: `Unreachable` may pass by itself and is tried again; the others wait for a person. */
export type RemoteFailureCode =
  | 'HostNotAllowed'
  | 'NotLocked'
  | 'DigestDiffers'
  | 'Refused' // credentials, rights, or nothing of that name
  | 'Unfit' // it was fetched and is not what it should be
  | 'Unreachable'

/** Why something remote is not to be had. Neither message nor remedy holds credentials. */
export class RemoteFailure extends Error {
  readonly code: RemoteFailureCode
  readonly remedy: string
  constructor(code: RemoteFailureCode, message: string, remedy: string) {
    super(message)
    this.name = 'RemoteFailure'
    this.code = code
    this.remedy = remedy
  }

  /** The same as a problem of a commit, at the place that names the remote. */
  at(origin: Origin): Problem {
    return { ...origin, severity: 'error', message: this.message, remedy: this.remedy }
  }
}
