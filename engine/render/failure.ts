import type { Origin } from '../api/problem.ts'

/** Why a unit of several files cannot be rendered, at the place that its author wrote. */
export class RenderFailure extends Error {
  readonly origin: Origin
  readonly remedy: string | undefined
  constructor(message: string, { origin, remedy }: { readonly origin: Origin; readonly remedy?: string | undefined }) {
    super(message)
    this.name = 'RenderFailure'
    this.origin = origin
    this.remedy = remedy
  }
}
