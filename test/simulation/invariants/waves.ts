import { type Manifest, sourceAnnotation } from '../../../engine/api/manifest.ts'
import { describeRef, refOf } from '../../../engine/api/reference.ts'
import { hookOf, waveOf } from '../../../engine/api/sequence.ts'
import { equal } from '../../../engine/api/stable.ts'
import type { Deployment, Job, KubeObject, Pod } from '../../../engine/api/types.ts'
import type { Cluster } from '../../../engine/cluster/cluster.ts'
import { statusOfCluster } from '../applied.ts'
import type { Step } from '../engine-process.ts'
import { check } from './violation.ts'

/** What a commit asks for is put when all of its lower waves is there and well, and its hooks that come first have run. */
export function checkWaves({ cluster, record }: Step, manifests: readonly Manifest[]): void {
  const { hooks = [] } = statusOfCluster(cluster)?.rollout ?? {}
  const asked = new Map(manifests.map(({ object }) => [describeRef(refOf(object)), object]))
  for (const { ref, before, after } of record) {
    const object = asked.get(describeRef(ref))
    // Only what a commit changes: controllers write into objects too, make some that a commit asks for later, and a pod
    // that is gone anew. Nodes wait for nothing.
    if (
      ref.kind === 'Pod' ||
      ref.kind === 'Node' ||
      !object ||
      !isDesired(after) ||
      hookOf(object) ||
      isAsAsked(before, object) ||
      !isAsAsked(after, object)
    )
      continue
    const late = manifests.find(
      other => !hookOf(other.object) && waveOf(other.object) < waveOf(object) && !isWell(cluster, other.object, record),
    )
    check(!late, () => `${describeRef(ref)} is put before ${late?.object.kind} ${late?.object.metadata.name} is well`)
    const hook = hooks.find(({ hook: name }) => name.startsWith('pre-') && !isComplete(cluster, name))
    check(!hook, () => `${describeRef(ref)} is put before ${hook?.hook} has run`)
  }
}

function isDesired(object: KubeObject | undefined): boolean {
  return object?.metadata.annotations?.[sourceAnnotation] !== undefined
}

function isAsAsked(live: KubeObject | undefined, asked: KubeObject): boolean {
  if (!live) return false
  switch (asked.kind) {
    case 'ConfigMap':
      return equal(live.data, asked.data)
    case 'Deployment':
    case 'ReplicaSet':
      return equal(live.spec, asked.spec)
    default:
      return true
  }
}

/** `pre-upgrade hook Job sim/migrate` */
function isComplete(cluster: Cluster, hook: string): boolean {
  const job = cluster.get('Job', hook.split(' ').at(-1) ?? '')
  return job !== undefined && hasCondition(job, 'Complete')
}

function hasCondition({ status }: Job, type: string): boolean {
  return status?.conditions?.some(condition => condition.type === type && condition.status === 'True') === true
}

/** Worked out anew, not by the code that is tested. What the same step does to a node may take pods away again. */
function isWell(cluster: Cluster, asked: KubeObject, record: Step['record']): boolean {
  const { kind, key } = refOf(asked)
  const begun = record.find(({ ref }) => ref.kind === kind && ref.key === key)?.before
  return [cluster.get(kind, key), begun].some(live => live !== undefined && isWellNow(live, asked))
}

function isWellNow(live: KubeObject, asked: KubeObject): boolean {
  if (!isAsAsked(live, asked)) return false
  switch (refOf(asked).kind) {
    case 'Deployment': {
      const { spec, status, metadata } = live as Deployment
      const { updatedReplicas, replicas, availableReplicas = 0, observedGeneration } = status ?? {}
      const isRolled = spec.paused === true || (updatedReplicas === spec.replicas && replicas === spec.replicas)
      return isRolled && availableReplicas >= spec.replicas && observedGeneration === metadata.generation
    }
    case 'Job':
      return hasCondition(live as Job, 'Complete')
    case 'Pod': {
      const { phase, conditions = [] } = (live as Pod).status ?? {}
      return phase === 'Succeeded' || conditions.some(({ type, status }) => type === 'Ready' && status === 'True')
    }
    default:
      return true
  }
}
