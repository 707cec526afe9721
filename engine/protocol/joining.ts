/**
 * How a machine becomes a node: over TLS 1.3 it sends a token and a certificate request, a line of JSON, and gets its
 * certificate or why not, another line. It is the one exchange in which a client shows no certificate.
 */
import type { NodeName } from '../api/types.ts'
import type { NetworkMode } from './session.ts'

/** What a client says in TLS (ALPN) that it came for. */
export const joinProtocol = 'gantry-join/1'
export const sessionProtocol = 'gantry-session/1'

/** The O of every node certificate. */
export const nodeGroup = 'system:nodes'

/** The CN of a node's certificate. */
export function nodeUser(node: NodeName): string {
  return `system:node:${node}`
}

/** The node that a CN names; undefined where it is no node's. */
export function nodeOfUser(user: string): NodeName | undefined {
  const prefix = nodeUser('')
  return user.startsWith(prefix) && user.length > prefix.length ? user.slice(prefix.length) : undefined
}

export interface JoinRequest {
  readonly token: string
  readonly node: NodeName
  /** PKCS#10, PEM. */
  readonly request: string
  /** What addresses its pods can have: a machine that does not fit the cluster keeps its token. */
  readonly network: NetworkMode
}

/** Why a node or its request is refused, and what helps. */
export interface Refusal {
  readonly reason: string
  readonly remedy: string
}

export type JoinAnswer =
  | {
      readonly type: 'joined'
      readonly certificate: string
      /** PEM of every CA that is trusted. */ readonly authorities: string
    }
  | ({ readonly type: 'refused' } & Refusal)

/** A line of the exchange is never longer. */
export const maxJoinLength = 64 * 1024

/** @throws TypeError where `json` is no request */
export function parseJoinRequest(json: unknown): JoinRequest {
  const { token, node, request, network } = { ...(json as object) } as Record<string, unknown>
  const isMode = network === 'bridged' || network === 'loopback'
  if (typeof token === 'string' && typeof node === 'string' && typeof request === 'string' && isMode) {
    return { token, node, request, network }
  }
  throw new TypeError('a request to join must hold token, node, request and network')
}

/** @throws TypeError where `json` is no answer */
export function parseJoinAnswer(json: unknown): JoinAnswer {
  const { type, certificate, authorities, reason, remedy } = { ...(json as object) } as Record<string, unknown>
  if (type === 'joined' && typeof certificate === 'string' && typeof authorities === 'string') {
    return { type, certificate, authorities }
  }
  if (type === 'refused' && typeof reason === 'string' && typeof remedy === 'string') return { type, reason, remedy }
  throw new TypeError('the engine answers a request to join with neither a certificate nor a reason')
}
