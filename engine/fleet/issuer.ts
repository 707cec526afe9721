/** Gives nodes their certificates: for a token when they join, over their session when they renew. */
import { X509Certificate } from 'node:crypto'
import type { PublicKey } from '@peculiar/x509'
import type { NodeName } from '../api/types.ts'
import type { JoinAnswer, JoinRequest, Refusal } from '../protocol/joining.ts'
import type { NetworkMode } from '../protocol/session.ts'
import { parseToken } from '../protocol/token.ts'
import { pinOf } from './authority.ts'
import { checkNodeRequest } from './node-request.ts'
import type { Revocations } from './revocations.ts'
import type { Tokens } from './tokens.ts'
import type { Trust } from './trust.ts'

export interface Issuer {
  join(request: JoinRequest): Promise<JoinAnswer>
  renew(node: NodeName, request: string): Promise<{ certificate: string; expiresAt: number } | Refusal>
}

export interface IssuerOptions {
  readonly trust: Trust
  readonly tokens: Tokens
  readonly revocations: Revocations
  /** Why a machine may not take the name; `isNew`: no token has let in a node of this name yet. */
  mayJoin(
    node: NodeName,
    asking: { bound: boolean; isNew: boolean; network: NetworkMode },
  ): Promise<Refusal | undefined>
  onJoined(node: NodeName, token: string): void
}

export function createIssuer(options: IssuerOptions): Issuer {
  const { trust, tokens, revocations } = options

  async function issue(node: NodeName, publicKey: PublicKey): Promise<string> {
    // Certificates that were issued up to the moment of a revocation count no more, and clocks may go backward.
    const now = Math.max(Date.now(), (revocations.of(node) ?? 0) + 1)
    return trust.signing.issueNode(node, publicKey, { now, lifetime: trust.nodeLifetime })
  }

  async function join({ token: text, node, request, network }: JoinRequest): Promise<JoinAnswer | Refusal> {
    const token = parseToken(text)
    if (token === undefined) {
      return { reason: `node ${node} sends what is no token`, remedy: 'make one with gantry token create' }
    }
    const publicKey = await checkNodeRequest(request, node)
    if ('reason' in publicKey) return publicKey
    const use = { node, key: pinOf(publicKey.rawData), at: Date.now() }
    const kept = tokens.judge(token, use)
    if ('reason' in kept) return kept
    const forbidden = await options.mayJoin(node, {
      bound: kept.node === node,
      isNew: !tokens.isClaimed(node, use.key),
      network,
    })
    if (forbidden !== undefined) return forbidden
    const unspent = await tokens.spend(token, use)
    if (unspent !== undefined) return unspent
    const certificate = await issue(node, publicKey)
    options.onJoined(node, token.id)
    return { type: 'joined', certificate, authorities: bundleOf(trust) }
  }

  return {
    async join(request) {
      const answer = await join(request)
      return 'reason' in answer ? { type: 'refused', reason: answer.reason, remedy: answer.remedy } : answer
    },
    async renew(node, request) {
      const publicKey = await checkNodeRequest(request, node)
      if ('reason' in publicKey) return publicKey
      const certificate = await issue(node, publicKey)
      return { certificate, expiresAt: Date.parse(new X509Certificate(certificate).validTo) }
    },
  }
}

/** PEM of every CA that is trusted, the one that signs last. */
export function bundleOf({ authorities }: Trust): string {
  return authorities.map(({ certificate }) => `${certificate}\n`).join('')
}
