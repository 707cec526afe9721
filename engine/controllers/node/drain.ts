import type { DrainOptions } from '../../api/drain.ts'
import { type Key, refOf } from '../../api/reference.ts'
import type { Condition, Node, Pod, PodDisruptionBudget } from '../../api/types.ts'
import type { IndexedView } from '../../cluster/indexed-view.ts'
import type { Change, Env } from '../../cluster/view.ts'
import { withCondition } from '../../cluster/objects/conditions.ts'
import { isFinished, isReady } from '../../cluster/objects/pod-state.ts'
import { drainedCondition } from '../../protocol/session.ts'
import type { Allowance } from '../disruption/budget.ts'
import { allowanceOf } from '../disruption/reconcile.ts'
import { deletePod } from '../pod/deletion.ts'
import { drainVerdict, isObstacle } from './drain-verdict.ts'

export interface Drain {
  /** Of pods that are not leaving for another reason. */
  readonly changes: readonly Change[]
  /** How far it is, for the Node's status. */
  readonly condition: Condition
}

/** So many pods are named in a condition's message. */
const named = 5

/** Evicts the pods of a node that is being drained, as far as their PodDisruptionBudgets allow it now. */
export function drain(
  cluster: IndexedView,
  node: Node,
  { options, leaving, env }: { options: DrainOptions; leaving: ReadonlySet<Key>; env: Env },
): Drain {
  const budgets = new Budgets(cluster)
  const changes: Change[] = []
  const left: string[] = []
  const blocked: string[] = []
  for (const pod of cluster.podsOn(node.metadata.name)) {
    const { key } = refOf(pod)
    const verdict = leaving.has(key) ? 'wait' : drainVerdict(pod, options)
    if (verdict === 'stay') continue
    left.push(key)
    if (isObstacle(verdict)) blocked.push(`${key}: ${verdict}`)
    else if (verdict === 'evict') {
      const refusing = budgets.take(pod)
      if (refusing === undefined) changes.push(...evictPod(pod, { node, options, env }))
      else blocked.push(`${key}: PodDisruptionBudget ${refusing} does not allow it now`)
    }
  }
  return { changes, condition: progress(left, blocked) }
}

function progress(left: readonly string[], blocked: readonly string[]): Condition {
  const type = drainedCondition
  if (left.length === 0) return { type, status: 'True', reason: 'Drained', message: 'nothing is left to evict' }
  if (blocked.length === 0) return { type, status: 'False', reason: 'Evicting', message: listed(left) }
  return { type, status: 'False', reason: 'Blocked', message: listed(blocked) }
}

function listed(lines: readonly string[]): string {
  const more = lines.length - named
  return [...lines.slice(0, named), ...(more > 0 ? [`and ${more} more`] : [])].join('; ')
}

/** What budgets still allow while several pods of one decision are taken. */
class Budgets {
  readonly #cluster: IndexedView
  readonly #spare = new Map<Key, Allowance>()

  constructor(cluster: IndexedView) {
    this.#cluster = cluster
  }

  /** Takes the pod from all its budgets, or names the first that does not allow it. */
  take(pod: Pod): string | undefined {
    // What does not run is nobody's disruption.
    if (isFinished(pod) || pod.status?.phase === 'Pending') return undefined
    const counting = this.#cluster
      .budgetsSelecting(pod)
      .filter(budget => isReady(pod) || !letsUnhealthyGo(budget, this.#of(budget)))
    const refusing = counting.find(budget => this.#of(budget).disruptionsAllowed <= 0)
    if (refusing) return refusing.metadata.name
    for (const budget of counting) {
      const { disruptionsAllowed, ...rest } = this.#of(budget)
      this.#spare.set(refOf(budget).key, { ...rest, disruptionsAllowed: disruptionsAllowed - 1 })
    }
    return undefined
  }

  #of(budget: PodDisruptionBudget): Allowance {
    const { key } = refOf(budget)
    const known = this.#spare.get(key) ?? allowanceOf(this.#cluster, budget)
    this.#spare.set(key, known)
    return known
  }
}

/** A pod that is not Ready serves nobody: whether it may go all the same is the budget's unhealthyPodEvictionPolicy. */
function letsUnhealthyGo({ spec }: PodDisruptionBudget, { currentHealthy, desiredHealthy }: Allowance): boolean {
  if (spec.unhealthyPodEvictionPolicy === 'AlwaysAllow') return true
  return desiredHealthy > 0 && currentHealthy >= desiredHealthy
}

function evictPod(
  pod: Pod,
  { node, options, env }: { node: Node; options: DrainOptions; env: Env },
): readonly Change[] {
  const condition = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'EvictionByEvictionAPI',
    message: `node ${node.metadata.name} is being drained`,
  } as const
  const conditions = withCondition(pod.status?.conditions, condition, env.now)
  const told: Pod = { ...pod, status: { phase: 'Pending', ...pod.status, conditions } }
  return [
    ...deletePod(told, env, options),
    {
      kind: 'event',
      ref: refOf(pod),
      type: 'Normal',
      reason: 'Evicted',
      message: `Node ${node.metadata.name} is being drained`,
      component: 'node-controller',
    },
  ]
}
