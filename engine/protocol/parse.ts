import type { AgentMessage, EngineMessage } from './session.ts'

/** What `type` each side may send, and which fields must be there with which JavaScript type. */
const agentShapes: Readonly<Record<AgentMessage['type'], Readonly<Record<string, Shape>>>> = {
  hello: { version: 'number', node: 'object', network: 'string' },
  node: { node: 'object' },
  report: { pods: 'array' },
  events: { events: 'array' },
  services: { problems: 'array' },
  acknowledged: { resourceVersion: 'number' },
  heartbeat: {},
}
const engineShapes: Readonly<Record<EngineMessage['type'], Readonly<Record<string, Shape>>>> = {
  welcome: { version: 'number', settings: 'object', heartbeatSeconds: 'number' },
  refused: { reason: 'string', remedy: 'string' },
  assign: { delta: 'object' },
}
type Shape = 'number' | 'string' | 'object' | 'array'

/** Throws TypeError where `json` is no message of an agent. */
export function parseAgentMessage(json: unknown): AgentMessage {
  check(json, agentShapes, 'agent')
  return json as AgentMessage
}

/** Throws TypeError where `json` is no message of an engine. */
export function parseEngineMessage(json: unknown): EngineMessage {
  check(json, engineShapes, 'engine')
  return json as EngineMessage
}

function check(
  json: unknown,
  shapes: Readonly<Record<string, Readonly<Record<string, Shape>>>>,
  sender: 'agent' | 'engine',
): asserts json is { type: string } {
  if (typeof json !== 'object' || json === null) throw new TypeError(`a message of the ${sender} is not an object`)
  const message: Readonly<Record<string, unknown>> = { ...json }
  const type = message['type']
  const shape = typeof type === 'string' && Object.hasOwn(shapes, type) ? shapes[type] : undefined
  if (shape === undefined) throw new TypeError(`the ${sender} sent a message of unknown type ${JSON.stringify(type)}`)
  for (const [field, expected] of Object.entries(shape)) {
    const value = message[field]
    const actual = Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value
    if (actual !== expected) {
      throw new TypeError(`the ${sender}'s message ${String(type)}: ${field} must be a ${expected}, not ${actual}`)
    }
  }
}
