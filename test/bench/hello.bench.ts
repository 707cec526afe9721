/** The example as `gantry up` starts it: at rest, repaired, and rolled over. */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Gantry } from '../e2e/gantry.ts'
import { ask } from '../e2e/poll.ts'
import { figureRow, timed, timesRow } from './bench.ts'
import type { Bench, Row } from './bench.ts'
import { cpuOf, memoryOf } from './usage.ts'

const url = 'http://127.0.0.1:30080/'
const restSeconds = 30
const kills = 7
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
  readonly items: readonly {
    readonly status: {
      readonly containerStatuses?: readonly { readonly restartCount: number; readonly ready: boolean }[]
    }
  }[]
}

/** A pod's process killed, until its container was started again and is ready. */
async function repaired(gantry: Gantry): Promise<Row> {
  const times: number[] = []
  for (let kill = 1; kill <= kills; kill++) {
    const [pid] = await podProcesses(gantry)
    if (pid === undefined) throw new Error('hello runs no process')
    process.kill(pid, 'SIGKILL')
    times.push(
      await timed(() =>
        gantry.until(
          'repaired',
          async () => (await podProcesses(gantry)).length === 2 && !(await podProcesses(gantry)).includes(pid),
        ),
      ),
    )
    // A container that ended again within its back-off would be measuring the back-off.
    if (kill === 1) break
  }
  return timesRow('a process killed by hand → started again', { times, most: 1000 })
}

/** The processes that answer for hello: node, started by a shim that has the pod's uid in its environment. */
async function podProcesses(gantry: Gantry): Promise<number[]> {
  const text = execFileSync('ps', ['-e', '-o', 'pid=,comm=,args='], { encoding: 'utf8' })
  void gantry
  return text.split('\n').flatMap(line => {
    const [, pid] = /^\s*(\d+) (?:node|MainThread)\s+node --eval .*createServer/.exec(line) ?? []
    return pid === undefined ? [] : [Number(pid)]
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
