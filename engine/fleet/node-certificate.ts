/** Whom a client's certificate speaks for. TLS has proven that the client holds its key; this is all else. */
import { X509Certificate } from 'node:crypto'
import { nodeGroup, nodeOfUser } from '../protocol/joining.ts'
import type { Refusal } from '../protocol/joining.ts'
import type { NodeName } from '../api/types.ts'
import { issuedAt } from './authority.ts'

export interface NodeCertificate {
  readonly node: NodeName
  /** Milliseconds since 1970. */
  readonly expiresAt: number
}

export interface Judgement {
  /** PEM of every CA that is trusted. */
  readonly authorities: readonly string[]
  /** Certificates of this node that were issued up to then are revoked; undefined where none are. */
  revokedAt(node: NodeName): number | undefined
  readonly now: number
}

const clientAuth = '1.3.6.1.5.5.7.3.2'
const joinAgain = (node: NodeName): string => `join again, with a token from gantry token create --node ${node}`

/** `der` as TLS received it; undefined where the client sent none. */
export function judgeNodeCertificate(der: Uint8Array | undefined, judgement: Judgement): NodeCertificate | Refusal {
  if (der === undefined) {
    return { reason: 'it shows no certificate', remedy: 'join first, with a token from gantry token create' }
  }
  const certificate = new X509Certificate(der)
  const { authorities, now } = judgement
  if (!authorities.some(pem => isSignedBy(certificate, new X509Certificate(pem)))) {
    return {
      reason: "its certificate is of another CA than this cluster's",
      remedy: 'join this cluster, with a token of its own',
    }
  }
  const node = nodeOf(certificate)
  if (node === undefined) {
    const who = JSON.stringify(certificate.subject.replaceAll('\n', ', '))
    return {
      reason: `its certificate is no node's, but that of ${who}`,
      remedy: 'show the certificate that the node got when it joined',
    }
  }
  const from = Date.parse(certificate.validFrom)
  const expiresAt = Date.parse(certificate.validTo)
  if (now < from) {
    const reason = `the certificate of node ${node} is not valid before ${inWords(from)}, and it is ${inWords(now)}`
    return { reason, remedy: "set the clock of the engine's machine" }
  }
  if (now >= expiresAt) {
    return { reason: `the certificate of node ${node} expired at ${inWords(expiresAt)}`, remedy: joinAgain(node) }
  }
  const revokedAt = judgement.revokedAt(node)
  if (revokedAt !== undefined && issuedAt(certificate.serialNumber) <= revokedAt) {
    return { reason: `the certificate of node ${node} was revoked at ${inWords(revokedAt)}`, remedy: joinAgain(node) }
  }
  return { node, expiresAt }
}

function isSignedBy(certificate: X509Certificate, authority: X509Certificate): boolean {
  return certificate.checkIssued(authority) && certificate.verify(authority.publicKey)
}

/** A subject of exactly O=system:nodes and CN=system:node:<name>, on a certificate for clients. */
function nodeOf({ subject, keyUsage, ca }: X509Certificate): NodeName | undefined {
  const [organization, name, ...more] = subject.split('\n')
  if (ca || organization !== `O=${nodeGroup}` || name?.startsWith('CN=') !== true || more.length > 0) return undefined
  // Node calls the extended key usages so; undefined where the certificate has none.
  const usages: readonly string[] | undefined = keyUsage
  return usages?.includes(clientAuth) === true ? nodeOfUser(name.slice('CN='.length)) : undefined
}

function inWords(time: number): string {
  return new Date(time).toISOString()
}
