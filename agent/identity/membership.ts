/** Makes sure that this machine is a node: by the identity that it has, or by a token. */
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import type { EngineAccess } from '../engine-access.ts'
import { remoteAccess } from '../engine-access.ts'
import { formatEngineAddress, parseEngineAddress } from '../../engine/protocol/address.ts'
import type { NetworkMode } from '../../engine/protocol/session.ts'
import { ForeignEngine } from './dial.ts'
import { expiryOf, readIdentity, writeEngine } from './identity.ts'
import type { Identity } from './identity.ts'
import { joinEngine, JoinRefused } from './join.ts'
import { keepRenewed } from './renewal.ts'

export interface MembershipOptions {
  /** Where the identity is kept. */
  readonly folder: string
  /** `HOST:7421`; the engine that was joined before where absent. */
  readonly join: string | undefined
  /** Needed where the machine is no node yet, or its certificate has expired. */
  readonly token: string | undefined
  /** The machine's own where absent. */
  readonly nodeName: string | undefined
  /** What addresses its pods can have. */
  readonly network: NetworkMode
  say(line: string): void
  onError(error: unknown): void
}

export interface Membership {
  readonly nodeName: string
  readonly engine: EngineAccess
}

const maxPause = 10_000

/** Rejects where the engine refuses the node, or where it lacks a flag; tries for ever where the engine is away. */
export async function openMembership(options: MembershipOptions): Promise<Membership> {
  const { folder } = options
  const former = await formerIdentity(options)
  const identity = former ?? (await join(options))
  const renewal = keepRenewed({ folder, identity, onError: options.onError })
  const { token, network } = options
  const { node, engine } = identity
  const rejoin = former && token !== undefined ? () => joinEngine({ folder, engine, token, node, network }) : undefined
  return { nodeName: node, engine: remoteAccess(renewal, rejoin) }
}

/** What an earlier agent of this folder joined as; undefined where a token is there to join (again). */
async function formerIdentity({
  folder,
  join,
  token,
  nodeName,
  say,
}: MembershipOptions): Promise<Identity | undefined> {
  const known = await readIdentity(folder)
  if (known === undefined) return undefined
  if (nodeName !== undefined && nodeName !== known.node) {
    throw new Error(
      `this data folder is node ${known.node}'s, not ${nodeName}'s; leave --name out, or give --data another folder`,
    )
  }
  if (Date.now() >= expiryOf(known)) {
    if (token !== undefined) return undefined
    // It still has pods to look after. What to do is said again by the engine that refuses it.
    say(
      `the certificate of node ${known.node} has expired: join again, with a token from gantry token create --node ${known.node}`,
    )
  }
  const engine = join === undefined ? known.engine : parseEngineAddress(join, '--join')
  if (formatEngineAddress(engine) === formatEngineAddress(known.engine)) return known
  const moved = { ...known, engine }
  await writeEngine(folder, moved)
  return moved
}

async function join(options: MembershipOptions): Promise<Identity> {
  const { folder, say } = options
  const known = await readIdentity(folder)
  const node = options.nodeName ?? known?.node ?? hostname().toLowerCase()
  const address = options.join ?? (known && formatEngineAddress(known.engine))
  if (address === undefined)
    throw new Error('this machine has joined no cluster yet; name an engine with --join HOST:7421')
  if (options.token === undefined) {
    throw new Error('this machine has joined no cluster yet; give it a token from gantry token create with --token')
  }
  const engine = parseEngineAddress(address, '--join')
  let trouble: string | undefined
  for (let pause = 250; ; pause = Math.min(pause * 2, maxPause)) {
    try {
      const identity = await joinEngine({ folder, engine, token: options.token, node, network: options.network })
      say(`joined the engine at ${formatEngineAddress(engine)} as node ${node}`)
      return identity
    } catch (error) {
      if (error instanceof JoinRefused || error instanceof ForeignEngine || !(error instanceof Error)) throw error
      if (error.message !== trouble) say(`not joined yet: ${error.message}; trying again`)
      trouble = error.message
      await sleep(pause * (0.5 + Math.random()))
    }
  }
}
