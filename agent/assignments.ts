/** What the engine told this node: the agent's copy of its part of the cluster. */
import { clusterKind } from '../engine/api/cluster-object.ts'
import { kindKey, keyOf, refOf } from '../engine/api/reference.ts'
import type { Kinds, KubeObject, NodeName } from '../engine/api/types.ts'
import type { Key, KindKey, Ref } from '../engine/api/reference.ts'
import type { ClusterNetwork } from '../engine/protocol/encryption.ts'
import type { AssignmentDelta, NodeSettings, PodReport } from '../engine/protocol/session.ts'
import type { Mirror } from './mirror.ts'

type Assigned = 'Node' | 'Pod' | 'ConfigMap' | 'Secret' | 'Service' | 'EndpointSlice'

export class Assignments implements Mirror {
  readonly settings: NodeSettings
  readonly #nodeName: NodeName
  #resourceVersion = 0
  readonly #objects = new Map<KindKey, Map<Key, KubeObject>>()
  readonly #sorted = new Map<KindKey, readonly KubeObject[]>()

  constructor(settings: NodeSettings, nodeName: NodeName) {
    this.settings = settings
    this.#nodeName = nodeName
  }

  get resourceVersion(): number {
    return this.#resourceVersion
  }

  /** Returns the kinds of which something changed. */
  apply(delta: AssignmentDelta): ReadonlySet<string> {
    const touched = new Set<string>()
    if (delta.full) {
      for (const kind of this.#objects.keys()) touched.add(kind)
      this.#objects.clear()
      this.#sorted.clear()
    }
    for (const object of delta.put) {
      const kind = kindKey(object.apiVersion, object.kind)
      let objects = this.#objects.get(kind)
      if (objects === undefined) this.#objects.set(kind, (objects = new Map()))
      objects.set(refOf(object).key, object)
      this.#sorted.delete(kind)
      touched.add(kind)
    }
    for (const ref of delta.delete) this.#remove(ref, touched)
    this.#resourceVersion = delta.resourceVersion
    return touched
  }

  #remove(ref: Ref, touched: Set<string>): void {
    if (this.#objects.get(ref.kind)?.delete(ref.key) !== true) return
    this.#sorted.delete(ref.kind)
    touched.add(ref.kind)
  }

  node(): Kinds['Node'] | undefined {
    return this.#get('Node', this.#nodeName)
  }
  peers(): readonly Kinds['Node'][] {
    return this.#list('Node').filter(({ metadata }) => metadata.name !== this.#nodeName)
  }
  encryption(): ReturnType<Mirror['encryption']> {
    const [cluster] = this.#objects.get(clusterKind)?.values() ?? []
    return (cluster as ClusterNetwork | undefined)?.spec.network.encryption ?? 'none'
  }
  pods(): readonly Kinds['Pod'][] {
    return this.#list('Pod')
  }
  configMap(namespace: string, name: string): Kinds['ConfigMap'] | undefined {
    return this.#get('ConfigMap', keyOf(name, namespace))
  }
  secret(namespace: string, name: string): Kinds['Secret'] | undefined {
    return this.#get('Secret', keyOf(name, namespace))
  }
  services(): readonly Kinds['Service'][] {
    return this.#list('Service')
  }
  endpointSlices(): readonly Kinds['EndpointSlice'][] {
    return this.#list('EndpointSlice')
  }

  #get<K extends Assigned>(kind: K, key: Key): Kinds[K] | undefined {
    return this.#objects.get(kind)?.get(key) as Kinds[K] | undefined
  }

  #list<K extends Assigned>(kind: K): readonly Kinds[K][] {
    let sorted = this.#sorted.get(kind)
    if (sorted === undefined) {
      const byKey = [...(this.#objects.get(kind) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1))
      this.#sorted.set(kind, (sorted = byKey.map(([, object]) => object)))
    }
    return sorted as readonly Kinds[K][]
  }

  /**
   * Takes over what this agent itself saw of a pod, which the engine does not tell it again; the delta that says so.
   * Undefined for a pod that is not, or no longer, assigned.
   */
  saw(report: PodReport): AssignmentDelta | undefined {
    const pod = this.#get('Pod', keyOf(report.name, report.namespace))
    if (pod?.metadata.uid !== report.uid || !('status' in report)) return undefined
    const put = [{ ...pod, status: report.status }]
    const delta = { full: false, resourceVersion: this.#resourceVersion, put, delete: [] }
    this.apply(delta)
    return delta
  }

  /** All of it as one delta. */
  whole(): AssignmentDelta {
    const put = [...this.#objects.values()].flatMap(objects => [...objects.values()])
    return { full: true, resourceVersion: this.#resourceVersion, put, delete: [] }
  }
}
