import type { Job } from '../api/types.ts'
import { describeRef, refOf } from '../api/reference.ts'
import { releaseAnnotation, type Manifest } from '../api/manifest.ts'
import { type HookEvent, waveOf } from '../api/sequence.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { isTrue } from '../cluster/objects/conditions.ts'
import type { ClusterView } from '../cluster/view.ts'
import { Difference, idOf, put, type Change } from './difference.ts'
import { inOrder } from './order.ts'
import { chainsOf, type Chain, type HookStage, isRelease, isStaged, nodesChain, type Stage } from './stages.ts'
import type { Plan, PlanStep } from './step.ts'

type DeleteStep = Extract<PlanStep, { kind: 'delete' }>

/** The last plan for a cluster: a push is planned once before it is accepted and once more when it is applied. */
const planned = new WeakMap<ClusterView, { version: number; manifests: readonly Manifest[]; plan: Plan }>()

/**
 * What has to change for the cluster to hold what the manifests say: creations and updates, then deletions; where waves,
 * hooks or releases are asked for, stage by stage.
 */
export function plan(cluster: Cluster, manifests: readonly Manifest[]): Plan {
  const { resourceVersion: version } = cluster
  const last = planned.get(cluster)
  if (last?.version === version && last.manifests === manifests) return last.plan
  const next = makePlan(cluster, manifests)
  planned.set(cluster, { version, manifests, plan: next })
  return next
}

function makePlan(cluster: Cluster, manifests: readonly Manifest[]): Plan {
  const changes = cluster.observer(Difference).changesTo(manifests)
  if (isStaged(manifests)) return { steps: inStages(chainsOf(manifests), { changes, cluster }) }
  const all = [...changes.values()]
  return { steps: [...inOrder(all.filter(change => !isDelete(change))), ...inRemovalOrder(all.filter(isDelete))] }
}

interface Staging {
  readonly changes: ReadonlyMap<string, Change>
  readonly cluster: ClusterView
}

function inStages(chains: readonly Chain[], { changes, cluster }: Staging): PlanStep[] {
  const rest = new Map(changes)
  const puts = new Map<Stage, readonly Change[]>()
  for (const stage of chains.flatMap(chain => chain.stages)) {
    const ids = stage.kind === 'wave' ? stage.manifests.map(({ object }) => idOf(object)) : []
    puts.set(
      stage,
      ids.flatMap(id => changes.get(id) ?? []),
    )
    for (const id of ids) rest.delete(id)
  }
  const unasked = [...rest.values()]
  const removals = [
    ...inOrder(unasked.filter(change => !isDelete(change))),
    ...inRemovalOrder(unasked.filter(isDelete)),
  ]
  const chainOf = (step: PlanStep) => {
    if (step.ref.kind === 'Node') return nodesChain
    const release = 'before' in step ? step.before.metadata.annotations?.[releaseAnnotation] : undefined
    return chains.some(({ name }) => name === release) ? release : ''
  }
  return chains.flatMap(chain => {
    const removed = removals.filter(step => chainOf(step) === chain.name)
    const isChanged = removed.length > 0 || chain.stages.some(stage => puts.get(stage)?.length)
    if (!isChanged) return isRelease(chain) && hasHooksAlone(chain) ? runsAlone(chain, { changes, cluster }) : []
    const action = removed.length > 0 || isInstalled(chain, cluster) ? 'upgrade' : 'install'
    return chain.stages.flatMap(stage =>
      stage.kind === 'removal'
        ? removed.map(step => ({ ...step, stage }))
        : stage.kind === 'wave'
          ? inOrder(puts.get(stage) ?? []).map(step => ({ ...step, stage }))
          : runStep(stage, action),
    )
  })
}

function isDelete(step: PlanStep): step is DeleteStep {
  return step.kind === 'delete'
}

/** Whether anything of it is there already, but for what its hooks left. */
function isInstalled({ stages }: Chain, cluster: ClusterView): boolean {
  const isThere = ({ object }: Manifest): boolean => {
    const { kind, key } = refOf(object)
    return cluster.get(kind, key) !== undefined
  }
  return stages.some(stage => stage.kind === 'wave' && stage.manifests.some(isThere))
}

function hasHooksAlone({ stages }: Chain): boolean {
  return stages.some(({ kind }) => kind === 'hook') && stages.every(({ kind }) => kind !== 'wave')
}

/**
 * Hooks that are all that a release has: run where the release is new or changed, or one of them is changed or has not
 * succeeded yet. Of those that removed themselves the cluster knows nothing: only the release tells.
 */
function runsAlone({ name, stages }: Chain, { changes, cluster }: Staging): PlanStep[] {
  const renewed = changes.get(describeRef({ kind: 'Release', key: name }))?.kind
  const hooks = stages.flatMap(stage => (stage.kind === 'hook' ? { stage, state: stateOf(cluster, stage) } : []))
  if (renewed === undefined && hooks.every(({ state }) => state === 'absent' || state === 'done')) return []
  const action = renewed === 'create' ? 'install' : 'upgrade'
  return hooks.flatMap(({ stage, state }) => {
    const run = runStep(stage, action)
    // What failed at an install is run again, although it is no upgrade.
    return run.length > 0 || state === 'absent' || state === 'done' ? run : runOf(stage, stage.events[0])
  })
}

function stateOf(cluster: ClusterView, { manifest }: HookStage): 'absent' | 'changed' | 'unfinished' | 'done' {
  const ref = refOf(manifest.object)
  const live = cluster.get(ref.kind, ref.key)
  if (live === undefined) return 'absent'
  if (put(live, manifest, { ref, scaled: false }) !== undefined) return 'changed'
  return ref.kind !== 'Job' || isTrue((live as Job).status?.conditions, 'Complete') ? 'done' : 'unfinished'
}

/** The run of a hook where something of its release changes. */
function runStep(stage: HookStage, action: 'install' | 'upgrade'): PlanStep[] {
  return runOf(
    stage,
    stage.events.find(name => name.endsWith(action)),
  )
}

function runOf(stage: HookStage, event: HookEvent | undefined): PlanStep[] {
  const { object, origin } = stage.manifest
  return event === undefined ? [] : [{ kind: 'run', ref: refOf(object), after: object, origin, event, stage }]
}

/** The other way round, and of the last wave first. */
function inRemovalOrder(deletes: readonly DeleteStep[]): DeleteStep[] {
  return inOrder(deletes)
    .reverse()
    .sort((a, b) => waveOf(b.before) - waveOf(a.before))
}
