/** Keeps what the engine knows of this machine true: looks at it now and then, and tells what changed. */
import { isDeepStrictEqual } from 'node:util'
import type { Condition, NodeStatus } from '../engine/api/types.ts'
import type { NodeReport } from '../engine/protocol/session.ts'
import { pressureConditions } from './pressure.ts'
import type { LastShort, Measure } from './pressure.ts'

/** What changes by itself on a machine. */
export interface NodeState {
  readonly conditions: readonly Condition[]
  readonly images: NonNullable<NodeStatus['images']>
}

export interface NodeWatchOptions {
  measure(): Measure
  /** Rejects where the runtime does not answer: then what it had last is told. */
  images(): Promise<NodeState['images']>
  describe(state: NodeState): NodeReport
  /** Something is not as it was last told. */
  onChange(node: NodeReport): void
  readonly now: () => number
}

export interface NodeWatch {
  /** The node as it is, for an engine that is told everything. */
  report(): NodeReport
  /** Looks now; resolves when what changed has been told. */
  look(): Promise<void>
  close(): void
}

const lookEveryMs = 10_000
/** A runtime is asked for its images once in so many looks. */
const imagesEvery = 6

export function watchNode(options: NodeWatchOptions): NodeWatch {
  let lastShort: LastShort = {}
  let state: NodeState = { conditions: judge(), images: [] }
  let told: NodeReport | undefined
  let looks = 0
  let closed = false

  function judge(): readonly Condition[] {
    const judged = pressureConditions(options.measure(), { before: lastShort, now: options.now() })
    lastShort = judged.lastShort
    return judged.conditions
  }

  function report(): NodeReport {
    told = options.describe(state)
    return told
  }

  async function look(): Promise<void> {
    const images = looks++ % imagesEvery === 0 ? await options.images().catch(() => state.images) : state.images
    if (closed) return
    state = { conditions: judge(), images }
    const before = told
    // Nobody asked yet: whoever does hears it then.
    if (before !== undefined && !isDeepStrictEqual(report(), before)) options.onChange(report())
  }

  const timer = setInterval(() => void look(), lookEveryMs)
  void look()
  return {
    report,
    look,
    close() {
      closed = true
      clearInterval(timer)
    },
  }
}
