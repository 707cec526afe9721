/** The nodes of the cluster: the doors through which agents come in, and the agent of this machine behind one of them. */
import { join } from 'node:path'
import type { Logger } from 'pino'
import { version } from '../machine/version.ts'
import { startAgentProcess } from './agent-process.ts'
import type { AgentProcess } from './agent-process.ts'
import { clusterKind } from './api/cluster-object.ts'
import type { ClusterObject } from './api/cluster-object.ts'
import { defaultSettings } from './api/settings.ts'
import type { NodeName } from './api/types.ts'
import { hasJoined } from './cluster/objects/node-state.ts'
import type { ClusterView } from './cluster/view.ts'
import { admission } from './controllers/node/admission.ts'
import type { Event } from './core/event.ts'
import type { DataFolder } from './data.ts'
import { deferred } from './deferred.ts'
import { createFrontDoor } from './fleet/front-door.ts'
import type { FrontDoor } from './fleet/front-door.ts'
import { openGate } from './fleet/gate.ts'
import type { Gate } from './fleet/gate.ts'
import { bundleOf, createIssuer } from './fleet/issuer.ts'
import { openLocalDoor } from './fleet/local-door.ts'
import type { Door } from './fleet/local-door.ts'
import { judgeNodeCertificate } from './fleet/node-certificate.ts'
import { ownPart } from './fleet/own-objects.ts'
import type { Surroundings } from './fleet/own-objects.ts'
import { tellRefusals } from './fleet/refusals.ts'
import { openRevocations } from './fleet/revocations.ts'
import { openTokens } from './fleet/tokens.ts'
import type { Tokens } from './fleet/tokens.ts'
import type { Trust } from './fleet/trust.ts'
import type { NodeOptions } from './node-options.ts'
import type { Refusal } from './protocol/joining.ts'
import { nextPodRange, rangesOf } from './fleet/ranges.ts'
import type { Ranges } from './fleet/ranges.ts'
import type { AgentMessage, NetworkMode, NodeSettings } from './protocol/session.ts'

export interface NodesOptions {
  readonly data: DataFolder
  readonly cluster: ClusterView
  readonly trust: Trust
  /** The agent of this machine; undefined where this machine is no node. */
  readonly agent: LocalAgent | undefined
  /** Where agents of other machines knock; undefined where there are none. */
  readonly agentsListen: { readonly host: string; readonly port: number } | undefined
  /** What pods' addresses are, where no node has decided it yet; the first one decides where absent. */
  readonly network: NetworkMode | undefined
  readonly log: Logger
  say(line: string): void
  dispatch(event: Event): void
  heartbeat(node: NodeName): void
  /** The agent of this machine ended before it could run anything: it will not by trying again. */
  onFatal(error: Error): void
}

interface LocalAgent extends NodeOptions {
  readonly nodeName: NodeName
}

export interface Nodes {
  readonly frontDoor: FrontDoor
  readonly tokens: Tokens
  /** Where agents of other machines knock. */
  readonly gate: Pick<Gate, 'host' | 'port'> | undefined
  /** From now on no certificate that the node has lets it in; its session ends. */
  revoke(node: NodeName): Promise<void>
  /** Resolves once the first node has said what addresses this machine can have. */
  readonly ranges: Promise<Ranges>
  /** Resolves when the agent of this machine has network and runtimes: from then on it can run pods. */
  readonly able: Promise<void>
  isAble(node: NodeName): boolean
  /** The core is there: agents are welcome. */
  welcome(): void
  close(): Promise<void>
}

/** Pods are found under `<service>.<namespace>.svc.cluster.local`, as in Kubernetes. */
const clusterDomain = 'cluster.local'
const heartbeatSeconds = 3
/** Until the agent of this machine is started again after it ended; … where only a push can have changed that it must. */
const restartPause = 1_000
const admissionPause = 5_000

export async function openNodes(options: NodesOptions): Promise<Nodes> {
  const { data, cluster, log, say, dispatch } = options
  const { clusterUid, clusterName } = data.identity
  const ranges = deferred<Ranges>()
  const welcome = deferred<void>()
  const able = deferred<void>()
  const ableNodes = new Set<NodeName>()
  /** Ranges of nodes that are about to join: two that say hello at once get two. */
  const promised = new Map<NodeName, string>()
  let wasAble = false
  /** Why the agent of this machine was last turned away by the branch's word; undefined where it was not. */
  let notAdmitted: Refusal | undefined
  let lastEnd: string | undefined
  const { trust } = options
  const local = options.agent
  const tokens = await openTokens(join(data.keys, 'tokens.json'))
  const revocations = await openRevocations(join(data.keys, 'revoked.json'))
  if (data.identity.network === undefined && options.network !== undefined) await data.decide(options.network)
  if (data.identity.network !== undefined) ranges.resolve(rangesOf(data.identity.network, clusterUid))

  async function settingsFor(node: NodeName, network: NetworkMode) {
    const decided = data.identity.network
    if (decided === undefined) {
      await data.decide(network)
      ranges.resolve(rangesOf(network, clusterUid))
    } else if (decided !== network) {
      return wrongNetwork(decided, network)
    }
    const { pods, services } = await ranges.promise
    await welcome.promise
    const barred = bar(node)
    if (node === local?.nodeName) notAdmitted = barred
    if (barred !== undefined) return barred
    const taken = new Set([...promised.values(), ...cluster.list('Node').flatMap(({ spec }) => spec.podCIDR ?? [])])
    const podCIDR = cluster.get('Node', node)?.spec.podCIDR ?? promised.get(node) ?? nextPodRange(pods, taken)
    promised.set(node, podCIDR)
    return { clusterUid, clusterName, clusterDomain, serviceCIDR: services, podCIDR } satisfies NodeSettings
  }

  /** Why the branch does not let a node be part of the cluster. */
  function bar(name: NodeName): Refusal | undefined {
    const own = cluster.get(clusterKind, clusterName) as ClusterObject | undefined
    const settings = { ...defaultSettings.spec.nodes, ...own?.spec.nodes }
    const decision = admission({ name, node: cluster.get('Node', name), settings })
    return decision.admitted ? undefined : { reason: decision.reason, remedy: decision.remedy }
  }

  /** An agent describes its node once it has set up its parts; until then it may still find that it cannot. */
  function becomeAble(node: NodeName): void {
    ableNodes.add(node)
    if (node !== local?.nodeName) return
    wasAble = true
    lastEnd = undefined
    able.resolve()
  }

  async function mayJoin(
    node: NodeName,
    { bound, isNew, network }: { bound: boolean; isNew: boolean; network: NetworkMode },
  ) {
    await welcome.promise
    const decided = data.identity.network
    if (decided !== undefined && decided !== network) return wrongNetwork(decided, network)
    if (node === local?.nodeName) {
      return { reason: `node ${node} is the engine's own machine`, remedy: 'choose another name with --name' }
    }
    const barred = bar(node)
    if (barred !== undefined) return barred
    const known = cluster.get('Node', node)
    // Whoever has a token for any node gets no other node's pods and Secrets with it.
    if (bound || (isNew && (known === undefined || !hasJoined(known)))) return undefined
    const remedy = `choose another name with --name, or get a token from gantry token create --node ${node}`
    return { reason: `there is a node ${node} already, and the token is not for that node`, remedy }
  }

  const onRefused = tellRefusals(line => log.warn(line, 'an agent was refused'))

  const surroundings: Surroundings = {
    node: name => cluster.get('Node', name),
    nodes: () => cluster.list('Node'),
    pod: key => cluster.get('Pod', key),
    hasService: key => cluster.get('Service', key) !== undefined,
  }
  const issuer = createIssuer({
    trust,
    tokens,
    revocations,
    mayJoin,
    onJoined(node, token) {
      log.info({ node, token }, 'a node got its certificate')
      say(`node ${node} joins, by token ${token}`)
    },
  })
  const frontDoor = createFrontDoor({
    heartbeatSeconds,
    settingsFor,
    renew: issuer.renew,
    authorities: () => bundleOf(trust),
    onJoined(node, settings) {
      dispatch({ kind: 'joined', node, podCIDR: settings.podCIDR })
      promised.delete(node.name)
    },
    onMessage(node, message) {
      if (cluster.get('Node', node) === undefined) {
        const reason = `node ${node} was removed while it was silent`
        frontDoor.end(node, { reason, remedy: 'it joins anew by itself, where it may' })
        return
      }
      const { own, foreign } = ownPart(node, message, surroundings)
      if (foreign.length > 0) {
        log.warn({ node, foreign: foreign.slice(0, 10), count: foreign.length }, 'a node speaks of what is not its own')
      }
      if (own.type === 'heartbeat') options.heartbeat(node)
      else dispatch(eventOf(node, own))
      if (message.type === 'node') becomeAble(node)
    },
    onLeft(node, reason) {
      ableNodes.delete(node)
      if (reason !== undefined) log.warn({ node, reason: reason.message }, 'a session ended')
      dispatch({ kind: 'left', node })
    },
    onRefused,
  })
  trust.onChange(() => frontDoor.tellAuthorities())
  const doors: Door[] = []
  const socketPath = data.file('agent.sock')
  if (local !== undefined) {
    const may = { node: local.nodeName, expiresAt: Number.POSITIVE_INFINITY }
    doors.push(await openLocalDoor(socketPath, socket => frontDoor.accept(socket, { from: 'this machine', may })))
  }
  const judge = (der: Uint8Array | undefined) =>
    judgeNodeCertificate(der, {
      authorities: trust.authorities.map(({ certificate }) => certificate),
      revokedAt: revocations.of,
      now: Date.now(),
    })
  const gate: Gate | undefined =
    options.agentsListen &&
    (await openGate({ ...options.agentsListen, trust, judge, join: issuer.join, accept: frontDoor.accept, onRefused }))
  if (gate !== undefined) doors.push(gate)
  const agent: AgentProcess | undefined = local && startLocalAgent(local)
  if (local === undefined) able.resolve()

  function startLocalAgent(node: LocalAgent): AgentProcess {
    return startAgentProcess({
      ...node,
      folder: data.file('agent'),
      engineSocket: socketPath,
      version,
      onLog: line => log.info({ agent: line }, 'agent'),
      onRestart(reason) {
        log.error({ reason }, 'the agent ended')
        // The engine stays: it is by a push to it that this is mended.
        if (notAdmitted !== undefined) {
          if (reason !== lastEnd) say(`this machine runs no pods: ${notAdmitted.reason}; ${notAdmitted.remedy}`)
        } else if (!wasAble) options.onFatal(new Error(`the agent cannot start: ${reason}`))
        else if (reason !== lastEnd) say(`the agent ended and is started again: ${reason}`)
        lastEnd = reason
        return notAdmitted === undefined ? restartPause : admissionPause
      },
    })
  }
  return {
    frontDoor,
    tokens,
    gate,
    async revoke(node) {
      await revocations.revoke(node, Date.now())
      const remedy = `join again, with a token from gantry token create --node ${node}`
      frontDoor.end(node, { reason: `the certificate of node ${node} is revoked`, remedy })
    },
    ranges: ranges.promise,
    able: able.promise,
    isAble: node => ableNodes.has(node),
    welcome: welcome.resolve,
    async close() {
      await agent?.stop()
      const closed = Promise.all(doors.map(door => door.close()))
      frontDoor.close()
      await closed
    },
  }
}

function eventOf(node: NodeName, message: Exclude<AgentMessage, { type: 'hello' | 'renew' | 'heartbeat' }>): Event {
  switch (message.type) {
    case 'node':
      return { kind: 'node', node: message.node }
    case 'report':
      return { kind: 'report', node, pods: message.pods }
    case 'events':
      return { kind: 'events', node, events: message.events }
    case 'services':
      return { kind: 'services', node, problems: message.problems }
    case 'acknowledged':
      return { kind: 'acknowledged', node, resourceVersion: message.resourceVersion }
  }
}

function wrongNetwork(was: NetworkMode, is: NetworkMode): Refusal {
  const who: Readonly<Record<NetworkMode, string>> = { bridged: 'root', loopback: 'an ordinary user' }
  return {
    reason: `this cluster has a ${was} network, for agents that run as ${who[was]}, and this one runs as ${who[is]} (${is} network)`,
    remedy: `run the agent as ${who[was]}, or give the engine another data folder with --data`,
  }
}
