import type { KubeObject } from '../api/types.ts'
import { clusterKind } from '../api/cluster-object.ts'
import { groupOf, kindKey } from '../api/reference.ts'
import type { KindKey } from '../api/reference.ts'
import type { Resource } from '../api/registry.ts'
import { resourceOf, resources } from '../api/registry.ts'
import { supportOf } from '../api/support.ts'
import type { Store } from './store.ts'

/** Kinds that no branch may ask for, since the cluster makes their objects itself. */
const ownKinds: ReadonlySet<KindKey> = new Set(['Event', clusterKind])

/**
 * What is served even while there is no object of it: the kinds that Gantry acts on, and the stable ones that it keeps.
 * One that it refuses is not: better no answer than "no StatefulSets found" to who looks for theirs.
 */
const alwaysServed: readonly Resource[] = resources.filter(
  resource =>
    resourceOf(resource.kindKey) === resource &&
    (ownKinds.has(resource.kindKey) ||
      (/^v\d+$/.test(resource.version) && supportOf(resource.kindKey).disposition !== 'refused')),
)
const alwaysServedKinds = new Set(alwaysServed.map(resource => resource.kindKey))

/** What is served: that, and whatever else the store holds. Sorted by group, version, plural. */
export function servedResources(store: Store): readonly Resource[] {
  const others = store.kinds().flatMap(kind => {
    const [object] = alwaysServedKinds.has(kind) ? [] : store.list(kind)
    return object === undefined ? [] : [resourceOf(kind) ?? customResource(object)]
  })
  return [...alwaysServed, ...others].sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1))
}

function sortKey({ group, version, plural }: Resource): string {
  return `${group}/${version}/${plural}`
}

/** The resource of a kind that Kubernetes does not know, told from one of its objects. */
function customResource({ apiVersion, kind, metadata }: KubeObject): Resource {
  const singular = kind.toLowerCase()
  return {
    group: groupOf(apiVersion),
    version: apiVersion.slice(apiVersion.indexOf('/') + 1),
    kind,
    singular,
    plural: pluralOf(singular),
    namespaced: metadata.namespace !== undefined,
    shortNames: [],
    categories: [],
    kindKey: kindKey(apiVersion, kind),
  }
}

/** As Kubernetes guesses it: `ingress` → `ingresses`, `networkpolicy` → `networkpolicies`. */
function pluralOf(singular: string): string {
  if (/(s|x|z|ch|sh)$/.test(singular)) return `${singular}es`
  return /[^aeiou]y$/.test(singular) ? `${singular.slice(0, -1)}ies` : `${singular}s`
}
