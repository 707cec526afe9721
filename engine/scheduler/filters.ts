import { taintKeys } from '../api/node-taints.ts'
import { matchesLabels } from '../api/selector.ts'
import type { Pod, Taint, Toleration } from '../api/types.ts'
import { controllerOf } from '../cluster/objects/ownership.ts'
import type { NodeInfo } from './node-info.ts'
import type { PodInfo } from './pod-info.ts'

/** A reason for which a node cannot take a pod. */
export interface Filter {
  readonly name: string
  readonly check: (info: PodInfo, node: NodeInfo) => boolean
  /** Why a node failed the check, in the words of kube-scheduler: one or more reasons. */
  readonly explain: (info: PodInfo, node: NodeInfo) => readonly string[]
}

const nodeUnschedulable: Filter = {
  name: 'NodeUnschedulable',
  check: ({ pod }, { node }) =>
    node.spec.unschedulable !== true || tolerates(pod, { key: taintKeys.unschedulable, effect: 'NoSchedule' }),
  explain: () => ['node(s) were unschedulable'],
}

const nodeDrained: Filter = {
  name: 'NodeDrained',
  // A pod that tolerates a cordon would come back and be evicted again, without end; a DaemonSet's is left there.
  check: ({ pod }, { draining }) => !draining || controllerOf(pod)?.kind === 'DaemonSet',
  explain: () => ['node(s) were being drained'],
}

const nodeReady: Filter = {
  name: 'NodeReady',
  // Such a node is tainted too, but a pod that tolerates every taint could not start there either.
  check: (_, { ready }) => ready,
  explain: () => ['node(s) were not ready'],
}

const taintToleration: Filter = {
  name: 'TaintToleration',
  check: ({ pod }, { barring }) => barring.every(taint => endures(pod, taint)),
  explain: ({ pod }, { barring }) => {
    const taint = barring.find(each => !endures(pod, each))
    return taint ? [`node(s) had untolerated taint {${taint.key}: ${taint.value ?? ''}}`] : []
  },
}

const nodeAffinity: Filter = {
  name: 'NodeAffinity',
  check: ({ pod: { spec } }, { node }) =>
    spec.nodeSelector === undefined || matchesLabels(spec.nodeSelector, node.metadata.labels),
  explain: () => ["node(s) didn't match Pod's node affinity/selector"],
}

const runtime: Filter = {
  name: 'Runtime',
  check: ({ pod: { spec } }, node) =>
    spec.runtimeClassName === undefined || spec.runtimeClassName === ''
      ? node.hasContainerRuntime
      : node.handlers.has(spec.runtimeClassName),
  explain: ({ pod: { spec } }) => [
    spec.runtimeClassName === undefined || spec.runtimeClassName === ''
      ? 'node(s) had no container runtime, which a pod with an image needs'
      : `node(s) had no runtime "${spec.runtimeClassName}"`,
  ],
}

const nodePorts: Filter = {
  name: 'NodePorts',
  check: ({ hostPorts: wanted }, { hostPorts }) => hostPorts.size === 0 || !wanted.some(port => hostPorts.has(port)),
  explain: () => ["node(s) didn't have free ports for the requested pod ports"],
}

const resourcesFit: Filter = {
  name: 'NodeResourcesFit',
  check: ({ requests }, node) => {
    if (node.pods >= node.mostPods) return false
    for (const [name, amount] of requests) if (!fits(node, name, amount)) return false
    return true
  },
  explain: ({ requests }, node) => [
    ...(node.pods >= node.mostPods ? ['Too many pods'] : []),
    ...requests.flatMap(([name, amount]) => (fits(node, name, amount) ? [] : [`Insufficient ${name}`])),
  ],
}

/** A node that does not say how much it has of a basic resource is not asked; of any other it has none. */
function fits({ allocatable, requested }: NodeInfo, name: string, amount: number): boolean {
  const basic = name === 'cpu' || name === 'memory' || name === 'ephemeral-storage'
  const has = allocatable.get(name) ?? (basic ? Number.POSITIVE_INFINITY : 0)
  // Sums of fractions of cores are off by less than this.
  return (requested.get(name) ?? 0) + amount <= has + 1e-9 * has
}

/** In kube-scheduler's order; the first that fails is the node's reason. Room for affinity is after NodeAffinity. */
export const filters: readonly Filter[] = [
  nodeUnschedulable,
  nodeDrained,
  taintToleration,
  nodeReady,
  nodeAffinity,
  runtime,
  nodePorts,
  resourcesFit,
]

/** Why this node cannot take the pod; undefined where it can. */
export function obstacle(info: PodInfo, node: NodeInfo): Filter | undefined {
  for (const filter of filters) if (!filter.check(info, node)) return filter
  return undefined
}

/** As in Kubernetes memory pressure keeps only those pods away that ask for nothing: they are the first to suffer. */
function endures(pod: Pod, taint: Taint): boolean {
  if (taint.key === taintKeys.memoryPressure && pod.status?.qosClass !== 'BestEffort') return true
  return tolerates(pod, taint)
}

export function tolerates({ spec }: Pod, taint: Taint): boolean {
  return spec.tolerations?.some(toleration => matchesTaint(toleration, taint)) === true
}

function matchesTaint({ key = '', operator, value, effect }: Toleration, taint: Taint): boolean {
  if (effect !== undefined && effect !== taint.effect) return false
  if (key === '') return operator === 'Exists'
  return key === taint.key && (operator === 'Exists' || (value ?? '') === (taint.value ?? ''))
}
