import { nearest } from './nearest.ts'
import { groupOf } from './reference.ts'
import { type Resource, apiVersionOf, resourceByKind, resourceOf, resources } from './registry.ts'
import { type Report, show } from './report.ts'

export type Identity =
  | { readonly kind: 'known'; readonly resource: Resource }
  /** Of a group that Kubernetes does not have: its definition is not known here. */
  | { readonly kind: 'custom'; readonly apiVersion: string; readonly name: string }

/** Which kind of object this is; undefined where that was reported as an error. */
export function identify(value: Readonly<Record<string, unknown>>, report: Report): Identity | undefined {
  const apiVersion = nameIn(value, 'apiVersion', report)
  const kind = nameIn(value, 'kind', report)
  if (apiVersion === undefined || kind === undefined) return undefined
  const resource = resourceByKind(apiVersion, kind)
  if (resource) return { kind: 'known', resource }
  const group = groupOf(apiVersion)
  if (groups.has(group)) reportUnknownKind({ apiVersion, kind }, report)
  else if (isMistakenGroup(group, kind)) reportUnknownGroup({ apiVersion, kind }, report)
  else return { kind: 'custom', apiVersion, name: kind }
  return undefined
}

const groups: ReadonlySet<string> = new Set(resources.map(resource => resource.group))
const kinds: ReadonlySet<string> = new Set(resources.map(resource => resource.kind))

/** Groups that Kubernetes once served, whose kinds have moved. */
const formerGroups: ReadonlySet<string> = new Set(['extensions', 'settings.k8s.io', 'auditregistration.k8s.io'])

/** A custom group has at least one dot, so one without is misspelt; so is one that all but equals Kubernetes's own. */
function isMistakenGroup(group: string, kind: string): boolean {
  if (!group.includes('.') || formerGroups.has(group)) return true
  return kinds.has(kind) && nearest(group, groups) !== undefined
}

function nameIn(
  value: Readonly<Record<string, unknown>>,
  field: 'apiVersion' | 'kind',
  report: Report,
): string | undefined {
  const name = value[field]
  if (typeof name === 'string' && name !== '') return name
  const example = field === 'kind' ? 'kind: Deployment' : 'apiVersion: apps/v1'
  if (name === undefined || name === null) report.error([field], 'is required', { remedy: `add it, as in ${example}` })
  else report.error([field], `must be text, not ${show(name)}`, { remedy: `write it as in ${example}` })
  return undefined
}

/** The group is Kubernetes's: the version is wrong, or the kind belongs elsewhere or is misspelt. */
function reportUnknownKind({ apiVersion, kind }: { apiVersion: string; kind: string }, report: Report): void {
  const right = resources.filter(resource => resource.kind === kind)
  const inGroup = resources.filter(resource => resource.group === groupOf(apiVersion))
  const sameGroup = right.find(resource => resource.group === groupOf(apiVersion))
  const moved = preferredOf(sameGroup ?? right[0])
  if (moved) {
    report.error(['apiVersion'], `is ${show(apiVersion)}, where Kubernetes has no kind ${kind}`, {
      remedy: `write apiVersion: ${apiVersionOf(moved)}`,
    })
    return
  }
  const meant = nearest(kind, new Set([...inGroup, ...resources].map(resource => resource.kind)))
  report.error(['kind'], `is ${show(kind)}, which Kubernetes does not have in ${apiVersion}`, {
    remedy:
      meant === undefined ? 'correct kind, or apiVersion where it is a custom resource' : `did you mean ${meant}?`,
  })
}

function reportUnknownGroup({ apiVersion, kind }: { apiVersion: string; kind: string }, report: Report): void {
  const right = preferredOf(resources.find(resource => resource.kind === kind))
  const meant = right ? apiVersionOf(right) : nearest(apiVersion, resources.map(apiVersionOf))
  report.error(['apiVersion'], `is ${show(apiVersion)}, which Kubernetes does not have`, {
    remedy:
      meant === undefined ? 'write the group and version of the kind, as in apps/v1' : `write apiVersion: ${meant}`,
  })
}

function preferredOf(resource: Resource | undefined): Resource | undefined {
  return resource && resourceOf(resource.kindKey)
}
