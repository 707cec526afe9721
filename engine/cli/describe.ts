import type { Event, KubeObject } from '../api/types.ts'
import { kindKey } from '../api/reference.ts'
import type { Client } from './client.ts'
import type { Describer } from './describe/block.ts'
import { eventLines } from './describe/block.ts'
import { describeConfigMap, describeSecret } from './describe/configuration.ts'
import { describeDisruptionBudget } from './describe/disruption.ts'
import { describeGeneric } from './describe/generic.ts'
import { describeJob } from './describe/job.ts'
import { describeNamespace, describeNode } from './describe/node.ts'
import { describePod } from './describe/pod.ts'
import { describeEndpointSlice, describeService } from './describe/service.ts'
import { describeDeployment, describeReplicaSet } from './describe/workload.ts'
import type { Wanted } from './resource-names.ts'
import { pathOf, resolveWanted } from './resource-names.ts'
import { alignTabs } from './tabs.ts'
import type { Terminal } from './terminal.ts'

/** How each kind is described, and whether its events follow. */
const describers: ReadonlyMap<string, { describe: Describer<never>; events: boolean }> = new Map([
  ['ConfigMap', { describe: describeConfigMap, events: true }],
  ['Deployment', { describe: describeDeployment, events: true }],
  ['EndpointSlice', { describe: describeEndpointSlice, events: true }],
  ['Job', { describe: describeJob, events: true }],
  ['Namespace', { describe: describeNamespace, events: false }],
  ['Node', { describe: describeNode, events: true }],
  ['Pod', { describe: describePod, events: true }],
  ['PodDisruptionBudget', { describe: describeDisruptionBudget, events: true }],
  ['ReplicaSet', { describe: describeReplicaSet, events: true }],
  ['Secret', { describe: describeSecret, events: false }],
  ['Service', { describe: describeService, events: true }],
])
const generic = { describe: describeGeneric, events: true }

/** `gantry describe`, in the layout of `kubectl describe`. */
export async function describe(
  client: Client,
  args: readonly string[],
  context: { options: { namespace: string; selector?: string }; terminal: Terminal },
): Promise<void> {
  const { options, terminal } = context
  const objects: KubeObject[] = []
  for (const wanted of await resolveWanted(client, args)) objects.push(...(await fetch(client, wanted, options)))
  if (objects.length === 0) terminal.note(`No resources found in ${options.namespace} namespace.\n`)
  const texts: string[] = []
  for (const object of objects) texts.push(await describeObject(client, object))
  terminal.write(texts.join('\n\n'))
}

async function fetch(
  client: Client,
  { resource, name }: Wanted,
  { namespace, selector }: { namespace: string; selector?: string },
): Promise<readonly KubeObject[]> {
  const query = selector === undefined ? '' : `?${new URLSearchParams({ labelSelector: selector })}`
  const path = pathOf(resource, { namespace, name }) + query
  if (name !== undefined) return [await client.get<KubeObject>(path)]
  return (await client.get<{ items: readonly KubeObject[] }>(path)).items
}

async function describeObject(client: Client, object: KubeObject): Promise<string> {
  const describer = describers.get(kindKey(object.apiVersion, object.kind)) ?? generic
  const read = async <T extends KubeObject>(
    path: string,
    query: Record<string, string> = {},
  ): Promise<readonly T[]> => {
    const { items } = await client.get<{ items: readonly T[] }>(`${path}?${new URLSearchParams(query)}`)
    return items
  }
  // The table pairs each describer with its kind.
  const lines = await describer.describe(object as never, read)
  const events = describer.events ? eventLines(await read<Event>(eventsPath(object), eventsQuery(object))) : []
  return `${alignTabs([...lines, ...events].join('\n'))}\n`
}

function eventsPath({ metadata: { namespace } }: KubeObject): string {
  return namespace === undefined ? '/api/v1/events' : `/api/v1/namespaces/${namespace}/events`
}

function eventsQuery({ kind, metadata }: KubeObject): Record<string, string> {
  const fields = [`involvedObject.kind=${kind}`, `involvedObject.name=${metadata.name}`]
  if (metadata.uid !== undefined) fields.push(`involvedObject.uid=${metadata.uid}`)
  return { fieldSelector: fields.join(',') }
}
