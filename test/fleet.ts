/** A gate with real TLS, a front door behind it, and what agents and attackers need to knock there. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { joinEngine } from '../agent/identity/join.ts'
import type { Identity } from '../agent/identity/identity.ts'
import { keepRenewed } from '../agent/identity/renewal.ts'
import type { Renewal } from '../agent/identity/renewal.ts'
import { remoteAccess } from '../agent/engine-access.ts'
import { linkToEngine } from '../agent/session.ts'
import type { EngineLink } from '../agent/session.ts'
import type { NodeName } from '../engine/api/types.ts'
import type { AssignmentDelta, EngineMessage } from '../engine/protocol/session.ts'
import { createFrontDoor } from '../engine/fleet/front-door.ts'
import type { FrontDoor } from '../engine/fleet/front-door.ts'
import { openGate } from '../engine/fleet/gate.ts'
import type { Gate } from '../engine/fleet/gate.ts'
import { bundleOf, createIssuer } from '../engine/fleet/issuer.ts'
import { judgeNodeCertificate } from '../engine/fleet/node-certificate.ts'
import { openRevocations } from '../engine/fleet/revocations.ts'
import type { Revocations } from '../engine/fleet/revocations.ts'
import { openTokens } from '../engine/fleet/tokens.ts'
import type { TokenRequest, Tokens } from '../engine/fleet/tokens.ts'
import { openTrust } from '../engine/fleet/trust.ts'
import type { Trust } from '../engine/fleet/trust.ts'

export interface FleetOptions {
  /** Milliseconds. */
  readonly lifetime?: number
  /** Keeps the CA, the tokens and the revocations; one of its own where absent. */
  readonly folder?: string
  readonly heartbeatSeconds?: number
}

export class TestFleet {
  readonly folder: string
  readonly trust: Trust
  readonly tokens: Tokens
  readonly revocations: Revocations
  readonly frontDoor: FrontDoor
  readonly gate: Gate
  /** What the engine's log would hold: `joined one`, `refused …`. */
  readonly heard: string[]
  readonly #agents: TestAgent[] = []

  private constructor(
    parts: Pick<TestFleet, 'folder' | 'trust' | 'tokens' | 'revocations' | 'frontDoor' | 'gate' | 'heard'>,
  ) {
    this.folder = parts.folder
    this.trust = parts.trust
    this.tokens = parts.tokens
    this.revocations = parts.revocations
    this.frontDoor = parts.frontDoor
    this.gate = parts.gate
    this.heard = parts.heard
  }

  static async open(options: FleetOptions = {}): Promise<TestFleet> {
    const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'gantry-fleet-')))
    const heard: string[] = []
    const onTrouble = (error: unknown): void => void heard.push(`trouble ${String(error)}`)
    const trust = await openTrust({ folder, names: ['127.0.0.1'], lifetime: options.lifetime, onTrouble })
    const tokens = await openTokens(join(folder, 'tokens.json'))
    const revocations = await openRevocations(join(folder, 'revoked.json'))
    const known = new Set<NodeName>()
    const issuer = createIssuer({
      trust,
      tokens,
      revocations,
      mayJoin: async (node, { bound, isNew }) =>
        bound || (isNew && !known.has(node))
          ? undefined
          : { reason: `there is a node ${node} already`, remedy: 'choose another' },
      onJoined: node => void heard.push(`certificate ${node}`),
    })
    const onRefused = ({ reason }: { reason: string }): void => void heard.push(`refused ${reason}`)
    const frontDoor = createFrontDoor({
      heartbeatSeconds: options.heartbeatSeconds ?? 0.05,
      settingsFor: async node => ({
        clusterUid: 'c1',
        clusterName: 'hello',
        clusterDomain: 'cluster.local',
        serviceCIDR: '10.96.0.0/16',
        podCIDR: `10.244.${node.length}.0/24`,
      }),
      renew: issuer.renew,
      authorities: () => bundleOf(trust),
      onJoined: ({ name }) => {
        known.add(name)
        heard.push(`joined ${name}`)
      },
      onMessage: (node, message) => {
        if (message.type !== 'heartbeat') heard.push(`${node}: ${message.type}`)
      },
      onLeft: (node, reason) => void heard.push(`left ${node}${reason === undefined ? '' : `: ${reason.message}`}`),
      onRefused,
    })
    trust.onChange(() => frontDoor.tellAuthorities())
    const judge = (der: Uint8Array | undefined) =>
      judgeNodeCertificate(der, {
        authorities: trust.authorities.map(({ certificate }) => certificate),
        revokedAt: revocations.of,
        now: Date.now(),
      })
    const gate = await openGate({
      host: '127.0.0.1',
      port: 0,
      trust,
      judge,
      join: issuer.join,
      accept: frontDoor.accept,
      onRefused,
    })
    return new TestFleet({ folder, trust, tokens, revocations, frontDoor, gate, heard })
  }

  get address(): { host: string; port: number } {
    return { host: '127.0.0.1', port: this.gate.port }
  }

  token(request: Partial<TokenRequest> = {}): Promise<string> {
    const pins = this.trust.authorities.map(({ pin }) => pin)
    return this.tokens.create({ ttlSeconds: 60, uses: 1, ...request }, { now: Date.now(), pins })
  }

  /** The identity of a node that joined with a token of its own. */
  async join(node: NodeName, folder = join(this.folder, 'nodes', node)): Promise<Identity> {
    return joinEngine({ folder, engine: this.address, token: await this.token({ node }), node, network: 'bridged' })
  }

  /** An agent in session as `identity`; says that it is `name`. */
  agent(identity: Identity, name = identity.node): TestAgent {
    const agent = new TestAgent(identity, { name, folder: join(this.folder, 'nodes', identity.node) })
    this.#agents.push(agent)
    return agent
  }

  async close(): Promise<void> {
    for (const agent of this.#agents) agent.close()
    const closed = this.gate.close()
    this.frontDoor.close()
    await closed
    this.trust.close()
  }

  async remove(): Promise<void> {
    await this.close()
    await rm(this.folder, { recursive: true, force: true })
  }
}

export class TestAgent {
  /** What a person would read in its output: `welcome`, `refused: …`, `down: …`. */
  readonly heard: string[] = []
  readonly told: AssignmentDelta[] = []
  readonly renewal: Renewal
  readonly link: EngineLink

  constructor(identity: Identity, { name, folder }: { name: NodeName; folder: string }) {
    const onError = (error: unknown): void => void this.heard.push(`error: ${String(error)}`)
    this.renewal = keepRenewed({ folder, identity, onError })
    this.link = linkToEngine({
      dial: remoteAccess(this.renewal).dial,
      network: 'bridged',
      node: () => ({ name, labels: {}, taints: [], status: {} }),
      onMessage: message => this.#hear(message),
      onDown: reason => {
        this.renewal.down()
        this.heard.push(`down: ${reason?.message}`)
      },
      onRefused: (reason, remedy) => {
        this.heard.push(`refused: ${reason}; ${remedy}`)
        return false
      },
      open: () => Promise.reject(new Error('nothing runs here')),
    })
  }

  #hear(message: Exclude<EngineMessage, { type: 'refused' }>): void {
    if (message.type === 'welcome') {
      this.heard.push('welcome')
      this.renewal.up(answer => this.link.send(answer))
    } else if (message.type === 'assign') {
      this.told.push(message.delta)
    } else {
      this.heard.push(message.type)
      this.renewal.hear(message)
    }
  }

  close(): void {
    this.renewal.close()
    this.link.close()
  }
}
