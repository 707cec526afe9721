import type { HookStatus } from '../api/cluster-object.ts'
import { describeRef, refOf } from '../api/reference.ts'
import type { Job, KubeObject, Pod } from '../api/types.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { isTrue } from '../cluster/objects/conditions.ts'
import { jobNameLabel } from '../cluster/objects/job-identity.ts'
import { isFinished } from '../cluster/objects/pod-state.ts'
import type { Change } from '../cluster/view.ts'
import { ailmentOf } from '../controllers/health/verdict.ts'
import { withOwned } from '../plan/ownership.ts'
import type { HookStage } from '../plan/stages.ts'
import { desiredObject } from './apply-step.ts'

export interface HookMove {
  readonly changes: readonly Change[]
  readonly status: HookStatus
  /** What it waits for itself, or why what follows has to wait; undefined once it has succeeded. */
  readonly cause?: string
}

/** The next move of a hook: it is begun once for each entry in the status of the cluster. */
export function moveHook(cluster: Cluster, stage: HookStage, status: HookStatus): HookMove {
  switch (status.state) {
    case 'Waiting':
    case 'Due':
      return begin(cluster, stage, status)
    case 'Running':
      return follow(cluster, stage, status)
    case 'Succeeded':
      return { changes: [], status }
    case 'Failed':
      return { changes: [], status, cause: `${status.hook}, which failed${reasonOf(cluster, stage)}` }
  }
}

/** A Job is made anew, once nothing of its last run is left: two migrations at a time are one too many. */
function begin(cluster: Cluster, { manifest }: HookStage, status: HookStatus): HookMove {
  const ref = refOf(manifest.object)
  const live = cluster.get(ref.kind, ref.key)
  if (ref.kind === 'Job') {
    if (live) return { changes: [{ kind: 'delete', ref }], status, cause: `the last run of ${status.hook}` }
    const last = lastRun(cluster, manifest.object)
    if (last)
      return { changes: [], status, cause: `pod ${last.metadata.name}, of the last run of ${status.hook}, to end` }
  }
  const object = desiredObject(withOwned(manifest.object, live, { kind: ref.kind, manifest, scaled: false }))
  return { changes: [{ kind: 'put', object }], status: { ...status, state: 'Running' }, cause: status.hook }
}

function lastRun(cluster: Cluster, { metadata: { name, namespace = '' } }: KubeObject): Pod | undefined {
  return cluster.podsMatching(namespace, { matchLabels: { [jobNameLabel]: name } }).find(pod => !isFinished(pod))
}

function follow(cluster: Cluster, { manifest, hook }: HookStage, status: HookStatus): HookMove {
  const ref = refOf(manifest.object)
  const live = cluster.get(ref.kind, ref.key)
  const ailment = live && ailmentOf(cluster, live)
  const isDone = live && (ref.kind === 'Job' ? isTrue((live as Job).status?.conditions, 'Complete') : !ailment)
  const removal: readonly Change[] = [{ kind: 'delete', ref }]
  if (isDone) {
    return { changes: hook.deletedWhenSucceeded ? removal : [], status: { ...status, state: 'Succeeded' } }
  }
  if (live && !ailment?.failed) return { changes: [], status, cause: `${status.hook}${reasonIn(ailment?.words, ref)}` }
  const failed: HookStatus = { ...status, state: 'Failed' }
  return {
    changes: live && hook.deletedWhenFailed ? removal : [],
    status: failed,
    cause: `${failed.hook}, which failed${reasonIn(ailment?.words, ref)}`,
  }
}

function reasonOf(cluster: Cluster, { manifest }: HookStage): string {
  const ref = refOf(manifest.object)
  const live = cluster.get(ref.kind, ref.key)
  return reasonIn(live && ailmentOf(cluster, live)?.words, ref)
}

/** `Job shop/migrate: 0/1 completed` → `: 0/1 completed`: the hook is named already. */
function reasonIn(words: string | undefined, ref: Parameters<typeof describeRef>[0]): string {
  return words?.slice(describeRef(ref).length) ?? ''
}
