/**
 * Where containers run. Two implementations, one shared suite. A runtime knows sandboxes and containers and nothing of
 * pods' rules: what to start, restart or stop is decided in `agent/pods`.
 */
import type {
  ContainerPort,
  PodDNSConfig,
  ResourceList,
  SecurityContext,
  PodSecurityContext,
  Uid,
} from '../../engine/api/types.ts'
import type { ContainerCounters } from './counters.ts'
import type { ContainerStreams } from './streams.ts'

export interface Runtime {
  readonly name: 'process' | 'docker'
  /** What `kubectl get node -o wide` shows: `docker://20.10.24`, `process://0.1.0`. */
  readonly version: string
  /** Why this runtime cannot mount volumes here (`forbids user namespaces: …`); undefined where it can. */
  readonly mountsRefused: string | undefined

  /** Every sandbox of this cluster and node, running or ended, with its containers: how an agent adopts. */
  list(): Promise<SandboxState[]>
  /**
   * Makes what the pod's containers share (network namespace, address). Doing it again for the same pod uid returns
   * the same sandbox: safe after a crash between any two steps.
   */
  createSandbox(spec: SandboxSpec): Promise<SandboxState>
  /** Removes a sandbox with whatever containers and logs are left in it. No error where it is gone. */
  removeSandbox(podUid: Uid): Promise<void>
  /**
   * Makes sure of the image as the policy says. Rejects with ImageError.
   */
  ensureImage(image: string, request: ImageRequest): Promise<ImagePresence>
  /** The images that the node has, the largest first; a runtime without images has no such thing. */
  images?(): Promise<readonly { readonly names: readonly string[]; readonly sizeBytes: number }[]>
  /** Creates and starts a container; the same pod uid, name and attempt again adopts the one that exists. */
  startContainer(spec: ContainerSpec): Promise<ContainerStatusReport>
  /** Sends the stop signal, waits for up to graceSeconds, then kills; resolves when it has ended. */
  stopContainer(id: ContainerId, options: { graceSeconds: number }): Promise<void>
  /** Removes an ended container; its logs go too. */
  removeContainer(id: ContainerId): Promise<void>
  /** Runs a command inside the container, in its namespaces, with its user and environment, for who is connected. */
  openExec(id: ContainerId, options: ExecOptions): Promise<ContainerStreams>
  /** As `openExec`, to its end. Output is cut at 10 KiB. */
  exec(id: ContainerId, options: { command: readonly string[]; timeoutMs: number }): Promise<ExecResult>
  /** What the container's main process writes from now on, and reads where it was given an input. */
  attach(id: ContainerId, options: { stdin: boolean }): Promise<ContainerStreams>
  /** Lines kept of a container, oldest first; with `follow`, on until it ends or the signal aborts. */
  logs(id: ContainerId, options: LogOptions): AsyncIterable<LogLine>
  /** What every running container has used so far, and holds now. */
  usage(): Promise<readonly ContainerCounters[]>
  /** Tells of containers that started or ended, and of sandboxes that vanished. Ends with the returned function. */
  watch(listener: (event: RuntimeEvent) => void): () => void
  /** The addresses of `listen`ing sockets of a pod, where the runtime can tell: to find one bound to the wildcard. */
  listeners?(podUid: Uid): Promise<{ address: string; port: number }[]>
  /** What runs with this cluster's and node's mark and belongs to no sandbox, a sentence each with how to end it. */
  strays?(): Promise<readonly string[]>
  /** Stops watching and lets go of sockets. Containers run on. */
  close(): Promise<void>
  /** Removes every sandbox of this cluster and node, and what else it made: `gantry down`. */
  destroy?(): Promise<void>
}

export interface ImageRequest {
  readonly policy: 'Always' | 'IfNotPresent' | 'Never'
  /** Called when the image is not simply taken as it is. */
  onPull?(): void
}

export interface ImagePresence {
  readonly imageID: string
  /** The size of an image that was pulled; undefined where the one that the node has is used. */
  readonly pulledBytes?: number
  /** Why the registry could not be asked: the image that the node has is used as it is. */
  readonly stale?: string
}

export type ContainerId = string

export interface SandboxSpec {
  readonly podUid: Uid
  readonly namespace: string
  readonly name: string
  readonly hostname: string
  /** The address that `agent/network` gave the pod; absent with the host's network. */
  readonly ip?: string
  readonly hostNetwork: boolean
  readonly hostAliases: readonly { readonly ip: string; readonly hostnames: readonly string[] }[]
  /** What resolv.conf holds; absent leaves the host's. */
  readonly dns?: Required<PodDNSConfig>
  readonly ports: readonly ContainerPort[]
  readonly securityContext?: PodSecurityContext
  readonly labels: Readonly<Record<string, string>>
}

export interface ContainerSpec {
  readonly podUid: Uid
  readonly namespace: string
  readonly podName: string
  readonly name: string
  /** Counts the starts of this container in this pod, from 0. */
  readonly attempt: number
  readonly image?: string
  readonly command?: readonly string[]
  readonly args?: readonly string[]
  readonly workingDir?: string
  /** Expanded already. */
  readonly env: Readonly<Record<string, string>>
  readonly mounts: readonly Mount[]
  readonly resources: { readonly requests?: ResourceList; readonly limits?: ResourceList }
  readonly securityContext?: SecurityContext
  readonly podSecurityContext?: PodSecurityContext
  /** Where the container may leave its last words, read when it ends. */
  readonly terminationMessagePath: string
  readonly stdin: boolean
  readonly tty: boolean
}

export interface Mount {
  readonly hostPath: string
  readonly containerPath: string
  readonly readOnly: boolean
}

export interface SandboxState {
  readonly podUid: Uid
  readonly namespace: string
  readonly name: string
  readonly ip?: string
  /** False: what the containers share is gone and the pod must be made anew. */
  readonly ready: boolean
  readonly containers: readonly ContainerStatusReport[]
}

export interface ContainerStatusReport {
  readonly id: ContainerId
  readonly podUid: Uid
  readonly name: string
  readonly attempt: number
  readonly image: string
  readonly imageID: string
  readonly state:
    | { readonly kind: 'created' }
    | { readonly kind: 'running'; readonly startedAt: number }
    | {
        readonly kind: 'exited'
        readonly startedAt: number
        readonly finishedAt: number
        readonly exitCode: number
        readonly signal?: number
        readonly oomKilled: boolean
        readonly message?: string
      }
}

export type RuntimeEvent =
  | { readonly kind: 'container'; readonly podUid: Uid; readonly status: ContainerStatusReport }
  /** A container or sandbox vanished (removed by hand). */
  | { readonly kind: 'vanished'; readonly podUid: Uid; readonly containerName?: string }
  /** Events may have been missed: list again. */
  | { readonly kind: 'resync' }

export interface ExecOptions {
  readonly command: readonly string[]
  readonly stdin: boolean
  /** A terminal of its own, whose one stream is its output. */
  readonly tty: boolean
}

export interface ExecResult {
  /** 0 to 255; undefined where the time ran out. */
  readonly exitCode: number | undefined
  readonly output: string
}

export interface LogOptions {
  readonly follow: boolean
  readonly tailLines?: number
  /** Milliseconds since 1970. */
  readonly since?: number
  readonly signal?: AbortSignal
}
export interface LogLine {
  /** RFC 3339 with nanoseconds: `2026-11-20T19:08:09.123456789Z`. */
  readonly time: string
  readonly stream: 'stdout' | 'stderr'
  /** Without its line end. */
  readonly text: string
}

/** Why an image is not there, in Kubernetes's words. */
export class ImageError extends Error {
  readonly reason: 'ErrImagePull' | 'ErrImageNeverPull' | 'InvalidImageName'
  constructor(reason: ImageError['reason'], message: string) {
    super(message)
    this.name = 'ImageError'
    this.reason = reason
  }
}

/** A container that could not be created or started: `CreateContainerError`, `RunContainerError`, …. */
export class StartError extends Error {
  readonly reason: 'CreateContainerConfigError' | 'CreateContainerError' | 'RunContainerError'
  constructor(reason: StartError['reason'], message: string) {
    super(message)
    this.name = 'StartError'
    this.reason = reason
  }
}
