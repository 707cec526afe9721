import type { Job, KubeObject, Node } from '../api/types.ts'
import { describeRef, type Key, keyOf, kindKey, refOf, type Ref } from '../api/reference.ts'
import { releaseAnnotation, sourceAnnotation, type Manifest } from '../api/manifest.ts'
import { type HookEvent, waveOf } from '../api/sequence.ts'
import { isTrue } from '../cluster/objects/conditions.ts'
import { hasJoined, isUnreachable } from '../cluster/objects/node-state.ts'
import type { ClusterView } from '../cluster/view.ts'
import { once } from '../api/once.ts'
import { equal } from '../api/stable.ts'
import { inOrder } from './order.ts'
import { released, withOwned } from './ownership.ts'
import { chainsOf, type HookStage, isStaged, nodesChain, type Stage } from './stages.ts'
import type { Plan, PlanStep } from './step.ts'

type DeleteStep = Extract<PlanStep, { kind: 'delete' }>

/** Namespaces that a cluster always has: git may label them, and leaving them out of git does not delete them. */
const permanentNamespaces: ReadonlySet<string> = new Set(['default', 'kube-system', 'kube-public', 'kube-node-lease'])

/**
 * Manifests found to be what the cluster holds, and the live object they were compared with. Both are immutable, so the
 * same pair need never be compared again: planning an unchanged repository costs a look-up a manifest.
 */
const settled = new WeakMap<Manifest, KubeObject>()

/** The last plan for a cluster: a push is planned once before it is accepted and once more when it is applied. */
const planned = new WeakMap<ClusterView, { version: number; manifests: readonly Manifest[]; plan: Plan }>()

/**
 * What has to change for the cluster to hold what the manifests say: creations and updates, then deletions; where waves,
 * hooks or releases are asked for, stage by stage.
 */
export function plan(cluster: ClusterView, manifests: readonly Manifest[]): Plan {
  const { resourceVersion: version } = cluster
  const last = planned.get(cluster)
  if (last?.version === version && last.manifests === manifests) return last.plan
  const next = makePlan(cluster, manifests)
  planned.set(cluster, { version, manifests, plan: next })
  return next
}

function makePlan(cluster: ClusterView, manifests: readonly Manifest[]): Plan {
  const chains = chainsOf(manifests)
  const scaled = scaledTargets(manifests)
  const claimed = new Set<KubeObject>()
  const installed = new Set<string>()
  const renewed = new Map<Key, PlanStep['kind']>()
  const steps = new Map<Stage, PlanStep[]>()
  for (const stage of chains.flatMap(chain => chain.stages)) {
    const puts: PlanStep[] = []
    for (const manifest of manifestsOf(stage)) {
      const { ref, id } = identify(manifest.object)
      const before = cluster.get(ref.kind, ref.key)
      if (before !== undefined && isDesired(before)) claimed.add(before)
      // A hook is there for its runs alone.
      if (stage.kind === 'hook') continue
      if (before !== undefined) installed.add(stage.chain)
      const step = putStep(before, manifest, { ref, scaled: scaled.has(id) })
      if (step === undefined) continue
      puts.push(step)
      if (ref.kind === 'Release') renewed.set(ref.key, step.kind)
    }
    steps.set(stage, puts)
  }
  // Mostly all that git asked for it still asks for; counting tells that without a list of it.
  const { updates, deletes } = unclaim(claimed.size === cluster.desiredCount() ? [] : cluster.desired(), claimed)
  const puts = [...steps.values()].flat()
  if (!isStaged(chains)) return { steps: [...inOrder([...puts, ...updates]), ...inRemovalOrder(deletes)] }
  const removals = [...inOrder(updates), ...inRemovalOrder(deletes)]
  const chainOf = (step: PlanStep) => {
    if (step.ref.kind === 'Node') return nodesChain
    const release = 'before' in step ? step.before.metadata.annotations?.[releaseAnnotation] : undefined
    return chains.some(({ name }) => name === release) ? release : ''
  }
  return {
    steps: chains.flatMap(({ name, stages }) => {
      const removed = removals.filter(step => chainOf(step) === name)
      const changes = removed.length > 0 || stages.some(stage => steps.get(stage)?.length)
      if (!changes && name !== '' && hasHooksAlone(stages)) return runsAlone(cluster, stages, renewed.get(name))
      const action = installed.has(name) || removed.length > 0 ? 'upgrade' : 'install'
      return stages.flatMap(stage =>
        stage.kind === 'removal'
          ? removed.map(step => ({ ...step, stage }))
          : stage.kind === 'wave'
            ? inOrder(steps.get(stage) ?? []).map(step => ({ ...step, stage }))
            : changes
              ? runStep(stage, action)
              : [],
      )
    }),
  }
}

function hasHooksAlone(stages: readonly Stage[]): boolean {
  return stages.some(({ kind }) => kind === 'hook') && stages.every(({ kind }) => kind !== 'wave')
}

/**
 * Hooks that are all that a release has: run where the release is new or changed, or one of them is changed or has not
 * succeeded yet. Of those that removed themselves the cluster knows nothing: only the release tells.
 */
function runsAlone(cluster: ClusterView, stages: readonly Stage[], renewed: PlanStep['kind'] | undefined): PlanStep[] {
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
  if (putStep(live, manifest, { ref, scaled: false }) !== undefined) return 'changed'
  return ref.kind !== 'Job' || isTrue((live as Job).status?.conditions, 'Complete') ? 'done' : 'unfinished'
}

function manifestsOf(stage: Stage): readonly Manifest[] {
  if (stage.kind === 'removal') return []
  return stage.kind === 'wave' ? stage.manifests : [stage.manifest]
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

function putStep(
  before: KubeObject | undefined,
  manifest: Manifest,
  { ref, scaled }: { ref: Ref; scaled: boolean },
): PlanStep | undefined {
  const { object, origin } = manifest
  if (before !== undefined && !scaled && settled.get(manifest) === before) return undefined
  const after = withOwned(object, before, { kind: ref.kind, manifest, scaled })
  if (before === undefined) return { kind: 'create', ref, after, origin }
  if (!equal(before, after)) return { kind: 'update', ref, before, after, origin }
  if (!scaled) settled.set(manifest, before)
  return undefined
}

/** What becomes of objects that git asked for and no longer does. */
function unclaim(desired: readonly KubeObject[], claimed: ReadonlySet<KubeObject>) {
  const updates: PlanStep[] = []
  const deletes: DeleteStep[] = []
  for (const before of desired) {
    if (claimed.has(before)) continue
    const { ref } = identify(before)
    if (outlivesGit(ref, before)) {
      const origin = { file: before.metadata.annotations?.[sourceAnnotation] ?? '', line: 0, column: 0 }
      updates.push({ kind: 'update', ref, before, after: released(before), origin })
    } else if (before.metadata.deletionTimestamp === undefined) {
      deletes.push({ kind: 'delete', ref, before })
    }
  }
  return { updates, deletes }
}

/** Not git's to delete: it only stops speaking of it. */
function outlivesGit({ kind, key }: Ref, before: KubeObject): boolean {
  if (kind === 'Namespace') return permanentNamespaces.has(key)
  // A node whose agent is there stays; one that is gone goes for good, and what waits for it with it.
  return kind === 'Node' && hasJoined(before as Node) && !isUnreachable(before as Node)
}

function isDesired({ metadata }: KubeObject): boolean {
  return metadata.annotations?.[sourceAnnotation] !== undefined
}

/** The objects whose number of replicas an autoscaler among the manifests decides. */
function scaledTargets(manifests: readonly Manifest[]): ReadonlySet<string> {
  const targets = new Set<string>()
  for (const { object } of manifests) {
    if (object.kind !== 'HorizontalPodAutoscaler') continue
    const target = (object.spec as AutoscalerSpec | undefined)?.scaleTargetRef
    if (target === undefined) continue
    const kind = kindKey(target.apiVersion ?? 'apps/v1', target.kind)
    targets.add(describeRef({ kind, key: keyOf(target.name, object.metadata.namespace) }))
  }
  return targets
}

interface AutoscalerSpec {
  readonly scaleTargetRef?: { readonly apiVersion?: string; readonly kind: string; readonly name: string }
}

interface Identity {
  readonly ref: Ref
  readonly id: string
}

const identify = once((object: KubeObject): Identity => {
  const ref = refOf(object)
  return { ref, id: describeRef(ref) }
})
