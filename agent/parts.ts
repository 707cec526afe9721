/** The parts of a node that need to know the cluster's settings, started in the order in which they need each other. */
import { join } from 'node:path'
import type { Logger } from 'pino'
import type { Dns } from './dns/server.ts'
import { createNetwork } from './network/create.ts'
import type { NodeNetwork } from './network/network.ts'
import { createPeers } from './peers.ts'
import type { Peers } from './peers.ts'
import { createPods } from './pods/pods.ts'
import type { Pods } from './pods/pods.ts'
import { connectProxy } from './proxy/client.ts'
import type { ProxyClient } from './proxy/client.ts'
import { openRuntimes } from './runtimes.ts'
import type { RuntimeChoice } from './runtimes.ts'
import type { Runtime } from './runtime/runtime.ts'
import { serveDns } from './serve-dns.ts'
import { createTraffic } from './traffic.ts'
import type { Traffic } from './traffic.ts'
import type { AgentMessage, NodeSettings, PodReport } from '../engine/protocol/session.ts'

export interface Parts {
  readonly network: NodeNetwork
  readonly runtimes: ReadonlyMap<'process' | 'docker', Runtime>
  readonly proxy: ProxyClient
  readonly dns: Dns | undefined
  readonly pods: Pods
  readonly peers: Peers
  readonly traffic: Traffic
}

export interface PartsOptions {
  readonly nodeName: string
  readonly folder: string
  readonly runtime: RuntimeChoice
  /** The Docker Engine's Unix socket. */
  readonly dockerSocket: string
  readonly nodeIP: string | undefined
  readonly nodeAddress: string
  readonly log: Logger
  send(message: AgentMessage): void
  onReport(report: PodReport): void
}

/** Holds a folder a pod. */
export function podsFolder(nodeFolder: string): string {
  return join(nodeFolder, 'pods')
}

export async function startParts(settings: NodeSettings, options: PartsOptions): Promise<Parts> {
  const { nodeName, nodeIP, nodeAddress, folder, log, send } = options
  const { clusterUid, podCIDR, serviceCIDR, clusterDomain } = settings
  // As the cluster was made, whoever runs this: root may take down what an ordinary user started.
  const mode = podCIDR.startsWith('127.') ? 'loopback' : 'bridged'
  const known = mode === 'bridged' && nodeIP !== undefined ? { nodeAddress: nodeIP } : {}
  const ranges = { clusterUid, nodeName, podCIDR, serviceCIDR, mode, ...known } as const
  const { network, dns } = await serveDns(await createNetwork({ ...ranges, folder: join(folder, 'network') }), {
    domain: clusterDomain,
    log,
  })
  let traffic: Traffic | undefined
  const proxy = await connectProxy({
    folder: join(folder, 'proxy'),
    clusterUid,
    onProblems: problems => traffic?.report(problems),
    onError: error => log.error(error, 'the proxy does not start; trying again'),
  })
  const runtimes = await openRuntimes({
    choice: options.runtime,
    dockerSocket: options.dockerSocket,
    folder,
    settings,
    nodeName,
    network,
  })
  const pods = await createPods({
    runtimes,
    network,
    folder: podsFolder(folder),
    nodeName,
    onReport: options.onReport,
    onEvent: event => send({ type: 'events', events: [event] }),
  })
  traffic = createTraffic({
    proxy,
    dns,
    nodeName,
    mode,
    nodeAddress,
    onServed: resourceVersion => send({ type: 'acknowledged', resourceVersion }),
    onProblems: problems => send({ type: 'services', problems }),
    onError: error => log.error(error, 'the proxy does not take the table; it gets the next one'),
  })
  const peers = createPeers({
    network,
    onTrouble(message) {
      log.error({ reason: message }, 'the network between the nodes')
      const ref = { kind: 'Node', key: nodeName }
      send({ type: 'events', events: [{ ref, type: 'Warning', reason: 'Network', message }] })
    },
  })
  return { network, runtimes, proxy, dns, pods, peers, traffic }
}

/** Lets go in the opposite order. Pods and the proxy run on. */
export async function closeParts({ network, runtimes, proxy, dns, pods, peers, traffic }: Parts): Promise<void> {
  peers.close()
  await pods.close()
  traffic.close()
  dns?.close()
  await proxy.release()
  for (const runtime of runtimes.values()) await runtime.close()
  await network.close()
}

/** `gantry down`: stops what runs, and takes down everything that Gantry made on this node. */
export async function destroyParts(parts: Parts): Promise<void> {
  parts.peers.close()
  await parts.pods.stopAll()
  await parts.pods.close()
  parts.traffic.close()
  parts.dns?.close()
  await parts.proxy.stop()
  for (const runtime of parts.runtimes.values()) {
    await runtime.destroy?.()
    await runtime.close()
  }
  await parts.network.destroy()
}
