import { judgeBy, type Finding } from '../../policy/policy.ts'
import type { ClusterPolicy } from '../../api/settings.ts'
import type { KubeObject } from '../../api/types.ts'

/** Objects to judge. Plain JSON, as is the answer: both cross threads. */
export interface PolicyRequest {
  readonly policy: ClusterPolicy
  readonly objects: readonly KubeObject[]
}

/** What each object breaks, in the order of the objects. */
export type PolicyAnswer = readonly (readonly Finding[])[]

/** The rules that this worker read last: a commit's objects come in many requests with the same ones. */
let last: { readonly id: string; readonly judge: ReturnType<typeof judgeBy> } | undefined

export function answerPolicy(bytes: Uint8Array): PolicyAnswer {
  const { policy, objects }: PolicyRequest = JSON.parse(new TextDecoder().decode(bytes))
  const id = JSON.stringify(policy)
  if (last?.id !== id) last = { id, judge: judgeBy(policy) }
  return objects.map(last.judge)
}
