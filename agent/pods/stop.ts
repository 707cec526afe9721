/** Whether a pod is to be stopped, when, and what is left of it. */
import { fromTime } from '../../engine/api/time.ts'
import type { Pod } from '../../engine/api/types.ts'
import { drainedCondition } from '../../engine/protocol/session.ts'
import type { Moment } from './moment.ts'

/** How long a deleted pod waits for the engine's word that no proxy sends it new connections. */
export const drainPatienceMs = 4_000
const deadlineReason = 'DeadlineExceeded'

export interface Ending {
  /** In `Moment.now`: the pod runs on until then. */
  readonly at: number
  readonly graceSeconds: number
  /** True: nothing of the pod stays on the node. False: its ended containers and logs stay. */
  readonly remove: boolean
  /** Why a pod that stays has failed. */
  readonly failure?: { readonly reason: string; readonly message: string }
}

export interface Lifetime extends Moment {
  readonly pod: Pod
  /** False: the engine's full mirror does not hold the pod. */
  readonly wanted: boolean
  /** `gantry down`. */
  readonly nodeStops: boolean
  /** When the agent first saw the deletionTimestamp, in `now`. */
  readonly deletionSeenAt: number | undefined
  readonly startTime: string | undefined
}

interface Rule {
  readonly when: (life: Lifetime) => boolean
  readonly ending: (life: Lifetime) => Ending
}

/** First match wins. */
const rules: readonly Rule[] = [
  // Nobody waits for a pod that the engine no longer knows, nor does the engine when the node is taken down.
  { when: life => !life.wanted || life.nodeStops, ending: life => removal(life, life.now) },
  // `--grace-period=0 --force`: no draining.
  { when: life => isDeleted(life) && grace(life.pod) === 0, ending: life => removal(life, life.now) },
  { when: life => isDeleted(life) && isDrained(life.pod), ending: life => removal(life, life.now) },
  // The engine may be away: its word is awaited for a while only.
  {
    when: life => isDeleted(life),
    ending: life => removal(life, (life.deletionSeenAt ?? life.now) + drainPatienceMs),
  },
  { when: life => deadline(life) !== undefined, ending: deadlineEnding },
]

/** Undefined: the pod may run on. */
export function endingOf(life: Lifetime): Ending | undefined {
  return rules.find(rule => rule.when(life))?.ending(life)
}

function removal(life: Lifetime, at: number): Ending {
  return { at, graceSeconds: grace(life.pod), remove: true }
}

/** The deadline counts from the pod's start by the machine's clock, as Kubernetes counts it. */
function deadlineEnding(life: Lifetime): Ending {
  return {
    at: life.now + Math.max(0, (deadline(life) ?? 0) - life.wall),
    graceSeconds: grace(life.pod),
    remove: false,
    failure: { reason: deadlineReason, message: 'Pod was active on the node longer than the specified deadline' },
  }
}

function deadline({ pod, startTime }: Lifetime): number | undefined {
  const seconds = pod.spec.activeDeadlineSeconds
  return seconds === undefined || startTime === undefined ? undefined : fromTime(startTime) + seconds * 1000
}

function grace(pod: Pod): number {
  return pod.metadata.deletionGracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds
}

function isDeleted({ pod }: Lifetime): boolean {
  return pod.metadata.deletionTimestamp !== undefined
}

function isDrained(pod: Pod): boolean {
  return pod.status?.conditions?.some(c => c.type === drainedCondition && c.status === 'True') ?? false
}
