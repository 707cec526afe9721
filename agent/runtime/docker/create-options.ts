/** A container's specification as Docker's API takes it. Pure. */
import type { ContainerCreateOptions, HostConfig, MountSettings } from 'dockerode'
import type { DockerNetworkOptions } from '../../network/docker-network.ts'
import { parseQuantity } from '../../../engine/api/quantity.ts'
import type { ContainerSpec, Mount, SandboxSpec } from '../runtime.ts'
import { containerName, label, podLabels, sandboxName } from './labels.ts'
import type { Owner } from './labels.ts'

export type NetworkOptions = DockerNetworkOptions

/** Each of three files of 10 MiB. */
const logConfig = { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } }

export interface SandboxContext {
  readonly owner: Owner
  readonly image: string
  /** The Docker network that the pod joins, and whether its address is given rather than Docker's choice. */
  readonly network: string
  readonly givenAddress: boolean
}

export function sandboxOptions(
  spec: SandboxSpec,
  { owner, image, network, givenAddress }: SandboxContext,
): ContainerCreateOptions {
  const pod = { podUid: spec.podUid, namespace: spec.namespace, podName: spec.name }
  const sysctls = spec.securityContext?.sysctls ?? []
  return {
    name: sandboxName(pod),
    Image: image,
    Labels: { ...podLabels(owner, pod), [label.role]: 'sandbox' },
    ...(spec.hostNetwork ? {} : { Hostname: spec.hostname }),
    HostConfig: {
      NetworkMode: spec.hostNetwork ? 'host' : network,
      IpcMode: 'shareable',
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      LogConfig: { Type: 'none', Config: {} },
      RestartPolicy: { Name: '' },
      ...(sysctls.length > 0 ? { Sysctls: Object.fromEntries(sysctls.map(({ name, value }) => [name, value])) } : {}),
      ...hostPorts(spec),
    },
    ...(givenAddress && spec.ip !== undefined && !spec.hostNetwork
      ? { NetworkingConfig: { EndpointsConfig: { [network]: { IPAMConfig: { IPv4Address: spec.ip } } } } }
      : {}),
  }
}

function hostPorts({ ports, hostNetwork }: SandboxSpec): HostConfig {
  const bound = hostNetwork ? [] : ports.filter(port => port.hostPort !== undefined)
  if (bound.length === 0) return {}
  return {
    PortBindings: Object.fromEntries(
      bound.map(port => [
        `${port.containerPort}/${port.protocol.toLowerCase()}`,
        [{ HostIp: port.hostIP ?? '', HostPort: String(port.hostPort) }],
      ]),
    ),
  }
}

export interface ContainerContext {
  readonly owner: Owner
  readonly image: string
  readonly sandboxId: string
  /** Files that every container of the pod gets, unless a volume is mounted there. */
  readonly shared: readonly Mount[]
}

export function containerOptions(
  spec: ContainerSpec,
  { owner, image, sandboxId, shared }: ContainerContext,
): ContainerCreateOptions {
  const pod = { podUid: spec.podUid, namespace: spec.namespace, podName: spec.podName }
  const taken = new Set(spec.mounts.map(mount => mount.containerPath))
  const mounts = [...spec.mounts, ...shared.filter(mount => !taken.has(mount.containerPath))]
  const user = userOf(spec)
  return {
    name: containerName(pod, spec),
    Image: image,
    Labels: {
      ...podLabels(owner, pod),
      [label.role]: 'container',
      [label.container]: spec.name,
      [label.attempt]: String(spec.attempt),
    },
    // Kubernetes's command is the entry point, and hides the image's Cmd along with it; args alone replace Cmd.
    ...(spec.command === undefined ? {} : { Entrypoint: [...spec.command] }),
    ...(spec.args === undefined ? {} : { Cmd: [...spec.args] }),
    ...(spec.workingDir === undefined ? {} : { WorkingDir: spec.workingDir }),
    ...(user === undefined ? {} : { User: user }),
    Env: Object.entries(spec.env)
      .map(([name, value]) => `${name}=${value}`)
      .sort(),
    OpenStdin: spec.stdin,
    Tty: spec.tty,
    HostConfig: {
      NetworkMode: `container:${sandboxId}`,
      IpcMode: `container:${sandboxId}`,
      Mounts: mounts.map(mountSettings),
      LogConfig: logConfig,
      RestartPolicy: { Name: '' },
      ...securityOf(spec),
      ...resourcesOf(spec.resources),
    },
  }
}

function mountSettings({ hostPath, containerPath, readOnly }: Mount): MountSettings {
  return {
    Type: 'bind',
    Source: hostPath,
    Target: containerPath,
    ReadOnly: readOnly,
    BindOptions: { Propagation: 'rprivate' },
  }
}

function userOf({ securityContext: own = {}, podSecurityContext: pod = {} }: ContainerSpec): string | undefined {
  const uid = own.runAsUser ?? pod.runAsUser
  const gid = own.runAsGroup ?? pod.runAsGroup
  if (gid === undefined) return uid === undefined ? undefined : String(uid)
  // A group without a user: Kubernetes then runs the image's user, which Docker cannot be told apart from 0.
  return `${uid ?? 0}:${gid}`
}

function securityOf({ securityContext: own = {}, podSecurityContext: pod = {} }: ContainerSpec): HostConfig {
  const groups = [...(pod.supplementalGroups ?? []), ...(pod.fsGroup === undefined ? [] : [pod.fsGroup])]
  return {
    Privileged: own.privileged === true,
    ReadonlyRootfs: own.readOnlyRootFilesystem === true,
    ...(own.capabilities?.add === undefined ? {} : { CapAdd: [...own.capabilities.add] }),
    ...(own.capabilities?.drop === undefined ? {} : { CapDrop: [...own.capabilities.drop] }),
    ...(groups.length > 0 ? { GroupAdd: [...new Set(groups)].map(String) } : {}),
    ...(own.allowPrivilegeEscalation === false ? { SecurityOpt: ['no-new-privileges'] } : {}),
  }
}

/**
 * As the kubelet counts: 1,024 shares a requested core, at least 2; a quota of a 100 ms period for a limit, at least
 * 1 ms. 250m → 256 shares; a limit of 500m → 50,000 µs. A request without a value is the limit's.
 */
export function resourcesOf({ requests = {}, limits = {} }: ContainerSpec['resources']): HostConfig {
  const cpu = requests['cpu'] ?? limits['cpu']
  const memory = limits['memory']
  return {
    CpuShares: cpu === undefined ? 2 : Math.max(2, Math.floor(parseQuantity(cpu) * 1024)),
    ...(limits['cpu'] === undefined
      ? {}
      : { CpuPeriod: 100_000, CpuQuota: Math.max(1000, Math.round(parseQuantity(limits['cpu']) * 100_000)) }),
    // The same limit with swap: none of it is used.
    ...(memory === undefined
      ? {}
      : { Memory: Math.ceil(parseQuantity(memory)), MemorySwap: Math.ceil(parseQuantity(memory)) }),
  }
}
