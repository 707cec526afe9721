import type { Deployment, KubeObject, LabelSelector, Pod, ReplicaSet, Service } from '../api/types.ts'
import { selectorText } from '../server/columns/selector-text.ts'
import type { Client } from './client.ts'
import { CliError, usageError } from './failure.ts'
import { pathOf, resolveWanted } from './resource-names.ts'
import type { Terminal } from './terminal.ts'

/** A pod, and what it was found by: itself, or what has pods. */
export interface FoundPod {
  readonly pod: Pod
  readonly by: KubeObject
}

/** The pod that `web-1`, `pod/web-1`, `deploy/web` or `svc/web` means: as kubectl, one stands for all that something has. */
export async function findPod(
  client: Client,
  target: string,
  { namespace, note }: { namespace: string; note: Terminal['note'] },
): Promise<FoundPod> {
  const [wanted] = await resolveWanted(client, target.includes('/') ? [target] : ['pod', target])
  if (wanted === undefined) throw usageError(`${target} names nothing`)
  const path = pathOf(wanted.resource, { namespace, name: wanted.name })
  const object = await client.get<Pod | Deployment | ReplicaSet | Service>(path)
  if (object.kind === 'Pod') return { pod: object, by: object }
  const selector = selectorText(podSelector(object))
  if (selector === undefined) throw new CliError(`${target} selects no pods`, { remedy: 'name a pod' })
  const pods = await podsOf(client, selector, namespace)
  // One that runs says and does more.
  const pod = pods.find(({ status }) => status?.phase === 'Running') ?? pods[0]
  if (pod === undefined) throw new CliError(`${target} has no pods`, { remedy: `gantry describe ${target} tells why` })
  if (pods.length > 1) note(`Found ${pods.length} pods, using pod/${pod.metadata.name}\n`)
  return { pod, by: object }
}

export async function podsOf(client: Client, selector: string, namespace: string): Promise<readonly Pod[]> {
  const query = new URLSearchParams({ labelSelector: selector })
  const { items } = await client.get<{ items: readonly Pod[] }>(`/api/v1/namespaces/${namespace}/pods?${query}`)
  return items
}

function podSelector(object: Deployment | ReplicaSet | Service): LabelSelector | undefined {
  if (object.kind === 'Service') {
    return object.spec.selector === undefined ? undefined : { matchLabels: object.spec.selector }
  }
  return object.spec.selector
}

/** The container that is meant where none is named. */
export function defaultContainer(pod: Pod, note: Terminal['note']): string {
  const annotated = pod.metadata.annotations?.['kubectl.kubernetes.io/default-container']
  const names = pod.spec.containers.map(({ name }) => name)
  const init = (pod.spec.initContainers ?? []).map(({ name }) => `${name} (init)`)
  const chosen = annotated ?? names[0] ?? ''
  if (annotated === undefined && names.length + init.length > 1) {
    note(`Defaulted container "${chosen}" out of: ${[...names, ...init].join(', ')}\n`)
  }
  return chosen
}

/** The path of a pod's subresource. */
export function podPath({ metadata }: Pod, subresource: string): string {
  const namespace = encodeURIComponent(metadata.namespace ?? 'default')
  return `/api/v1/namespaces/${namespace}/pods/${encodeURIComponent(metadata.name)}/${subresource}`
}
