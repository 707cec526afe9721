/** One try of a probe against a running container. */
import { connect } from 'node:net'
import type { Container, IntOrString, Probe } from '../../engine/api/types.ts'
import type { ContainerId, Runtime } from '../runtime/runtime.ts'
import type { CheckResult } from './check-result.ts'
import { grpcCheck } from './grpc-check.ts'
import { httpGet } from './http-get.ts'

export interface CheckTarget {
  readonly container: Container
  readonly containerId: ContainerId
  /** The pod's address; the host's, for a pod on the host's network. */
  readonly host: string
  readonly runtime: Pick<Runtime, 'exec'>
}

/** Never rejects: what goes wrong is the result. */
export async function check(probe: Probe, target: CheckTarget, ended: AbortSignal): Promise<CheckResult> {
  const timeoutMs = probe.timeoutSeconds * 1000
  // Not AbortSignal.timeout and AbortSignal.any: those wake the agent once more for each try that is long over.
  const controller = new AbortController()
  const abort = (): void => controller.abort()
  let isLate = false
  const patience = setTimeout(() => {
    isLate = true
    abort()
  }, timeoutMs)
  ended.addEventListener('abort', abort, { once: true })
  try {
    return await attempt(probe, target, { timeoutMs, signal: controller.signal })
  } catch (error) {
    if (isLate) return { ok: false, message: `no answer within ${probe.timeoutSeconds}s` }
    return { ok: false, message: error instanceof Error ? error.message || error.name : String(error) }
  } finally {
    clearTimeout(patience)
    ended.removeEventListener('abort', abort)
  }
}

function attempt(
  probe: Probe,
  { container, containerId, host, runtime }: CheckTarget,
  { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
): Promise<CheckResult> | CheckResult {
  if (probe.exec) return exec(probe.exec.command ?? [], { runtime, containerId, timeoutMs })
  const { httpGet: http, tcpSocket: tcp, grpc } = probe
  if (http) return httpGet(http, { host: http.host || host, port: portOf(http.port, container), signal })
  if (tcp) return tcpCheck(portOf(tcp.port, container), { host: tcp.host || host, signal })
  if (grpc) return grpcCheck(grpc.service ?? '', { host, port: grpc.port, signal })
  return { ok: true, message: 'the probe names no way to check' }
}

async function exec(
  command: readonly string[],
  { runtime, containerId, timeoutMs }: { runtime: Pick<Runtime, 'exec'>; containerId: ContainerId; timeoutMs: number },
): Promise<CheckResult> {
  const { exitCode, output } = await runtime.exec(containerId, { command, timeoutMs })
  if (exitCode === undefined) {
    return {
      ok: false,
      message: `command timed out: ${JSON.stringify(command.join(' '))} timed out after ${timeoutMs / 1000}s`,
    }
  }
  return { ok: exitCode === 0, message: output.trim() || `command exited with ${exitCode}` }
}

function tcpCheck(port: number, { host, signal }: { host: string; signal: AbortSignal }): Promise<CheckResult> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, signal })
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.destroy()
      resolve({ ok: true, message: '' })
    })
  })
}

/** A port's number, or that of the container's port of this name. Throws an Error where there is none. */
export function portOf(port: IntOrString, container: Container): number {
  if (typeof port === 'number') return port
  const named = container.ports?.find(candidate => candidate.name === port)?.containerPort ?? Number(port)
  if (!Number.isInteger(named)) throw new Error(`couldn't find port: "${port}" in container "${container.name}"`)
  return named
}
