import { groupOf } from '../api/reference.ts'
import { matchesSelector } from '../api/selector.ts'
import type { PolicyMatch, PolicyRule } from '../api/settings.ts'
import type { KubeObject } from '../api/types.ts'

/** Whether a rule is about an object at all. */
export function isAbout({ match = {}, exclude }: PolicyRule, object: KubeObject): boolean {
  return matches(match, object) && (exclude === undefined || !matches(exclude, object))
}

function matches({ kinds, names, namespaces, selector }: PolicyMatch, object: KubeObject): boolean {
  const { name, namespace, labels } = object.metadata
  return (
    (kinds === undefined || kinds.some(kind => isKind(kind, object))) &&
    (names === undefined || names.includes(name)) &&
    (namespaces === undefined || (namespace !== undefined && namespaces.includes(namespace))) &&
    (selector === undefined || matchesSelector(selector, labels))
  )
}

function isKind(wanted: string, { apiVersion, kind }: KubeObject): boolean {
  if (wanted === '*') return true
  const slash = wanted.indexOf('/')
  return wanted.slice(slash + 1) === kind && (slash < 0 || wanted.slice(0, slash) === groupOf(apiVersion))
}
