import { type Key, keyOf, refOf } from '../../api/reference.ts'
import type { EndpointSlice, Service } from '../../api/types.ts'
import type { IndexedView } from '../../cluster/indexed-view.ts'
import type { Change, Env } from '../../cluster/view.ts'
import { type Decision, nothing } from '../../cluster/decision.ts'
import { generatedName } from '../names.ts'
import { controllerReference, isBeingDeleted } from '../../cluster/objects/ownership.ts'
import { portGroups } from './endpoints.ts'
import { planSlices, type SliceContent } from './slices.ts'

const managedBy = 'endpointslice-controller.k8s.io'

/** Keeps a Service's EndpointSlices at what its pods are. */
export function reconcileEndpointSlices(cluster: IndexedView, key: Key, env: Env): Decision {
  const service = cluster.get('Service', key)
  if (!service || isBeingDeleted(service)) return nothing
  const existing = cluster
    .ownedBy('EndpointSlice', service.metadata.uid ?? '')
    .filter(slice => slice.metadata.labels?.['endpointslice.kubernetes.io/managed-by'] === managedBy)
  const selector = service.spec.type === 'ExternalName' ? undefined : service.spec.selector
  // Without a selector somebody else writes the endpoints.
  if (selector === undefined || Object.keys(selector).length === 0) return { changes: existing.map(removal) }
  const groups = portGroups(service, cluster.podsMatching(service.metadata.namespace ?? '', { matchLabels: selector }))
  // One slice stands even where there is nothing in it, as a sign that the Service was seen to.
  const plan = planSlices(existing, groups.length === 0 ? [] : groups)
  const placeholder = groups.length === 0
  const stays = placeholder ? existing.slice(0, 1) : []
  return {
    changes: [
      ...stays.map(slice => rewritten(slice, { endpoints: [], ports: [] }, service)),
      ...plan.kept.map(({ slice, content }) => rewritten(slice, content, service)),
      ...plan.created.map(content => created(cluster, service, { content, env })),
      ...(placeholder && existing.length === 0
        ? [created(cluster, service, { content: { endpoints: [], ports: [] }, env })]
        : []),
      ...plan.deleted.filter(slice => !stays.includes(slice)).map(removal),
    ],
  }
}

function removal(slice: EndpointSlice): Change {
  return { kind: 'delete', ref: refOf(slice) }
}

function rewritten(slice: EndpointSlice, content: SliceContent, service: Service): Change {
  const metadata = { ...slice.metadata, labels: labelsOf(service) }
  return { kind: 'put', object: { ...slice, metadata, ...content } }
}

function created(
  cluster: IndexedView,
  service: Service,
  { content, env }: { content: SliceContent; env: Env },
): Change {
  const { name: base, namespace = '' } = service.metadata
  const taken = (name: string) => cluster.get('EndpointSlice', keyOf(name, namespace)) !== undefined
  const slice: EndpointSlice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: generatedName(`${base}-`, { env, taken }),
      generateName: `${base}-`,
      namespace,
      labels: labelsOf(service),
      ownerReferences: [controllerReference(service)],
    },
    addressType: 'IPv4',
    ...content,
  }
  return { kind: 'put', object: slice }
}

/** The Service's own labels go along, and what tells of the Service. */
function labelsOf({ metadata, spec }: Service) {
  return {
    ...metadata.labels,
    'kubernetes.io/service-name': metadata.name,
    'endpointslice.kubernetes.io/managed-by': managedBy,
    ...(spec.clusterIP === 'None' ? { 'service.kubernetes.io/headless': '' } : {}),
  }
}
