import type { ClusterObject } from '../../../engine/api/cluster-object.ts'
import { clusterKind } from '../../../engine/api/cluster-object.ts'
import { hookOf } from '../../../engine/api/sequence.ts'
import type { Job, Pod } from '../../../engine/api/types.ts'
import type { ObjectChange } from '../../../engine/cluster/view.ts'
import type { Step } from '../engine-process.ts'
import { check } from './violation.ts'

/** A Job that is over makes no pod, and one that has all its successes neither. */
export function checkJobs({ cluster, record }: Step): void {
  for (const { ref, before, after } of record) {
    const owner = after?.metadata.ownerReferences?.[0]
    if (ref.kind !== 'Pod' || before || owner?.kind !== 'Job') continue
    const job = cluster.get('Job', `${(after as Pod).metadata.namespace}/${owner.name}`)
    if (job?.metadata.uid !== owner.uid) continue
    const { succeeded = 0, conditions = [] } = job.status ?? {}
    const isOver = conditions.some(
      ({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True',
    )
    check(!isOver && succeeded < (job.spec.completions ?? 1), () => `${ref.key} is made for a Job that is over`)
  }
}

/** By what is recorded, which is all that an agent ever hears of. */
export class HookRuns {
  #commit = ''
  /** The commit and the hook → the uid of the Job that it is run by. */
  readonly #runs = new Map<string, string>()

  /** A hook is run once by a commit. */
  check(changes: readonly ObjectChange[]): void {
    for (const { ref, before, after } of changes) {
      if (ref.kind === clusterKind) this.#commit = (after as ClusterObject).status.revision?.commit ?? ''
      const isNew = after && before?.metadata.uid !== after.metadata.uid
      if (ref.kind !== 'Job' || !isNew || !hookOf(after as Job)) continue
      const run = `${this.#commit} ${ref.key}`
      check(!this.#runs.has(run), () => `hook ${ref.key} is run twice by ${this.#commit}`)
      this.#runs.set(run, after.metadata.uid ?? '')
    }
  }
}
