/** Carries out what was decided for a pod. */
import type { ContainerStatusReport, SandboxState } from '../runtime/runtime.ts'
import type { PodAction } from './decision.ts'
import { type PodFacts, uidOf } from './facts.ts'
import { createSandbox, startContainer, type StartFacts, volumeFacts } from './starting.ts'
import { stopContainer } from './stopping.ts'

/** What an action brought to light, where it says more than that it is done. */
export type Outcome =
  | { readonly kind: 'sandbox'; readonly sandbox: SandboxState | undefined }
  | { readonly kind: 'container'; readonly status: ContainerStatusReport }
  | { readonly kind: 'stopped'; readonly id: string }
  | { readonly kind: 'removed'; readonly id: string }
  | { readonly kind: 'done' }

export type Performance = PodFacts & {
  /** Undefined until the engine has spoken: till then a pod can only end. */
  readonly mirror: StartFacts['mirror'] | undefined
  readonly onPulled: StartFacts['onPulled']
}

const done: Outcome = { kind: 'done' }

export async function perform(action: Exclude<PodAction, { kind: 'release' }>, facts: Performance): Promise<Outcome> {
  const { runtime, gate } = facts
  switch (action.kind) {
    case 'createSandbox':
      return { kind: 'sandbox', sandbox: await createSandbox(toStart(facts)) }
    case 'removeSandbox':
      await gate.pass(() => runtime.removeSandbox(uidOf(facts.pod)))
      return { kind: 'sandbox', sandbox: undefined }
    case 'updateVolumes':
      await facts.volumes.prepare(volumeFacts(toStart(facts)))
      return done
    case 'startContainer': {
      const status = await startContainer(action, toStart(facts))
      return status ? { kind: 'container', status } : done
    }
    case 'stopContainer':
      await stopContainer(action, facts)
      return { kind: 'stopped', id: action.id }
    case 'removeContainer':
      await runtime.removeContainer(action.id)
      return { kind: 'removed', id: action.id }
  }
}

function toStart(facts: Performance): StartFacts {
  const { mirror } = facts
  if (!mirror) throw new Error('nothing is started before the engine has said what it wants')
  return { ...facts, mirror }
}
