/** A rollout under load: nobody sees a failed request, neither of a slow app nor of one that exits at once on SIGTERM. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeWith } from '../needs.ts'
import { Gantry } from './gantry.ts'
import type { Clone } from './gantry.ts'
import { ask, poll } from './poll.ts'

const programs = {
  // Answers after 200 ms, and lets requests under way finish when it is told to stop.
  slow: `const server = require('node:http').createServer((_, response) => setTimeout(() => response.end(process.env.VERSION), 200))
    server.listen(8080, process.env.POD_IP)
    process.on('SIGTERM', () => server.close(() => process.exit()))`,
  // Answers at once, and is gone the moment that it is told to stop: Node's own way with SIGTERM.
  abrupt: `require('node:http').createServer((_, response) => response.end(process.env.VERSION)).listen(8080, process.env.POD_IP)`,
}
type App = keyof typeof programs

function manifests(app: App, { version, nodePort }: { version: number; nodePort: number }): string {
  const metadata = { name: app }
  const labels = { app }
  const container = {
    name: 'app',
    command: ['node', '--eval', programs[app]],
    env: [
      { name: 'VERSION', value: String(version) },
      { name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
    ],
    readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 },
  }
  const template = { metadata: { labels }, spec: { runtimeClassName: 'process', containers: [container] } }
  const deployment = { replicas: 3, selector: { matchLabels: labels }, template }
  const ports = [{ port: 8080, nodePort }]
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'List',
    items: [
      { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: deployment },
      { apiVersion: 'v1', kind: 'Service', metadata, spec: { type: 'NodePort', selector: labels, ports } },
    ],
  })
}

describeWith(['root', 'git'], 'a rollout under load', () => {
  let gantry: Gantry
  let clone: Clone
  const nodePorts: Record<App, number> = { slow: 30_481, abrupt: 30_482 }
  beforeAll(async () => {
    gantry = await Gantry.up({ uid: 1000, args: ['--runtime', 'process'] })
    clone = await gantry.clone()
  })
  afterAll(async () => {
    await gantry?.down()
  })

  async function push(version: number): Promise<void> {
    for (const app of ['slow', 'abrupt'] as const) {
      writeFileSync(join(clone.path, `${app}.json`), manifests(app, { version, nodePort: nodePorts[app] }))
    }
    await clone.git('add', '.')
    await clone.push(`Version ${version}`)
  }
  async function rolled(version: number): Promise<boolean> {
    interface Pods {
      items: { metadata: { labels: { app?: string } }; spec: { containers: { env: { value?: string }[] }[] } }[]
    }
    const { items } = await gantry.api<Pods>('/api/v1/namespaces/default/pods')
    const own = items.filter(({ metadata }) => metadata.labels.app !== 'hello')
    const isNew = own.every(({ spec }) => spec.containers[0]?.env[0]?.value === String(version))
    return own.length === 6 && isNew
  }

  test('two versions later, no request has failed', async () => {
    await push(1)
    for (const port of Object.values(nodePorts)) {
      await gantry.until('answering', async () => (await ask(`http://127.0.0.1:${port}/`)) === '1')
    }
    await gantry.until('version 1 everywhere', () => rolled(1))
    const polls = Object.values(nodePorts).map(port => poll(`http://127.0.0.1:${port}/`, { clients: 10, pauseMs: 2 }))
    for (const version of [2, 3]) {
      await push(version)
      await gantry.until(`version ${version} everywhere`, () => rolled(version), 60)
    }
    await gantry.until('the last old one gone', async () => polls.every(({ last }) => last() === '3'))
    await Promise.all(polls.map(each => each.stop()))
    for (const { failures, answers, count } of polls) {
      expect(failures).toEqual([])
      expect(answers).toEqual(new Set(['1', '2', '3']))
      expect(count).toBeGreaterThan(50)
    }
  })
})
