import { describeRef, refOf } from '../../api/reference.ts'
import type { ClusterPolicy } from '../../api/settings.ts'
import type { KubeObject } from '../../api/types.ts'
import { judgeBy, type Finding } from '../../policy/policy.ts'
import { within } from './within.ts'

/** Objects to judge. Plain JSON, as is the answer: both cross threads. */
export interface PolicyRequest {
  readonly policy: ClusterPolicy
  readonly objects: readonly KubeObject[]
  /** How long that may take. */
  readonly milliseconds: number
}

/** What each object breaks, in the order of the objects; or who took the time. */
export type PolicyAnswer =
  | { readonly findings: readonly (readonly Finding[])[]; readonly milliseconds: number }
  | { readonly slowest: Slowest | undefined }

/** The rule that took the longest, and the object that it came to last. */
export interface Slowest {
  readonly rule: string
  readonly object: string
}

/** The rules that this worker read last: a commit's objects come in many requests with the same ones. */
let last: { readonly id: string; readonly judge: ReturnType<typeof judgeBy>; readonly times: Times } | undefined

export function answerPolicy(bytes: Uint8Array): PolicyAnswer {
  const { policy, objects, milliseconds }: PolicyRequest = JSON.parse(new TextDecoder().decode(bytes))
  const id = JSON.stringify(policy)
  if (last?.id !== id) {
    const times = new Times()
    last = { id, times, judge: judgeBy(policy, (rule, object) => times.begin(rule, object)) }
  }
  const { judge, times } = last
  times.clear()
  const start = performance.now()
  const findings = within(milliseconds, () => objects.map(judge))
  if (findings === undefined) return { slowest: times.slowest() }
  return { findings, milliseconds: performance.now() - start }
}

/** How long each rule has taken. */
class Times {
  readonly #all = new Map<string, { milliseconds: number; object: KubeObject }>()
  #current: { readonly rule: string; readonly object: KubeObject; readonly since: number } | undefined

  clear(): void {
    this.#all.clear()
    this.#current = undefined
  }

  begin(rule: string, object: KubeObject): void {
    const since = performance.now()
    this.#end(since)
    this.#current = { rule, object, since }
  }

  slowest(): Slowest | undefined {
    this.#end(performance.now())
    const [first] = [...this.#all].sort(([, a], [, b]) => b.milliseconds - a.milliseconds)
    return first && { rule: first[0], object: describeRef(refOf(first[1].object)) }
  }

  #end(now: number): void {
    if (this.#current === undefined) return
    const { rule, object, since } = this.#current
    const milliseconds = (this.#all.get(rule)?.milliseconds ?? 0) + now - since
    this.#all.set(rule, { milliseconds, object })
  }
}
