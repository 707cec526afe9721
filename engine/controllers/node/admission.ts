import { sourceAnnotation } from '../../api/manifest.ts'
import type { ClusterSettings } from '../../api/settings.ts'
import type { Node } from '../../api/types.ts'

export interface Applicant {
  readonly name: string
  /** Undefined: the cluster has none of this name. */
  readonly node: Node | undefined
  readonly settings: ClusterSettings['spec']['nodes']
}

/** Whether a node may be part of the cluster; if not, in words for its agent, why and what helps. */
export type Admission =
  | { readonly admitted: true }
  | { readonly admitted: false; readonly reason: string; readonly remedy: string }

/** With strict admission only nodes that the followed branch names may join. */
export function admission({ name, node, settings }: Applicant): Admission {
  if (settings.admission === 'open' || node?.metadata.annotations?.[sourceAnnotation] !== undefined) {
    return { admitted: true }
  }
  return {
    admitted: false,
    reason: `node ${name} is not named in the branch, and gantry.yaml has spec.nodes.admission: strict`,
    remedy: `commit a manifest with apiVersion: v1, kind: Node and metadata.name: ${name}, or write admission: open`,
  }
}
