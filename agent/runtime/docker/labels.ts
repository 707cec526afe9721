import type { NodeName, Uid } from '../../../engine/api/types.ts'

/** What marks a container or network of Gantry's: nothing without the cluster's and node's own is ever touched. */
export const label = {
  cluster: 'dev.gantry.cluster',
  node: 'dev.gantry.node',
  podUid: 'dev.gantry.pod.uid',
  podNamespace: 'dev.gantry.pod.namespace',
  podName: 'dev.gantry.pod.name',
  container: 'dev.gantry.container',
  attempt: 'dev.gantry.attempt',
  /** `sandbox` or `container`. */
  role: 'dev.gantry.role',
} as const

export interface Owner {
  readonly clusterUid: Uid
  readonly nodeName: NodeName
}

export interface PodIdentity {
  readonly podUid: Uid
  readonly namespace: string
  readonly podName: string
}

export function ownerLabels({ clusterUid, nodeName }: Owner): Record<string, string> {
  return { [label.cluster]: clusterUid, [label.node]: nodeName }
}

/** As filters of the API: all of them must hold. */
export function ownerFilters(owner: Owner): string[] {
  return Object.entries(ownerLabels(owner)).map(([name, value]) => `${name}=${value}`)
}

export function podLabels(owner: Owner, pod: PodIdentity): Record<string, string> {
  return {
    ...ownerLabels(owner),
    [label.podUid]: pod.podUid,
    [label.podNamespace]: pod.namespace,
    [label.podName]: pod.podName,
  }
}

/** Read by people; the uid keeps apart a pod and the one of the same name that took its place. */
export function sandboxName({ namespace, podName, podUid }: PodIdentity): string {
  return `gantry_${namespace}_${podName}_${podUid}`
}

export function containerName(pod: PodIdentity, { name, attempt }: { name: string; attempt: number }): string {
  return `gantry_${pod.namespace}_${pod.podName}_${name}_${attempt}_${pod.podUid}`
}
