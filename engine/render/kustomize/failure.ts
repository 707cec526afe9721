import type { Origin } from '../../api/problem.ts'

/** Why a kustomization cannot be built, at the place that its author wrote. */
export class KustomizeFailure extends Error {
  readonly origin: Origin
  readonly remedy: string | undefined
  constructor(message: string, { origin, remedy }: { readonly origin: Origin; readonly remedy?: string | undefined }) {
    super(message)
    this.name = 'KustomizeFailure'
    this.origin = origin
    this.remedy = remedy
  }
}
