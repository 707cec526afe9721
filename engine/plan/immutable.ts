import type { ConfigMap, Container, KubeObject, Pod, Service } from '../api/types.ts'
import type { Problem } from '../api/problem.ts'
import { describeRef, type KindKey } from '../api/reference.ts'
import { equal } from '../api/stable.ts'
import { fieldsOf } from './fields.ts'
import type { Plan, PlanStep } from './step.ts'

type UpdateStep = Extract<PlanStep, { kind: 'update' }>

/** A change that Kubernetes refuses. */
interface Refusal {
  readonly field: string
  readonly message: string
  readonly remedy: string
}

type Rule = (before: KubeObject, after: KubeObject) => readonly Refusal[]

const rename = 'give the object another name, or delete it first'

const rules: Readonly<Partial<Record<KindKey, Rule>>> = {
  ConfigMap: immutableData,
  Deployment: fixed('spec.selector'),
  'DaemonSet.apps': fixed('spec.selector'),
  Job: (before, after) => [...fixed('spec.completions', 'spec.selector')(before, after), ...jobTemplate(before, after)],
  PersistentVolumeClaim: fixed('spec.accessModes', 'spec.selector', 'spec.storageClassName', 'spec.volumeMode'),
  Pod: podSpec,
  'PriorityClass.scheduling.k8s.io': fixed('value', 'preemptionPolicy'),
  ReplicaSet: fixed('spec.selector'),
  'ClusterRoleBinding.rbac.authorization.k8s.io': fixed('roleRef'),
  'RoleBinding.rbac.authorization.k8s.io': fixed('roleRef'),
  'RuntimeClass.node.k8s.io': fixed('handler'),
  Secret: (before, after) => [...fixed('type')(before, after), ...immutableData(before, after)],
  Service: clusterAddress,
  'StatefulSet.apps': fixed(
    'spec.selector',
    'spec.serviceName',
    'spec.podManagementPolicy',
    'spec.volumeClaimTemplates',
  ),
  'StorageClass.storage.k8s.io': fixed('provisioner', 'parameters', 'reclaimPolicy', 'volumeBindingMode'),
}

/** What a plan changes that Kubernetes lets nobody change: errors, each where the manifest stands. */
export function checkImmutable(plan: Plan): Problem[] {
  return plan.steps.flatMap(step => (step.kind === 'update' ? refusalsOf(step) : []))
}

function refusalsOf(step: UpdateStep): Problem[] {
  const rule = rules[step.ref.kind]
  const object = describeRef(step.ref)
  const { file, line, column } = step.origin
  return (rule?.(step.before, step.after) ?? []).map(({ field, message, remedy }) => ({
    file,
    line,
    column,
    severity: 'error',
    message: `${object}: ${message}`,
    remedy,
    object,
    field,
  }))
}

/** Fields that stay as they were created. */
function fixed(...paths: readonly string[]): Rule {
  return (before, after) =>
    paths
      .filter(path => !equal(valueAt(before, path), valueAt(after, path)))
      .map(path => ({
        field: path,
        message: `${path} cannot be changed once the object exists, as in Kubernetes`,
        remedy: `put back ${path}, ${rename}`,
      }))
}

function valueAt(object: KubeObject, path: string): unknown {
  return path.split('.').reduce<unknown>((value, field) => fieldsOf(value)?.[field], object)
}

/** A ConfigMap or Secret marked immutable: neither its data nor the mark may change. */
function immutableData(before: KubeObject, after: KubeObject): Refusal[] {
  const [was, is] = [before as ConfigMap, after as ConfigMap]
  if (was.immutable !== true) return []
  const field =
    is.immutable === true ? (['data', 'binaryData'] as const).find(at => !equal(was[at], is[at])) : 'immutable'
  if (field === undefined) return []
  return [
    {
      field,
      message: `${field} cannot be changed: the object is marked immutable`,
      remedy: `put back ${field}, or write the new values under another name and refer to that`,
    },
  ]
}

/** What a Job runs is decided when it begins. */
function jobTemplate(before: KubeObject, after: KubeObject): Refusal[] {
  return fixed('spec.template')(before, after).map(refusal => ({
    ...refusal,
    remedy: `${refusal.remedy}; a Job that is to run at every change is a hook: set the annotation helm.sh/hook: pre-upgrade`,
  }))
}

/** A Service keeps its address until it becomes an ExternalName. */
function clusterAddress(before: KubeObject, after: KubeObject): Refusal[] {
  const [was, is] = [(before as Service).spec, (after as Service).spec]
  if (was.type === 'ExternalName' || is.type === 'ExternalName') return []
  const address = was.clusterIP ?? ''
  if (address === '' || address === is.clusterIP) return []
  return [
    {
      field: 'spec.clusterIP',
      message: `spec.clusterIP cannot be changed from "${address}" to "${is.clusterIP ?? ''}" while the Service exists`,
      remedy: `write clusterIP: ${address}, ${rename}`,
    },
  ]
}

/** Of a Pod that exists, Kubernetes lets only images, an added toleration and activeDeadlineSeconds change. */
function podSpec(before: KubeObject, after: KubeObject): Refusal[] {
  const [was, is] = [(before as Pod).spec, (after as Pod).spec]
  const lost = (was.tolerations ?? []).some(old => !(is.tolerations ?? []).some(now => equal(old, now)))
  const changed = Object.keys({ ...was, ...is }).filter(field => {
    if (field === 'activeDeadlineSeconds') return false
    if (field === 'tolerations') return lost
    if (field === 'containers' || field === 'initContainers')
      return !equal(withoutImages(was[field]), withoutImages(is[field]))
    return !equal(fieldsOf(was)?.[field], fieldsOf(is)?.[field])
  })
  return changed.map(field => ({
    field: `spec.${field}`,
    message: `spec.${field} of a Pod cannot be changed while it exists (only images, activeDeadlineSeconds and added tolerations can)`,
    remedy: `put it back, ${rename}; a Deployment replaces its pods by itself`,
  }))
}

function withoutImages(containers: readonly Container[] | undefined) {
  return containers?.map(container =>
    Object.fromEntries(Object.entries(container).filter(([field]) => field !== 'image')),
  )
}
