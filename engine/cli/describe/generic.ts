import type { KubeObject } from '../../api/types.ts'
import { annotationLines, labelLines } from './block.ts'

const shownAbove: ReadonlySet<string> = new Set(['name', 'namespace', 'labels', 'annotations'])

/** Any kind: its fields in words, as kubectl describes kinds that it does not know. */
export function describeGeneric(object: KubeObject): readonly string[] {
  const { apiVersion, kind, metadata, ...rest } = object
  const { name, namespace = '' } = metadata
  const shown = Object.entries(metadata).filter(([field]) => !shownAbove.has(field))
  const fields = { apiVersion, kind, metadata: Object.fromEntries(shown), ...rest }
  return [
    `Name:\t${name}`,
    `Namespace:\t${namespace}`,
    ...labelLines(metadata),
    ...annotationLines(metadata),
    ...fieldLines(fields, ''),
  ]
}

function fieldLines(fields: Readonly<Record<string, unknown>>, indentation: string): string[] {
  const titled = Object.entries(fields).map(([name, value]) => [titleOf(name), value] as const)
  return titled.sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([title, value]) => valueLines(title, value, indentation))
}

function valueLines(title: string, value: unknown, indentation: string): string[] {
  if (Array.isArray(value)) {
    return [`${indentation}${title}:`, ...value.flatMap((item: unknown) => itemLines(item, `${indentation}  `))]
  }
  if (isRecord(value)) return [`${indentation}${title}:`, ...fieldLines(value, `${indentation}  `)]
  return [`${indentation}${title}:\t${String(value ?? '<nil>')}`]
}

function itemLines(item: unknown, indentation: string): string[] {
  return isRecord(item) ? fieldLines(item, indentation) : [`${indentation}${String(item)}`]
}

const abbreviations = /^(?:api|cidr|cpu|dns|http|https|id|ip|ips|tcp|tls|ttl|udp|uid|uri|url)$/i

/** `creationTimestamp` → `Creation Timestamp`, `podIP` → `Pod IP`; a name with other signs stays as it is. */
function titleOf(name: string): string {
  if (!/^[A-Za-z][A-Za-z0-9]*$/.test(name)) return name
  const words = name.match(/[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+/g) ?? [name]
  return words
    .map(word => (abbreviations.test(word) ? word.toUpperCase() : word.charAt(0).toUpperCase() + word.slice(1)))
    .join(' ')
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
