/** The whole core by itself, on one core: 5,000 nodes with their sessions and 150,000 pods, in virtual time. Times are of CPU. */
import { runInNewContext } from 'node:vm'
import { setFlagsFromString } from 'node:v8'
import type { Pod } from '../../engine/api/types.ts'
import { Cluster } from '../../engine/cluster/cluster.ts'
import { Apps } from '../simulation/crowd/apps.ts'
import type { CrowdAgent } from '../simulation/crowd/crowd-agent.ts'
import { Crowd, heartbeatMs } from '../simulation/crowd/crowd.ts'
import { checkWhole, endingPods } from '../simulation/crowd/crowd-checks.ts'
import { check } from '../simulation/invariants/violation.ts'
import { figureRow, timesRow } from './bench.ts'
import type { Bench, Row } from './bench.ts'
import { memoryOf } from './usage.ts'

const nodes = 5_000
const [deployments, replicas] = [500, 300]
const pods = deployments * replicas
/** One Deployment of so many has a Service. */
const servedOf = 2
const size = '5,000 nodes, 150,000 pods'
const crashes = 20
const edits = 3
const rack = 100
/** Nodes that vanish at once, as when the engine is cut off. */
const most = 4_000
/** Long enough that all is told, even what may wait; … where much changed, which the engine gives itself time for. */
const leisureMs = 5_000
const calmMs = 300_000
/** The lost are given up one after the other, ten seconds apart; the first after 10 s of silence. Then 30 s are tolerated. */
const givingUpMs = 10_000 + rack * 10_000 + 40_000

export const bench: Bench = {
  async run() {
    const run = new CoreRun()
    return [
      ...run.begin(),
      ...run.rest(),
      ...run.endpoints(),
      ...run.rollouts(),
      ...run.reconnect(),
      ...run.partition(),
      ...run.cutOff(),
      figureRow(`the core alone, ${size}, at its peak`, { ...memory('peak'), most: 2000 }),
    ]
  },
}

class CoreRun {
  /** Milliseconds of CPU that the core used so far. */
  #spent = 0
  readonly #apps = new Apps({ deployments, replicas, servedOf, namespaces: 50 })
  readonly #crowd = new Crowd({
    cluster: new Cluster({ startVersion: 0 }),
    nodes,
    core: part => {
      const before = process.cpuUsage()
      part()
      const { user, system } = process.cpuUsage(before)
      this.#spent += (user + system) / 1000
    },
  })

  begin(): readonly Row[] {
    const crowd = this.#crowd
    const joining = this.#cpuOf(() => crowd.connect(crowd.agents))
    crowd.pass(leisureMs)
    const binding = this.#cpuOf(() => crowd.dispatch([this.#apps.revision()]))
    const bound = crowd.cluster.list('Pod').filter(({ spec }) => spec.nodeName !== undefined).length
    check(bound === pods, () => `${bound} of ${pods} pods are bound`)
    const starting = this.#cpuOf(() => crowd.settle())
    crowd.pass(calmMs)
    checkWhole(crowd)
    return [
      timesRow(`${nodes.toLocaleString('en')} nodes join and are told of each other`, { times: [joining] }),
      figureRow(`commit → bound, ${size}`, {
        value: pods / (binding / 1000),
        unit: 'pods/s',
        notes: ['Deployments, ReplicaSets, pods, bindings and their Events, in one step'],
      }),
      figureRow('… told, started and reported Ready', { value: pods / (starting / 1000), unit: 'pods/s' }),
      figureRow(`the core alone, ${size}`, {
        ...memory('now'),
        most: 2000,
        notes: ['in use, the fake agents with it'],
      }),
    ]
  }

  /** Nothing happens but that they are there. */
  rest(): readonly Row[] {
    const rounds = 10
    const spent = this.#cpuOf(() => this.#crowd.pass(rounds * heartbeatMs)) / rounds
    return [
      timesRow(`heartbeats of ${nodes.toLocaleString('en')} nodes, a round`, {
        times: [spent],
        notes: [`${((spent / heartbeatMs) * 100).toPrecision(2)} % of a core`],
      }),
    ]
  }

  /** A container ends: its pod's endpoint goes, and is back a little later. */
  endpoints(): readonly Row[] {
    const crowd = this.#crowd
    const times: number[] = []
    let told = 0
    for (let change = 0; change < crashes; change++) {
      const [agent, key] = this.#servedPod(change)
      const before = crowd.told
      times.push(
        this.#cpuOf(() => {
          crowd.dispatch([agent.crash(key, crowd.now)])
          crowd.settle()
        }),
      )
      told += crowd.told - before
      crowd.dispatch([agent.recover(key, crowd.now)])
      crowd.pass(leisureMs)
    }
    crowd.pass(calmMs)
    checkWhole(crowd)
    return [
      timesRow('an endpoint changes → all nodes are told and have acknowledged it', {
        times,
        notes: [`${Math.round(told / crashes).toLocaleString('en')} told a change`],
      }),
    ]
  }

  /** One Deployment of 300 pods gets another image. */
  rollouts(): readonly Row[] {
    const crowd = this.#crowd
    const commits: number[] = []
    const times: number[] = []
    for (let edit = 0; edit < edits; edit++) {
      this.#apps.edit(edit, 'good:2')
      const event = this.#apps.revision()
      commits.push(this.#cpuOf(() => crowd.dispatch([event])))
      times.push(this.#cpuOf(() => crowd.pass(60_000)))
      checkWhole(crowd)
    }
    return [
      timesRow(`a one-Deployment edit of ${deployments}, the step that takes it in`, { times: commits }),
      timesRow(`… all of its ${replicas} pods replaced`, { times, notes: ['a minute of heartbeats with it'] }),
    ]
  }

  /** Every session ends, and begins again. */
  reconnect(): readonly Row[] {
    const crowd = this.#crowd
    crowd.end(crowd.agents)
    const spent = this.#cpuOf(() => crowd.connect(crowd.agents))
    crowd.pass(calmMs)
    checkWhole(crowd)
    return [timesRow(`${nodes.toLocaleString('en')} nodes come back and are told everything`, { times: [spent] })]
  }

  /** A rack is cut off, its pods are replaced, and it is back with all that ran on it. */
  partition(): readonly Row[] {
    const crowd = this.#crowd
    const lost = crowd.agents.slice(1, rack + 1)
    crowd.cut(lost)
    const silent = this.#cpuOf(() => crowd.pass(15_000))
    const replaced = this.#cpuOf(() => crowd.pass(givingUpMs))
    const stranded = endingPods(crowd.cluster).length
    const ran = lost.reduce((sum, { running }) => sum + running.size, 0)
    check(stranded === ran, () => `${stranded} of ${ran} pods of the rack were given up`)
    const back = this.#cpuOf(() => crowd.connect(lost))
    crowd.pass(calmMs)
    checkWhole(crowd)
    return [
      timesRow(`${rack} nodes fall silent → NotReady`, { times: [silent], notes: ['15 s of heartbeats with it'] }),
      timesRow('… given up one by one, and replaced', {
        times: [replaced],
        notes: [`${stranded.toLocaleString('en')} pods`, `${givingUpMs / 1000} s of heartbeats with it`],
      }),
      timesRow('… back, and what was replaced is stopped', { times: [back] }),
    ]
  }

  /** Most nodes vanish at once: nothing is given up. */
  cutOff(): readonly Row[] {
    const crowd = this.#crowd
    const before = new Set(crowd.cluster.list('Pod').map(({ metadata }) => metadata.uid))
    const lost = crowd.agents.slice(-most)
    crowd.cut(lost)
    const silent = this.#cpuOf(() => crowd.pass(120_000))
    check(endingPods(crowd.cluster).length === 0, () => 'pods were given up while most nodes were lost')
    const back = this.#cpuOf(() => crowd.connect(lost))
    crowd.pass(calmMs)
    const same = crowd.cluster.list('Pod').filter(({ metadata }) => before.has(metadata.uid)).length
    check(same === before.size, () => `${before.size - same} pods were replaced though most nodes were lost`)
    checkWhole(crowd)
    return [
      timesRow(`${most.toLocaleString('en')} nodes fall silent, none is given up`, {
        times: [silent],
        notes: ['120 s of heartbeats with it'],
      }),
      timesRow('… and all of them are back', { times: [back] }),
    ]
  }

  #cpuOf(part: () => void): number {
    const before = this.#spent
    part()
    return this.#spent - before
  }

  /** The pod of some Service that comes first, with the agent that runs it. */
  #servedPod(change: number): readonly [CrowdAgent, string] {
    const { cluster, agents } = this.#crowd
    const key = this.#apps.keyOf((change * servedOf) % deployments)
    const pod = cluster.podsMatching(key.split('/')[0] ?? '', {
      matchLabels: { app: key.split('/')[1] ?? '' },
    })[0] as Pod
    const agent = agents.find(({ name }) => name === pod.spec.nodeName)
    if (!agent) throw new Error(`nobody runs pods of ${key}`)
    return [agent, `${pod.metadata.namespace}/${pod.metadata.name}`]
  }
}

/** What is in use once nothing is left to collect, the agents with it; and the most that this process ever had of the machine. */
function memory(which: 'now' | 'peak'): { readonly value: number; readonly unit: string } {
  if (which === 'peak') return { value: memoryOf(process.pid, 'peak'), unit: 'MB' }
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  gc()
  const { heapUsed, external } = process.memoryUsage()
  return { value: (heapUsed + external) / 1e6, unit: 'MB' }
}
