/** Trades a token for this node's certificate. The token pins the engine's CA: nobody else gets to see it. */
import { createHash } from 'node:crypto'
import type { X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import { rm } from 'node:fs/promises'
import type { TLSSocket } from 'node:tls'
import { makePrivateFolder, writeFileDurably } from '../../machine/files.ts'
import { isRecord, readJson } from '../../machine/json-file.ts'
import type { NodeName } from '../../engine/api/types.ts'
import { joinProtocol, maxJoinLength, parseJoinAnswer } from '../../engine/protocol/joining.ts'
import type { JoinAnswer } from '../../engine/protocol/joining.ts'
import { createLineDecoder, encodeLine } from '../../engine/protocol/lines.ts'
import type { NetworkMode } from '../../engine/protocol/session.ts'
import { parseToken } from '../../engine/protocol/token.ts'
import { formatEngineAddress } from '../../engine/protocol/address.ts'
import type { EngineAddress } from '../../engine/protocol/address.ts'
import { dialEngine, ForeignEngine } from './dial.ts'
import type { Identity } from './identity.ts'
import { writeIdentity } from './identity.ts'
import { makeKeyRequest } from './request.ts'
import type { KeyRequest } from './request.ts'

export interface JoinOptions {
  /** Where the identity is kept. */
  readonly folder: string
  readonly engine: EngineAddress
  readonly token: string
  readonly node: NodeName
  readonly network: NetworkMode
}

/** The engine says no: to ask again changes nothing. */
export class JoinRefused extends Error {
  constructor(engine: EngineAddress, { reason, remedy }: { reason: string; remedy: string }) {
    super(`the engine at ${formatEngineAddress(engine)} refuses this node: ${reason}; ${remedy}`)
    this.name = 'JoinRefused'
  }
}

/** Rejects with JoinRefused or ForeignEngine where trying again is of no use. */
export async function joinEngine(options: JoinOptions): Promise<Identity> {
  const { folder, engine, node, network } = options
  const token = parseToken(options.token)
  if (token === undefined) {
    const remedy = 'copy the whole line that gantry token create printed'
    throw new JoinRefused(engine, { reason: 'what was given as --token is no token', remedy })
  }
  await makePrivateFolder(folder)
  const pending = join(folder, 'joining.json')
  const { key, request } = await pendingRequest(pending, node)
  const authority = await pinnedAuthority(engine, token.pins)
  const socket = await dialEngine(engine, { protocol: joinProtocol, tls: { ca: authority } })
  try {
    const answer = await exchange(socket, encodeLine({ token: options.token.trim(), node, request, network }))
    if (answer.type === 'refused') throw new JoinRefused(engine, answer)
    const identity = { node, engine, key, certificate: answer.certificate, authorities: answer.authorities }
    await writeIdentity(folder, identity)
    await rm(pending, { force: true })
    return identity
  } finally {
    socket.destroy()
  }
}

/** Kept before it is sent: where the answer is lost, or the agent is killed, the same key asks again. */
async function pendingRequest(file: string, node: NodeName): Promise<KeyRequest> {
  const kept = await readJson(file, { is: isKeyRequest, remedy: 'remove it, and join again' })
  if (kept?.node === node) return kept
  const made = await makeKeyRequest(node)
  await writeFileDurably(file, JSON.stringify({ node, ...made }), { mode: 0o600 })
  return made
}

function isKeyRequest(value: unknown): value is KeyRequest & { node: NodeName } {
  return isRecord(value) && ['node', 'key', 'request'].every(field => typeof value[field] === 'string')
}

/**
 * PEM of the CA that the engine says is its own, where it has one of these pins. Nothing is sent on this connection: the
 * next one, which trusts that CA alone, is checked in full.
 */
async function pinnedAuthority(engine: EngineAddress, pins: readonly string[]): Promise<string> {
  const socket = await dialEngine(engine, { protocol: joinProtocol, tls: { rejectUnauthorized: false } })
  const authority = socket.getPeerX509Certificate()?.issuerCertificate
  // Not cut: the engine would take it for a handshake that failed.
  socket.on('error', () => {}).end()
  if (authority === undefined || !pins.includes(pinOf(authority))) throw new ForeignEngine(formatEngineAddress(engine))
  return authority.toString()
}

function pinOf(certificate: X509Certificate): string {
  return createHash('sha256')
    .update(certificate.publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex')
}

async function exchange(socket: TLSSocket, line: string): Promise<JoinAnswer> {
  let answer: JoinAnswer | undefined
  const decode = createLineDecoder(json => (answer = parseJoinAnswer(json)), maxJoinLength)
  socket.write(line)
  socket.setTimeout(20_000, () => socket.destroy(new Error('the engine does not answer the request to join')))
  for await (const chunk of socket) {
    decode(String(chunk))
    if (answer !== undefined) return answer
  }
  throw new Error('the engine cut the connection before it answered the request to join; see its log')
}
