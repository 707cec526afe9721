import { sourceAnnotation } from '../../api/manifest.ts'
import type { Pod } from '../../api/types.ts'
import type { Change } from '../../cluster/view.ts'
import { isPinned } from '../../cluster/objects/pod-state.ts'
import { qosClass } from './qos.ts'

/** A pod as it begins. */
export function freshPod(pod: Pod): Pod {
  return { ...pod, status: { phase: 'Pending', qosClass: qosClass(pod.spec) } }
}

/** A pod that git asks for is made anew where the old one went and nobody took it back; anywhere, unless git says where. */
export function anew(pod: Pod): readonly Change[] {
  if (pod.metadata.annotations?.[sourceAnnotation] === undefined) return []
  const { name, namespace, labels, annotations } = pod.metadata
  const { nodeName, ...rest } = pod.spec
  const spec = isPinned(pod) && nodeName !== undefined ? { ...rest, nodeName } : rest
  const metadata = {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(labels === undefined ? {} : { labels }),
    annotations,
  }
  return [{ kind: 'put', object: freshPod({ apiVersion: 'v1', kind: 'Pod', metadata, spec }) }]
}
