import type { Resource } from '../api/registry.ts'
import type { StreamRefused } from '../protocol/streams.ts'

/** A failed request, as Kubernetes's `Status`: clients go by `code` and `reason`, people by the message. */
export class StatusError extends Error {
  readonly code: number
  readonly reason: string
  readonly details: StatusDetails | undefined

  constructor(message: string, status: { code: number; reason: string; details?: StatusDetails }) {
    super(message)
    this.name = 'StatusError'
    this.code = status.code
    this.reason = status.reason
    this.details = status.details
  }

  toStatus(): object {
    const { message, reason, details, code } = this
    return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, details, code }
  }
}

export interface StatusDetails {
  readonly name?: string
  readonly group?: string
  readonly kind?: string
  readonly causes?: readonly { readonly reason?: string; readonly message?: string; readonly field?: string }[]
  readonly retryAfterSeconds?: number
}

export function badRequest(message: string): StatusError {
  return new StatusError(message, { code: 400, reason: 'BadRequest' })
}

export function unauthorized(message: string): StatusError {
  return new StatusError(message, { code: 401, reason: 'Unauthorized' })
}

export function forbidden(message: string): StatusError {
  return new StatusError(message, { code: 403, reason: 'Forbidden' })
}

/** What an agent answered instead of a stream. */
export function ofStream({ status, message }: StreamRefused): StatusError {
  const reasons: Readonly<Record<number, string>> = { 400: 'BadRequest', 404: 'NotFound', 503: 'ServiceUnavailable' }
  return new StatusError(message, { code: status, reason: reasons[status] ?? 'InternalError' })
}

export function notFound(resource: Resource, name: string): StatusError {
  const { group, plural } = resource
  return new StatusError(`${qualified(resource)} "${name}" not found`, {
    code: 404,
    reason: 'NotFound',
    details: { name, ...(group === '' ? {} : { group }), kind: plural },
  })
}

/** A path that names no resource. */
export function unknownPath(): StatusError {
  return new StatusError('the server could not find the requested resource', {
    code: 404,
    reason: 'NotFound',
    details: {},
  })
}

/** Every write: what the cluster holds is decided by the branch alone. */
export function readOnly(method: string): StatusError {
  return new StatusError(
    `Gantry's API is for reading, ${method} is refused; change the followed branch and push (or run gantry rollback)`,
    { code: 405, reason: 'MethodNotAllowed', details: {} },
  )
}

export function notAcceptable(): StatusError {
  return new StatusError('only the following media types are accepted: application/json', {
    code: 406,
    reason: 'NotAcceptable',
  })
}

/** The changes since then are no longer kept: the client lists again. */
export function expired(message: string): StatusError {
  return new StatusError(message, { code: 410, reason: 'Expired' })
}

export function tooOldResourceVersion(wanted: number, oldest: number): StatusError {
  return expired(`too old resource version: ${wanted} (${oldest})`)
}

/** A resourceVersion that is still to come: the client asks again later. */
export function tooLargeResourceVersion(wanted: number, current: number): StatusError {
  return new StatusError(`Too large resource version: ${wanted}, current: ${current}`, {
    code: 504,
    reason: 'Timeout',
    details: {
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
      retryAfterSeconds: 1,
    },
  })
}

function qualified({ plural, group }: Resource): string {
  return group === '' ? plural : `${plural}.${group}`
}
