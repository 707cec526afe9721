import type { Key } from '../../api/reference.ts'
import { refOf } from '../../api/reference.ts'
import { sourceAnnotation } from '../../api/manifest.ts'
import type { Namespace } from '../../api/types.ts'
import type { IndexedView } from '../../cluster/indexed-view.ts'
import type { Change } from '../../cluster/view.ts'
import { type Decision, nothing } from '../../cluster/decision.ts'
import { isBeingDeleted } from '../../cluster/objects/ownership.ts'
import { revived } from '../garbage/prune.ts'

const nameLabel = 'kubernetes.io/metadata.name'
/** Marks a Namespace that nobody asked for by name: it stands for as long as something is in it. */
const impliedAnnotation = 'gantry.dev/implied'
/** Namespaces that a cluster always has. */
const permanent: ReadonlySet<string> = new Set(['default', 'kube-system'])

/** Makes the Namespaces that objects are in, and removes those that end once nothing is left in them. */
export function reconcileNamespace(cluster: IndexedView, name: Key): Decision {
  const namespace = cluster.get('Namespace', name)
  const occupied = cluster.holdsAnything(name)
  if (!namespace) return occupied || permanent.has(name) ? { changes: [put(implied(name))] } : nothing
  // Git no longer names it, and asks for what is in it all the same.
  if (isBeingDeleted(namespace) && cluster.holdsDesired(name)) return { changes: [put(spared(namespace))] }
  const ends = isBeingDeleted(namespace) || isForsaken(namespace)
  if (!ends || permanent.has(name)) return { changes: [put(withPhase(namespace, 'Active'))] }
  if (occupied) return { changes: [put(withPhase(namespace, isBeingDeleted(namespace) ? 'Terminating' : 'Active'))] }
  const events = cluster.list('Event', name)
  return { changes: [...events, namespace].map((object): Change => ({ kind: 'delete', ref: refOf(object) })) }
}

/** Implied once, and not asked for by git since. */
function isForsaken({ metadata }: Namespace): boolean {
  const { annotations = {} } = metadata
  return annotations[impliedAnnotation] !== undefined && annotations[sourceAnnotation] === undefined
}

function implied(name: string): Namespace {
  const annotations = permanent.has(name) ? {} : { annotations: { [impliedAnnotation]: 'true' } }
  const metadata = { name, labels: { [nameLabel]: name }, ...annotations }
  return { apiVersion: 'v1', kind: 'Namespace', metadata, status: { phase: 'Active' } }
}

/** A Namespace that was to end, from now on like one that nobody asked for by name. */
function spared(namespace: Namespace): Namespace {
  const { metadata, ...rest } = withPhase(revived(namespace), 'Active')
  return { ...rest, metadata: { ...metadata, annotations: { ...metadata.annotations, [impliedAnnotation]: 'true' } } }
}

function withPhase(namespace: Namespace, phase: 'Active' | 'Terminating'): Namespace {
  const { metadata } = namespace
  const labels = { ...metadata.labels, [nameLabel]: metadata.name }
  return { ...namespace, metadata: { ...metadata, labels }, status: { ...namespace.status, phase } }
}

function put(object: Namespace): Change {
  return { kind: 'put', object }
}
