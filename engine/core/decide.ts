import { clusterKind, type ClusterObject } from '../api/cluster-object.ts'
import { hookOf } from '../api/sequence.ts'
import { splitRef } from './refs.ts'
import { type ClusterSettings, defaultSettings } from '../api/settings.ts'
import type { NodeName } from '../api/types.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { Env } from '../cluster/view.ts'
import { type Decision, nothing, waking } from '../cluster/decision.ts'
import { reconcileDeployment } from '../controllers/deployment/reconcile.ts'
import { reconcileDisruptionBudget } from '../controllers/disruption/reconcile.ts'
import { reconcileEndpointSlices } from '../controllers/endpointslice/reconcile.ts'
import { reconcileConfig, reconcileGarbage } from '../controllers/garbage/reconcile.ts'
import { reconcileHealth } from '../controllers/health/reconcile.ts'
import { ailmentOf } from '../controllers/health/verdict.ts'
import { reconcileJob } from '../controllers/job/reconcile.ts'
import { reconcileNamespace } from '../controllers/namespace/reconcile.ts'
import { Losses } from '../controllers/node/losses.ts'
import { reconcileNode } from '../controllers/node/reconcile.ts'
import { silenceOf } from '../controllers/node/silence.ts'
import { reconcileTermination } from '../controllers/pod/termination.ts'
import { reconcileRelease } from '../controllers/release/reconcile.ts'
import { reconcileReplicaSet } from '../controllers/replicaset/reconcile.ts'
import { reconcileService } from '../controllers/service/reconcile.ts'
import { NodeInfos } from '../scheduler/node-infos.ts'
import { reconcilePlacement } from '../scheduler/reconcile.ts'
import type { CoreOptions } from './options.ts'
import { clusterObject } from './receive.ts'
import { advance, withRollout } from './rollout.ts'
import type { Work, WorkItem } from './work.ts'
import { releaseAnnotation, sourceAnnotation } from '../api/manifest.ts'

export interface Context {
  readonly work: Work
  readonly env: Env
  readonly options: CoreOptions
}

/** What one item of work comes to. */
export function decide(cluster: Cluster, { task, key }: WorkItem, context: Context): Decision {
  const { env, options, work } = context
  switch (task) {
    case 'silence':
      return listen(cluster, key, context)
    case 'node':
      return reconcileNode(cluster, key, {
        env,
        settings: nodeSettings(cluster, options),
        losses: cluster.observer(Losses),
      })
    case 'namespace':
      return reconcileNamespace(cluster, key)
    case 'garbage':
      return reconcileGarbage(cluster, splitRef(key), env)
    case 'replicaSet':
      return reconcileReplicaSet(cluster, key, env)
    case 'job':
      return reconcileJob(cluster, key, env)
    case 'deployment':
      return reconcileDeployment(cluster, key, env)
    case 'config':
      return reconcileConfig(cluster, splitRef(key))
    case 'service':
      return reconcileService(cluster, key, { env, options })
    case 'disruption':
      return reconcileDisruptionBudget(cluster, key, env)
    case 'placement': {
      const { refusals } = work
      return reconcilePlacement(cluster, key, { nodes: cluster.observer(NodeInfos), refusals, env })
    }
    case 'endpoints':
      return reconcileEndpointSlices(cluster, key, env)
    case 'termination':
      return reconcileTermination(cluster, key, env)
    case 'ailment':
      return noteAilment(cluster, key, context)
    case 'rollout':
      return advanceCommit(cluster, context)
    case 'release':
      return reconcileRelease(cluster, key, { clusterName: options.clusterName, ailments: work.ailments })
    case 'health':
      return reconcileHealth(cluster, key, { ailments: work.ailments, env })
  }
}

/** What an older Gantry recorded may lack what this one reads. */
function nodeSettings(cluster: Cluster, { clusterName }: CoreOptions): ClusterSettings['spec']['nodes'] {
  const own = cluster.get(clusterKind, clusterName) as ClusterObject | undefined
  return { ...defaultSettings.spec.nodes, ...own?.spec.nodes }
}

/** Heartbeats put off when a node is to be looked at: until it is silent nothing of it or its pods is. */
function listen(cluster: Cluster, name: NodeName, { work, env, options }: Context): Decision {
  const node = cluster.get('Node', name)
  if (!node) return nothing
  const settings = nodeSettings(cluster, options)
  const { silent, silentAt } = silenceOf(node, { sessions: cluster.sessions, settings, now: env.now })
  if (silent) work.mark('node', name)
  return waking([], silentAt)
}

/** Remembers what ails an object; the cluster's health is made of all of these. */
function noteAilment(cluster: Cluster, id: string, { work, options }: Context): Decision {
  const { kind, key } = splitRef(id)
  const object = cluster.get(kind, key)
  const desired = object?.metadata.annotations?.[sourceAnnotation] !== undefined
  // How a hook fares matters while its commit is applied: the last run of one is history.
  const isHook = object !== undefined && hookOf(object) !== undefined
  const ailment = object && desired && !isHook ? ailmentOf(cluster, object) : undefined
  const release = object?.metadata.annotations?.[releaseAnnotation]
  const news = work.ailments.note(id, ailment && { ...ailment, release })
  for (const each of news ?? []) work.mark('release', each)
  if (news) work.mark('health', options.clusterName)
  if (news || isHook) work.markRollout()
  return nothing
}

/** Applies what of the commit has its turn. Where nothing changed since the last look, nothing has. */
function advanceCommit(cluster: Cluster, { work, env, options }: Context): Decision {
  if (!work.commit || work.advancedAt === cluster.resourceVersion) return nothing
  work.advancedAt = cluster.resourceVersion
  const own = clusterObject(cluster, options)
  const { rollout, ...status } = own.status
  const { ailments } = work
  const { changes, ...next } = advance(work.commit, { cluster, hooks: rollout?.hooks ?? [], ailments, env })
  if (changes.length > 0) work.markRollout()
  else if (next.waiting.length === 0) work.commit = undefined
  return { changes: [...changes, { kind: 'put', object: { ...own, status: { ...status, ...withRollout(next) } } }] }
}
