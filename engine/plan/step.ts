import type { KubeObject } from '../api/types.ts'
import type { Origin } from '../api/problem.ts'
import type { Ref } from '../api/reference.ts'

/** One change that a commit asks for. `after` is ready to be put: it carries over what git does not own. */
export type PlanStep =
  | { readonly kind: 'create'; readonly ref: Ref; readonly after: KubeObject; readonly origin: Origin }
  | {
      readonly kind: 'update'
      readonly ref: Ref
      readonly before: KubeObject
      readonly after: KubeObject
      readonly origin: Origin
    }
  | { readonly kind: 'delete'; readonly ref: Ref; readonly before: KubeObject }

/** In the order in which the steps are applied. */
export interface Plan {
  readonly steps: readonly PlanStep[]
}
