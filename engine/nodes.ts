/** The nodes of the cluster: the agents' front door, and the agent of this machine behind it. */
import type { Logger } from 'pino'
import { version } from '../machine/version.ts'
import { startAgentProcess } from './agent-process.ts'
import type { AgentProcess } from './agent-process.ts'
import type { NodeName } from './api/types.ts'
import type { ClusterView } from './cluster/view.ts'
import type { Event } from './core/event.ts'
import type { DataFolder } from './data.ts'
import { deferred } from './deferred.ts'
import { openFrontDoor } from './fleet/front-door.ts'
import type { FrontDoor } from './fleet/front-door.ts'
import { nextPodRange, rangesOf } from './fleet/ranges.ts'
import type { Ranges } from './fleet/ranges.ts'
import type { AgentMessage, NetworkMode, NodeSettings } from './protocol/session.ts'

export interface NodesOptions {
  readonly data: DataFolder
  readonly cluster: ClusterView
  /** This machine's. */
  readonly nodeName: NodeName
  readonly nodeAddress: string
  readonly runtime: 'auto' | 'docker' | 'process'
  readonly log: Logger
  say(line: string): void
  dispatch(event: Event): void
  /** The agent of this machine ended before it could run anything: it will not by trying again. */
  onFatal(error: Error): void
}

export interface Nodes {
  readonly frontDoor: FrontDoor
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
  let lastEnd: string | undefined
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
    const taken = new Set([...promised.values(), ...cluster.list('Node').flatMap(({ spec }) => spec.podCIDR ?? [])])
    const podCIDR = cluster.get('Node', node)?.spec.podCIDR ?? promised.get(node) ?? nextPodRange(pods, taken)
    promised.set(node, podCIDR)
    return { clusterUid, clusterName, clusterDomain, serviceCIDR: services, podCIDR } satisfies NodeSettings
  }

  /** An agent describes its node once it has set up its parts; until then it may still find that it cannot. */
  function becomeAble(node: NodeName): void {
    ableNodes.add(node)
    if (node !== options.nodeName) return
    wasAble = true
    lastEnd = undefined
    able.resolve()
  }

  const socketPath = data.file('agent.sock')
  const frontDoor = await openFrontDoor({
    socketPath,
    heartbeatSeconds,
    settingsFor,
    onJoined(node, settings) {
      dispatch({ kind: 'joined', node, podCIDR: settings.podCIDR })
      promised.delete(node.name)
    },
    onMessage(node, message) {
      dispatch(eventOf(node, message))
      if (message.type === 'node') becomeAble(node)
    },
    onLeft(node, reason) {
      ableNodes.delete(node)
      if (reason !== undefined) log.warn({ node, reason: reason.message }, 'a session ended')
      dispatch({ kind: 'left', node })
    },
    onRefused: reason => log.warn({ reason }, 'an agent was refused'),
  })
  const agent: AgentProcess = startAgentProcess({
    folder: data.file('agent'),
    engineSocket: socketPath,
    nodeName: options.nodeName,
    nodeAddress: options.nodeAddress,
    runtime: options.runtime,
    version,
    onLog: line => log.info({ agent: line }, 'agent'),
    onRestart(reason) {
      log.error({ reason }, 'the agent ended')
      if (!wasAble) options.onFatal(new Error(`the agent cannot start: ${reason}`))
      else if (reason !== lastEnd) say(`the agent ended and is started again: ${reason}`)
      lastEnd = reason
    },
  })
  return {
    frontDoor,
    ranges: ranges.promise,
    able: able.promise,
    isAble: node => ableNodes.has(node),
    welcome: welcome.resolve,
    async close() {
      await agent.stop()
      await frontDoor.close()
    },
  }
}

function eventOf(node: NodeName, message: Exclude<AgentMessage, { type: 'hello' }>): Event {
  switch (message.type) {
    case 'node':
      // Whatever it calls itself: a session speaks for its own node.
      return { kind: 'node', node: { ...message.node, name: node } }
    case 'report':
      return { kind: 'report', node, pods: message.pods }
    case 'events':
      return { kind: 'events', node, events: message.events }
    case 'services':
      return { kind: 'services', node, problems: message.problems }
    case 'acknowledged':
      return { kind: 'acknowledged', node, resourceVersion: message.resourceVersion }
    case 'heartbeat':
      return { kind: 'heartbeat', node }
  }
}

function wrongNetwork(was: NetworkMode, is: NetworkMode): { refused: string; remedy: string } {
  const who: Readonly<Record<NetworkMode, string>> = { bridged: 'root', loopback: 'an ordinary user' }
  return {
    refused: `this data folder was made by ${who[was]} (${was} network), and this agent runs as ${who[is]} (${is} network)`,
    remedy: `run gantry up as ${who[was]}, or give --data another folder`,
  }
}
