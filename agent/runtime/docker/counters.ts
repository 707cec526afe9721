import { descendants, identify } from '../../../machine/processes.ts'
import { countersOfGroup, countersOfProcesses, networkOfProcess } from '../counters.ts'
import type { Counters } from '../counters.ts'
import { orMissing } from './engine.ts'
import type { DockerEngine } from './engine.ts'

/** From the kernel: the Engine's own statistics take a second or two a container. Undefined where it has ended. */
export async function countersOf(engine: DockerEngine, id: string): Promise<Counters | undefined> {
  const info = await orMissing(
    engine.call(`look at container ${id.slice(0, 12)}`, api => api.getContainer(id).inspect()),
  )
  const main = info?.State.Running === true ? identify(info.State.Pid) : undefined
  return (
    main && { ...(countersOfGroup(main.pid) ?? countersOfProcesses(descendants(main))), ...networkOfProcess(main.pid) }
  )
}
