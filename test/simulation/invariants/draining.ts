import type { Key } from '../../../engine/api/reference.ts'
import type { Pod } from '../../../engine/api/types.ts'
import type { Cluster } from '../../../engine/cluster/cluster.ts'
import type { Step } from '../engine-process.ts'
import type { FakeAgent } from '../fake-agent.ts'
import { isDrained, isToldToStop } from '../fake-pod.ts'
import { check, Violation } from './violation.ts'

/** How long proxies may take to stop sending connections to a pod that ends. */
const drainForMs = 2_000

/** A pod that is told to stop is called drained after two seconds at the latest, whoever stays silent. */
export class Draining {
  /** Pods that are not drained yet, since when. */
  readonly #since = new Map<Key, number>()

  /** The engine starts: its two seconds begin anew. */
  begin(cluster: Cluster, now: number): void {
    this.#since.clear()
    for (const pod of cluster.list('Pod')) {
      if (isToldToStop(pod) && !isDrained(pod)) this.#since.set(keyOf(pod), now)
    }
  }

  check({ record, now }: Step): void {
    for (const { ref, after } of record) {
      if (ref.kind !== 'Pod') continue
      const pod = after as Pod | undefined
      if (!pod || !isToldToStop(pod) || isDrained(pod)) this.#since.delete(ref.key)
      else if (!this.#since.has(ref.key)) this.#since.set(ref.key, now)
    }
    for (const [key, since] of this.#since) {
      check(now - since <= drainForMs, () => `${key} is not called drained after ${now - since} ms`)
    }
  }
}

function keyOf({ metadata }: Pod): Key {
  return `${metadata.namespace}/${metadata.name}`
}

/** No proxy whose agent is connected sends new connections to a pod that is being stopped, or two seconds passed. */
export function checkStopping(
  told: Pod,
  { now, agents }: { readonly now: number; readonly agents: readonly FakeAgent[] },
): void {
  const { deletionTimestamp, deletionGracePeriodSeconds: grace = 0, uid = '', name } = told.metadata
  const since = Date.parse(deletionTimestamp ?? '') - grace * 1_000
  if (now - since >= drainForMs) return
  const sender = agents.find(
    // Who came after the pod was told to stop may serve what it heard in an earlier session.
    ({ proxy, isUpToDate, helloAt }) => (isUpToDate || helloAt <= since) && proxy.sendsTo(uid),
  )
  if (sender) throw new Violation(`${name} is stopped while ${sender.name} still sends it traffic`)
}
