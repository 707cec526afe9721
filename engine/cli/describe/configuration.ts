import type { ConfigMap, KubeObject, Secret } from '../../api/types.ts'
import { annotationLines, labelLines } from './block.ts'

export function describeConfigMap(configMap: ConfigMap): readonly string[] {
  const data = sorted(configMap.data).flatMap(([key, value]) => [`${key}:`, '----', value, ''])
  const binary = sorted(configMap.binaryData).flatMap(([key, value]) => [`${key}: ${bytes(value)} bytes`])
  return [...head(configMap), 'Data', '====', ...data, '', 'BinaryData', '====', ...binary, '']
}

/** Sizes, never values. */
export function describeSecret(secret: Secret): readonly string[] {
  const data = sorted(secret.data).map(([key, value]) => `${key}:\t${bytes(value)} bytes`)
  return [...head(secret), `Type:\t${secret.type}`, '', 'Data', '====', ...data]
}

function head(object: KubeObject): string[] {
  const { name, namespace = '' } = object.metadata
  return [
    `Name:\t${name}`,
    `Namespace:\t${namespace}`,
    ...labelLines(object.metadata),
    ...annotationLines(object.metadata),
    '',
  ]
}

function sorted(data: Readonly<Record<string, string>> | undefined): [string, string][] {
  return Object.entries(data ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))
}

function bytes(base64: string): number {
  return Buffer.from(base64, 'base64').length
}
