import type { Deployment, PodSpec, ReplicaSet } from '../../api/types.ts'
import { selectorText } from './selector-text.ts'
import { ageColumn, count, list, nameColumn, printer, text, wide } from './printer.ts'

const templateColumns = [
  wide(text<Deployment | ReplicaSet>('Containers', set => containers(set.spec.template.spec).names)),
  wide(text<Deployment | ReplicaSet>('Images', set => containers(set.spec.template.spec).images)),
  wide(text<Deployment | ReplicaSet>('Selector', set => selectorText(set.spec.selector))),
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

function containers(spec: PodSpec): { names: string | undefined; images: string | undefined } {
  return {
    names: list(spec.containers.map(({ name }) => name)),
    images: list(spec.containers.map(({ image }) => image ?? '')),
  }
}
