import type { Key } from '../../api/reference.ts'
import { keyOf } from '../../api/reference.ts'
import type { Pod, PodDisruptionBudget, PodDisruptionBudgetStatus } from '../../api/types.ts'
import { type Decision, nothing } from '../../cluster/decision.ts'
import type { IndexedView } from '../../cluster/indexed-view.ts'
import { withCondition } from '../../cluster/objects/conditions.ts'
import { controllerKey, controllerOf, isBeingDeleted } from '../../cluster/objects/ownership.ts'
import { isReady } from '../../cluster/objects/pod-state.ts'
import type { Env } from '../../cluster/view.ts'
import { type Allowance, allowance } from './budget.ts'

/** Writes into a PodDisruptionBudget's status how many of its pods may be taken down now. */
export function reconcileDisruptionBudget(cluster: IndexedView, key: Key, env: Env): Decision {
  const budget = cluster.get('PodDisruptionBudget', key)
  if (!budget) return nothing
  const now = allowanceOf(cluster, budget)
  const conditions = withCondition(
    budget.status?.conditions,
    {
      type: 'DisruptionAllowed',
      ...(now.disruptionsAllowed > 0
        ? { status: 'True', reason: 'SufficientPods' }
        : { status: 'False', reason: 'InsufficientPods' }),
      message: '',
      ...observed(budget),
    },
    env.now,
  )
  const status: PodDisruptionBudgetStatus = { ...observed(budget), ...now, conditions }
  return { changes: [{ kind: 'put', object: { ...budget, status } }] }
}

function observed({ metadata: { generation } }: PodDisruptionBudget): { observedGeneration?: number } {
  return generation === undefined ? {} : { observedGeneration: generation }
}

/** What a budget allows as the cluster stands: its status may be a step behind. */
export function allowanceOf(cluster: IndexedView, { metadata, spec }: PodDisruptionBudget): Allowance {
  const pods = spec.selector === undefined ? [] : cluster.podsMatching(metadata.namespace ?? '', spec.selector)
  const healthy = pods.filter(pod => !isBeingDeleted(pod) && isReady(pod)).length
  return allowance(spec, { pods: pods.length, scale: scaleOf(cluster, pods), healthy })
}

/** The replicas that the pods' controllers are to have, each controller counted once. */
function scaleOf(cluster: IndexedView, pods: readonly Pod[]): number {
  const replicas = new Map<string, number>()
  for (const pod of pods) {
    const owner = controllerOf(pod)
    const set = owner?.kind === 'ReplicaSet' ? cluster.get('ReplicaSet', controllerKey(pod) ?? '') : undefined
    if (set === undefined) continue
    const above = controllerOf(set)
    const deployment =
      above?.kind === 'Deployment' ? cluster.get('Deployment', keyOf(above.name, set.metadata.namespace)) : undefined
    const counted = deployment ?? set
    replicas.set(counted.metadata.uid ?? '', counted.spec.replicas)
  }
  return [...replicas.values()].reduce((sum, count) => sum + count, 0)
}
