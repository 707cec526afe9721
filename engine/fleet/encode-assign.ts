import type { AssignmentDelta } from '../protocol/session.ts'
import type { KubeObject } from '../api/types.ts'

/** What every agent is told is encoded once: of 500 nodes that come back, each is told of every Service and of the others. */
const shared: ReadonlySet<string> = new Set(['Service', 'EndpointSlice', 'Node'])
/** These live as long as the cluster holds the objects, which it replaces when they change. */
const encoded = new WeakMap<KubeObject, Buffer>()
const comma = Buffer.from(',')
const end = Buffer.from(']}}\n')

/**
 * The line that `encodeLine` would make of the message, in pieces. Those of what all agents are told are the same for all,
 * so that what waits for 500 slow readers is in memory once.
 */
export function encodeAssign({ full, resourceVersion, put, delete: gone }: AssignmentDelta): readonly Buffer[] {
  const head = JSON.stringify({ full, resourceVersion, delete: gone }).slice(0, -1)
  const pieces: Buffer[] = [Buffer.from(`{"type":"assign","delta":${head},"put":[`)]
  for (const [index, object] of put.entries()) {
    if (index > 0) pieces.push(comma)
    pieces.push(shared.has(object.kind) ? encodeOnce(object) : encode(object))
  }
  pieces.push(end)
  return pieces
}

function encodeOnce(object: KubeObject): Buffer {
  const known = encoded.get(object)
  if (known !== undefined) return known
  const bytes = encode(object)
  encoded.set(object, bytes)
  return bytes
}

function encode(object: KubeObject): Buffer {
  return Buffer.from(JSON.stringify(object))
}
