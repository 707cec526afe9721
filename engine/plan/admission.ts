import type { Manifest } from '../api/manifest.ts'
import type { Problem } from '../api/problem.ts'
import type { ClusterSettings } from '../api/settings.ts'
import type { ClusterView } from '../cluster/view.ts'
import { hasJoined } from '../cluster/objects/node-state.ts'

/**
 * Nodes of the cluster that a commit with strict admission does not name: a warning each, for their pods move away; an
 * error where it names none of them, for then there would be nowhere to go, which nobody means.
 */
export function checkAdmission(
  cluster: ClusterView,
  { manifests, settings }: { manifests: readonly Manifest[]; settings: ClusterSettings },
): Problem[] {
  if (settings.spec.nodes.admission === 'open') return []
  const named = new Set(manifests.flatMap(({ object }) => (object.kind === 'Node' ? object.metadata.name : [])))
  const joined = cluster.list('Node').filter(hasJoined)
  const unnamed = joined.flatMap(({ metadata }) => (named.has(metadata.name) ? [] : metadata.name))
  const severity = unnamed.length === joined.length ? 'error' : 'warning'
  return unnamed.map(name => ({
    file: 'gantry.yaml',
    line: 0,
    column: 0,
    severity,
    message: `spec.nodes.admission is strict, and no manifest names node ${name}: its pods have to leave it`,
    remedy: `add a manifest with apiVersion: v1, kind: Node and metadata.name: ${name}, if it is to stay`,
    object: `Node ${name}`,
    field: 'spec.nodes.admission',
  }))
}
