import type { ContainerStatus, Pod } from '../api/types.ts'
import { badRequest } from './status-error.ts'

/** The container that a request means: the named one, or the only one. @throws StatusError 400 */
export function chooseContainer(pod: Pod, wanted: string): string {
  const { name } = pod.metadata
  const main = pod.spec.containers.map(container => container.name)
  const init = (pod.spec.initContainers ?? []).map(container => container.name)
  if (wanted !== '') {
    if (main.includes(wanted) || init.includes(wanted)) return wanted
    throw badRequest(`container ${wanted} is not valid for pod ${name}`)
  }
  const [only] = main
  if (only !== undefined && main.length === 1) return only
  const initChoice = init.length === 0 ? '' : ` or one of the init containers: [${init.join(' ')}]`
  throw badRequest(
    `a container name must be specified for pod ${name}, choose one of: [${main.join(' ')}]${initChoice}`,
  )
}

export function containerStatus({ status }: Pod, container: string): ContainerStatus | undefined {
  const statuses = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])]
  return statuses.find(({ name }) => name === container)
}
