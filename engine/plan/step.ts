import type { HookEvent } from '../api/sequence.ts'
import type { KubeObject } from '../api/types.ts'
import type { Origin } from '../api/problem.ts'
import type { Ref } from '../api/reference.ts'
import type { Stage } from './stages.ts'

/** One change that a commit asks for. `after` is ready to be put: it carries over what git does not own. */
export type PlanStep = Work & {
  /** Absent where all of the commit is applied at once. */
  readonly stage?: Stage
}

type Work =
  | { readonly kind: 'create'; readonly ref: Ref; readonly after: KubeObject; readonly origin: Origin }
  | {
      readonly kind: 'update'
      readonly ref: Ref
      readonly before: KubeObject
      readonly after: KubeObject
      readonly origin: Origin
    }
  | { readonly kind: 'delete'; readonly ref: Ref; readonly before: KubeObject }
  /** Runs a hook. */
  | {
      readonly kind: 'run'
      readonly ref: Ref
      readonly after: KubeObject
      readonly origin: Origin
      readonly event: HookEvent
    }

/** In the order in which the steps are applied. */
export interface Plan {
  readonly steps: readonly PlanStep[]
}
