import { clusterKind } from '../api/cluster-object.ts'
import type { NodeName } from '../api/types.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { Change, Env, ObjectChange } from '../cluster/view.ts'
import { earliest } from '../cluster/decision.ts'
import type { AssignmentDelta } from '../protocol/session.ts'
import { NodeInfos } from '../scheduler/node-infos.ts'
import { decide } from './decide.ts'
import type { Effects, Event } from './event.ts'
import { Mirrors } from './mirrors.ts'
import type { CoreOptions } from './options.ts'
import { clusterObject, receive } from './receive.ts'
import { Work, type WorkItem } from './work.ts'

export type { CoreOptions }

/** So many items in a row that change nothing keep each other busy: no cluster has as much left to look at. */
const mostIdle = 10_000_000
/** How often one item may change something in a step. Far more than any does that settles. */
const mostRounds = 100

/**
 * The whole core: takes in one event and decides until nothing is left to decide. The cluster holds the result when it
 * returns; what has to be done outside, and in which order, is in the Effects.
 */
export function step(cluster: Cluster, event: Event, env: Env, options: CoreOptions): Effects {
  // Made before the first change, so that they hear of every one.
  const work = cluster.observer(Work)
  const mirrors = cluster.observer(Mirrors)
  cluster.observer(NodeInfos)

  const record: ObjectChange[] = []
  function note(made: readonly ObjectChange[]): boolean {
    // One by one: they may be more than a call takes arguments.
    for (const change of made) record.push(change)
    return made.length > 0
  }
  const apply = (changes: readonly Change[]) => note(cluster.apply(changes, env))
  if (!cluster.get(clusterKind, options.clusterName)) {
    apply([{ kind: 'put', object: clusterObject(cluster, options) }])
    work.mark('namespace', 'default')
  }
  apply(receive(cluster, event, { env, options }))
  settle(work, item => {
    const decision = decide(cluster, item, { work, env, options })
    work.setDeadline(item, decision.wakeAt)
    return apply(decision.changes)
  })
  if (event.kind === 'clock') note(cluster.expireEvents(env))
  const { news, wakeAt } = mirrors.look(env.now)
  return { record, news, wakeAt: earliest(work.deadlines.next(), cluster.eventsWakeAt(), wakeAt) }
}

/**
 * What to tell each agent after the steps so far: to be sent once these are durable. Steps that are recorded together are
 * told together.
 */
export function assignments(cluster: Cluster): ReadonlyMap<NodeName, AssignmentDelta> {
  return cluster.observer(Mirrors).take()
}

/**
 * Works until nothing is left. Two parts that undo each other's work would go on for ever: that is an error. Coming up
 * often is none: a namespace does once for each object that is made in it.
 */
function settle(work: Work, carryOut: (item: WorkItem) => boolean): void {
  const rounds = new Map<string, number>()
  let idle = 0
  for (let item = work.take(); item; item = work.take()) {
    const changed = carryOut(item)
    idle = changed ? 0 : idle + 1
    if (!changed && idle < mostIdle) continue
    const id = `${item.task} ${item.key}`
    const round = (rounds.get(id) ?? 0) + 1
    rounds.set(id, round)
    if (round > mostRounds || idle >= mostIdle) throw new Unsettled(rounds)
  }
}

/** The core decided in circles. Nothing it decided may be recorded: the engine starts again from the record. */
export class Unsettled extends Error {
  constructor(rounds: ReadonlyMap<string, number>) {
    const busiest = [...rounds].sort(([, a], [, b]) => b - a).slice(0, 10)
    super(
      `the core does not come to rest: ${busiest.map(([item, count]) => `${item} (${count} times)`).join(', ')}; ` +
        'these undo each other, which is an error in Gantry: please report it with the observed branch',
    )
    this.name = 'Unsettled'
  }
}
