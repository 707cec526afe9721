import type { Deployment, LabelSelector, Pod, ReplicaSet, Service } from '../api/types.ts'
import type { Client } from './client.ts'
import { linesOf } from './client.ts'
import { selectorText } from '../server/columns/selector-text.ts'
import { CliError, usageError } from './failure.ts'
import { pathOf, resolveWanted } from './resource-names.ts'
import type { Terminal } from './terminal.ts'

export interface LogsOptions {
  readonly namespace: string
  readonly container?: string
  readonly selector?: string
  readonly follow: boolean
  readonly previous: boolean
  readonly timestamps: boolean
  readonly tail?: string
  readonly since?: string
}

/** `gantry logs`, as `kubectl logs`; of several pods, each line is led by its pod's name. */
export async function logs(
  client: Client,
  target: string | undefined,
  { options, terminal }: { options: LogsOptions; terminal: Terminal },
): Promise<void> {
  const query = logQuery(options)
  const pods = await findPods(client, target, { options, note: terminal.note })
  const showLog = async (pod: Pod): Promise<void> => {
    const label = pods.length > 1 ? `${terminal.colors.cyan(pod.metadata.name)} ` : ''
    const own = new URLSearchParams(query)
    own.set('container', options.container ?? defaultContainer(pod, terminal))
    const path = `/api/v1/namespaces/${options.namespace}/pods/${pod.metadata.name}/log?${own}`
    for await (const line of linesOf(client.stream(path))) terminal.write(`${label}${line}\n`)
  }
  if (options.follow) await Promise.all(pods.map(showLog))
  else for (const pod of pods) await showLog(pod)
}

function logQuery(options: LogsOptions): URLSearchParams {
  const query = new URLSearchParams()
  for (const name of ['follow', 'previous', 'timestamps'] as const) if (options[name]) query.set(name, 'true')
  if (options.tail !== undefined && options.tail !== '-1') {
    if (!/^\d+$/.test(options.tail)) throw usageError(`--tail must be a number of lines, not ${options.tail}`)
    query.set('tailLines', options.tail)
  } else if (options.tail === undefined && options.selector !== undefined) {
    query.set('tailLines', '10')
  }
  if (options.since !== undefined) query.set('sinceSeconds', String(parseDuration(options.since)))
  return query
}

const unitSeconds: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1 }

/** `90s`, `5m`, `1h30m` → seconds. @throws CliError */
export function parseDuration(text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(h|m|s)/g)]
  if (text === '' || parts.map(([part]) => part).join('') !== text) {
    throw usageError(`${JSON.stringify(text)} is not a span of time`, 'write 90s, 5m or 1h30m')
  }
  const seconds = parts.reduce((sum, [, count, unit]) => sum + Number(count) * (unitSeconds[unit ?? ''] ?? 0), 0)
  return Math.max(1, Math.ceil(seconds))
}

async function findPods(
  client: Client,
  target: string | undefined,
  { options, note }: { options: LogsOptions; note: Terminal['note'] },
): Promise<readonly Pod[]> {
  if (options.selector !== undefined) {
    if (target !== undefined) throw usageError('a name and a selector cannot be given together')
    return podsOf(client, options.selector, options.namespace)
  }
  if (target === undefined) throw usageError('no pod is named', 'write gantry logs POD or gantry logs deploy/web')
  const [wanted] = await resolveWanted(client, target.includes('/') ? [target] : ['pod', target])
  if (wanted === undefined) throw usageError(`${target} names nothing`)
  const path = pathOf(wanted.resource, { namespace: options.namespace, name: wanted.name })
  const object = await client.get<Pod | Deployment | ReplicaSet | Service>(path)
  if (object.kind === 'Pod') return [object]
  const selector = selectorText(podSelector(object))
  if (selector === undefined) throw new CliError(`${target} selects no pods`, { remedy: 'name a pod' })
  // As kubectl: one of the pods stands for all; a ready one says more.
  const pods = await podsOf(client, selector, options.namespace)
  const pod = pods.find(({ status }) => status?.phase === 'Running') ?? pods[0]
  if (pod === undefined) throw new CliError(`${target} has no pods`, { remedy: `gantry describe ${target} tells why` })
  if (pods.length > 1) note(`Found ${pods.length} pods, using pod/${pod.metadata.name}\n`)
  return [pod]
}

function podSelector(object: Deployment | ReplicaSet | Service): LabelSelector | undefined {
  if (object.kind === 'Service') {
    return object.spec.selector === undefined ? undefined : { matchLabels: object.spec.selector }
  }
  return object.spec.selector
}

async function podsOf(client: Client, selector: string, namespace: string): Promise<readonly Pod[]> {
  const query = new URLSearchParams({ labelSelector: selector })
  const { items } = await client.get<{ items: readonly Pod[] }>(`/api/v1/namespaces/${namespace}/pods?${query}`)
  return items
}

function defaultContainer(pod: Pod, { note }: Terminal): string {
  const annotated = pod.metadata.annotations?.['kubectl.kubernetes.io/default-container']
  const names = pod.spec.containers.map(({ name }) => name)
  const init = (pod.spec.initContainers ?? []).map(({ name }) => `${name} (init)`)
  const chosen = annotated ?? names[0] ?? ''
  if (annotated === undefined && names.length + init.length > 1) {
    note(`Defaulted container "${chosen}" out of: ${[...names, ...init].join(', ')}\n`)
  }
  return chosen
}
