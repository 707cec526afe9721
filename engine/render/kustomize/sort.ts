import { RenderFailure } from '../failure.ts'
import { fieldOf, textOf } from './fields.ts'
import type { Kustomization } from './kustomization.ts'
import { currentId, type Resource } from './resource.ts'
import { isClusterScoped, type Gvk, type ResourceId } from './resource-id.ts'

const first = [
  'Namespace',
  'ResourceQuota',
  'StorageClass',
  'CustomResourceDefinition',
  'ServiceAccount',
  'PodSecurityPolicy',
  'Role',
  'ClusterRole',
  'RoleBinding',
  'ClusterRoleBinding',
  'ConfigMap',
  'Secret',
  'Endpoints',
  'Service',
  'LimitRange',
  'PriorityClass',
  'PersistentVolume',
  'PersistentVolumeClaim',
  'Deployment',
  'StatefulSet',
  'CronJob',
  'PodDisruptionBudget',
]
const last = ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration']

/** The resources in the order that `sortOptions` asks for: as they came, or by kind, which is what kubectl does without. */
export function sortResources(resources: readonly Resource[], { fields, place }: Kustomization): Resource[] {
  const options = fieldOf(fields, 'sortOptions')
  const order = options === undefined ? 'legacy' : textOf(options, 'order')
  const legacy = fieldOf(options, 'legacySortOptions')
  if (order !== 'fifo' && order !== 'legacy') {
    throw new RenderFailure(`sortOptions.order must be fifo or legacy, not "${order}"`, {
      origin: place('sortOptions'),
    })
  }
  if (order === 'fifo') {
    if (legacy === undefined) return [...resources]
    throw new RenderFailure('legacySortOptions are for order: legacy', { origin: place('sortOptions') })
  }
  const ranks = new Map<string, number>()
  const [orderFirst, orderLast] =
    legacy === undefined ? [first, last] : [kinds(legacy, 'orderFirst'), kinds(legacy, 'orderLast')]
  for (const [i, kind] of orderFirst.entries()) ranks.set(kind, i - orderFirst.length)
  for (const [i, kind] of orderLast.entries()) ranks.set(kind, 1 + i)
  return resources
    .map(resource => ({ resource, id: currentId(resource) }))
    .sort((a, b) => compare(a.id, b.id, ranks))
    .map(({ resource }) => resource)
}

function kinds(options: unknown, name: string): string[] {
  const value = fieldOf(options, name)
  return Array.isArray(value) ? value.map(String) : []
}

// oxlint-disable-next-line max-params -- a comparison has two sides
function compare(a: ResourceId, b: ResourceId, ranks: ReadonlyMap<string, number>): number {
  const rank = (ranks.get(a.kind) ?? 0) - (ranks.get(b.kind) ?? 0)
  if (rank !== 0) return rank
  const [x, y] = [typeText(a), typeText(b)]
  if (x !== y) return byText(x, y)
  return byText(idText(a), idText(b))
}

function typeText({ group, version, kind }: Gvk): string {
  return [group || '~G', version || '~V', kind || '~K'].join('_')
}

function idText(id: ResourceId): string {
  const scope = isClusterScoped(id) ? '[noNs]' : '[ns]'
  return [scope, id.namespace || '~X', id.name || '~N'].join('|')
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
