/** Notes on the desired commits what became of them: what `git log --notes` and the history show. */
import type { ClusterObject } from './api/cluster-object.ts'
import type { Oid, Repository } from './git/repository.ts'
import { markApplied, markRejected } from './record/fate.ts'

export interface ProgressNotesOptions {
  readonly repository: Repository
  /** The cluster's name. */
  readonly cluster: string
  onWritten(): void
  /** A note cannot be written; it is tried again. */
  onTrouble(error: unknown): void
}

export interface ProgressNotes {
  /** Writes down how far the applied commit has come, and why a newer one was rejected. */
  note(cluster: ClusterObject): void
  close(): Promise<void>
}

const retryDelay = 2_000

export function createProgressNotes(options: ProgressNotesOptions): ProgressNotes {
  /** How to write what is not written yet; the newest of each commit. Resolves to whether that was new. */
  const waiting = new Map<Oid, () => Promise<boolean>>()
  let work: Promise<void> = Promise.resolve()
  let retry: NodeJS.Timeout | undefined
  let closed = false

  async function write(): Promise<void> {
    for (const [commit, mark] of waiting) {
      const written = await mark()
      if (waiting.get(commit) === mark) waiting.delete(commit)
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
    note({ status: { revision, appliedAt, healthyAt, refused } }) {
      if (revision !== undefined && appliedAt !== undefined) {
        const applied = { commit: revision.commit, appliedAt, ...(healthyAt === undefined ? {} : { healthyAt }) }
        waiting.set(applied.commit, () => markApplied(options, applied))
      }
      if (refused?.verdict === 'rejected') {
        const { revision: rejected, problems } = refused
        waiting.set(rejected.commit, () => markRejected(options, { commit: rejected.commit, problems }))
      }
      if (waiting.size > 0) start()
    },
    async close() {
      closed = true
      clearTimeout(retry)
      await work
    },
  }
}
