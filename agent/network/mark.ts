/** How Gantry's interfaces and routes say whose they are: an alias on the link, which `ip link` shows. Pure. */
import type { Uid } from '../../engine/api/types.ts'

export interface Owner {
  readonly clusterUid: Uid
  readonly nodeName: string
}

/** The routing protocol's number that marks Gantry's routes; unassigned elsewhere. */
export const routeProtocol = '71'

/** The kernel keeps 255 bytes of an alias. */
const longestAlias = 255

export function bridgeMark(owner: Owner): string {
  return `gantry ${owner.clusterUid} ${owner.nodeName}`.slice(0, longestAlias)
}

export function podMark(owner: Owner, podUid: Uid): string {
  return `gantry ${owner.clusterUid} pod ${podUid}`.slice(0, longestAlias)
}

/** The pod that a marked link belongs to; undefined where it is another cluster's or no pod's. */
export function markedPod(owner: Owner, alias: string): Uid | undefined {
  const start = podMark(owner, '')
  return alias.startsWith(start) ? alias.slice(start.length) : undefined
}

/** A namespace carries its owner in its name, so that it is known from the moment it exists. */
export function namespaceName(owner: Owner, podUid: Uid): string {
  return `gantry-${owner.clusterUid}-${podUid}`
}

export function namespacePod(owner: Owner, name: string): Uid | undefined {
  const start = namespaceName(owner, '')
  return name.startsWith(start) ? name.slice(start.length) : undefined
}
