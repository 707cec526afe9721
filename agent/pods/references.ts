import type { KubeObject, Pod } from '../../engine/api/types.ts'
import type { Mirror } from '../mirror.ts'
import { allContainers } from './decide.ts'

/**
 * The ConfigMaps and Secrets that a pod refers to, as they are now (undefined where one is missing). Two lists that
 * are equal item by item tell that nothing of them changed: an object that changes is another object.
 */
export function referredObjects(
  pod: Pod,
  mirror: Pick<Mirror, 'configMap' | 'secret'>,
): readonly (KubeObject | undefined)[] {
  const { namespace = '' } = pod.metadata
  return [
    ...configMapNames(pod).map(name => mirror.configMap(namespace, name)),
    ...secretNames(pod).map(name => mirror.secret(namespace, name)),
  ]
}

export function mountsPodFields(pod: Pod): boolean {
  return pod.spec.volumes?.some(({ downwardAPI, projected }) => downwardAPI ?? projected) ?? false
}

function configMapNames(pod: Pod): readonly string[] {
  return unique([
    ...allContainers(pod).flatMap(({ env = [], envFrom = [] }) => [
      ...env.flatMap(({ valueFrom }) => valueFrom?.configMapKeyRef?.name ?? []),
      ...envFrom.flatMap(({ configMapRef }) => configMapRef?.name ?? []),
    ]),
    ...(pod.spec.volumes ?? []).flatMap(({ configMap, projected }) => [
      ...(configMap ? [configMap.name] : []),
      ...projectedNames(projected?.sources, 'configMap'),
    ]),
  ])
}

function secretNames(pod: Pod): readonly string[] {
  return unique([
    ...allContainers(pod).flatMap(({ env = [], envFrom = [] }) => [
      ...env.flatMap(({ valueFrom }) => valueFrom?.secretKeyRef?.name ?? []),
      ...envFrom.flatMap(({ secretRef }) => secretRef?.name ?? []),
    ]),
    ...(pod.spec.volumes ?? []).flatMap(({ secret, projected }) => [
      ...(secret ? [secret.secretName] : []),
      ...projectedNames(projected?.sources, 'secret'),
    ]),
  ])
}

function projectedNames(sources: readonly unknown[] = [], kind: 'configMap' | 'secret'): readonly string[] {
  return sources.flatMap(source => {
    const part = fieldOf(source, kind)
    const name = fieldOf(part, 'name')
    return typeof name === 'string' ? [name] : []
  })
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Object.getOwnPropertyDescriptor(value, name)?.value : undefined
}

function unique(names: readonly string[]): readonly string[] {
  return [...new Set(names)].sort()
}
