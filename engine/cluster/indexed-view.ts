import type { Ref } from '../api/reference.ts'
import type { KubeObject, LabelSelector, Pod, PodDisruptionBudget, ReplicaSet, Service, Uid } from '../api/types.ts'
import type { PodTally } from './pod-tallies.ts'
import type { Sessions } from './sessions.ts'
import type { ClusterView } from './view.ts'

/** What the controllers may read besides ClusterView. Every lookup costs about what it returns. */
export interface IndexedView extends ClusterView {
  readonly sessions: Sessions
  /** Every object that names this uid as its owner, whatever its kind. */
  dependents(owner: string): readonly KubeObject[]
  /** Pods, ReplicaSets with replicas and Jobs that are not over that read this ConfigMap or Secret. */
  usersOf(ref: Ref): readonly KubeObject[]
  /** Pods that nothing controls. */
  orphanPods(namespace: string): readonly Pod[]
  podsMatching(namespace: string, selector: LabelSelector): readonly Pod[]
  /** What the pods of a controller come to, for each set of labels that they have. */
  podTallies(controller: Uid): readonly PodTally[]
  /** Pods of an owner that wait for something, and say for what. */
  waitingPods(owner: Uid): readonly Pod[]
  servicesSelecting(pod: Pod): readonly Service[]
  replicaSetsSelecting(pod: Pod): readonly ReplicaSet[]
  budgetsSelecting(pod: Pod): readonly PodDisruptionBudget[]
  /** The Services that hold a cluster address or node port (`10.96.0.7`, `TCP/30080`); more than one is a conflict. */
  servicesAt(address: string): readonly Service[]
  /** Whether a namespace holds anything but Events. */
  holdsAnything(namespace: string): boolean
  /** Whether git asks for anything in a namespace; costs what the namespace holds. */
  holdsDesired(namespace: string): boolean
}
