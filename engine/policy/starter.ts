import { fieldText, type FieldPath } from '../api/report.ts'
import type { StarterRule } from '../api/settings.ts'
import type { Container } from '../api/types.ts'
import { isLatest, repositoryOf } from './image.ts'
import { podOf, type PodOf, type PodPart } from './pods.ts'
import type { Judge, Violation } from './violation.ts'

interface Finding {
  readonly path: FieldPath
  /** Reads on from the field's path. */
  readonly text: string
  readonly remedy: string
}

type PodRule = (pod: PodOf, options: { readonly registries: readonly string[] }) => readonly Finding[]

/** Each says of a pod, or a pod template, what breaks it. */
const rules: Readonly<Record<StarterRule, PodRule>> = {
  'no-latest-tag': pod =>
    images(pod).flatMap(({ value, path }) =>
      isLatest(value)
        ? {
            path,
            text: `does not say which version is meant: ${value}`,
            remedy: 'name a tag other than latest, or a digest',
          }
        : [],
    ),
  'allowed-registries': (pod, { registries }) =>
    images(pod).flatMap(({ value, path }) => {
      const repository = repositoryOf(value)
      if (registries.some(each => repository === each || repository.startsWith(`${each}/`))) return []
      const remedy = `take it from ${registries.join(' or ')}`
      return { path, text: `comes from ${repository}, which is not among the allowed registries`, remedy }
    }),
  // A process of the node has no limits, whatever is written.
  'limits-set': ({ containers, isProcess }) =>
    (isProcess ? [] : containers).flatMap(({ value, path }) => {
      const lacking = ['cpu', 'memory'].filter(resource => value.resources?.limits?.[resource] === undefined)
      if (lacking.length === 0) return []
      const at = [...path, 'resources', 'limits']
      return { path: at, text: `has no ${lacking.join(' and no ')}`, remedy: 'say how much the container may use' }
    }),
  // What runs to its end is waited for, not probed.
  'probes-set': ({ containers, ends }) =>
    (ends ? [] : containers).flatMap(({ value, path }) =>
      (['readinessProbe', 'livenessProbe'] as const).flatMap(probe =>
        value[probe] === undefined
          ? { path: [...path, probe], text: 'is missing', remedy: 'say how it is found out that the container works' }
          : [],
      ),
    ),
  'no-privileged': ({ containers, initContainers }) =>
    [...initContainers, ...containers].flatMap(({ value, path }) =>
      value.securityContext?.privileged === true
        ? { path: [...path, 'securityContext', 'privileged'], text: 'is true', remedy: 'ask for single capabilities' }
        : [],
    ),
  'no-host-access': ({ spec: { value, path } }) => [
    ...(['hostNetwork', 'hostPID', 'hostIPC'] as const).flatMap(field =>
      value[field] === true ? { path: [...path, field], text: 'is true', remedy: 'leave it out' } : [],
    ),
    ...(value.volumes ?? []).flatMap((volume, index) =>
      'hostPath' in volume
        ? {
            path: [...path, 'volumes', index, 'hostPath'],
            text: 'opens the files of the node',
            remedy: 'mount a volume',
          }
        : [],
    ),
  ],
}

export function starterJudge(name: StarterRule, options: { readonly registries: readonly string[] }): Judge {
  return ({ object }) => {
    const pod = podOf(object)
    return pod === undefined ? [] : rules[name](pod, options).map(violationOf)
  }
}

function violationOf({ path, text, remedy }: Finding): Violation {
  return { path, remedy, message: `${fieldText(path)} ${text}` }
}

function images({ containers, initContainers, isProcess }: PodOf): PodPart<string>[] {
  const all: readonly PodPart<Container>[] = isProcess ? [] : [...initContainers, ...containers]
  return all.flatMap(({ value, path }) =>
    value.image === undefined ? [] : { value: value.image, path: [...path, 'image'] },
  )
}
