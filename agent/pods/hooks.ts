import type { Container, LifecycleHandler } from '../../engine/api/types.ts'
import { portOf } from '../probes/check.ts'
import { httpGet } from '../probes/http-get.ts'
import type { ContainerId, Runtime } from '../runtime/runtime.ts'

export interface HookTarget {
  readonly container: Container
  readonly id: ContainerId
  readonly host: string
  readonly runtime: Runtime
  /** The hook is given up then. */
  readonly timeoutMs: number
}

/** Carries out a postStart or preStop. Rejects where it fails, in words. */
export async function runHook(handler: LifecycleHandler, target: HookTarget): Promise<void> {
  const { container, id, host, runtime, timeoutMs } = target
  if (handler.exec) {
    const command = handler.exec.command ?? []
    const { exitCode, output } = await runtime.exec(id, { command, timeoutMs })
    if (exitCode === 0) return
    const outcome = exitCode === undefined ? `did not end within ${timeoutMs / 1000}s` : `exited with ${exitCode}`
    throw new Error(`command ${JSON.stringify(command.join(' '))} ${outcome}: ${output.trim()}`)
  }
  if (handler.httpGet) {
    const { port, host: other } = handler.httpGet
    const signal = AbortSignal.timeout(timeoutMs)
    const result = await httpGet(handler.httpGet, { host: other || host, port: portOf(port, container), signal })
    if (!result.ok) throw new Error(result.message)
  }
  if (handler.sleep) await sleep(Math.min(handler.sleep.seconds * 1000, timeoutMs))
}

function sleep(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}
