/** What agent and proxy say to each other on the proxy's socket, a JSON message a line. */
import type { ServiceProblem } from '../../engine/protocol/session.ts'
import { isTable } from './check-table.ts'
import type { ProxyTable } from './table.ts'

export type ProxyRequest =
  | { readonly type: 'apply'; readonly id: number; readonly table: ProxyTable }
  /** Take no new connections, and end when those that exist have ended; with `now`, at once. */
  | { readonly type: 'leave'; readonly now: boolean }

export type ProxyAnswer =
  /** The first one. `build` tells one build of the proxy's program from another. */
  | { readonly type: 'hello'; readonly clusterUid: string; readonly build: string; readonly pid: number }
  /** The table is served, and nothing is under way on endpoints that left. */
  | { readonly type: 'applied'; readonly id: number; readonly problems: readonly ServiceProblem[] }
  /** The addresses that could not be bound are now these. */
  | { readonly type: 'problems'; readonly problems: readonly ServiceProblem[] }

/** Both ends are Gantry's own and of one build, or part after `hello`: of a table every field is checked, else the type. */
export function parseRequest(json: unknown): ProxyRequest {
  if (isMessage(json, ['leave'])) return json as ProxyRequest
  if (isMessage(json, ['apply']) && 'table' in json && isTable(json.table)) return json as ProxyRequest
  throw new TypeError(`the agent sent the proxy what is no request: ${JSON.stringify(json).slice(0, 100)}`)
}

export function parseAnswer(json: unknown): ProxyAnswer {
  if (isMessage(json, ['hello', 'applied', 'problems'])) return json as ProxyAnswer
  throw new TypeError(`the proxy answered what is no message: ${JSON.stringify(json).slice(0, 100)}`)
}

function isMessage(json: unknown, types: readonly string[]): json is { type: string } {
  return typeof json === 'object' && json !== null && 'type' in json && types.includes(String(json.type))
}
