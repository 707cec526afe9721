import { ImageError, StartError } from '../runtime/runtime.ts'
import { VolumeError } from '../volumes/files.ts'
import type { PodAction } from './decision.ts'

/** Why an action failed, in Kubernetes's words. */
export function reasonOf(action: PodAction, error: unknown): string {
  if (error instanceof ImageError || error instanceof StartError) return error.reason
  if (error instanceof VolumeError) return 'FailedMount'
  return {
    createSandbox: 'FailedCreatePodSandBox',
    removeSandbox: 'FailedKillPod',
    updateVolumes: 'FailedMount',
    release: 'FailedKillPod',
    startContainer: 'CreateContainerError',
    stopContainer: 'FailedKillPod',
    removeContainer: 'FailedKillPod',
  }[action.kind]
}

/** A container's failures are all told as `Failed`. */
export function eventReason(reason: string): string {
  return reason.startsWith('Failed') ? reason : 'Failed'
}
