/** Killed at any moment and started again: nothing restarts that runs, nothing is doubled, nothing is forgotten. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeWith } from '../needs.ts'
import { Gantry } from './gantry.ts'
import { ask, poll } from './poll.ts'

const hello = 'http://127.0.0.1:30080/'

interface Pod {
  metadata: { name: string; uid: string }
  status: { phase: string; containerStatuses: { containerID: string; restartCount: number }[] }
}

describeWith(['root', 'ip', 'git'], 'kill -9 of everything but the pods and the proxy', () => {
  let gantry: Gantry
  beforeAll(async () => {
    gantry = await Gantry.up({ args: ['--runtime', 'process'] })
    await gantry.until('answering', async () => (await ask(hello)).includes('version 1'))
  })
  afterAll(async () => {
    await gantry?.down()
  })

  async function pods(): Promise<Pod[]> {
    return (await gantry.api<{ items: Pod[] }>('/api/v1/namespaces/default/pods')).items
  }

  async function kill(): Promise<void> {
    for (const program of ['gantry.js', 'agent.js'] as const) {
      for (const pid of gantry.processes(program)) process.kill(pid, 'SIGKILL')
    }
    await gantry.stop('SIGKILL')
  }

  test('in quiet: every container is adopted', async () => {
    await gantry.until('all ready', async () => (await pods()).length === 2)
    const before = await pods()
    const clients = poll(hello, { clients: 4, pauseMs: 10 })
    await kill()
    await gantry.start()
    const idsBefore = before.map(pod => pod.status.containerStatuses.map(status => status.containerID))
    await gantry.until('reported', async () => (await pods()).every(pod => pod.status.phase === 'Running'))
    await clients.stop()
    expect(clients.failures).toEqual([])
    expect((await pods()).map(pod => pod.status.containerStatuses.map(status => status.containerID))).toEqual(idsBefore)
    expect((await pods()).map(pod => pod.metadata.uid)).toEqual(before.map(pod => pod.metadata.uid))
  })

  test('in mid-rollout, again and again: the rollout completes and no pod name exists twice', async () => {
    const clone = await gantry.clone()
    const clients = poll(hello, { clients: 4, pauseMs: 10 })
    for (let version = 2; version <= 5; version++) {
      const file = join(clone.path, 'hello.yaml')
      writeFileSync(file, readFileSync(file, 'utf8').replace(/value: "\d+"/, `value: "${version}"`))
      await clone.push(`Version ${version}`)
      await new Promise(resolve => setTimeout(resolve, version * 60))
      await kill()
      await gantry.start()
      await gantry.until(`version ${version}`, async () => {
        const running = await pods()
        expect(new Set(running.map(pod => pod.metadata.name)).size).toBe(running.length)
        return running.length === 2 && (await ask(hello)).includes(`version ${version}`)
      })
    }
    await clients.stop()
    expect(clients.failures).toEqual([])
  })
})
