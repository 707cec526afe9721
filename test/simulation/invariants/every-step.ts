import type { NodeName } from '../../../engine/api/types.ts'
import type { Branch } from '../branch.ts'
import type { Step } from '../engine-process.ts'
import type { Machine } from '../machines.ts'
import { checkEvictions } from './evictions.ts'
import { checkFloors } from './floor.ts'
import { checkJobs } from './jobs.ts'
import { checkPlacements } from './placement.ts'
import { checkNothingLost, checkRemovals, checkUnchanged } from './removals.ts'
import { checkPaused, checkRecreations } from './rollouts.ts'
import { checkRoutes } from './routes.ts'
import { checkWaves } from './waves.ts'

export interface Around {
  readonly branch: Branch
  readonly machines: (node: NodeName) => readonly Machine[]
}

/** What must hold after every step of the core. */
export function checkStep(step: Step, { branch, machines }: Around): void {
  const wishOf = (node: NodeName) => branch.wishOf(node)
  checkFloors(step, wishOf)
  checkRemovals(step)
  checkNothingLost(step, { meant: branch.isMeant, isRemoved: object => branch.isRemoved(object) })
  checkUnchanged(step)
  checkRecreations(step)
  checkPaused(step)
  checkPlacements(step, { machines, wishOf })
  checkEvictions(step, wishOf)
  checkRoutes(step)
  checkJobs(step)
  if (branch.accepted) checkWaves(step, branch.accepted.manifests)
  const { kind } = step.event
  if (kind === 'refused' || kind === 'source') branch.checkApplied(step.cluster)
}
