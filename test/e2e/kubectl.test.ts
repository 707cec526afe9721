/** Clients that others wrote hold on through a kill and a restart. */
import { spawn } from 'node:child_process'
import { KubeConfig, CoreV1Api, makeInformer } from '@kubernetes/client-node'
import type { V1Pod } from '@kubernetes/client-node'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeWith } from '../needs.ts'
import { Gantry, must } from './gantry.ts'

describeWith(['root', 'ip', 'git', 'kubectl'], 'kubectl and an informer', () => {
  let gantry: Gantry
  beforeAll(async () => {
    gantry = await Gantry.up({ args: ['--runtime', 'process'] })
  })
  afterAll(async () => {
    await gantry?.down()
  })

  function kubectl(...args: readonly string[]) {
    return gantry.run('kubectl', ['--kubeconfig', gantry.kubeconfig, ...args])
  }
  async function podNames(): Promise<string[]> {
    const { items } = await gantry.api<{ items: { metadata: { name: string } }[] }>('/api/v1/pods')
    return items.map(item => item.metadata.name).sort()
  }

  test('kubectl reads', async () => {
    await gantry.until('two pods', async () => (await podNames()).length === 2)
    expect(must(await kubectl('get', 'pods', '-A')).stdout).toMatch(
      /NAMESPACE +NAME +READY +STATUS +RESTARTS +AGE\ndefault +hello-/,
    )
    expect(must(await kubectl('get', 'deployment', 'hello', '-o', 'jsonpath={.spec.replicas}')).stdout).toBe('2')
    expect(must(await kubectl('get', 'svc,configmaps', '-o', 'name')).stdout).toContain('service/hello')
    expect(must(await kubectl('describe', 'pods')).stdout).toContain('Ready')
    expect(must(await kubectl('get', 'nodes')).stdout).toContain(' Ready ')
    const refused = await kubectl('delete', 'pod', (await podNames())[0] ?? '')
    expect(refused.code).not.toBe(0)
    expect(refused.stderr).toMatch(/push/)
  })

  test('a watch and an informer, held through kill -9 and restart, end equal to a fresh list', async () => {
    const watch = spawn('kubectl', ['--kubeconfig', gantry.kubeconfig, 'get', 'pods', '-A', '-w'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    let watched = ''
    watch.stdout.setEncoding('utf8').on('data', (text: string) => (watched += text))

    const config = new KubeConfig()
    config.loadFromFile(gantry.kubeconfig)
    const api = config.makeApiClient(CoreV1Api)
    const informer = makeInformer<V1Pod>(config, '/api/v1/pods', () => api.listPodForAllNamespaces())
    let stopped = false
    informer.on('error', () => {
      if (!stopped) setTimeout(() => void informer.start().catch(() => {}), 200)
    })
    await informer.start()

    await gantry.until('watching', async () => watched.includes('hello-'))
    for (const program of ['gantry.js', 'agent.js'] as const) {
      for (const pid of gantry.processes(program)) process.kill(pid, 'SIGKILL')
    }
    await gantry.stop('SIGKILL')
    await gantry.start()

    const clone = await gantry.clone()
    const file = join(clone.path, 'hello.yaml')
    writeFileSync(file, readFileSync(file, 'utf8').replace('replicas: 2', 'replicas: 3'))
    await clone.push('Three of them')
    await gantry.until('three pods', async () => (await podNames()).length === 3)
    await gantry.until('equal', async () => {
      const known = informer
        .list()
        .map(pod => pod.metadata?.name ?? '')
        .sort()
      return JSON.stringify(known) === JSON.stringify(await podNames())
    })
    stopped = true
    await informer.stop()
    watch.kill()
  })
})
