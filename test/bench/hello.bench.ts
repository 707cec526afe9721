/** The example as `gantry up` starts it: at rest, repaired, and rolled over. */
import { readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { processesMarked } from '../../machine/processes.ts'
import { Gantry } from '../e2e/gantry.ts'
import { ask } from '../e2e/poll.ts'
import { figureRow, timed, timesRow } from './bench.ts'
import type { Bench, Row } from './bench.ts'
import { cpuOf, memoryOf } from './usage.ts'

const url = 'http://127.0.0.1:30080/'
const restSeconds = 30
const pushes = 11

export const bench: Bench = {
  async run(own) {
    const gantry = await Gantry.up({ args: ['--runtime', 'process'] })
    own(() => gantry.down())
    await gantry.until('answering', async () => (await ask(url)) !== '')
    return [...(await atRest(gantry)), await repaired(gantry), await rolled(gantry)]
  },
}

async function atRest(gantry: Gantry): Promise<readonly Row[]> {
  // What starting took is over by then.
  await sleep(5000)
  const processes = { engine: [gantry.pid], agent: gantry.processes('agent.js'), proxy: gantry.processes('proxy.js') }
  const pids = Object.values(processes).flat()
  const used = await Promise.all(pids.map(pid => cpuOf(pid, restSeconds)))
  const memory = Object.entries(processes).map(([name, own]) => ({
    name,
    value: sum(own.map(pid => memoryOf(pid, 'now'))),
  }))
  const rest = memory.filter(({ name }) => name !== 'engine')
  const parts = (figures: readonly { name: string; value: number }[]): string =>
    figures.map(({ name, value }) => `${name} ${value.toFixed(1)}`).join(', ')
  const cpu = Object.keys(processes).map((name, index) => ({ name, value: used[index] ?? 0 }))
  return [
    figureRow('idle memory, engine', { value: memory[0]?.value ?? 0, unit: 'MB', most: 150 }),
    figureRow('idle memory, agent + proxy', {
      value: sum(rest.map(({ value }) => value)),
      unit: 'MB',
      most: 150,
      notes: [parts(rest)],
    }),
    figureRow(`idle CPU over ${restSeconds} s, all three`, {
      value: sum(used),
      unit: '% of a core',
      most: 1,
      notes: [parts(cpu)],
    }),
  ]
}

interface Pods {
  readonly items: readonly object[]
}

/** A pod's process killed, until another stands in its place. Each of the two pods once: a second time would wait for the back-off. */
async function repaired(gantry: Gantry): Promise<Row> {
  const { clusterUid } = JSON.parse(readFileSync(join(gantry.data, 'identity.json'), 'utf8')) as { clusterUid: string }
  const first = podProcesses(clusterUid)
  const times: number[] = []
  for (const pid of first) {
    process.kill(pid, 'SIGKILL')
    times.push(
      await timed(() =>
        gantry.until('repaired', async () => {
          const now = podProcesses(clusterUid)
          return now.length === first.length && !now.includes(pid)
        }),
      ),
    )
  }
  return timesRow('a process killed by hand → started again', { times, most: 1000 })
}

/** The containers' own processes, without the shims that started them. */
function podProcesses(clusterUid: string): readonly number[] {
  return processesMarked({ GANTRY_CLUSTER: clusterUid }).flatMap(({ identity: { pid } }) => {
    const [program = ''] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
    return basename(program) === 'node' ? [pid] : []
  })
}

async function rolled(gantry: Gantry): Promise<Row> {
  const clone = await gantry.clone()
  const file = join(clone.path, 'hello.yaml')
  const times: number[] = []
  for (let version = 2; version < 2 + pushes; version++) {
    const text = readFileSync(file, 'utf8')
    writeFileSync(file, text.replace(/value: "\d+"/, `value: "${version}"`))
    await clone.git('commit', '--quiet', '--all', '--message', `Version ${version}`)
    times.push(
      await timed(async () => {
        await clone.git('push', '--quiet')
        await gantry.until('new', async () => (await ask(url)).includes(`version ${version}`))
      }),
    )
    await gantry.until('rolled', async () => {
      const { items } = await gantry.api<Pods>('/api/v1/namespaces/default/pods')
      return items.length === 2
    })
  }
  return timesRow('git push → new version serves, process runtime', { times, most: 500 })
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
