import type { Condition, Deployment, Pod, PodTemplateSpec, ReplicaSet } from '../../api/types.ts'
import { equal } from '../../api/stable.ts'
import { selectorText } from '../../server/columns/selector-text.ts'
import type { ReadList } from './block.ts'
import { annotationLines, controllerLines, indent, labelLines, longTime } from './block.ts'
import { containerLines } from './container.ts'
import { placementLines, volumeLines } from './volume.ts'

export async function describeDeployment(deployment: Deployment, read: ReadList): Promise<readonly string[]> {
  const { metadata, spec, status } = deployment
  const sets = await read<ReplicaSet>(`/apis/apps/v1/namespaces/${metadata.namespace ?? ''}/replicasets`, {
    labelSelector: selectorText(spec.selector) ?? '',
  })
  const counts = [
    `${spec.replicas} desired`,
    `${status?.updatedReplicas ?? 0} updated`,
    `${status?.replicas ?? 0} total`,
    `${status?.availableReplicas ?? 0} available`,
    `${status?.unavailableReplicas ?? 0} unavailable`,
  ]
  const rolling = spec.strategy.rollingUpdate
  return [
    `Name:\t${metadata.name}`,
    `Namespace:\t${metadata.namespace ?? ''}`,
    `CreationTimestamp:\t${longTime(metadata.creationTimestamp)}`,
    ...labelLines(metadata),
    ...annotationLines(metadata),
    `Selector:\t${selectorText(spec.selector) ?? '<none>'}`,
    `Replicas:\t${counts.join(' | ')}`,
    `StrategyType:\t${spec.strategy.type}`,
    `MinReadySeconds:\t${spec.minReadySeconds ?? 0}`,
    ...(rolling === undefined
      ? []
      : [`RollingUpdateStrategy:\t${rolling.maxUnavailable} max unavailable, ${rolling.maxSurge} max surge`]),
    ...templateLines(spec.template),
    ...conditionLines(status?.conditions ?? []),
    ...replicaSetLines(deployment, sets),
  ]
}

export async function describeReplicaSet(set: ReplicaSet, read: ReadList): Promise<readonly string[]> {
  const { metadata, spec, status } = set
  const pods = await read<Pod>(`/api/v1/namespaces/${metadata.namespace ?? ''}/pods`, {
    labelSelector: selectorText(spec.selector) ?? '',
  })
  const own = pods.filter(pod => (pod.metadata.ownerReferences ?? []).some(({ uid }) => uid === metadata.uid))
  const inPhase = (phase: string): number => own.filter(pod => (pod.status?.phase ?? 'Pending') === phase).length
  const phases = [
    `${inPhase('Running')} Running`,
    `${inPhase('Pending')} Waiting`,
    `${inPhase('Succeeded')} Succeeded`,
    `${inPhase('Failed')} Failed`,
  ]
  return [
    `Name:\t${metadata.name}`,
    `Namespace:\t${metadata.namespace ?? ''}`,
    `Selector:\t${selectorText(spec.selector) ?? '<none>'}`,
    ...labelLines(metadata),
    ...annotationLines(metadata),
    ...controllerLines(metadata),
    `Replicas:\t${status?.replicas ?? 0} current / ${spec.replicas} desired`,
    `Pods Status:\t${phases.join(' / ')}`,
    ...templateLines(spec.template),
    ...conditionLines(status?.conditions ?? []),
  ]
}

export function templateLines({ metadata, spec }: PodTemplateSpec): string[] {
  const context = { space: '  ' } as const
  const { initContainers = [] } = spec
  return [
    'Pod Template:',
    ...indent(labelLines(metadata)),
    ...(Object.keys(metadata?.annotations ?? {}).length === 0 ? [] : indent(annotationLines(metadata))),
    ...(spec.serviceAccountName === undefined ? [] : [`  Service Account:\t${spec.serviceAccountName}`]),
    ...(initContainers.length === 0 ? [] : containerLines('Init Containers:', initContainers, context)),
    ...containerLines('Containers:', spec.containers, context),
    ...volumeLines(spec.volumes, '  '),
    ...placementLines(spec, '  '),
  ]
}

function conditionLines(conditions: readonly Condition[]): string[] {
  if (conditions.length === 0) return []
  return [
    'Conditions:',
    '  Type\tStatus\tReason',
    '  ----\t------\t------',
    ...conditions.map(({ type, status, reason = '' }) => `  ${type} \t${status}\t${reason}`),
  ]
}

const hashLabel = 'pod-template-hash'

function replicaSetLines(deployment: Deployment, sets: readonly ReplicaSet[]): string[] {
  const own = sets.filter(set =>
    (set.metadata.ownerReferences ?? []).some(({ uid }) => uid === deployment.metadata.uid),
  )
  const current = own.find(set => equal(withoutHash(set.spec.template), deployment.spec.template))
  const old = own.filter(set => set !== current).map(replicaSetText)
  return [
    `OldReplicaSets:\t${old.length === 0 ? '<none>' : old.join(', ')}`,
    `NewReplicaSet:\t${current === undefined ? '<none>' : replicaSetText(current)}`,
  ]
}

function replicaSetText({ metadata, spec, status }: ReplicaSet): string {
  return `${metadata.name} (${status?.replicas ?? 0}/${spec.replicas} replicas created)`
}

function withoutHash(template: PodTemplateSpec): PodTemplateSpec {
  const labels = Object.entries(template.metadata?.labels ?? {}).filter(([key]) => key !== hashLabel)
  return { ...template, metadata: { ...template.metadata, labels: Object.fromEntries(labels) } }
}
