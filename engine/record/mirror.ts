import { GitError } from '../git/repository.ts'
import type { RefName, Repository } from '../git/repository.ts'
import type { Source } from '../git/source.ts'

export interface MirrorOptions {
  readonly repository: Repository
  readonly remote: Pick<Source, 'push'>
  /** What is mirrored; those that do not exist yet are left out. */
  readonly refs: readonly RefName[]
  /** Milliseconds between two pushes; 10 s by default. */
  readonly interval?: number
}

export interface MirrorState {
  /** Milliseconds since 1970 of the oldest change that the remote has not got; absent where it has all. */
  readonly behindSince?: number
  /** Why the last push failed. */
  readonly problem?: string
}

/** Keeps a remote's copy of the record; the remote may be away for as long as it likes. */
export interface Mirror {
  /** Tells that one of the references moved. */
  changed(): void
  /** Tells that the remote answers again, however long it did not: what failed is tried again soon. */
  reachable(): void
  state(): MirrorState
  close(): Promise<void>
}

/** A remote that fails is asked again after twice the time, up to this many intervals. */
const longestWait = 32

export function createMirror({ repository, remote, refs, interval = 10_000 }: MirrorOptions): Mirror {
  let behindSince: number | undefined
  /** Of what is on its way. */
  let pushingSince: number | undefined
  let problem: string | undefined
  let wait = 1
  let timer: NodeJS.Timeout | undefined
  let pushing: Promise<void> | undefined
  let nextAt = 0
  let closed = false

  function schedule(): void {
    if (closed || timer || pushing || behindSince === undefined) return
    timer = setTimeout(
      () => {
        timer = undefined
        pushing = push().finally(() => {
          pushing = undefined
          schedule()
        })
      },
      Math.max(0, nextAt - performance.now()),
    )
  }

  async function push(): Promise<void> {
    pushingSince = behindSince
    // What changes from here on may miss this push, and is behind from here on.
    behindSince = undefined
    try {
      const existing = await Promise.all(
        refs.map(async ref => ((await repository.resolve(ref)) === undefined ? [] : [ref])),
      )
      if (existing.flat().length > 0) await remote.push(existing.flat())
      problem = undefined
      wait = 1
    } catch (error) {
      behindSince = pushingSince
      problem = describe(error)
      wait = Math.min(wait * 2, longestWait)
    }
    pushingSince = undefined
    nextAt = performance.now() + interval * wait
  }

  return {
    changed() {
      behindSince ??= Date.now()
      schedule()
    },
    reachable() {
      if (wait === 1) return
      wait = 1
      nextAt = Math.min(nextAt, performance.now() + interval)
      clearTimeout(timer)
      timer = undefined
      schedule()
    },
    state() {
      const since = pushingSince ?? behindSince
      return { ...(since === undefined ? {} : { behindSince: since }), ...(problem === undefined ? {} : { problem }) }
    },
    async close() {
      closed = true
      clearTimeout(timer)
      await pushing
    },
  }
}

function describe(error: unknown): string {
  if (error instanceof GitError && error.remedy !== undefined) return `${error.message}; ${error.remedy}`
  return error instanceof Error ? error.message : String(error)
}
