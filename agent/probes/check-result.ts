export interface CheckResult {
  readonly ok: boolean
  /** What went wrong; what the check said, where it said anything. */
  readonly message: string
}
