import { parseQuantity } from '../api/quantity.ts'
import type { Node, ObjectMeta } from '../api/types.ts'
import type { NetworkUsage } from '../protocol/streams.ts'
import type { Client } from './client.ts'
import { CliError } from './failure.ts'
import { formatRows } from './table.ts'
import type { Terminal } from './terminal.ts'

export interface TopOptions {
  readonly selector?: string
  readonly output?: 'wide'
}

export interface TopPodsOptions extends TopOptions {
  readonly namespace: string
  readonly allNamespaces: boolean
  readonly containers: boolean
}

interface Used {
  readonly cpu: string
  readonly memory: string
}
interface NodeMetrics {
  readonly metadata: ObjectMeta
  readonly usage: Used
  readonly network?: NetworkUsage
}
interface PodMetrics {
  readonly metadata: ObjectMeta
  readonly containers: readonly { readonly name: string; readonly usage: Used; readonly restarts?: number }[]
  /** Its containers share it. */
  readonly network?: NetworkUsage
}

const root = '/apis/metrics.k8s.io/v1beta1'

/** `gantry top nodes`, as `kubectl top nodes`: of what pods may have. */
export async function topNodes(
  client: Client,
  name: string | undefined,
  { options, terminal }: { options: TopOptions; terminal: Terminal },
): Promise<void> {
  const [metrics, nodes] = await Promise.all([
    measured<NodeMetrics>(client, { path: `${root}/nodes`, name, selector: options.selector }),
    client.get<{ items: readonly Node[] }>('/api/v1/nodes'),
  ])
  const wide = options.output === 'wide'
  const rows = metrics.map(({ metadata, usage, network }) => {
    const allocatable = nodes.items.find(node => node.metadata.name === metadata.name)?.status?.allocatable
    const share = (resource: 'cpu' | 'memory'): string => {
      const all = parseQuantity(allocatable?.[resource] ?? '0')
      return all > 0 ? `${Math.floor((parseQuantity(usage[resource]) / all) * 100)}%` : '<unknown>'
    }
    const used = [metadata.name, cores(usage.cpu), share('cpu'), mebibytes(usage.memory), share('memory')]
    return [...used, ...(wide ? rates(network) : [])]
  })
  const header = ['NAME', 'CPU(cores)', 'CPU(%)', 'MEMORY(bytes)', 'MEMORY(%)', ...(wide ? networkColumns : [])]
  terminal.write(formatRows([header, ...rows.sort(byText)]))
}

/** `gantry top pods`, as `kubectl top pods`. */
export async function topPods(
  client: Client,
  name: string | undefined,
  { options, terminal }: { options: TopPodsOptions; terminal: Terminal },
): Promise<void> {
  const place = options.allNamespaces ? '' : `/namespaces/${encodeURIComponent(options.namespace)}`
  const path = `${root}${place}/pods`
  const metrics = await measured<PodMetrics>(client, { path, name, selector: options.selector })
  const wide = options.output === 'wide'
  const rows = metrics.flatMap(({ metadata, containers, network }) => {
    const first = options.allNamespaces ? [metadata.namespace ?? ''] : []
    const used: readonly { own: readonly string[]; of: PodMetrics['containers'] }[] = options.containers
      ? containers.map(container => ({ own: [container.name], of: [container] }))
      : [{ own: [], of: containers }]
    return used.map(({ own, of }) => [
      ...first,
      metadata.name,
      ...own,
      cores(...of.map(({ usage }) => usage.cpu)),
      mebibytes(...of.map(({ usage }) => usage.memory)),
      ...(wide ? [...rates(network), String(of.reduce((total, { restarts = 0 }) => total + restarts, 0))] : []),
    ])
  })
  const names = options.containers ? ['POD', 'NAME'] : ['NAME']
  const more = wide ? [...networkColumns, 'RESTARTS'] : []
  const header = [...(options.allNamespaces ? ['NAMESPACE'] : []), ...names, 'CPU(cores)', 'MEMORY(bytes)', ...more]
  terminal.write(formatRows([header, ...rows.sort(byText)]))
}

async function measured<T>(
  client: Client,
  { path, name, selector }: { path: string; name: string | undefined; selector: string | undefined },
): Promise<readonly T[]> {
  if (name !== undefined) return [await client.get<T>(`${path}/${encodeURIComponent(name)}`)]
  const query = new URLSearchParams(selector === undefined ? {} : { labelSelector: selector })
  const { items } = await client.get<{ items: readonly T[] }>(`${path}?${query}`)
  if (items.length === 0) throw new CliError('metrics not available yet', { remedy: 'gantry get pods shows what runs' })
  return items
}

const networkColumns = ['RECEIVED(bytes/s)', 'SENT(bytes/s)']

function rates(network: NetworkUsage | undefined): readonly string[] {
  if (network === undefined) return ['<unknown>', '<unknown>']
  return [String(network.receivedBytesPerSecond), String(network.transmittedBytesPerSecond)]
}

function cores(...quantities: readonly string[]): string {
  return `${Math.ceil(sum(quantities) * 1000)}m`
}

function mebibytes(...quantities: readonly string[]): string {
  return `${Math.floor(sum(quantities) / 1024 / 1024)}Mi`
}

function sum(quantities: readonly string[]): number {
  return quantities.reduce((total, quantity) => total + parseQuantity(quantity), 0)
}

function byText(a: readonly string[], b: readonly string[]): number {
  return a.join('\0') < b.join('\0') ? -1 : 1
}
