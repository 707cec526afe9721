/** Notes on the desired commits when they were applied and became healthy: what `git log --notes` and the history show. */
import type { ClusterObject } from './api/cluster-object.ts'
import type { Oid, Repository } from './git/repository.ts'
import { markApplied } from './record/applied.ts'
import type { Applied } from './record/applied.ts'

export interface ProgressNotesOptions {
  readonly repository: Repository
  /** The cluster's name. */
  readonly cluster: string
  onWritten(): void
  /** A note cannot be written; it is tried again. */
  onTrouble(error: unknown): void
}

export interface ProgressNotes {
  /** Writes down how far the applied commit has come. */
  note(cluster: ClusterObject): void
  close(): Promise<void>
}

const retryDelay = 2_000

export function createProgressNotes(options: ProgressNotesOptions): ProgressNotes {
  /** Not written yet; the newest of each commit. */
  const waiting = new Map<Oid, Applied>()
  let work: Promise<void> = Promise.resolve()
  let retry: NodeJS.Timeout | undefined
  let closed = false

  async function write(): Promise<void> {
    for (const [commit, applied] of waiting) {
      const written = await markApplied(options, { commit, ...applied })
      if (waiting.get(commit) === applied) waiting.delete(commit)
      if (written) options.onWritten()
    }
  }

  function start(): void {
    clearTimeout(retry)
    work = work.then(write).catch((error: unknown) => {
      options.onTrouble(error)
      if (!closed) retry = setTimeout(start, retryDelay)
    })
  }

  return {
    note({ status: { revision, appliedAt, healthyAt } }) {
      if (revision === undefined || appliedAt === undefined) return
      waiting.set(revision.commit, { appliedAt, ...(healthyAt === undefined ? {} : { healthyAt }) })
      start()
    },
    async close() {
      closed = true
      clearTimeout(retry)
      await work
    },
  }
}
