import { clusterKind, type ClusterObject } from '../../engine/api/cluster-object.ts'
import type { KubeObject } from '../../engine/api/types.ts'
import type { Cluster } from '../../engine/cluster/cluster.ts'
import type { Apps } from './apps.ts'
import type { FakeAgent } from './fake-agent.ts'
import { checkMirror, checkRestore, checkSingleRun, Violation } from './invariants.ts'

export interface FinalState {
  readonly cluster: Cluster | undefined
  readonly recorded: ReadonlyMap<string, KubeObject>
  readonly agents: readonly FakeAgent[]
  /** What the last commit asks for. */
  readonly apps: Apps
}

/** Once faults heal and events stop, exactly what the applied commit asks for runs. */
export function checkFinalState({ cluster, recorded, agents, apps }: FinalState): void {
  if (!cluster) throw new Violation('the engine is dead')
  checkSingleRun(agents)
  checkRestore(cluster, recorded)
  for (const agent of agents) checkMirror(cluster, agent)
  checkRunning(agents, apps)
  checkConfigs(cluster, apps)
  const status = (cluster.get(clusterKind, 'sim') as ClusterObject | undefined)?.status
  if (status?.health !== 'Healthy') throw new Violation(`health is ${status?.health}: ${status?.unhealthy.join('; ')}`)
}

function checkRunning(agents: readonly FakeAgent[], apps: Apps): void {
  const running = agents
    .flatMap(agent => [...agent.running.values()])
    .map(({ pod, ready, stopping }) => {
      const app = pod.metadata.labels?.['app'] ?? pod.metadata.name
      return `${app} ${pod.spec.containers[0]?.image}${ready ? '' : ' not ready'}${stopping ? ' stopping' : ''}`
    })
  const wanted = [...apps.values()].flatMap(app => Array<string>(app.replicas).fill(`${app.name} ${app.image}`))
  const [is, should] = [running.sort().join(', '), [...wanted, 'lone good:1'].sort().join(', ')]
  if (is !== should) throw new Violation(`what runs is\n  ${is}\nand should be\n  ${should}`)
}

/** ConfigMaps that nothing asks for or reads are gone. */
function checkConfigs(cluster: Cluster, apps: Apps): void {
  const is = cluster.list('ConfigMap', 'sim').map(({ metadata }) => metadata.name)
  const should = [...apps.values()].map(({ config }) => config).sort()
  if (is.join() !== should.join()) throw new Violation(`ConfigMaps are ${is.join()} and should be ${should.join()}`)
}
