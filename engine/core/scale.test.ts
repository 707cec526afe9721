import { Session } from 'node:inspector'
import type { Profiler } from 'node:inspector'
import { afterAll, expect, test } from 'vitest'
import { Apps } from '../../test/simulation/crowd/apps.ts'
import type { CrowdAgent } from '../../test/simulation/crowd/crowd-agent.ts'
import { checkWhole } from '../../test/simulation/crowd/crowd-checks.ts'
import { Crowd } from '../../test/simulation/crowd/crowd.ts'
import { goneReport } from '../../test/simulation/fake-pod.ts'
import { refOf } from '../api/reference.ts'
import type { Pod } from '../api/types.ts'
import { Cluster } from '../cluster/cluster.ts'
import { deletePod } from '../controllers/pod/deletion.ts'
import type { Event } from './event.ts'

/** In nodes. For a pod the scheduler looks at a hundred of them, however many there are. */
const sizes = [120, 360]

interface Case {
  readonly name: string
  /** Brings a cluster at rest to where the event finds it, and gives the event. */
  readonly prepare: (crowd: Crowd) => Event
}

/** Events that concern one node or one pod, one after the other. */
const cases: readonly Case[] = [
  { name: 'a heartbeat', prepare: ({ now }) => ({ kind: 'heartbeats', nodes: ['node-0007'], since: now }) },
  { name: 'a moment at which nothing is due', prepare: () => ({ kind: 'clock' }) },
  { name: 'a session that begins', prepare: crowd => joined(agentOf(crowd, 7)) },
  {
    name: 'a container that crashes',
    prepare: crowd => agentOf(crowd, 7).crash(refOf(podOn(agentOf(crowd, 7))).key, crowd.now),
  },
  {
    name: 'a pod that is gone, and made anew',
    prepare: crowd => {
      const agent = agentOf(crowd, 7)
      return { kind: 'report', node: agent.name, pods: [goneReport(podOn(agent))] }
    },
  },
  {
    name: 'the first to acknowledge that a pod left its endpoints',
    prepare: crowd => {
      const env = { now: crowd.now, newId: () => 'uid', random: () => 0 }
      crowd.cluster.apply(deletePod(podOn(agentOf(crowd, 7)), env), env)
      crowd.dispatch([{ kind: 'clock' }])
      return { kind: 'acknowledged', node: 'node-0009', resourceVersion: crowd.cluster.resourceVersion }
    },
  },
  {
    name: 'one of many lost nodes that is back',
    prepare: crowd => {
      crowd.cut(crowd.agents.slice(0, crowd.agents.length * 0.8))
      crowd.pass(15_000)
      return joined(agentOf(crowd, 7))
    },
  },
]

// Begun before anything is run: of code that is compiled already only the calls are counted, and not the loops.
const session = new Session()
session.connect()
session.post('Profiler.enable')
session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
afterAll(() => session.disconnect())

const crowds = sizes.map(crowdOf)

test.each(cases)('what $name costs does not grow with the cluster', ({ prepare }) => {
  const [small, large] = crowds.map(crowd => {
    const event = prepare(crowd)
    return countRuns(() => crowd.dispatch([event]))
  })
  expect(large).toBeLessThanOrEqual((small ?? 0) * 1.25)
})

/** A cluster at rest, with five pods a node. */
function crowdOf(nodes: number): Crowd {
  const crowd = new Crowd({ cluster: new Cluster({ startVersion: 0 }), nodes })
  crowd.connect(crowd.agents)
  crowd.dispatch([new Apps({ deployments: nodes / 2, replicas: 10, servedOf: 2, namespaces: 8 }).revision()])
  crowd.pass(15_000)
  checkWhole(crowd)
  return crowd
}

/** How often pieces of the engine's code are run by some work: unlike its time the same in every run. */
function countRuns(work: () => void): number {
  takeCoverage()
  work()
  return takeCoverage()
    .filter(({ url }) => url.includes('/engine/'))
    .flatMap(({ functions }) => functions.flatMap(({ ranges }) => ranges.map(({ count }) => count)))
    .reduce((sum, count) => sum + count, 0)
}

/** What was run since the last time that it was asked for. */
function takeCoverage(): readonly Profiler.ScriptCoverage[] {
  let taken: readonly Profiler.ScriptCoverage[] = []
  session.post('Profiler.takePreciseCoverage', (error, { result }) => {
    if (error) throw error
    taken = result
  })
  return taken
}

function joined(agent: CrowdAgent): Event {
  return { kind: 'joined', node: agent.hello(), podCIDR: agent.podCIDR }
}

function agentOf({ agents }: Crowd, index: number): CrowdAgent {
  const agent = agents[index]
  if (!agent) throw new Error(`there is no agent ${index}`)
  return agent
}

/** The first that has a Service. */
function podOn({ running }: CrowdAgent): Pod {
  const found = [...running.values()].find(({ pod }) => Number(pod.metadata.labels?.['app']?.slice(4)) % 2 === 0)
  if (!found) throw new Error('nothing runs here that has a Service')
  return found.pod
}
