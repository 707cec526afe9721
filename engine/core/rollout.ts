import type { HookStatus, RolloutStatus } from '../api/cluster-object.ts'
import type { Manifest } from '../api/manifest.ts'
import { describeRef, refOf } from '../api/reference.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { Change, Env } from '../cluster/view.ts'
import type { Ailments } from '../controllers/health/ailments.ts'
import { plan } from '../plan/plan.ts'
import {
  type Chain,
  chainsOf,
  hookId,
  type HookStage,
  isRelease,
  isStaged,
  type Stage,
  stageTitle,
} from '../plan/stages.ts'
import type { PlanStep } from '../plan/step.ts'
import { applyStep } from './apply-step.ts'
import { moveHook } from './hook.ts'

/** What the next step of a commit rests on. */
export interface Ground {
  readonly cluster: Cluster
  /** Which hooks are run for this commit, and how far they are. */
  readonly hooks: readonly HookStatus[]
  readonly ailments: Ailments
  readonly env: Env
}

export interface Advance extends RolloutStatus {
  readonly changes: readonly Change[]
}

/** The hooks that a new commit runs: those of each release of which it changes something. */
export function hooksOf(
  cluster: Cluster,
  manifests: readonly Manifest[],
  earlier: readonly HookStatus[],
): readonly HookStatus[] {
  if (!isStaged(manifests)) return []
  const runs = plan(cluster, manifests).steps.flatMap(step => (step.kind === 'run' ? [step] : []))
  return chainsOf(manifests).flatMap(chain => {
    const own = runs.filter(({ stage }) => stage?.chain === chain.name)
    if (own.length > 0)
      return own.map(({ event, after }): HookStatus => ({
        hook: hookId(event, { object: after }),
        state: 'Waiting',
        ...(isRelease(chain) ? { release: chain.name } : {}),
      }))
    return leftOver(chain, earlier)
  })
}

/** Hooks that follow upon objects which an earlier commit has applied: they are still to be run, or to be mended. */
function leftOver({ stages }: Chain, earlier: readonly HookStatus[]): readonly HookStatus[] {
  const ids = new Set(stages.flatMap(stage => (stage.kind === 'hook' ? idsOf(stage) : [])))
  return earlier.filter(
    ({ hook, state }) =>
      ids.has(hook) && hook.startsWith('post-') && (state === 'Due' || state === 'Running' || state === 'Failed'),
  )
}

function idsOf({ events, manifest }: HookStage): readonly string[] {
  return events.map(event => hookId(event, manifest))
}

/**
 * The next step of a commit that has stages. It follows from the commit, the cluster and the states of the hooks alone, so an engine that
 * was killed goes on where it was. Stages that were passed are looked at each time: while one is not well, no later one is
 * applied.
 */
export function advance(manifests: readonly Manifest[], ground: Ground): Advance {
  const { steps } = plan(ground.cluster, manifests)
  const chains = chainsOf(manifests)
  const walks = new Map<string, Walk>()
  const scene = { ...ground, steps: byStage(steps) }
  for (const chain of chains) {
    const blocker = chain.dependsOn.find(name => walks.get(name)?.isWell !== true)
    walks.set(chain.name, walk(chain, blocker, scene))
  }
  const all = [...walks.values()]
  const moved = new Map(all.flatMap(({ moves }) => moves.map(status => [status.hook, status] as const)))
  return {
    changes: all.flatMap(({ changes }) => changes),
    hooks: ground.hooks.map(status => moved.get(status.hook) ?? status),
    waiting: all.flatMap(({ waiting }) => waiting),
    releases: chains.flatMap(chain => (isRelease(chain) && walks.get(chain.name)?.waiting.length ? chain.name : [])),
  }
}

/** The field of the status, where there is anything to say. */
export function withRollout({ hooks, waiting, releases = [] }: RolloutStatus): { readonly rollout?: RolloutStatus } {
  if (hooks.length === 0 && waiting.length === 0) return {}
  return { rollout: { hooks, waiting, ...(releases.length === 0 ? {} : { releases }) } }
}

interface Scene extends Ground {
  readonly steps: ReadonlyMap<Stage | undefined, readonly PlanStep[]>
}

/** How far a chain is. */
interface Walk {
  readonly changes: readonly Change[]
  readonly moves: readonly HookStatus[]
  readonly waiting: readonly string[]
  /** All of it is applied, and as it should be. */
  readonly isWell: boolean
}

function byStage(steps: readonly PlanStep[]): Map<Stage | undefined, PlanStep[]> {
  const stages = new Map<Stage | undefined, PlanStep[]>()
  for (const step of steps) {
    const known = stages.get(step.stage)
    if (known) known.push(step)
    else stages.set(step.stage, [step])
  }
  return stages
}

/** Goes through a chain up to the first stage that the others have to wait for. */
function walk(chain: Chain, blocker: string | undefined, scene: Scene): Walk {
  const stages = chain.stages.filter(stage => isDue(stage, scene))
  // What is put at once is removed at once.
  const isPlain = stages.every(({ kind }, place) => kind === 'removal' || (kind === 'wave' && place === 0))
  const changes: Change[] = []
  const moves: HookStatus[] = []
  if (blocker !== undefined)
    return { changes, moves, waiting: waitingFor(`release ${blocker}`, stages, scene), isWell: false }
  for (const [place, stage] of stages.entries()) {
    const sight = look(stage, { chain, scene })
    changes.push(...sight.changes)
    moves.push(...sight.moves)
    if (sight.cause === undefined || (isPlain && sight.changes.length > 0)) continue
    const waiting = waitingFor(sight.cause, stages.slice(place + 1), scene)
    const alone = stage.kind === 'hook' && waiting.length === 0 ? [`waits for ${sight.cause}`] : []
    return { changes, moves, waiting: [...waiting, ...alone], isWell: false }
  }
  return { changes, moves, waiting: [], isWell: changes.length === 0 }
}

/** What is to be done for a stage now. */
interface Sight {
  readonly changes: readonly Change[]
  readonly moves: readonly HookStatus[]
  /** What later stages wait for; undefined where all is as it should be. */
  readonly cause?: string
}

function look(stage: Stage, { chain, scene }: { chain: Chain; scene: Scene }): Sight {
  if (stage.kind === 'hook') {
    const status = statusOf(stage, scene)
    if (!status) return { changes: [], moves: [] }
    const { changes, cause, status: next } = moveHook(scene.cluster, stage, status)
    return { changes, moves: [next], ...(cause === undefined ? {} : { cause }) }
  }
  const steps = scene.steps.get(stage) ?? []
  if (steps.length > 0) {
    const changes = steps.flatMap(step => applyStep(step, scene.env))
    return { changes, moves: duePostHooks(chain, scene), cause: stageTitle(stage) }
  }
  const cause = stage.kind === 'wave' ? ailingIn(stage.manifests, scene.ailments) : undefined
  return { changes: [], moves: [], ...(cause === undefined ? {} : { cause }) }
}

/** From now on these follow upon what was applied, whatever the next commit says. */
function duePostHooks({ stages }: Chain, scene: Scene): HookStatus[] {
  return stages.flatMap(stage => {
    const status = stage.kind === 'hook' ? statusOf(stage, scene) : undefined
    return status?.state === 'Waiting' ? [{ ...status, state: 'Due' as const }] : []
  })
}

/** A wave holds up what follows even where nothing of it changes; a hook only where it is run. */
function isDue(stage: Stage, scene: Scene): boolean {
  if (stage.kind === 'hook') return statusOf(stage, scene) !== undefined
  return stage.kind === 'wave' || scene.steps.has(stage)
}

function statusOf(stage: HookStage, { hooks }: Ground): HookStatus | undefined {
  const ids = idsOf(stage)
  return hooks.find(({ hook }) => ids.includes(hook))
}

function waitingFor(cause: string, stages: readonly Stage[], scene: Scene): string[] {
  const next = stages.find(stage =>
    stage.kind === 'hook' ? statusOf(stage, scene)?.state !== 'Succeeded' : scene.steps.has(stage),
  )
  if (!next) return []
  const title = next.kind === 'hook' ? (statusOf(next, scene)?.hook ?? '') : stageTitle(next)
  return [`${title} waits for ${cause}`]
}

/** `Deployment shop/db and 2 more` */
function ailingIn(manifests: readonly Manifest[], ailments: Ailments): string | undefined {
  const ailing = manifests.flatMap(({ object }) => {
    const id = describeRef(refOf(object))
    return ailments.has(id) ? [id] : []
  })
  return ailing.length > 1 ? `${ailing[0]} and ${ailing.length - 1} more` : ailing[0]
}
