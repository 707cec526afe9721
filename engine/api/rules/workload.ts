import { matchesSelector } from '../selector.ts'
import type { Deployment, IntOrString, Job, LabelSelector, PodTemplateSpec, ReplicaSet } from '../types.ts'
import { checkPodSpec } from './pod.ts'
import { type At, inside } from './rule.ts'

export function checkDeployment({ spec }: Deployment, at: At): void {
  const here = inside(at, 'spec')
  checkTemplate(spec, here)
  checkStrategy(spec, here)
  if (spec.progressDeadlineSeconds <= (spec.minReadySeconds ?? 0)) {
    at.report.error(
      [...here.path, 'progressDeadlineSeconds'],
      `must be more than minReadySeconds ${spec.minReadySeconds}, not ${spec.progressDeadlineSeconds}`,
    )
  }
}

export function checkReplicaSet({ spec }: ReplicaSet, at: At): void {
  checkTemplate(spec, inside(at, 'spec'))
}

export function checkJob({ spec }: Job, at: At): void {
  checkPodSpec(spec.template.spec, { at: inside(at, 'spec', 'template', 'spec'), keeper: 'job' })
}

function checkTemplate({ selector, template }: { selector: LabelSelector; template: PodTemplateSpec }, at: At): void {
  checkSelector(selector, inside(at, 'selector'))
  if (isEmpty(selector)) {
    at.report.error([...at.path, 'selector'], 'must not be empty: it would take every pod of the namespace', {
      remedy: 'add matchLabels with a label of the template',
    })
  } else if (!matchesSelector(selector, template.metadata?.labels)) {
    at.report.error(
      [...at.path, 'selector'],
      'must match the labels of the template, so that the workload finds its own pods',
      {
        remedy: 'make spec.template.metadata.labels hold every label of spec.selector.matchLabels',
      },
    )
  }
  checkPodSpec(template.spec, { at: inside(at, 'template', 'spec'), keeper: 'workload' })
}

function isEmpty({ matchLabels, matchExpressions }: LabelSelector): boolean {
  return Object.keys(matchLabels ?? {}).length === 0 && (matchExpressions ?? []).length === 0
}

export function checkSelector({ matchExpressions }: LabelSelector, at: At): void {
  for (const [i, { operator, values }] of (matchExpressions ?? []).entries()) {
    const listed = operator === 'In' || operator === 'NotIn'
    const count = (values ?? []).length
    if (listed === count > 0) continue
    at.report.error(
      [...at.path, 'matchExpressions', i, 'values'],
      listed
        ? `must have at least one value where operator is ${operator}`
        : `must be left out where operator is ${operator}`,
    )
  }
}

function checkStrategy({ strategy }: Deployment['spec'], at: At): void {
  const { type, rollingUpdate } = strategy
  const here = [...at.path, 'strategy', 'rollingUpdate']
  if (type === 'Recreate' && rollingUpdate) {
    at.report.error(here, 'must not be set where type is Recreate', { target: 'key', remedy: 'remove it' })
  } else if (rollingUpdate && isNone(rollingUpdate.maxSurge) && isNone(rollingUpdate.maxUnavailable)) {
    at.report.error([...here, 'maxUnavailable'], 'must not be 0 where maxSurge is 0 too: no pod could be replaced', {
      remedy: 'let one of them be 1',
    })
  }
}

function isNone(count: IntOrString): boolean {
  return Number.parseInt(String(count), 10) === 0
}
