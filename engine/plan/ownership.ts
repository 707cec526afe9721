import type {
  Job,
  KubeObject,
  Labels,
  Node,
  ObjectMeta,
  PodSpec,
  Service,
  ServicePort,
  ServiceSpec,
  Toleration,
} from '../api/types.ts'
import type { KindKey } from '../api/reference.ts'
import { type Manifest, releaseAnnotation, sourceAnnotation } from '../api/manifest.ts'
import { releaseKey } from '../api/set/releases.ts'
import { equal } from '../api/stable.ts'
import { withIdentity } from '../cluster/objects/job-identity.ts'
import { spokenNode, voicesOf, wordsOf } from '../cluster/objects/node-fields.ts'

/** Metadata that the cluster gives to an object; git never sets or clears it. */
const givenMetadata = [
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'ownerReferences',
] as const satisfies readonly (keyof ObjectMeta)[]

/** What git does not own of one kind: the cluster or a controller writes it, and a new commit never resets it. */
interface Ownership {
  /** Fields of spec that stay as they are where the manifest says nothing of them. */
  readonly spec?: readonly string[]
  readonly annotations?: readonly string[]
  readonly labels?: readonly string[]
  /** What no list of fields can say. */
  readonly carry?: (desired: KubeObject, live: KubeObject) => KubeObject
  /** The same for an object that is new. */
  readonly begin?: (desired: KubeObject) => KubeObject
}

const ownership: Readonly<Partial<Record<KindKey, Ownership>>> = {
  Deployment: { annotations: ['deployment.kubernetes.io/revision'] },
  Job: { carry: (desired, live) => carryJob(desired as Job, live as Job) },
  Namespace: { spec: ['finalizers'], labels: ['kubernetes.io/metadata.name'] },
  Node: {
    carry: (desired, live) => desiredNode(desired as Node, live as Node),
    begin: desired => desiredNode(desired as Node, undefined),
  },
  PersistentVolume: { spec: ['claimRef'], annotations: ['pv.kubernetes.io/bound-by-controller'] },
  PersistentVolumeClaim: {
    spec: ['volumeName', 'storageClassName', 'volumeMode'],
    annotations: ['pv.kubernetes.io/bind-completed', 'pv.kubernetes.io/bound-by-controller'],
  },
  Pod: { spec: ['nodeName', 'priority', 'preemptionPolicy', 'serviceAccountName'], carry: carryPod },
  Service: {
    spec: ['ipFamilies', 'ipFamilyPolicy', 'healthCheckNodePort'],
    carry: (desired, live) => carryService(desired as Service, live as Service),
  },
}

export interface Carrying {
  readonly kind: KindKey
  /** Where the object is asked for. */
  readonly manifest: Pick<Manifest, 'origin' | 'release'>
  /** A HorizontalPodAutoscaler decides the number of replicas. */
  readonly scaled: boolean
}

/** The object to put for a manifest: what git says, and everything that git does not own from the live object. */
export function withOwned(desired: KubeObject, live: KubeObject | undefined, carrying: Carrying): KubeObject {
  const { status: _, ...wanted } = desired
  const owned = ownership[carrying.kind] ?? {}
  if (live === undefined) {
    const fresh = { ...wanted, metadata: sourced(desired.metadata, carrying.manifest) }
    return owned.begin?.(fresh) ?? fresh
  }
  const fields = [...(owned.spec ?? []), ...(carrying.scaled ? ['replicas'] : [])]
  const object: KubeObject = {
    ...wanted,
    metadata: carryMetadata(desired.metadata, live.metadata, { manifest: carrying.manifest, owned }),
    ...(desired.spec === undefined && live.spec === undefined
      ? {}
      : { spec: carryFields(desired.spec, live.spec, { fields, override: carrying.scaled ? 'replicas' : undefined }) }),
    ...(live.status === undefined ? {} : { status: live.status }),
  }
  return owned.carry?.(object, live) ?? object
}

/** The object as git would no longer claim it. */
export function released(live: KubeObject): KubeObject {
  const { [sourceAnnotation]: _, ...annotations } = live.metadata.annotations ?? {}
  const object = { ...live, metadata: { ...live.metadata, annotations } }
  return object.kind === 'Node' ? undesiredNode(object as Node) : object
}

/** A Node's fields are shared with its agent: git's words are kept apart, so that they can be taken back. */
function desiredNode(desired: Node, live: Node | undefined): Node {
  const { podCIDR, podCIDRs, taints } = live?.spec ?? {}
  const annotations = { ...live?.metadata.annotations, ...pick(desired.metadata.annotations, sourceAnnotation) }
  const node: Node = {
    ...desired,
    metadata: { ...desired.metadata, annotations },
    spec: { ...ifSet({ podCIDR, podCIDRs }), taints: taints ?? [] },
  }
  return spokenNode(node, { desired: wordsOf(desired), reported: live && voicesOf(live).reported })
}

function undesiredNode(live: Node): Node {
  return spokenNode(live, { desired: undefined, reported: voicesOf(live).reported })
}

function pick(annotations: Labels | undefined, name: string): Labels {
  const value = annotations?.[name]
  return value === undefined ? {} : { [name]: value }
}

function ifSet<T extends object>(fields: T): Partial<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>
}

function sourced(metadata: ObjectMeta, { origin, release }: Carrying['manifest']): ObjectMeta {
  const annotations = {
    ...metadata.annotations,
    [sourceAnnotation]: origin.file,
    ...(release === undefined ? {} : { [releaseAnnotation]: releaseKey(release) }),
  }
  return { ...metadata, annotations }
}

function carryMetadata(
  desired: ObjectMeta,
  live: ObjectMeta,
  { manifest, owned }: { manifest: Carrying['manifest']; owned: Ownership },
): ObjectMeta {
  const given = Object.fromEntries(
    givenMetadata.flatMap(field => (live[field] === undefined ? [] : [[field, live[field]]])),
  )
  const labels = carryEntries(desired.labels, live.labels, owned.labels)
  const annotations = carryEntries(desired.annotations, live.annotations, owned.annotations)
  const finalizers = [...new Set([...(live.finalizers ?? []), ...(desired.finalizers ?? [])])]
  const metadata = {
    ...desired,
    ...given,
    ...(labels === undefined ? {} : { labels }),
    ...(annotations === undefined ? {} : { annotations }),
    ...(finalizers.length === 0 ? {} : { finalizers }),
  }
  return sourced(metadata, manifest)
}

function carryEntries(desired: Labels | undefined, live: Labels | undefined, names: readonly string[] = []) {
  const carried = names.flatMap(name => (live?.[name] === undefined ? [] : [[name, live[name]] as const]))
  return carried.length === 0 ? desired : { ...desired, ...Object.fromEntries(carried) }
}

function carryFields(
  desired: unknown,
  live: unknown,
  { fields, override }: { fields: readonly string[]; override: string | undefined },
): unknown {
  if (fields.length === 0) return desired
  const wanted = (desired ?? {}) as Record<string, unknown>
  const found = (live ?? {}) as Record<string, unknown>
  const carried = fields.filter(
    field => found[field] !== undefined && (wanted[field] === undefined || field === override),
  )
  return carried.length === 0
    ? desired
    : { ...wanted, ...Object.fromEntries(carried.map(field => [field, found[field]])) }
}

/** Tolerations that admission added stay: Kubernetes lets nobody take one from a running pod. */
function carryPod(desired: KubeObject, live: KubeObject): KubeObject {
  const wanted = (desired.spec as PodSpec).tolerations ?? []
  const added = ((live.spec as PodSpec).tolerations ?? []).filter(
    toleration => isAdmission(toleration) && !wanted.some(other => equal(other, toleration)),
  )
  if (added.length === 0) return desired
  return { ...desired, spec: { ...(desired.spec as PodSpec), tolerations: [...wanted, ...added] } }
}

function isAdmission(toleration: Toleration): boolean {
  return toleration.key === 'node.kubernetes.io/not-ready' || toleration.key === 'node.kubernetes.io/unreachable'
}

/** The cluster gave the Job its selector, and its pods the labels by which that finds them. */
function carryJob(desired: Job, live: Job): Job {
  return live.spec.selector === undefined ? desired : withIdentity(desired)
}

/** A Service keeps the addresses and node ports it was given, as the API server keeps them on update. */
function carryService(desired: Service, live: Service): Service {
  if (desired.spec.type === 'ExternalName') return desired
  const keepsAddress =
    isAddress(live.spec.clusterIP) &&
    (desired.spec.clusterIP === undefined || desired.spec.clusterIP === live.spec.clusterIP)
  const address = keepsAddress
    ? { clusterIP: live.spec.clusterIP, ...(live.spec.clusterIPs && { clusterIPs: live.spec.clusterIPs }) }
    : desired.spec.clusterIP === 'None' && desired.spec.clusterIPs === undefined && live.spec.clusterIPs?.[0] === 'None'
      ? { clusterIPs: live.spec.clusterIPs }
      : {}
  const spec: ServiceSpec = { ...desired.spec, ...address }
  return { ...desired, spec: takesNodePorts(spec) ? { ...spec, ...carryNodePorts(spec, live.spec) } : spec }
}

function isAddress(clusterIP: string | undefined): clusterIP is string {
  return clusterIP !== undefined && clusterIP !== '' && clusterIP !== 'None'
}

function takesNodePorts(spec: ServiceSpec): boolean {
  return spec.type === 'NodePort' || spec.type === 'LoadBalancer'
}

function carryNodePorts(desired: ServiceSpec, live: ServiceSpec): { ports?: readonly ServicePort[] } {
  if (desired.ports === undefined) return {}
  const given = new Map(live.ports?.map(port => [portKey(port), port.nodePort]))
  const taken = new Set(desired.ports.map(port => port.nodePort))
  return {
    ports: desired.ports.map(port => {
      const nodePort = port.nodePort ?? given.get(portKey(port))
      // A node port that the manifest now gives to another port is no longer this one's.
      return nodePort === undefined || (port.nodePort === undefined && taken.has(nodePort))
        ? port
        : { ...port, nodePort }
    }),
  }
}

function portKey(port: ServicePort): string {
  return `${port.protocol}/${port.port}`
}
