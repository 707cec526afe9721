/** What nodes and pods use, asked of the agents when a client asks, and kept for the clients that come just after. */
import { json } from 'node:stream/consumers'
import type { NodeName } from './api/types.ts'
import { parseNodeUsage } from './protocol/parse.ts'
import type { NodeUsage } from './protocol/streams.ts'
import type { OpenStream } from './server/controls.ts'

/** So long an answer is good for others. */
const keptMs = 5_000
/** A node that takes longer is left out. */
const patienceMs = 5_000

/** Resolves to what the nodes that answer use. */
export function createUsage(
  open: OpenStream,
  connected: () => Iterable<NodeName>,
): () => Promise<ReadonlyMap<NodeName, NodeUsage>> {
  let kept: { readonly until: number; readonly usage: Promise<ReadonlyMap<NodeName, NodeUsage>> } | undefined

  async function ask(): Promise<ReadonlyMap<NodeName, NodeUsage>> {
    const nodes = [...connected()]
    const answers = await Promise.all(nodes.map(node => askNode(node).catch(() => undefined)))
    return new Map(
      nodes.flatMap((node, index) => {
        const answer = answers[index]
        return answer === undefined ? [] : [[node, answer] as const]
      }),
    )
  }

  async function askNode(node: NodeName): Promise<NodeUsage> {
    const stream = await open(node, { kind: 'usage' }, AbortSignal.timeout(patienceMs))
    stream.end()
    return parseNodeUsage(await json(stream))
  }

  return () => {
    const now = performance.now()
    if (kept === undefined || kept.until < now) kept = { until: now + keptMs, usage: ask() }
    return kept.usage
  }
}
