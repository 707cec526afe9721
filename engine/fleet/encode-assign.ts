import type { AssignmentDelta } from '../protocol/session.ts'
import type { KubeObject } from '../api/types.ts'

/** What every agent is told is written as text once: of 500 nodes that come back, each is told of every Service. */
const shared: ReadonlySet<string> = new Set(['Service', 'EndpointSlice'])
/** The texts live as long as the cluster holds the objects, which it replaces when they change. */
const texts = new WeakMap<KubeObject, string>()

/** The line that `encodeLine` would make of the message. */
export function encodeAssign({ full, resourceVersion, put, delete: gone }: AssignmentDelta): string {
  const objects = put.map(object => (shared.has(object.kind) ? sharedText(object) : JSON.stringify(object)))
  const head = JSON.stringify({ full, resourceVersion, delete: gone }).slice(0, -1)
  return `{"type":"assign","delta":${head},"put":[${objects.join(',')}]}}\n`
}

function sharedText(object: KubeObject): string {
  const known = texts.get(object)
  if (known !== undefined) return known
  const text = JSON.stringify(object)
  texts.set(object, text)
  return text
}
