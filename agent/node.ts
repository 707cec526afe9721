/** What this machine says of itself as a node. */
import { arch, cpus, release, totalmem } from 'node:os'
import { readFileSync, statfsSync } from 'node:fs'
import type { Labels, NodeName, NodeStatus, Taint } from '../engine/api/types.ts'
import { wireguardConditionOf } from '../engine/protocol/encryption.ts'
import type { NodeReport } from '../engine/protocol/session.ts'
import { allocatableOf } from './allocatable.ts'
import type { Reserved } from './allocatable.ts'
import { bootId } from '../machine/processes.ts'
import type { NodeNetwork } from './network/network.ts'
import { reachCondition } from './network/reach.ts'
import type { NodeState } from './node-watch.ts'
import type { Runtime } from './runtime/runtime.ts'

/** As many as the kubelet's default. */
const maxPods = 110
const kubernetesArchitectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64', arm: 'arm' }

export interface NodeParts {
  readonly network: NodeNetwork
  readonly runtimes: ReadonlyMap<string, Runtime>
  readonly folder: string
  readonly version: string
  /** As the flags of the agent say. */
  readonly labels: Labels
  readonly taints: readonly Taint[]
  readonly reserved: Reserved
  readonly state: NodeState
}

export function describeNode(name: NodeName, parts: NodeParts): NodeReport {
  const architecture = kubernetesArchitectures[arch()] ?? arch()
  return {
    name,
    labels: {
      ...parts.labels,
      'kubernetes.io/hostname': name,
      'kubernetes.io/arch': architecture,
      'kubernetes.io/os': 'linux',
    },
    taints: parts.taints,
    status: {
      ...resources(parts),
      ...addresses(name, parts.network),
      ...software(architecture, parts),
      ...parts.state,
      conditions: [
        ...parts.state.conditions,
        reachCondition(parts.network),
        ...(parts.network.wireguard === undefined ? [] : [wireguardConditionOf(parts.network.wireguard)]),
      ],
    },
  }
}

function resources({ folder, reserved }: NodeParts): Pick<NodeStatus, 'capacity' | 'allocatable'> {
  const disk = statfsSync(folder)
  const capacity = {
    cpu: String(cpus().length),
    memory: `${Math.floor(totalmem() / 1024)}Ki`,
    'ephemeral-storage': `${Math.floor((disk.blocks * disk.bsize) / 1024)}Ki`,
    pods: String(maxPods),
  }
  return { capacity, allocatable: allocatableOf(capacity, reserved) }
}

function addresses(name: NodeName, network: NodeNetwork): Pick<NodeStatus, 'addresses'> {
  return {
    addresses: [
      { type: 'InternalIP', address: network.hostAddress },
      { type: 'Hostname', address: name },
    ],
  }
}

function software(architecture: string, parts: NodeParts): Pick<NodeStatus, 'nodeInfo' | 'runtimeHandlers'> {
  const runtimes = [...parts.runtimes.values()]
  return {
    nodeInfo: {
      architecture,
      operatingSystem: 'linux',
      kernelVersion: release(),
      osImage: osImage(),
      bootID: bootId(),
      containerRuntimeVersion: runtimes.map(runtime => runtime.version).join(' '),
      kubeletVersion: `gantry-${parts.version}`,
      kubeProxyVersion: `gantry-${parts.version}`,
      machineID: machineId('/etc/machine-id'),
      // Readable by root alone.
      systemUUID: machineId('/sys/class/dmi/id/product_uuid'),
    },
    runtimeHandlers: runtimes.map(runtime => ({ name: runtime.name })),
  }
}

function machineId(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    return ''
  }
}

function osImage(): string {
  try {
    return /^PRETTY_NAME="?(.*?)"?$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'linux'
  } catch {
    return 'linux'
  }
}
