export type RecordErrorCode =
  /** The head of the observed branch was not written by this cluster. */
  | 'Foreign'
  /** What stands there is not laid out as this version of Gantry records. */
  | 'UnknownLayout'

/** The record cannot be trusted or read: a person must act. */
export class RecordError extends Error {
  override readonly name = 'RecordError'
  readonly code: RecordErrorCode
  readonly remedy: string

  constructor(code: RecordErrorCode, message: string, remedy: string) {
    super(message)
    this.code = code
    this.remedy = remedy
  }
}
