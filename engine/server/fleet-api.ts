import type { NodeName, Time } from '../api/types.ts'
import { isDnsSubdomain } from '../api/names.ts'
import type { Exchange } from './respond.ts'
import { sendJson } from './respond.ts'
import { badRequest, StatusError, unknownPath } from './status-error.ts'

/** What the engine's owner asks of who may be a node. */
export interface FleetControls {
  createToken(request: { ttlSeconds: number; node?: NodeName; uses: number }): Promise<{ token: string }>
  /** Those that have not expired. */
  tokens(): readonly TokenEntry[]
  /** Resolves to whether there was such a token. */
  revokeToken(id: string): Promise<boolean>
  authorities(): readonly AuthorityEntry[]
  /** Makes a second CA. Rejects with Refused while there are two. */
  rotateAuthority(): Promise<readonly AuthorityEntry[]>
  /** From now on no certificate that the node has lets it in; its session ends. Rejects with Refused. */
  revokeNode(node: NodeName): Promise<void>
  /** Takes a node that is away out of the cluster, and its certificate back. Rejects with Refused. */
  removeNode(node: NodeName): Promise<void>
}

export interface TokenEntry {
  readonly id: string
  /** The only node that it lets in. */
  readonly node?: NodeName
  readonly uses: number
  readonly usedBy: readonly NodeName[]
  readonly createdAt: Time
  readonly expiresAt: Time
}

export interface AuthorityEntry {
  /** `sha256:…`, of its public key: what tokens pin, as kubeadm writes it. */
  readonly hash: string
  readonly createdAt: Time
  /** Whether it signs the nodes' certificates. */
  readonly signs: boolean
  /** When it stops being trusted, where another replaces it. */
  readonly goesAt?: Time
}

const longestTtl = 365 * 24 * 3600
const mostUses = 10_000

type Body = Readonly<Record<string, unknown>>

/** `/gantry/v1/tokens`, `/gantry/v1/ca`, `/gantry/v1/nodes`. @throws StatusError, Refused */
export async function serveFleetApi(
  exchange: Exchange,
  path: string,
  { fleet, readBody }: { fleet: FleetControls; readBody: () => Promise<Body> },
): Promise<void> {
  switch (`${exchange.request.method} ${path}`) {
    case 'GET /gantry/v1/tokens':
      return sendJson(exchange, { items: fleet.tokens() })
    case 'POST /gantry/v1/tokens':
      return sendJson(exchange, await fleet.createToken(tokenRequest(await readBody())))
    case 'POST /gantry/v1/tokens/revoke': {
      const id = text(await readBody(), 'id')
      if (!(await fleet.revokeToken(id))) {
        throw new StatusError(`token "${id}" not found`, { code: 404, reason: 'NotFound' })
      }
      return sendJson(exchange, {})
    }
    case 'GET /gantry/v1/ca':
      return sendJson(exchange, { items: fleet.authorities() })
    case 'POST /gantry/v1/ca/rotate':
      await readBody()
      return sendJson(exchange, { items: await fleet.rotateAuthority() })
    case 'POST /gantry/v1/nodes/revoke':
      await fleet.revokeNode(nodeName(text(await readBody(), 'node')))
      return sendJson(exchange, {})
    case 'POST /gantry/v1/nodes/remove':
      await fleet.removeNode(nodeName(text(await readBody(), 'node')))
      return sendJson(exchange, {})
    default:
      throw unknownPath()
  }
}

function tokenRequest(body: Body): Parameters<FleetControls['createToken']>[0] {
  const { node } = body
  return {
    ttlSeconds: count(body, 'ttlSeconds', longestTtl),
    uses: count(body, 'uses', mostUses),
    ...(node === undefined ? {} : { node: nodeName(text(body, 'node')) }),
  }
}

function count(body: Body, field: string, most: number): number {
  const value = body[field]
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= most) return value
  throw badRequest(`${field} must be a whole number from 1 to ${most}`)
}

function text(body: Body, field: string): string {
  const value = body[field]
  if (typeof value === 'string' && value !== '') return value
  throw badRequest(`${field} must be a string`)
}

function nodeName(name: string): NodeName {
  if (isDnsSubdomain(name)) return name
  throw badRequest(`${JSON.stringify(name)} is no name for a node; use lower-case letters, digits, dashes and dots`)
}
