import type { Container, Pod } from '../../engine/api/types.ts'

/** An init container that runs on beside the pod's containers. */
export function isSidecar(container: Container): boolean {
  return container.restartPolicy === 'Always'
}

/** Init containers first. */
export function allContainers({ spec }: Pod): readonly Container[] {
  return [...(spec.initContainers ?? []), ...spec.containers]
}

export function containerNamed(pod: Pod, name: string): Container {
  const container = allContainers(pod).find(candidate => candidate.name === name)
  if (!container) throw new Error(`container ${name} not found`)
  return container
}
