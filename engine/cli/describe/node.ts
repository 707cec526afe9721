import type { Namespace, Node, Pod, ResourceList } from '../../api/types.ts'
import { parseQuantity } from '../../api/quantity.ts'
import { formatAge } from '../../server/age.ts'
import { nodeRoles } from '../../server/columns/node.ts'
import type { ReadList } from './block.ts'
import { annotationLines, labelLines, listLines, longTime } from './block.ts'

export function describeNamespace({ metadata, status }: Namespace): readonly string[] {
  return [
    `Name:\t${metadata.name}`,
    ...labelLines(metadata),
    ...annotationLines(metadata),
    `Status:\t${status?.phase ?? 'Active'}`,
  ]
}

export async function describeNode(node: Node, read: ReadList): Promise<readonly string[]> {
  const { metadata, spec, status } = node
  const fieldSelector = `spec.nodeName=${metadata.name},status.phase!=Succeeded,status.phase!=Failed`
  const pods = await read<Pod>('/api/v1/pods', { fieldSelector })
  const taints = (spec.taints ?? []).map(
    ({ key, value, effect }) => `${key}${value === undefined ? '' : `=${value}`}:${effect}`,
  )
  return [
    `Name:\t${metadata.name}`,
    `Roles:\t${nodeRoles(node) ?? '<none>'}`,
    ...labelLines(metadata),
    ...annotationLines(metadata),
    `CreationTimestamp:\t${longTime(metadata.creationTimestamp)}`,
    ...listLines('Taints:', taints),
    `Unschedulable:\t${spec.unschedulable ?? false}`,
    ...conditionLines(node),
    'Addresses:',
    ...(status?.addresses ?? []).map(({ type, address }) => `  ${type}:\t${address}`),
    ...resourceLines('Capacity:', status?.capacity),
    ...resourceLines('Allocatable:', status?.allocatable),
    ...systemLines(node),
    ...(spec.podCIDR === undefined ? [] : [`PodCIDR:\t${spec.podCIDR}`]),
    ...(spec.podCIDRs === undefined ? [] : [`PodCIDRs:\t${spec.podCIDRs.join(',')}`]),
    ...podLines(pods, status?.allocatable ?? {}),
  ]
}

function conditionLines({ status }: Node): string[] {
  const conditions = status?.conditions ?? []
  if (conditions.length === 0) return []
  return [
    'Conditions:',
    '  Type\tStatus\tLastHeartbeatTime\tLastTransitionTime\tReason\tMessage',
    '  ----\t------\t-----------------\t------------------\t------\t-------',
    ...conditions.map(condition => {
      const { type, status: is, lastTransitionTime, reason = '', message = '' } = condition
      const { lastHeartbeatTime } = condition as { lastHeartbeatTime?: string }
      return `  ${type} \t${is} \t${longTime(lastHeartbeatTime)} \t${longTime(lastTransitionTime)} \t${reason} \t${message}`
    }),
  ]
}

function resourceLines(title: string, resources: ResourceList | undefined): string[] {
  const entries = Object.entries(resources ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))
  return entries.length === 0 ? [] : [title, ...entries.map(([name, quantity]) => `  ${name}:\t${quantity}`)]
}

const systemFields = [
  ['Machine ID', 'machineID'],
  ['System UUID', 'systemUUID'],
  ['Boot ID', 'bootID'],
  ['Kernel Version', 'kernelVersion'],
  ['OS Image', 'osImage'],
  ['Operating System', 'operatingSystem'],
  ['Architecture', 'architecture'],
  ['Container Runtime Version', 'containerRuntimeVersion'],
  ['Kubelet Version', 'kubeletVersion'],
  ['Kube-Proxy Version', 'kubeProxyVersion'],
] as const

function systemLines({ status }: Node): string[] {
  return ['System Info:', ...systemFields.map(([title, field]) => `  ${title}:\t${status?.nodeInfo?.[field] ?? ''}`)]
}

type Bound = 'requests' | 'limits'

function podLines(pods: readonly Pod[], allocatable: ResourceList): string[] {
  const now = Date.now()
  const share = (of: readonly Pod[], wanted: Bound, resource: string): string => {
    const total = of.reduce((sum, pod) => sum + podTotal(pod, wanted, resource), 0)
    const available = quantity(allocatable[resource])
    const percent = available === 0 ? 0 : Math.trunc((total / available) * 100)
    return `${formatQuantity(total, resource)} (${percent}%)`
  }
  const columns = [
    ['requests', 'cpu'],
    ['limits', 'cpu'],
    ['requests', 'memory'],
    ['limits', 'memory'],
  ] as const
  const rows = pods.map(pod => {
    const cells = columns.map(([wanted, resource]) => share([pod], wanted, resource))
    const { namespace = '', name, creationTimestamp } = pod.metadata
    return `  ${namespace}\t${name}\t\t${[...cells, formatAge(creationTimestamp, now)].join('\t')}`
  })
  return [
    `Non-terminated Pods:\t(${pods.length} in total)`,
    '  Namespace\tName\t\tCPU Requests\tCPU Limits\tMemory Requests\tMemory Limits\tAge',
    '  ---------\t----\t\t------------\t----------\t---------------\t-------------\t---',
    ...rows,
    'Allocated resources:',
    '  (Total limits may be over 100 percent, i.e., overcommitted.)',
    '  Resource\tRequests\tLimits',
    '  --------\t--------\t------',
    ...(['cpu', 'memory', 'ephemeral-storage'] as const).map(
      resource => `  ${resource}\t${share(pods, 'requests', resource)}\t${share(pods, 'limits', resource)}`,
    ),
  ]
}

/** What the scheduler counts: the containers' sum, or the largest init container where that is more. */
function podTotal({ spec }: Pod, wanted: Bound, resource: string): number {
  const sum = spec.containers.reduce((total, { resources }) => total + quantity(resources[wanted]?.[resource]), 0)
  const init = (spec.initContainers ?? []).map(({ resources }) => quantity(resources[wanted]?.[resource]))
  return Math.max(sum, ...init)
}

function quantity(text: string | undefined): number {
  return text === undefined ? 0 : parseQuantity(text)
}

const binaryUnits = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi']

/** The largest unit of which there is a whole number. */
function formatQuantity(amount: number, resource: string): string {
  if (resource === 'cpu') return Number.isInteger(amount) ? String(amount) : `${Math.ceil(amount * 1000)}m`
  let rest = amount
  let unit = ''
  for (const larger of binaryUnits) {
    if (rest === 0 || rest % 1024 !== 0) break
    rest /= 1024
    unit = larger
  }
  return `${rest}${unit}`
}
