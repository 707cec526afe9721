import { clusterKind } from '../api/cluster-object.ts'
import { groupOf, kindKey, splitKey } from '../api/reference.ts'
import type { Ref } from '../api/reference.ts'
import { resourceOf } from '../api/registry.ts'
import type { KubeObject } from '../api/types.ts'

export type Recorded = Pick<KubeObject, 'apiVersion' | 'kind' | 'metadata'>

/**
 * Where an object stands on the observed branch; undefined for the kinds that are not recorded. A pod's folder is named
 * after its owner, or `_` where it has none.
 */
export function pathOf(object: Recorded): string | undefined {
  const { apiVersion, kind, metadata } = object
  const key = kindKey(apiVersion, kind)
  if (key === 'Event' || key === 'Event.events.k8s.io') return undefined
  if (key === clusterKind) return 'cluster.yaml'
  const folder = metadata.namespace === undefined ? 'cluster' : `namespaces/${encodeName(metadata.namespace)}`
  const file = `${encodeName(metadata.name)}.yaml`
  if (key === 'Pod') return `${folder}/pods/${encodeName(ownerOf(object) ?? '_')}/${file}`
  return `${folder}/${resourceFolder(groupOf(apiVersion), { key, kind })}/${file}`
}

function ownerOf({ metadata }: Recorded): string | undefined {
  return metadata.ownerReferences?.find(({ controller }) => controller === true)?.name
}

/** `deployments.apps`, `configmaps`: how kubectl names a resource with its group. */
function resourceFolder(group: string, { key, kind }: { key: Ref['kind']; kind: string }): string {
  const plural = resourceOf(key)?.plural ?? guessPlural(kind.toLowerCase())
  return encodeName(group === '' ? plural : `${plural}.${group}`)
}

/** As Kubernetes guesses it for a kind that it does not know. */
function guessPlural(kind: string): string {
  if (kind.endsWith('s')) return `${kind}es`
  return kind.endsWith('y') ? `${kind.slice(0, -1)}ies` : `${kind}s`
}

/** File systems allow 255 bytes; a name may have 253 characters and `.yaml` comes on top. */
const longest = 200

/**
 * A name as a file's or a folder's: characters that some file system refuses are percent-encoded (no legal name holds a
 * percent sign), and a name that is too long becomes folders that end in `~`.
 */
export function encodeName(name: string): string {
  const encoded = encodeURIComponent(name)
    .replace(/[!'()*~]/g, char => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replace(/^\./, '%2E')
  const parts = encoded.match(new RegExp(`.{1,${longest}}`, 'g')) ?? ['']
  return parts.join('~/')
}

/** `shop/web`, or `web` in the default namespace: how subjects name an object. */
export function shortKey({ key }: Ref): string {
  const { namespace, name } = splitKey(key)
  return namespace === 'default' ? name : key
}
