import { clusterKind, type ClusterObject, type ClusterStatus } from '../api/cluster-object.ts'
import type { Manifest } from '../api/manifest.ts'
import { keyOf, refOf } from '../api/reference.ts'
import { defaultSettings } from '../api/settings.ts'
import { toTime } from '../api/time.ts'
import type { NodeName } from '../api/types.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { Change, Env } from '../cluster/view.ts'
import { reportedNode } from '../controllers/node/join.ts'
import { isUnreachable } from '../cluster/objects/node-state.ts'
import { anew } from '../controllers/pod/fresh.ts'
import { reportedStatus } from '../controllers/pod/reported-status.ts'
import { isFinished } from '../cluster/objects/pod-state.ts'
import { plan } from '../plan/plan.ts'
import { isStaged } from '../plan/stages.ts'
import type { PodReport } from '../protocol/session.ts'
import { applyStep } from './apply-step.ts'
import type { Event } from './event.ts'
import { Mirrors } from './mirrors.ts'
import type { CoreOptions } from './options.ts'
import { hooksOf, withRollout } from './rollout.ts'
import { Work } from './work.ts'

interface Context {
  readonly env: Env
  readonly options: CoreOptions
}

/** What an event changes by itself, before anybody decides anything. */
export function receive(cluster: Cluster, event: Event, { env, options }: Context): readonly Change[] {
  switch (event.kind) {
    case 'revision':
      return [...firstChanges(cluster, event.manifests, env), revisionChange(cluster, event, { env, options })]
    case 'refused': {
      const { revision, verdict, problems } = event
      return [statusChange(cluster, { refused: { revision, verdict, problems } }, options)]
    }
    case 'source':
      return [sourceChange(cluster, event.message, options)]
    case 'joined':
      cluster.sessions.begin(event.node.name, env.now)
      cluster.observer(Mirrors).begin(event.node.name)
      cluster.observer(Work).mark('node', event.node.name)
      return [nodeChange(cluster, event, env)]
    case 'node':
      heard(cluster, event.node.name, env)
      return cluster.get('Node', event.node.name) ? [nodeChange(cluster, event, env)] : []
    case 'left':
      cluster.sessions.end(event.node)
      cluster.observer(Work).proxiesMoved()
      return []
    case 'removed':
      return [{ kind: 'delete', ref: { kind: 'Node', key: event.node } }]
    case 'heartbeats':
      for (const node of event.nodes) heard(cluster, node, { now: event.since })
      return []
    case 'report':
      heard(cluster, event.node, env)
      return event.pods.flatMap(report => reportChanges(cluster, report, event.node))
    case 'events':
      heard(cluster, event.node, env)
      return event.events.map(report => ({ kind: 'event', ...report, component: 'agent' }))
    case 'services':
      heard(cluster, event.node, env)
      for (const { namespace, name, message } of event.problems) {
        cluster.sessions.noteServiceProblem(keyOf(name, namespace), { node: event.node, message })
        cluster.observer(Work).mark('service', keyOf(name, namespace))
      }
      return []
    case 'acknowledged':
      heard(cluster, event.node, env)
      cluster.sessions.acknowledge(event.node, event.resourceVersion)
      cluster.observer(Work).proxiesMoved()
      return []
    case 'clock':
      cluster.observer(Work).wake(env.now)
      return []
  }
}

/** A commit of which nothing waits for anything is applied at once; of any other each stage has its turn. */
function firstChanges(cluster: Cluster, manifests: readonly Manifest[], env: Env): readonly Change[] {
  const isPlain = !isStaged(manifests)
  cluster.observer(Work).begin(isPlain ? undefined : manifests)
  return isPlain ? plan(cluster, manifests).steps.flatMap(step => applyStep(step, env)) : []
}

function heard(cluster: Cluster, name: NodeName, { now }: Pick<Env, 'now'>): void {
  cluster.sessions.heard(name, now)
  const node = cluster.get('Node', name)
  if (node && isUnreachable(node)) cluster.observer(Work).mark('node', name)
}

/** The cluster's own object, as it is before the first commit. */
export function clusterObject(cluster: Cluster, { clusterName }: CoreOptions): ClusterObject {
  const known = cluster.get(clusterKind, clusterName) as ClusterObject | undefined
  return (
    known ?? {
      apiVersion: 'gantry.dev/v1',
      kind: 'Cluster',
      metadata: { name: clusterName },
      spec: defaultSettings.spec,
      status: { health: 'Progressing', unhealthy: [], problems: [] },
    }
  )
}

function statusChange(cluster: Cluster, status: Partial<ClusterStatus>, options: CoreOptions): Change {
  const object = clusterObject(cluster, options)
  return { kind: 'put', object: { ...object, status: { ...object.status, ...status } } }
}

function sourceChange(cluster: Cluster, message: string | undefined, options: CoreOptions): Change {
  if (message !== undefined) return statusChange(cluster, { sourceProblem: message }, options)
  const object = clusterObject(cluster, options)
  const { sourceProblem: _, ...status } = object.status
  return { kind: 'put', object: { ...object, status } }
}

/** The commit that is applied now. The same commit again keeps its times and health; how a new one is, is yet to be seen. */
function revisionChange(
  cluster: Cluster,
  event: Extract<Event, { kind: 'revision' }>,
  { env, options }: Context,
): Change {
  const object = clusterObject(cluster, options)
  const { refused: _, sourceProblem: __, appliedAt, healthyAt, rollout, ...status } = object.status
  const same = status.revision?.commit === event.revision.commit
  const hooks = same ? (rollout?.hooks ?? []) : hooksOf(cluster, event.manifests, rollout?.hooks ?? [])
  const next: ClusterStatus = {
    ...status,
    revision: event.revision,
    appliedAt: (same ? appliedAt : undefined) ?? toTime(env.now),
    ...(same && healthyAt !== undefined ? { healthyAt } : {}),
    ...(same ? {} : { health: 'Progressing' }),
    problems: event.problems,
    ...withRollout({ waiting: [], ...(same ? rollout : {}), hooks }),
  }
  return { kind: 'put', object: { ...object, spec: event.settings.spec, status: next } }
}

function nodeChange(cluster: Cluster, event: Extract<Event, { kind: 'joined' | 'node' }>, { now }: Env): Change {
  const before = cluster.get('Node', event.node.name)
  const podCIDR = event.kind === 'joined' ? event.podCIDR : undefined
  return { kind: 'put', object: reportedNode(event.node, { before, podCIDR, now }) }
}

/** A report of a pod that the cluster does not know, or knows by another uid or node, changes nothing. */
function reportChanges(cluster: Cluster, report: PodReport, node: NodeName): Change[] {
  const pod = cluster.get('Pod', keyOf(report.name, report.namespace))
  if (!pod || pod.metadata.uid !== report.uid || pod.spec.nodeName !== node) return []
  if ('gone' in report) return [{ kind: 'delete', ref: refOf(pod) }, ...anew(pod)]
  // What has ended stays ended, whatever a late report says.
  if (isFinished(pod) && report.status.phase !== 'Succeeded' && report.status.phase !== 'Failed') return []
  return [{ kind: 'put', object: { ...pod, status: reportedStatus(pod.status, report.status) } }]
}
