import { kindKey } from '../api/reference.ts'
import type { FieldPath } from '../api/report.ts'
import type { Container, KubeObject, PodSpec } from '../api/types.ts'

/** Where each kind that makes pods has the PodSpec. */
const podSpecs: Readonly<Record<string, FieldPath>> = {
  Pod: ['spec'],
  PodTemplate: ['template', 'spec'],
  Deployment: ['spec', 'template', 'spec'],
  ReplicaSet: ['spec', 'template', 'spec'],
  ReplicationController: ['spec', 'template', 'spec'],
  'DaemonSet.apps': ['spec', 'template', 'spec'],
  'StatefulSet.apps': ['spec', 'template', 'spec'],
  'Job.batch': ['spec', 'template', 'spec'],
  'CronJob.batch': ['spec', 'jobTemplate', 'spec', 'template', 'spec'],
}

export interface PodPart<T> {
  readonly value: T
  readonly path: FieldPath
}

export interface PodOf {
  readonly spec: PodPart<PodSpec>
  readonly containers: readonly PodPart<Container>[]
  readonly initContainers: readonly PodPart<Container>[]
  /** Its containers run as processes of the node: nothing is pulled for them. */
  readonly isProcess: boolean
  /** It runs to its end: what a Job makes. */
  readonly ends: boolean
}

/** The pod that an object is, or makes; its manifest has been checked. */
export function podOf(object: KubeObject): PodOf | undefined {
  const kind = kindKey(object.apiVersion, object.kind)
  const path = Object.hasOwn(podSpecs, kind) ? podSpecs[kind] : undefined
  const value = path?.reduce<unknown>((at, step) => (isRecord(at) ? at[step] : undefined), object)
  if (path === undefined || !isPodSpec(value)) return undefined
  const listed = (field: 'containers' | 'initContainers'): readonly PodPart<Container>[] =>
    (value[field] ?? []).map((container, index) => ({ value: container, path: [...path, field, index] }))
  return {
    spec: { value, path },
    containers: listed('containers'),
    initContainers: listed('initContainers'),
    isProcess: value.runtimeClassName === 'process',
    // Kinds that Gantry does not run come without Kubernetes's defaults.
    ends: value.restartPolicy === 'OnFailure' || value.restartPolicy === 'Never',
  }
}

function isRecord(value: unknown): value is Readonly<Record<string | number, unknown>> {
  return typeof value === 'object' && value !== null
}

function isPodSpec(value: unknown): value is PodSpec {
  return isRecord(value) && Array.isArray(value['containers'])
}
