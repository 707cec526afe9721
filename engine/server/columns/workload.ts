import type { Deployment, Job, PodSpec, ReplicaSet } from '../../api/types.ts'
import { formatDuration } from '../age.ts'
import { selectorText } from './selector-text.ts'
import { ageColumn, count, list, nameColumn, printer, text, wide } from './printer.ts'

type Workload = Deployment | Job | ReplicaSet

const templateColumns = [
  wide(text<Workload>('Containers', set => containers(set.spec.template.spec).names)),
  wide(text<Workload>('Images', set => containers(set.spec.template.spec).images)),
  wide(text<Workload>('Selector', set => set.spec.selector && selectorText(set.spec.selector))),
]

export const deploymentPrinter = printer<Deployment>([
  nameColumn,
  text('Ready', ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec.replicas}`),
  { ...count('Up-to-date', deployment => deployment.status?.updatedReplicas ?? 0), type: 'string' },
  { ...count('Available', deployment => deployment.status?.availableReplicas ?? 0), type: 'string' },
  ageColumn,
  ...templateColumns,
])

export const replicaSetPrinter = printer<ReplicaSet>([
  nameColumn,
  count('Desired', set => set.spec.replicas),
  count('Current', set => set.status?.replicas ?? 0),
  count('Ready', set => set.status?.readyReplicas ?? 0),
  ageColumn,
  ...templateColumns,
])

export const jobPrinter = printer<Job>([
  nameColumn,
  text('Status', jobState),
  text('Completions', completions),
  text('Duration', duration),
  ageColumn,
  ...templateColumns,
])

/** The first that holds, as kubectl tells it. */
function jobState({ metadata, status }: Job): string {
  const holds = (type: string) =>
    (status?.conditions ?? []).some(condition => condition.type === type && condition.status === 'True')
  const told = ['Complete', 'Failed'].find(holds)
  if (told !== undefined) return told
  if (metadata.deletionTimestamp !== undefined) return 'Terminating'
  return ['Suspended', 'FailureTarget', 'SuccessCriteriaMet'].find(holds) ?? 'Running'
}

/** `1/3`; without completions `0/1 of 3`, where one success of three pods will do. */
function completions({ spec, status }: Job): string {
  const succeeded = status?.succeeded ?? 0
  if (spec.completions !== undefined) return `${succeeded}/${spec.completions}`
  return spec.parallelism > 1 ? `${succeeded}/1 of ${spec.parallelism}` : `${succeeded}/1`
}

function duration({ status }: Job, now: number): string {
  if (status?.startTime === undefined) return ''
  const until = status.completionTime === undefined ? now : Date.parse(status.completionTime)
  return formatDuration(until - Date.parse(status.startTime))
}

function containers(spec: PodSpec): { names: string | undefined; images: string | undefined } {
  return {
    names: list(spec.containers.map(({ name }) => name)),
    images: list(spec.containers.map(({ image }) => image ?? '')),
  }
}
