import { equal } from '../api/stable.ts'
import type { Pod, PodSpec, PodTemplateSpec, ReplicaSet } from '../api/types.ts'

/**
 * The pod with every part of its spec that its template holds too being the template's own: a pod read from the record
 * has a copy of everything, and 150,000 copies are most of what a large cluster would weigh.
 */
export function podSharing(pod: Pod, template: PodTemplateSpec): Pod {
  const parts = Object.entries(pod.spec).map(([field, value]) => {
    const shared: unknown = template.spec[field as keyof PodSpec]
    return [field, equal(value, shared) ? shared : value] as const
  })
  return { ...pod, spec: { ...pod.spec, ...Object.fromEntries(parts) } }
}

/** The ReplicaSet with the pods' spec of its Deployment's template where they are the same, as while neither was read. */
export function setSharing(set: ReplicaSet, template: PodTemplateSpec): ReplicaSet {
  const { spec } = set
  if (!equal(spec.template.spec, template.spec)) return set
  return { ...set, spec: { ...spec, template: { ...spec.template, spec: template.spec } } }
}
