/** What `fieldRef` and `resourceFieldRef` stand for, in variables and in files of the downward API. */
import { parseQuantity } from '../../engine/api/quantity.ts'
import type { Container, Pod, ResourceList } from '../../engine/api/types.ts'
import { containerNamed } from './containers.ts'

export interface FieldFacts {
  readonly pod: Pod
  readonly nodeName: string
  readonly podIP: string | undefined
  readonly hostIP: string
  /** What a limit is where the container sets none. */
  readonly allocatable: ResourceList
}

export interface ResourceField {
  readonly containerName?: string
  readonly resource: string
  readonly divisor?: string
}

/** Throws an Error in Kubernetes's words where the path is none that the downward API knows. */
export function fieldValue(path: string, facts: FieldFacts): string {
  const { metadata, spec } = facts.pod
  const subscript = /^metadata\.(labels|annotations)\['([^']*)'\]$/.exec(path)
  if (subscript) return metadata[subscript[1] === 'labels' ? 'labels' : 'annotations']?.[subscript[2] ?? ''] ?? ''
  switch (path) {
    case 'metadata.name':
      return metadata.name
    case 'metadata.namespace':
      return metadata.namespace ?? ''
    case 'metadata.uid':
      return metadata.uid ?? ''
    case 'metadata.labels':
      return formatMap(metadata.labels ?? {})
    case 'metadata.annotations':
      return formatMap(metadata.annotations ?? {})
    case 'spec.nodeName':
      return facts.nodeName
    case 'spec.serviceAccountName':
      return spec.serviceAccountName ?? ''
    case 'status.hostIP':
    case 'status.hostIPs':
      return facts.hostIP
    case 'status.podIP':
    case 'status.podIPs':
      return facts.podIP ?? ''
    default:
      throw new Error(`unsupported fieldPath: ${path}`)
  }
}

/** The amount in units of the divisor, rounded up: `limits.memory` 64Mi by 1Mi is 64; `limits.cpu` 250m by 1 is 1. */
export function resourceValue(field: ResourceField, facts: FieldFacts & { readonly container: Container }): string {
  const container = field.containerName === undefined ? facts.container : containerNamed(facts.pod, field.containerName)
  const match = /^(limits|requests)\.(.+)$/.exec(field.resource)
  if (!match) throw new Error(`unsupported container resource: ${field.resource}`)
  const [, list, name = ''] = match
  const limit = container.resources.limits?.[name] ?? facts.allocatable[name]
  const amount = list === 'limits' ? limit : container.resources.requests?.[name]
  const divisor = parseQuantity(field.divisor ?? '1') || 1
  return String(Math.ceil(Number((parseQuantity(amount ?? '0') / divisor).toFixed(6))))
}

/** A line an entry, sorted: `key="value"`, quoted as Go quotes. */
function formatMap(map: Readonly<Record<string, string>>): string {
  return Object.entries(map)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join('\n')
}
