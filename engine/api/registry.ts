import { resources as kubernetesResources } from './generated/kubernetes.ts'
import type { ResourceRow } from './model-table.ts'
import { type KindKey, kindKey } from './reference.ts'

/** A kind of object: its names, and where the API serves it. */
export interface Resource {
  /** `''` for the core group. */
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly plural: string
  readonly singular: string
  readonly shortNames: readonly string[]
  readonly namespaced: boolean
  readonly categories: readonly string[]
  readonly kindKey: KindKey
  /** The model that describes it; absent for a kind that is no manifest. */
  readonly model?: string
}

type Row = Omit<ResourceRow, 'model'> & { readonly model?: string }

const gantryResources: readonly Row[] = [
  { group: 'gantry.dev', version: 'v1', kind: 'Cluster', plural: 'clusters', namespaced: false },
  {
    group: 'gantry.dev',
    version: 'v1',
    kind: 'Release',
    plural: 'releases',
    namespaced: true,
    model: 'GantryV1Release',
  },
]

/** As `kubectl api-resources` lists them; nothing published on npm carries them. */
const shortNames: Readonly<Record<string, readonly string[]>> = {
  'CertificateSigningRequest.certificates.k8s.io': ['csr'],
  ComponentStatus: ['cs'],
  ConfigMap: ['cm'],
  'CronJob.batch': ['cj'],
  'CustomResourceDefinition.apiextensions.k8s.io': ['crd', 'crds'],
  'DaemonSet.apps': ['ds'],
  Deployment: ['deploy'],
  Endpoints: ['ep'],
  Event: ['ev'],
  'Event.events.k8s.io': ['ev'],
  'HorizontalPodAutoscaler.autoscaling': ['hpa'],
  'Ingress.networking.k8s.io': ['ing'],
  'IPAddress.networking.k8s.io': ['ip'],
  LimitRange: ['limits'],
  Namespace: ['ns'],
  'NetworkPolicy.networking.k8s.io': ['netpol'],
  Node: ['no'],
  PersistentVolume: ['pv'],
  PersistentVolumeClaim: ['pvc'],
  Pod: ['po'],
  PodDisruptionBudget: ['pdb'],
  'PriorityClass.scheduling.k8s.io': ['pc'],
  ReplicaSet: ['rs'],
  ReplicationController: ['rc'],
  ResourceQuota: ['quota'],
  Service: ['svc'],
  ServiceAccount: ['sa'],
  'StatefulSet.apps': ['sts'],
  'StorageClass.storage.k8s.io': ['sc'],
}

/** What `kubectl get all` means. */
const inAll: ReadonlySet<KindKey> = new Set([
  'CronJob.batch',
  'DaemonSet.apps',
  'Deployment',
  'HorizontalPodAutoscaler.autoscaling',
  'Job',
  'Pod',
  'ReplicaSet',
  'ReplicationController',
  'Service',
  'StatefulSet.apps',
])

function toResource(row: Row): Resource {
  const apiVersion = row.group === '' ? row.version : `${row.group}/${row.version}`
  const key = kindKey(apiVersion, row.kind)
  return {
    ...row,
    singular: row.kind.toLowerCase(),
    shortNames: shortNames[key] ?? [],
    categories: inAll.has(key) ? ['all'] : [],
    kindKey: key,
  }
}

/** Every kind of Kubernetes in every version it is served in, and Gantry's own; by group (core first), then by name. */
export const resources: readonly Resource[] = [...kubernetesResources, ...gantryResources].map(toResource)

/** `v2` before `v1` before `v1beta2` before `v1alpha3`: how Kubernetes ranks the versions of a group. */
function versionRank(version: string): number {
  const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version)
  if (!match) return 0
  const [, major, stage, minor] = match
  const stageRank = stage === undefined ? 2 : stage === 'beta' ? 1 : 0
  return stageRank * 1_000_000 + Number(major) * 1_000 + Number(minor ?? 0)
}

const preferred = new Map<KindKey, Resource>()
for (const resource of resources) {
  const before = preferred.get(resource.kindKey)
  if (!before || versionRank(resource.version) > versionRank(before.version)) preferred.set(resource.kindKey, resource)
}
const byPath = new Map(
  resources.map(resource => [`${resource.group}/${resource.version}/${resource.plural}`, resource]),
)
const byVersionAndKind = new Map(resources.map(resource => [`${apiVersionOf(resource)}:${resource.kind}`, resource]))

/** `apps/v1`, or `v1` for the core group. */
export function apiVersionOf({ group, version }: Pick<Resource, 'group' | 'version'>): string {
  return group === '' ? version : `${group}/${version}`
}

/** The kind in the version that Kubernetes prefers. */
export function resourceOf(kind: KindKey): Resource | undefined {
  return preferred.get(kind)
}

/** The kind as an object names it: apiVersion and kind. */
export function resourceByKind(apiVersion: string, kind: string): Resource | undefined {
  return byVersionAndKind.get(`${apiVersion}:${kind}`)
}

/** The kind behind a path of the API: `/apis/apps/v1/deployments`; group `''` for `/api/v1/pods`. */
export function resourceByPath({
  group,
  version,
  plural,
}: Pick<Resource, 'group' | 'version' | 'plural'>): Resource | undefined {
  return byPath.get(`${group}/${version}/${plural}`)
}

/**
 * The kind that a user means: `po`, `pod`, `pods`, `Deployment`, `deployments.apps`, `deployments.v1.apps`.
 * Where several groups have the name, the first in the order of `resources`; the version is the preferred one.
 */
export function findResource(text: string): Resource | undefined {
  const wanted = text.toLowerCase()
  const dot = wanted.indexOf('.')
  const name = dot < 0 ? wanted : wanted.slice(0, dot)
  const place = dot < 0 ? undefined : wanted.slice(dot + 1)
  return resources.find(
    resource =>
      namesOf(resource).includes(name) &&
      (place === undefined
        ? preferred.get(resource.kindKey) === resource
        : place === `${resource.version}.${resource.group}` ||
          (place === resource.group && preferred.get(resource.kindKey) === resource)),
  )
}

function namesOf(resource: Resource): readonly string[] {
  return [resource.plural, resource.singular, ...resource.shortNames]
}
