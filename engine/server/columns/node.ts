import type { Namespace, Node } from '../../api/types.ts'
import { ageColumn, list, nameColumn, printer, text, wide } from './printer.ts'

const rolePrefix = 'node-role.kubernetes.io/'

export const nodePrinter = printer<Node>([
  nameColumn,
  text('Status', nodeStatus),
  text('Roles', nodeRoles),
  ageColumn,
  text('Version', node => node.status?.nodeInfo?.['kubeletVersion']),
  wide(text('Internal-IP', node => address(node, 'InternalIP'))),
  wide(text('External-IP', node => address(node, 'ExternalIP'))),
  wide(text('OS-Image', node => node.status?.nodeInfo?.['osImage'] ?? '<unknown>')),
  wide(text('Kernel-Version', node => node.status?.nodeInfo?.['kernelVersion'] ?? '<unknown>')),
  wide(text('Container-Runtime', node => node.status?.nodeInfo?.['containerRuntimeVersion'] ?? '<unknown>')),
])

export const namespacePrinter = printer<Namespace>([
  nameColumn,
  text('Status', namespace => namespace.status?.phase ?? 'Active'),
  ageColumn,
])

function nodeStatus(node: Node): string {
  const ready = (node.status?.conditions ?? []).find(({ type }) => type === 'Ready')
  const words = [ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady']
  if (node.spec.unschedulable === true) words.push('SchedulingDisabled')
  return words.join(',')
}

export function nodeRoles(node: Node): string | undefined {
  const labels = Object.keys(node.metadata.labels ?? {})
  return list(
    labels
      .filter(label => label.startsWith(rolePrefix) && label.length > rolePrefix.length)
      .map(label => label.slice(rolePrefix.length))
      .sort(),
  )
}

function address(node: Node, wanted: string): string | undefined {
  return (node.status?.addresses ?? []).find(({ type }) => type === wanted)?.address
}
