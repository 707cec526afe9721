/** What a newcomer asks first is the example: a cluster that begins with it is ready when the example answers. */
import type { ClusterObject } from './api/cluster-object.ts'
import { deferred } from './deferred.ts'

export interface Example {
  readonly isServed: boolean
  /** Resolves when it answers, or has had its time: at once where the cluster did not begin with it. */
  readonly served: Promise<void>
  look(cluster: ClusterObject): void
  close(): void
}

/** Longer than the example takes on any machine that can run it, in milliseconds. */
const patience = 10_000

export function createExample(seeded: boolean): Example {
  const { promise, resolve } = deferred<void>()
  let isServed = false
  const timer = seeded ? setTimeout(serve, patience) : undefined
  if (!seeded) serve()

  function serve(): void {
    clearTimeout(timer)
    isServed = true
    resolve()
  }

  return {
    get isServed() {
      return isServed
    },
    served: promise,
    look(cluster) {
      if (cluster.status.healthyAt !== undefined) serve()
    },
    close: () => clearTimeout(timer),
  }
}
