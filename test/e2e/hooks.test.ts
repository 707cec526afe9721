/** A migration before each upgrade: the new version serves only after it, and no death of the engine runs it twice. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeWith } from '../needs.ts'
import { Gantry } from './gantry.ts'
import type { Clone } from './gantry.ts'
import { ask } from './poll.ts'

const nodePort = 30_483
const web = `http://127.0.0.1:${nodePort}/`
const serve = `require('node:http').createServer((_, response) => response.end(process.env.VERSION)).listen(8080, process.env.POD_IP)`

/** The migration writes down that it begins, waits for the word, and writes down how it ends. */
function manifests({ version, folder, fails }: { version: number; folder: string; fails: boolean }): string {
  const labels = { app: 'web' }
  const metadata = { name: 'web' }
  const migrate = [
    `echo begin ${version} >> /work/migrations`,
    `until [ -e /work/go-${version} ]; do sleep 0.05; done`,
    `echo ${fails ? 'fail' : 'done'} ${version} >> /work/migrations`,
    `exit ${fails ? 1 : 0}`,
  ].join('\n')
  const container = {
    name: 'app',
    command: ['node', '--eval', serve],
    env: [
      { name: 'VERSION', value: String(version) },
      { name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
    ],
    readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 },
  }
  const volumeMounts = [{ name: 'work', mountPath: '/work' }]
  const volumes = [{ name: 'work', hostPath: { path: folder } }]
  const job = { name: 'migrate', command: ['/bin/sh', '-c', migrate], volumeMounts }
  const items = [
    {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'migrate', annotations: { 'helm.sh/hook': 'pre-install,pre-upgrade' } },
      spec: {
        backoffLimit: 0,
        template: { spec: { runtimeClassName: 'process', restartPolicy: 'Never', containers: [job], volumes } },
      },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: {
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { runtimeClassName: 'process', containers: [container] } },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { type: 'NodePort', selector: labels, ports: [{ port: 8080, nodePort }] },
    },
  ]
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
}

describeWith(['root', 'git'], 'a migration as a hook', () => {
  let gantry: Gantry
  let clone: Clone
  beforeAll(async () => {
    gantry = await Gantry.up({ uid: 1000, args: ['--runtime', 'process'] })
    clone = await gantry.clone()
  })
  afterAll(async () => {
    await gantry?.down()
  })

  async function push(version: number, { fails = false } = {}): Promise<string> {
    writeFileSync(join(clone.path, 'web.json'), manifests({ version, folder: gantry.folder, fails }))
    await clone.git('add', '.')
    return await clone.push(`Version ${version}`)
  }
  function letGo(version: number): void {
    writeFileSync(join(gantry.folder, `go-${version}`), '')
  }
  function migrations(): string[] {
    try {
      return readFileSync(join(gantry.folder, 'migrations'), 'utf8').trim().split('\n')
    } catch {
      return []
    }
  }
  async function status(): Promise<string> {
    return (await gantry.cli('status')).stdout
  }

  test('the first version comes after its migration', async () => {
    const said = await push(1)
    expect(said).toMatch(/remote: pre-upgrade hook:\s+remote: > Job default\/migrate +pre-upgrade hook\s/)
    expect(said).toMatch(/remote: wave 0 \(after pre-upgrade hook\):\s/)
    expect(said).toMatch(/remote: plan: 2 to create, 0 to change, 0 to delete, 1 hook to run/)
    await gantry.until('migrating', async () => migrations().includes('begin 1'))
    await expect(gantry.api('/apis/apps/v1/namespaces/default/deployments/web')).rejects.toThrow('404')
    letGo(1)
    await gantry.until('serving', async () => (await ask(web)) === '1')
    expect(migrations()).toEqual(['begin 1', 'done 1'])
  })

  test('the old version serves until the migration is done', async () => {
    await push(2)
    await gantry.until('migrating', async () => migrations().includes('begin 2'))
    expect(await ask(web)).toBe('1')
    expect(await status()).toContain('wave 0 waits for pre-upgrade hook Job default/migrate: 0/1 completed')
    expect(migrations()).not.toContain('done 2')
    letGo(2)
    await gantry.until('serving', async () => (await ask(web)) === '2')
    expect(migrations().slice(2)).toEqual(['begin 2', 'done 2'])
    const jobs = await gantry.cli('get', 'jobs')
    expect(jobs.stdout).toMatch(/^NAME +STATUS +COMPLETIONS +DURATION +AGE\nmigrate +Complete +1\/1 +\d+s +\d+s\n$/)
    expect((await gantry.cli('describe', 'job', 'migrate')).stdout).toMatch(
      /Pods Statuses: +0 Active \(0 Ready\) \/ 1 Succeeded \/ 0 Failed\n/,
    )
  })

  test('a migration that fails leaves the old version serving, and says so', async () => {
    letGo(3)
    await push(3, { fails: true })
    await gantry.until('degraded', async () => (await status()).includes('Degraded'))
    expect(await status()).toContain(
      'wave 0 waits for pre-upgrade hook Job default/migrate, which failed: Job has reached the specified backoff limit',
    )
    expect(await ask(web)).toBe('2')
    expect(migrations().slice(4)).toEqual(['begin 3', 'fail 3'])
  })

  async function killAndStart(): Promise<void> {
    for (const program of ['gantry.js', 'agent.js'] as const) {
      for (const pid of gantry.processes(program)) process.kill(pid, 'SIGKILL')
    }
    await gantry.stop('SIGKILL')
    await gantry.start()
  }

  test('an engine that is killed in mid-migration goes on with it, and runs it once', async () => {
    await push(4)
    await gantry.until('migrating', async () => migrations().includes('begin 4'))
    await killAndStart()
    letGo(4)
    await gantry.until('serving', async () => (await ask(web)) === '4')
    await gantry.until('healthy', async () => (await status()).includes('Healthy'))
    expect(migrations().slice(6)).toEqual(['begin 4', 'done 4'])
  })

  test('so it does where the branch has a newer commit that is not applied', async () => {
    await push(5)
    await gantry.until('migrating', async () => migrations().includes('begin 5'))
    await clone.git('rm', '--quiet', '-r', '.')
    expect(await clone.push('Oops')).toContain('is not applied: nothing was changed')
    await killAndStart()
    letGo(5)
    await gantry.until('serving', async () => (await ask(web)) === '5')
    expect(migrations().slice(8)).toEqual(['begin 5', 'done 5'])
  })
})
