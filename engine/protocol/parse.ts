import { checkedNode } from './check-node.ts'
import type { AgentMessage, EngineMessage, PodReport } from './session.ts'
import { agreedVersion, protocolVersions } from './versions.ts'
import type { NodeUsage, StreamRequest } from './streams.ts'

type Shape = 'number' | 'string' | 'boolean' | 'object' | 'array' | Fields | readonly [Fields]
/** Which fields must be there, of which JavaScript type; a list of one shape is an array of such. */
interface Fields {
  readonly [field: string]: Shape
}

const node = { name: 'string', labels: 'object', taints: 'array', status: 'object' } as const
const pod = { uid: 'string', namespace: 'string', name: 'string' } as const
const event = { ref: { kind: 'string', key: 'string' }, type: 'string', reason: 'string', message: 'string' } as const

/** What `type` each side may send, and what each message must hold. */
const agentShapes: Readonly<Record<AgentMessage['type'], Fields>> = {
  hello: { versions: { oldest: 'number', newest: 'number' }, node, network: 'string' },
  node: { node },
  report: { pods: [pod] },
  events: { events: [event] },
  services: { problems: [{ namespace: 'string', name: 'string' }] },
  acknowledged: { resourceVersion: 'number' },
  heartbeat: {},
  renew: { request: 'string' },
}
const engineShapes: Readonly<Record<EngineMessage['type'], Fields>> = {
  welcome: { version: 'number', settings: 'object', heartbeatSeconds: 'number' },
  refused: { reason: 'string', remedy: 'string' },
  assign: { delta: { full: 'boolean', resourceVersion: 'number', put: 'array', delete: 'array' } },
  authorities: { authorities: 'string' },
  certificate: { certificate: 'string' },
}

const container = { podUid: 'string', container: 'string' } as const
const streamShapes: Readonly<Record<StreamRequest['kind'], Fields>> = {
  logs: { ...container, follow: 'boolean', previous: 'boolean', timestamps: 'boolean' },
  exec: { ...container, command: 'array', stdin: 'boolean', tty: 'boolean' },
  attach: { ...container, stdin: 'boolean' },
  portforward: { podUid: 'string', port: 'number' },
  usage: {},
}

/**
 * Throws TypeError where `json` is no message of an agent, UnfitVersion where it is the hello of one that speaks another
 * protocol: what else such a hello holds is not known.
 */
export function parseAgentMessage(json: unknown): AgentMessage {
  checkVersions(json)
  check(json, agentShapes, 'agent')
  const message = json as AgentMessage
  if (message.type === 'report') for (const report of message.pods) checkReport(report)
  if (message.type === 'hello' || message.type === 'node') return { ...message, node: checkedNode(message.node) }
  return message
}

/** Throws TypeError where `json` is no message of an engine. */
export function parseEngineMessage(json: unknown): EngineMessage {
  check(json, engineShapes, 'engine')
  return json as EngineMessage
}

/** What `streamPath` wrote. Throws TypeError on anything else. */
export function parseStreamPath(path: string): StreamRequest {
  const [, kind = '', query = ''] = /^\/v1\/(\w+)\?(.*)$/.exec(path) ?? []
  const shape = Object.hasOwn(streamShapes, kind) ? streamShapes[kind as StreamRequest['kind']] : undefined
  if (shape === undefined) throw new TypeError(`this agent does not know ${path.split('?', 1)[0]}`)
  const json: unknown = JSON.parse(decodeURIComponent(query))
  const request = { ...(typeof json === 'object' ? json : {}), kind }
  checkFields(request, shape, `the engine's request for ${kind}`)
  return request as StreamRequest
}

function checkVersions(json: unknown): void {
  const { type, versions } = { ...(json as object) } as { type?: unknown; versions?: unknown }
  const { oldest, newest } = { ...(versions as object) } as { oldest?: unknown; newest?: unknown }
  if (type !== 'hello' || typeof oldest !== 'number' || typeof newest !== 'number') return
  agreedVersion({ oldest, newest }, protocolVersions)
}

const networkUsage = { receivedBytesPerSecond: 'number', transmittedBytesPerSecond: 'number' } as const
const usage = { cpuNanocores: 'number', memoryBytes: 'number' } as const

/** Throws TypeError where `json` is no answer to a UsageRequest. */
export function parseNodeUsage(json: unknown): NodeUsage {
  const containers = [{ ...usage, podUid: 'string', container: 'string' }] as const
  const fields = { at: 'number', windowMs: 'number', node: usage, containers } as const
  checkFields({ ...(json as object | null) }, fields, "the agent's usage")
  const measured = json as NodeUsage
  for (const { network } of [measured.node, ...measured.containers]) {
    if (network !== undefined) checkFields({ ...network }, networkUsage, "the agent's usage of its network")
  }
  return measured
}

/** A report either says that a pod is gone or how it is. */
function checkReport(report: PodReport): void {
  if ('gone' in report) return
  checkFields({ ...report }, { status: { phase: 'string' } }, `the agent's report of pod ${report.uid}`)
}

function check(
  json: unknown,
  shapes: Readonly<Record<string, Fields>>,
  sender: 'agent' | 'engine',
): asserts json is { type: string } {
  if (typeof json !== 'object' || json === null) throw new TypeError(`a message of the ${sender} is not an object`)
  const message: Readonly<Record<string, unknown>> = { ...json }
  const type = message['type']
  const shape = typeof type === 'string' && Object.hasOwn(shapes, type) ? shapes[type] : undefined
  if (shape === undefined) throw new TypeError(`the ${sender} sent a message of unknown type ${JSON.stringify(type)}`)
  checkFields(message, shape, `the ${sender}'s message ${String(type)}`)
}

function checkFields(value: Readonly<Record<string, unknown>>, fields: Fields, place: string): void {
  for (const [field, shape] of Object.entries(fields)) checkShape(value[field], shape, `${place}: ${field}`)
}

function checkShape(value: unknown, shape: Shape, place: string): void {
  const expected = typeof shape === 'string' ? shape : isList(shape) ? 'array' : 'object'
  const actual = Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value
  if (actual !== expected) throw new TypeError(`${place} must be ${expected}, not ${actual}`)
  if (typeof shape === 'string') return
  if (isList(shape)) for (const item of value as unknown[]) checkShape(item, shape[0], place)
  else checkFields({ ...(value as object) }, shape, place)
}

function isList(shape: Fields | readonly [Fields]): shape is readonly [Fields] {
  return Array.isArray(shape)
}
