import type { Deployment, DeploymentSpec, Job, JobSpec, ReplicaSet } from '../types.ts'
import type { Given } from './given.ts'
import { type GivenTemplate, defaultTemplate } from './pod.ts'

/** The defaults of k8s.io/kubernetes/pkg/apis/apps/v1/defaults.go and batch/v1/defaults.go. */

type Strategy = DeploymentSpec['strategy']
interface GivenStrategy {
  readonly type?: Strategy['type']
  readonly rollingUpdate?: Partial<NonNullable<Strategy['rollingUpdate']>>
}
export type GivenDeployment = Omit<Deployment, 'spec'> & {
  readonly spec: Given<
    Omit<DeploymentSpec, 'template' | 'strategy'>,
    'replicas' | 'revisionHistoryLimit' | 'progressDeadlineSeconds'
  > & { readonly template: GivenTemplate; readonly strategy?: GivenStrategy }
}
export type GivenReplicaSet = Omit<ReplicaSet, 'spec'> & {
  readonly spec: Given<Omit<ReplicaSet['spec'], 'template'>, 'replicas'> & { readonly template: GivenTemplate }
}

export function defaultDeployment(deployment: GivenDeployment): Deployment {
  const { spec } = deployment
  return {
    ...deployment,
    spec: {
      ...spec,
      replicas: spec.replicas ?? 1,
      strategy: defaultStrategy(spec.strategy),
      revisionHistoryLimit: spec.revisionHistoryLimit ?? 10,
      progressDeadlineSeconds: spec.progressDeadlineSeconds ?? 600,
      template: defaultTemplate(spec.template),
    },
  }
}

function defaultStrategy(strategy: GivenStrategy = {}): Strategy {
  const type = strategy.type ?? 'RollingUpdate'
  const { rollingUpdate, ...rest } = strategy
  if (type !== 'RollingUpdate')
    return { ...rest, type, ...(rollingUpdate ? { rollingUpdate: withBudget(rollingUpdate) } : {}) }
  return { ...rest, type, rollingUpdate: withBudget(rollingUpdate ?? {}) }
}

function withBudget(given: NonNullable<GivenStrategy['rollingUpdate']>): NonNullable<Strategy['rollingUpdate']> {
  return { ...given, maxSurge: given.maxSurge ?? '25%', maxUnavailable: given.maxUnavailable ?? '25%' }
}

export function defaultReplicaSet(set: GivenReplicaSet): ReplicaSet {
  const { spec } = set
  return { ...set, spec: { ...spec, replicas: spec.replicas ?? 1, template: defaultTemplate(spec.template) } }
}

export type GivenJob = Omit<Job, 'spec'> & {
  readonly spec: Given<
    Omit<JobSpec, 'template'>,
    'parallelism' | 'backoffLimit' | 'suspend' | 'completionMode' | 'podReplacementPolicy'
  > & { readonly template: GivenTemplate }
}

/** Where neither is given, one pod is to succeed; where only completions is, they come one after the other. */
export function defaultJob(job: GivenJob): Job {
  const { spec, metadata } = job
  const completions = spec.completions ?? (spec.parallelism === undefined ? 1 : undefined)
  const labels = metadata.labels ?? spec.template.metadata?.labels
  return {
    ...job,
    metadata: labels === undefined ? metadata : { ...metadata, labels },
    spec: {
      ...spec,
      ...(completions === undefined ? {} : { completions }),
      parallelism: spec.parallelism ?? 1,
      backoffLimit: spec.backoffLimit ?? 6,
      suspend: spec.suspend ?? false,
      completionMode: spec.completionMode ?? 'NonIndexed',
      podReplacementPolicy: spec.podReplacementPolicy ?? 'TerminatingOrFailed',
      template: defaultTemplate(spec.template),
    },
  }
}
