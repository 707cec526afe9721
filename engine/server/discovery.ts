import { kubernetesVersion } from '../api/kubernetes-version.ts'
import type { Resource } from '../api/registry.ts'
import { apiVersionOf } from '../api/registry.ts'

/** `/version`. */
export function versionInfo(gantryVersion: string): object {
  return {
    ...kubernetesVersion,
    gitVersion: `v${kubernetesVersion.major}.${kubernetesVersion.minor}.0+gantry-${gantryVersion}`,
    gitTreeState: 'clean',
    goVersion: '',
    compiler: '',
    platform: `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`,
  }
}

/** `/api`. */
export function coreVersions(): object {
  return { kind: 'APIVersions', apiVersion: 'v1', versions: ['v1'], serverAddressByClientCIDRs: [] }
}

/** `/apis`. */
export function groupList(resources: readonly Resource[]): object {
  const groups = groupsOf(resources).map(group => groupEntry(resources, group))
  return { kind: 'APIGroupList', apiVersion: 'v1', groups }
}

/** `/apis/<group>`; undefined for a group that is not served. */
export function group(resources: readonly Resource[], name: string): object | undefined {
  if (!groupsOf(resources).includes(name)) return undefined
  return { kind: 'APIGroup', apiVersion: 'v1', ...groupEntry(resources, name) }
}

/** `/api/v1` and `/apis/<group>/<version>`; undefined for what is not served. */
export function resourceList(resources: readonly Resource[], apiVersion: string): object | undefined {
  const served = resources.filter(resource => apiVersionOf(resource) === apiVersion)
  if (served.length === 0) return undefined
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: apiVersion,
    resources: served.flatMap(resource => [resourceEntry(resource)].concat(subresourceEntries(resource))),
  }
}

/**
 * `/api` and `/apis` in the aggregated form that newer clients ask for: everything in one answer.
 * (https://kubernetes.io/docs/concepts/overview/kubernetes-api/#aggregated-discovery)
 */
export function aggregated(resources: readonly Resource[], options: { version: string; core: boolean }): object {
  const groups = options.core ? [''] : groupsOf(resources)
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: `apidiscovery.k8s.io/${options.version}`,
    metadata: {},
    items: groups.map(name => ({
      metadata: { name, creationTimestamp: null },
      versions: versionsOf(resources, name).map(version => ({
        version,
        freshness: 'Current',
        resources: resources.filter(each => each.group === name && each.version === version).map(aggregatedEntry),
      })),
    })),
  }
}

/** What is measured when it is asked for has no changes to watch. */
function verbsOf({ group }: Resource): readonly string[] {
  return group === 'metrics.k8s.io' ? ['get', 'list'] : ['get', 'list', 'watch']
}

const podSubresources = [
  { name: 'attach', kind: 'PodAttachOptions', verbs: ['create', 'get'] },
  { name: 'exec', kind: 'PodExecOptions', verbs: ['create', 'get'] },
  { name: 'log', kind: 'Pod', verbs: ['get'] },
  { name: 'portforward', kind: 'PodPortForwardOptions', verbs: ['create', 'get'] },
]

/** The groups but the core one. */
function groupsOf(resources: readonly Resource[]): string[] {
  return [...new Set(resources.map(resource => resource.group))].filter(name => name !== '').sort()
}

function versionsOf(resources: readonly Resource[], group: string): string[] {
  return [...new Set(resources.filter(resource => resource.group === group).map(({ version }) => version))].sort()
}

function groupEntry(resources: readonly Resource[], name: string): object {
  const versions = versionsOf(resources, name).map(version => ({ groupVersion: `${name}/${version}`, version }))
  return { name, versions, preferredVersion: versions[0] }
}

function resourceEntry(resource: Resource): object {
  const { plural, singular, namespaced, kind, shortNames, categories } = resource
  return {
    name: plural,
    singularName: singular,
    namespaced,
    kind,
    verbs: verbsOf(resource),
    ...(shortNames.length === 0 ? {} : { shortNames }),
    ...(categories.length === 0 ? {} : { categories }),
  }
}

function subresourceEntries({ kindKey, plural }: Resource): object[] {
  if (kindKey !== 'Pod') return []
  return podSubresources.map(({ name, kind, verbs }) => ({
    name: `${plural}/${name}`,
    singularName: '',
    namespaced: true,
    kind,
    verbs,
  }))
}

function aggregatedEntry(resource: Resource): object {
  const { plural, singular, namespaced, kind, shortNames, categories, group, version, kindKey } = resource
  const responseKind = { group, version, kind }
  return {
    resource: plural,
    responseKind,
    scope: namespaced ? 'Namespaced' : 'Cluster',
    singularResource: singular,
    verbs: verbsOf(resource),
    ...(shortNames.length === 0 ? {} : { shortNames }),
    ...(categories.length === 0 ? {} : { categories }),
    ...(kindKey === 'Pod'
      ? {
          subresources: podSubresources.map(({ name, kind, verbs }) => ({
            subresource: name,
            responseKind: { ...responseKind, kind },
            verbs,
          })),
        }
      : {}),
  }
}
