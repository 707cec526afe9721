import type { Pod } from '../../api/types.ts'
import { formatAge } from '../../server/age.ts'
import { annotationLines, controllerLines, labelLines, longTime } from './block.ts'
import { containerLines } from './container.ts'
import { placementLines, volumeLines } from './volume.ts'

export function describePod(pod: Pod): readonly string[] {
  const { metadata, spec, status } = pod
  const context = { metadata, space: '' } as const
  return [
    `Name:\t${metadata.name}`,
    `Namespace:\t${metadata.namespace ?? ''}`,
    ...optional('Priority:', spec.priority),
    ...optional('Runtime Class Name:', spec.runtimeClassName),
    ...optional('Service Account:', spec.serviceAccountName),
    `Node:\t${spec.nodeName === undefined ? '<none>' : `${spec.nodeName}/${status?.hostIP ?? ''}`}`,
    ...(status?.startTime === undefined ? [] : [`Start Time:\t${longTime(status.startTime)}`]),
    ...labelLines(metadata),
    ...annotationLines(metadata),
    ...phaseLines(pod),
    ...optional('Reason:', status?.reason),
    ...optional('Message:', status?.message),
    `IP:\t${status?.podIP ?? ''}`,
    ...addressLines(pod),
    ...controllerLines(metadata),
    ...(spec.initContainers === undefined || spec.initContainers.length === 0
      ? []
      : containerLines('Init Containers:', spec.initContainers, {
          ...context,
          statuses: status?.initContainerStatuses ?? [],
        })),
    ...containerLines('Containers:', spec.containers, { ...context, statuses: status?.containerStatuses ?? [] }),
    ...conditionLines(pod),
    ...volumeLines(spec.volumes, ''),
    ...optional('QoS Class:', status?.qosClass),
    ...placementLines(spec, ''),
  ]
}

function optional(title: string, value: string | number | undefined): string[] {
  return value === undefined || value === '' ? [] : [`${title}\t${value}`]
}

function phaseLines({ metadata, status }: Pod): string[] {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = metadata
  const hasEnded = status?.phase === 'Failed' || status?.phase === 'Succeeded'
  if (deletionTimestamp === undefined || hasEnded) return [`Status:\t${status?.phase ?? ''}`]
  return [
    `Status:\tTerminating (lasts ${formatAge(deletionTimestamp, Date.now())})`,
    `Termination Grace Period:\t${deletionGracePeriodSeconds}s`,
  ]
}

function addressLines({ status }: Pod): string[] {
  const addresses = status?.podIPs ?? []
  return addresses.length === 0 ? ['IPs:\t<none>'] : ['IPs:', ...addresses.map(({ ip }) => `  IP:\t${ip}`)]
}

function conditionLines({ status }: Pod): string[] {
  const conditions = status?.conditions ?? []
  if (conditions.length === 0) return []
  // As kubectl writes them, a space behind each.
  return ['Conditions:', '  Type\tStatus', ...conditions.map(({ type, status: is }) => `  ${type} \t${is} `)]
}
