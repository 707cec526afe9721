import type { Manifest } from '../api/manifest.ts'
import type { Key } from '../api/reference.ts'
import { refOf } from '../api/reference.ts'
import type { Node, NodeName, Pod } from '../api/types.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { Observer } from '../cluster/observer.ts'
import type { ObjectChange } from '../cluster/view.ts'
import { drainedCondition } from '../protocol/session.ts'
import { conditionOf } from '../cluster/objects/conditions.ts'
import { Ailments } from '../controllers/health/ailments.ts'
import { Losses } from '../controllers/node/losses.ts'
import { drainOf, isNodeReady } from '../cluster/objects/node-state.ts'
import { isBeingDeleted } from '../cluster/objects/ownership.ts'
import { isFinished } from '../cluster/objects/pod-state.ts'
import { isWaiting, type Refusals } from '../scheduler/reconcile.ts'
import { Deadlines } from './deadlines.ts'
import { KeyQueue } from './key-queue.ts'
import { markDirty, rolloutRound, type Task, tasks } from './dirty.ts'
import { urgencyOf } from './urgency.ts'

export interface WorkItem {
  readonly task: Task
  readonly key: string
}

/** What is left to decide: fed by every change, emptied by a step. Made anew from the objects after a restart. */
export class Work implements Observer {
  readonly deadlines = new Deadlines()
  readonly ailments = new Ailments()
  readonly refusals: Refusals = new Map()
  /** The commit of which something is yet to be applied. */
  commit: readonly Manifest[] | undefined
  /** The cluster's resourceVersion when that was last looked at. */
  advancedAt: number | undefined
  readonly #cluster: Cluster
  readonly #dirty = new Map<Task, KeyQueue>(tasks.map(task => [task, new KeyQueue()]))
  readonly #waiting = new Set<Key>()
  readonly #draining = new Set<Key>()
  readonly #lostNodes = new Set<NodeName>()
  readonly #losses: Losses
  #areMostLost: boolean
  readonly #drainedNodes = new Set<NodeName>()
  #acknowledged = 0

  constructor(cluster: Cluster) {
    this.#cluster = cluster
    // Made before this, so that it has heard of each change before.
    this.#losses = cluster.observer(Losses)
    this.#areMostLost = this.#losses.areMost()
    for (const kind of cluster.kinds()) {
      for (const after of cluster.list(kind)) {
        this.changed({ ref: refOf(after), after, resourceVersion: cluster.resourceVersion, decided: false })
      }
    }
    // What an earlier engine took away may not have been served everywhere when it died.
    if (cluster.list('EndpointSlice').length > 0) cluster.sessions.routesVersion = cluster.resourceVersion
  }

  /** A commit is to be applied, stage after stage; undefined: it is applied already. */
  begin(commit: readonly Manifest[] | undefined): void {
    this.commit = commit
    this.advancedAt = undefined
    this.markRollout()
  }

  markRollout(): void {
    this.mark('rollout', rolloutRound(this.#cluster))
  }

  mark(task: Task, key: string): void {
    this.#dirty.get(task)?.add(key)
  }

  changed(change: ObjectChange): void {
    markDirty(this.#cluster, change, (task, key) => this.mark(task, key))
    if (change.ref.kind === 'Pod') this.#followPod(change.ref.key, change)
    if (change.ref.kind === 'Node') this.#followNode(change.ref.key, change)
    // What holds up a drain may do so no longer.
    if (change.ref.kind === 'PodDisruptionBudget') for (const node of this.#drainedNodes) this.mark('node', node)
    if (change.ref.kind === 'EndpointSlice' && urgencyOf(change) === 'now')
      this.#cluster.sessions.routesVersion = change.resourceVersion
  }

  /** The first thing to do of the earliest task that has any. */
  take(): WorkItem | undefined {
    for (const task of tasks) {
      const key = this.#dirty.get(task)?.take()
      if (key !== undefined) return { task, key }
    }
    return undefined
  }

  /** Marks what fell due. */
  wake(now: number): void {
    for (const item of this.deadlines.due(now)) {
      const { task, key } = parseItem(item)
      this.mark(task, key)
    }
  }

  setDeadline(item: WorkItem, at: number | undefined): void {
    this.deadlines.set(`${item.task} ${item.key}`, at)
  }

  /** Looks at pods that are leaving the endpoints, if the proxies got on since. */
  proxiesMoved(): void {
    if (this.#draining.size === 0) return
    const least = this.#cluster.sessions.leastAcknowledged()
    if (least === this.#acknowledged) return
    this.#acknowledged = least
    for (const key of this.#draining) this.mark('termination', key)
  }

  /** Whether a lost node's pods are replaced depends on whether most nodes are lost. */
  #followNode(key: Key, { after }: ObjectChange): void {
    const is = after as Node | undefined
    if (is && !isNodeReady(is)) this.#lostNodes.add(key)
    else this.#lostNodes.delete(key)
    if (is && drainOf(is)) this.#drainedNodes.add(key)
    else this.#drainedNodes.delete(key)
    const areMostLost = this.#losses.areMost()
    if (areMostLost !== this.#areMostLost) for (const node of this.#lostNodes) this.mark('node', node)
    this.#areMostLost = areMostLost
    this.#roomChanged()
  }

  #followPod(key: Key, { before, after }: ObjectChange): void {
    const [was, is] = [before as Pod | undefined, after as Pod | undefined]
    if (is && isWaiting(is)) {
      this.#waiting.add(key)
      if (!was || !isWaiting(was)) this.mark('placement', key)
    } else this.#waiting.delete(key)
    const node = (is ?? was)?.spec.nodeName
    if (node !== undefined && this.#drainedNodes.has(node)) this.mark('node', node)
    const drained = is && conditionOf(is.status?.conditions, drainedCondition) !== undefined
    if (is && isBeingDeleted(is) && drained === false) this.#draining.add(key)
    else this.#draining.delete(key)
    if (was?.spec.nodeName !== undefined && !isFinished(was) && (!is || isFinished(is))) this.#roomChanged()
  }

  /** Pods that no node took may find one now. */
  #roomChanged(): void {
    this.refusals.clear()
    for (const key of this.#waiting) this.mark('placement', key)
  }
}

function parseItem(item: string): WorkItem {
  const space = item.indexOf(' ')
  return { task: item.slice(0, space) as Task, key: item.slice(space + 1) }
}
