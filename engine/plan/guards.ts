import { sourceAnnotation } from '../api/manifest.ts'
import type { KubeObject } from '../api/types.ts'
import type { ClusterView } from '../cluster/view.ts'
import type { ClusterSettings } from '../api/settings.ts'
import type { Plan, PlanStep } from './step.ts'

/** Whether a plan may be carried out, or waits for a person's word. */
export type Verdict =
  | { readonly kind: 'allowed' }
  | { readonly kind: 'waiting'; readonly message: string; readonly remedy: string }

export interface GuardContext {
  /** The messages of the commits that the plan applies: every one since the applied commit. */
  readonly messages: readonly string[]
  /** The applied commit is not among the ancestors: someone rewrote the branch, perhaps without knowing all of it. */
  readonly rewritten?: boolean
}

const remedy =
  'if that is meant, add the line "Gantry-Allow: delete" to the message of this commit, or of a later one: ' +
  'git commit --allow-empty -m "Remove them" -m "Gantry-Allow: delete"'

/** Holds a plan that would remove everything, or more than the set share of what git asked for until now. */
export function checkGuards(
  plan: Plan,
  cluster: ClusterView,
  { settings, messages, rewritten = false }: GuardContext & { readonly settings: ClusterSettings },
): Verdict {
  const deletions = plan.steps.filter(letsGo).length
  if (deletions === 0 || messages.some(allowsDeletion)) return { kind: 'allowed' }
  const total = cluster.desiredCount()
  const creates = plan.steps.some(step => step.kind === 'create')
  if (deletions === total && !creates) {
    return { kind: 'waiting', message: `this commit leaves nothing: it would remove ${all(total)}`, remedy }
  }
  if (rewritten) {
    const what = deletions === 1 ? '1 object' : `${deletions} objects`
    return { kind: 'waiting', message: `the branch was rewritten, and would now remove ${what}`, remedy }
  }
  const { maxDeletionPercent, minDeletions } = settings.spec.guards
  if (deletions <= minDeletions || deletions * 100 <= maxDeletionPercent * total) return { kind: 'allowed' }
  const percent = Math.floor((deletions * 100) / total)
  return {
    kind: 'waiting',
    message:
      `this commit would remove ${deletions} of ${total} objects (${percent} %); ` +
      `more than ${maxDeletionPercent} % waits (spec.guards.maxDeletionPercent in gantry.yaml)`,
    remedy,
  }
}

/** What outlives git, such as a Node whose agent is there, is only left to itself: git's word for it is gone all the same. */
function letsGo(step: PlanStep): boolean {
  return step.kind === 'delete' || (step.kind === 'update' && isDesired(step.before) && !isDesired(step.after))
}

function isDesired({ metadata }: KubeObject): boolean {
  return metadata.annotations?.[sourceAnnotation] !== undefined
}

function all(total: number): string {
  return total === 1 ? 'the only object there is' : `all ${total} objects`
}

/** Whether a commit's message ends in trailers of which one is `Gantry-Allow: delete`. */
export function allowsDeletion(message: string): boolean {
  const lastParagraph =
    message
      .trimEnd()
      .split(/\r?\n[ \t]*\r?\n/)
      .at(-1) ?? ''
  return lastParagraph.split(/\r?\n/).some(line => {
    const value = /^gantry-allow:(.*)$/i.exec(line)?.[1]
    return value !== undefined && value.split(',').some(word => word.trim().toLowerCase() === 'delete')
  })
}
