import { clusterKind } from '../api/cluster-object.ts'
import type { ClusterStatus } from '../api/cluster-object.ts'
import type { KubeObject, PodStatus } from '../api/types.ts'
import type { ObjectChange } from '../cluster/view.ts'
import { shortKey } from './path.ts'

export interface Trailers {
  readonly cluster: string
  /** The commit that was applied when this was recorded; absent before the first. */
  readonly desiredCommit: string | undefined
}

const subjectLength = 72
const linesInBody = 50

/** A record's message: what changed in words, every change a line, and the trailers. */
export function messageOf(changes: readonly ObjectChange[], { cluster, desiredCommit }: Trailers): string {
  const lines = changes.map(change => `${verbOf(change)} ${change.ref.kind} ${change.ref.key}`)
  const more = lines.length > linesInBody ? [`and ${lines.length - linesInBody} more`] : []
  const trailers = [...(desiredCommit === undefined ? [] : [`Desired-Commit: ${desiredCommit}`]), `Cluster: ${cluster}`]
  return [subjectOf(changes), '', ...lines.slice(0, linesInBody), ...more, '', ...trailers, ''].join('\n')
}

/**
 * The few words that say most. Changes of one rank are told together; what a controller made follows from what it was
 * made for, so that is told only where nothing else happened.
 */
export function subjectOf(changes: readonly ObjectChange[]): string {
  for (const phrases of [
    changes.flatMap(availability),
    byName(changes.filter(isAsked)),
    changes.flatMap(podPhase),
    byName(changes),
  ]) {
    const subject = [...new Set(phrases)].join('; ')
    if (subject !== '' && subject.length <= subjectLength) return subject
  }
  return countsOf(changes)
}

/** `shop/web: 2/3 → 3/3 available`, and the health of the cluster as a whole. */
function availability({ ref, before, after }: ObjectChange): string[] {
  if (!before || !after) return []
  if (ref.kind === clusterKind) {
    const [old, fresh] = [before, after].map(({ status }) => (status as ClusterStatus | undefined)?.health)
    return old === fresh || fresh === undefined ? [] : [`cluster ${fresh}`]
  }
  const [old, fresh] = [before, after].map(available)
  return old === undefined || fresh === undefined || old === fresh
    ? []
    : [`${shortKey(ref)}: ${old} → ${fresh} available`]
}

/** Of a Deployment: its ReplicaSets say the same in other numbers. */
function available({ kind, spec, status }: KubeObject): string | undefined {
  if (kind !== 'Deployment') return undefined
  const { replicas } = (spec ?? {}) as { replicas?: number }
  const { availableReplicas = 0 } = (status ?? {}) as { availableReplicas?: number }
  return replicas === undefined ? undefined : `${availableReplicas}/${replicas}`
}

/** `shop/web-1: Pending → Running` */
function podPhase({ ref, before, after }: ObjectChange): string[] {
  if (ref.kind !== 'Pod' || !before || !after) return []
  const [old, fresh] = [before, after].map(({ status }) => (status as PodStatus | undefined)?.phase)
  return old === fresh ? [] : [`${shortKey(ref)}: ${old ?? 'new'} → ${fresh ?? 'unknown'}`]
}

const derived: ReadonlySet<string> = new Set(['ReplicaSet', 'Pod', 'EndpointSlice', 'Node', clusterKind])

function isAsked({ ref }: ObjectChange): boolean {
  return !derived.has(ref.kind)
}

/** `web: created Deployment, Service, ConfigMap`: the objects of one name together. */
function byName(changes: readonly ObjectChange[]): string[] {
  const groups = groupBy(changes, change => `${shortKey(change.ref)}: ${verbOf(change)}`)
  return [...groups].map(([head, group]) => `${head} ${group.map(({ ref }) => ref.kind).join(', ')}`)
}

/** `12 objects: 5 created, 7 updated` */
function countsOf(changes: readonly ObjectChange[]): string {
  const counts = (['created', 'updated', 'deleted'] as const).map(verb => ({
    verb,
    count: changes.filter(change => verbOf(change) === verb).length,
  }))
  const parts = counts.filter(({ count }) => count > 0).map(({ verb, count }) => `${count} ${verb}`)
  return `${changes.length} objects: ${parts.join(', ')}`
}

function verbOf({ before, after }: ObjectChange): 'created' | 'updated' | 'deleted' {
  if (!after) return 'deleted'
  return before ? 'updated' : 'created'
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item])
  return groups
}
