/**
 * What the engine asks of an agent beside the session: each a stream of its own, `POST /v1/<kind>?<JSON>`. The agent
 * answers 200 once what was asked for has begun, or another status with the reason as text.
 */
import type { Uid } from '../api/types.ts'
import type { LogRequest } from './session.ts'

/** Runs a command in a container; both sides speak in frames. */
export interface ExecRequest {
  readonly kind: 'exec'
  readonly podUid: Uid
  readonly container: string
  readonly command: readonly string[]
  readonly stdin: boolean
  readonly tty: boolean
}

/** Takes part in what a container's main process reads and writes, from now on; both sides speak in frames. */
export interface AttachRequest {
  readonly kind: 'attach'
  readonly podUid: Uid
  readonly container: string
  readonly stdin: boolean
}

/** A connection to a port of a pod: bytes, each direction ending for itself. */
export interface PortForwardRequest {
  readonly kind: 'portforward'
  readonly podUid: Uid
  readonly port: number
}

/** Measures now. */
export interface UsageRequest {
  readonly kind: 'usage'
}

export type StreamRequest =
  | ({ readonly kind: 'logs' } & LogRequest)
  | ExecRequest
  | AttachRequest
  | PortForwardRequest
  | UsageRequest

/** How a command or an attached container ended. */
export interface StreamEnd {
  readonly exitCode?: number
  /** Why it could not be followed to its end. */
  readonly problem?: string
}

export interface TerminalSize {
  readonly width: number
  readonly height: number
}

/**
 * So many bytes may wait on one stream for its reader. What is on its way on all of a session stays at HTTP/2's own 64 KiB:
 * Node reads nothing while a write of its own waits, and two sides that both wait, because their sockets hold no more, wait
 * for ever.
 */
export const streamWindow = 1024 * 1024

export function streamPath({ kind, ...request }: StreamRequest): string {
  return `/v1/${kind}?${encodeURIComponent(JSON.stringify(request))}`
}

/** Why a stream was not opened, with the HTTP status that tells clients what kind of reason it is. */
export class StreamRefused extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.name = 'StreamRefused'
    this.status = status
  }
}

/** What a node and its containers use, as rates over a window that has just ended. Answers `UsageRequest` as JSON. */
export interface NodeUsage {
  /** The end of the window, milliseconds since 1970 by the node's clock. */
  readonly at: number
  readonly windowMs: number
  readonly node: Usage
  readonly containers: readonly ContainerUsage[]
}

export interface Usage {
  /** Billionths of a core. */
  readonly cpuNanocores: number
  /** What cannot be taken back without loss: no page that is only a copy of a file's. */
  readonly memoryBytes: number
  /** Of the pod that the container is in, or of the node's way out; absent where there is none of its own. */
  readonly network?: NetworkUsage
}

export interface NetworkUsage {
  readonly receivedBytesPerSecond: number
  readonly transmittedBytesPerSecond: number
}

export interface ContainerUsage extends Usage {
  readonly podUid: Uid
  readonly container: string
}
