/** How a container ends, and what is left of a pod goes. */
import type { Pod } from '../../engine/api/types.ts'
import { containerNamed } from '../spec/containers.ts'
import type { StopContainer } from './decision.ts'
import { type Hands, hookTarget, type PodFacts, textOf, uidOf } from './facts.ts'
import { runHook } from './hooks.ts'

/** The least time that a container gets after its preStop has used up the grace period. */
const leastGraceSeconds = 2

/** preStop first, within the grace period; the signal gets what is left of it. */
export async function stopContainer(
  { container: name, id, graceSeconds, because, shortens }: StopContainer,
  facts: PodFacts,
): Promise<void> {
  if (shortens) return facts.runtime.stopContainer(id, { graceSeconds })
  const container = containerNamed(facts.pod, name)
  facts.onEvent({ type: 'Normal', reason: 'Killing', message: killing(name, because) })
  const handler = container.lifecycle?.preStop
  const begun = performance.now()
  if (handler && graceSeconds > 0) {
    try {
      await runHook(handler, { ...hookTarget(id, { container, facts }), timeoutMs: graceSeconds * 1000 })
    } catch (error) {
      facts.onEvent({ type: 'Warning', reason: 'FailedPreStopHook', message: `PreStopHook failed: ${textOf(error)}` })
    }
  }
  const left = graceSeconds - Math.round((performance.now() - begun) / 1000)
  await facts.runtime.stopContainer(id, { graceSeconds: handler ? Math.max(left, leastGraceSeconds) : graceSeconds })
}

function killing(container: string, because: StopContainer['because']): string {
  return because === 'liveness' || because === 'startup'
    ? `Container ${container} failed ${because} probe, will be restarted`
    : `Stopping container ${container}`
}

/** Everything of the pod goes, and last the spec that says that there was one. */
export async function release({ pod, network, volumes, specs }: Hands & { readonly pod: Pod }): Promise<void> {
  const uid = uidOf(pod)
  await volumes.remove(uid)
  await network.release(uid)
  await specs.remove(uid)
}
