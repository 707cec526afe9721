import { parseQuantity } from '../api/quantity.ts'
import type { Container, PodSpec, ResourceList } from '../api/types.ts'

/** Amounts in base units (cores, bytes, pieces) by the resource's name. */
export type Resources = ReadonlyMap<string, number>

/** Pods of one template share their containers, which are frozen: what they ask for is worked out once. */
const known = new WeakMap<PodSpec['containers'], Resources>()

/**
 * What a pod asks of its node. Containers and sidecars run together, so their requests add up; init containers run one
 * after the other beside the sidecars started before them, so the largest counts.
 */
export function requestsOf(spec: PodSpec): Resources {
  const cached = known.get(spec.containers)
  if (cached) return cached
  const running = new Map<string, number>()
  const peak = new Map<string, number>()
  for (const container of spec.initContainers ?? []) {
    const own = amounts(container)
    if (container.restartPolicy === 'Always') add(running, own)
    for (const [name, amount] of own) {
      const together =
        container.restartPolicy === 'Always' ? (running.get(name) ?? 0) : (running.get(name) ?? 0) + amount
      peak.set(name, Math.max(peak.get(name) ?? 0, together))
    }
  }
  for (const container of spec.containers) add(running, amounts(container))
  for (const [name, amount] of peak) running.set(name, Math.max(running.get(name) ?? 0, amount))
  known.set(spec.containers, running)
  return running
}

/** Where only a limit is given it is the request too. */
function amounts({ resources }: Container): Resources {
  return resourcesOf({ ...resources.limits, ...resources.requests })
}

export function resourcesOf(list: ResourceList | undefined): Map<string, number> {
  return new Map(Object.entries(list ?? {}).map(([name, quantity]) => [name, parseQuantity(quantity)]))
}

function add(total: Map<string, number>, more: Resources): void {
  for (const [name, amount] of more) total.set(name, (total.get(name) ?? 0) + amount)
}
