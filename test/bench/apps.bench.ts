/** What a thousand apps cost: applied, Ready, and found again by an engine that was killed. */
import { figureRow, timed, timesRow } from './bench.ts'
import type { Bench, Closer, Row } from './bench.ts'
import { appFiles, namespaceFiles } from './app-files.ts'
import { BenchCluster, isHealthy, isRecorded } from './cluster.ts'
import { memoryOf } from './usage.ts'

const apps = 1000
const agents = 20

export const bench: Bench = {
  run: async own => [...(await applied(own)), ...(await ready(own))],
}

function files(replicas: number): (readonly [string, string])[] {
  return Array.from({ length: apps }, (_, app) => [...appFiles(app, { replicas, version: 1 })]).flat()
}

async function applied(own: (close: Closer) => void): Promise<readonly Row[]> {
  const cluster = await BenchCluster.start(0, own)
  await cluster.begin(namespaceFiles(apps))
  const commit = await cluster.commit('A thousand apps', files(0))
  const time = await timed(async () => {
    await cluster.push()
    await cluster.until('recorded', status => isRecorded(status, commit))
  })
  const peak = memoryOf(cluster.gantry.pid, 'peak')
  await cluster.gantry.down()
  return [
    timesRow('push → 1,000 apps scaled to zero applied and recorded', { times: [time], most: 10_000 }),
    figureRow('… peak memory of the engine', { value: peak, unit: 'MB', most: 300 }),
  ]
}

async function ready(own: (close: Closer) => void): Promise<readonly Row[]> {
  const cluster = await BenchCluster.start(agents, own)
  await cluster.begin(namespaceFiles(apps))
  const commit = await cluster.commit('A thousand apps', files(1))
  const time = await timed(async () => {
    await cluster.push()
    await cluster.until('healthy', status => isHealthy(status, commit), 120)
  })
  const peak = memoryOf(cluster.gantry.pid, 'peak')
  const { started } = cluster.agents
  await cluster.until('recorded', status => isRecorded(status, commit))
  await cluster.gantry.stop('SIGKILL')
  const again = await timed(() => cluster.gantry.start())
  await cluster.gantry.until('all agents back', async () => cluster.agents.joined === agents)
  await cluster.until('healthy again', status => isHealthy(status, commit) && status.record.pending === 0)
  const more = cluster.agents.started - started
  return [
    timesRow('push → all Ready, 1,000 one-pod apps on 20 agents', { times: [time], most: 15_000 }),
    figureRow('… peak memory of the engine', { value: peak, unit: 'MB' }),
    figureRow("… containers started, two of them the seed's", { value: started, unit: '', most: apps + 2 }),
    timesRow('engine killed → ready again, 1,000 apps', { times: [again], most: 2000 }),
    figureRow('… containers restarted or doubled by it', { value: more, unit: '', most: 0 }),
  ]
}
