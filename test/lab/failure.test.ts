/** What users see when a node, an agent or the engine goes away and comes back. */
import { execFileSync } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { votingImages } from '../e2e/voting-stand-ins.ts'
import { describeWith } from '../needs.ts'
import { ask } from './ask.ts'
import { importImages } from './images.ts'
import { Lab } from './lab.ts'
import { httpGet } from './http.ts'
import { pollService } from './poll.ts'

const manifests = fileURLToPath(new URL('../../../shared/corpus/apps/voting-app/k8s-specifications', import.meta.url))
const votingApps = ['db', 'redis', 'result', 'vote', 'worker']
const nodeNames = ['n1', 'n2', 'n3'] as const
const ports = { vote: 31_000, result: 31_001 }
const tolerationSeconds = 3
/** ENGINE_AWAY=300 for as long as a machine takes that is set up anew. */
const awaySeconds = Number(process.env['ENGINE_AWAY'] ?? 12)
const crowd = { size: 20, node: 'n2', port: 8070, probePort: 8071 }

interface PodView {
  readonly metadata: { readonly name: string; readonly uid: string; readonly labels: Readonly<Record<string, string>> }
  readonly spec: { readonly nodeName?: string }
  readonly status: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[]
    readonly containerStatuses?: readonly { readonly containerID?: string; readonly restartCount: number }[]
  }
}

describeWith(['root', 'ip', 'git', 'busybox', 'dockerd', 'redis', 'corpus'], 'three nodes', () => {
  let lab: Lab
  beforeAll(async () => {
    lab = await Lab.start({ nodes: { n1: 'docker', n2: 'docker', n3: 'docker' } })
    const redis = execFileSync('sh', ['-c', 'command -v redis-server'], { encoding: 'utf8' }).trim()
    for (const images of votingImages(redis)) await importImages([...lab.nodes.values()], images)
    // The example goes first, so that it fills no node.
    await lab.engine.push({ 'gantry.yaml': settings })
    await lab.until('empty', async () => (await pods()).length === 0)
    await lab.engine.push({ ...votingFiles(), 'gantry.yaml': settings })
    await lab.until('all Ready', async () => (await readyPods()).length === votingApps.length, 60)
    // The engine knows of a pod that is Ready before the last proxy does.
    await lab.until('every node serves it', async () =>
      (await Promise.all(nodeNames.map(node => get(node, ports.vote)))).every(page => page !== ''),
    )
  })
  afterAll(() => lab?.stop())

  async function pods(): Promise<readonly PodView[]> {
    return (await lab.engine.api<{ items: PodView[] }>('/api/v1/namespaces/default/pods')).items
  }
  async function readyPods(): Promise<readonly PodView[]> {
    return (await pods()).filter(({ status }) =>
      status.conditions?.some(c => c.type === 'Ready' && c.status === 'True'),
    )
  }
  function get(node: string, port: number, path = '/'): Promise<string> {
    return httpGet(lab.node(node).machine, { host: lab.node(node).address, port, path })
  }
  /** What runs, as each pod's engine sees it: name, uid, node, containers, restarts. */
  async function crowdNow(): Promise<readonly string[]> {
    return (await pods())
      .filter(({ metadata }) => metadata.labels['app'] === 'crowd')
      .map(({ metadata, spec, status }) => {
        const containers = (status.containerStatuses ?? []).map(c => `${c.containerID} ${c.restartCount}`)
        return [metadata.name, metadata.uid, spec.nodeName, ...containers].join(' ')
      })
      .sort()
  }
  async function crowdAddress(): Promise<string> {
    const service = await lab.engine.api<{ spec: { clusterIP: string } }>('/api/v1/namespaces/default/services/crowd')
    return service.spec.clusterIP
  }
  /** The voting app's containers that run on a node, by the Docker Engine's own word. */
  async function running(node: string): Promise<readonly string[]> {
    const names = await lab.node(node).docker('ps', '--format', '{{.Names}}')
    return names.split('\n').filter(name => name.split('_').length === 6)
  }

  test('the voting app spreads over them, and a vote cast on any node shows on any other', async () => {
    const used = new Set((await pods()).map(({ spec }) => spec.nodeName))
    expect([...used].sort()).toEqual([...nodeNames])
    for (const [index, node] of nodeNames.entries()) {
      expect(await get(node, ports.vote, '/?vote=a')).toContain('voted a')
      for (const other of nodeNames) {
        await lab.until(`vote ${index + 1} in the result on ${other}`, async () => {
          return JSON.parse(await get(other, ports.result)).a === index + 1
        })
      }
    }
  })

  test('an agent that is killed with 20 pods: no container restarts, probes go on, traffic never stops', async () => {
    await lab.engine.push({ ...votingFiles(), 'gantry.yaml': settings, 'crowd.json': crowdManifests() })
    await lab.until('all Ready', async () => (await readyPods()).length === votingApps.length + crowd.size)
    const before = await crowdNow()
    const address = await crowdAddress()
    const traffic = pollService(() => ask(lab.node(crowd.node).machine, address, crowd.port))
    await sleep(1_000)
    const killedAt = Date.now()
    await lab.node(crowd.node).stopAgent('SIGKILL')
    await sleep(2_000)
    await lab.node(crowd.node).startAgent()
    await lab.until('heard of again', async () => lab.node(crowd.node).words.split('in session').length > 2)
    const outage = Date.now() - killedAt
    await sleep(3_000)
    const { answers, failures } = await traffic.stop()
    expect(failures).toEqual([])
    expect(answers).toBeGreaterThan(100)
    expect(await crowdNow()).toEqual(before)
    const gaps = await Promise.all(before.map(line => longestGap(line.split(' ')[0] ?? '')))
    process.stdout.write(`agent away for ${outage} ms, longest gap between probes ${Math.max(...gaps)} s\n`)
    // Probes come every second, and are written down in whole ones.
    expect(Math.max(...gaps) * 1000).toBeLessThanOrEqual(outage + 2_000)
  })

  /** Seconds between two probes of a pod, at most: the pod wrote down when each came. */
  async function longestGap(pod: string): Promise<number> {
    const times = (await lab.engine.gantry('logs', pod)).trim().split('\n').map(Number)
    return Math.max(...times.slice(1).map((time, index) => time - (times[index] ?? time)))
  }

  test(
    'the engine is away: all keeps serving, what is killed comes back, and on its return nothing changes',
    async () => {
      const before = await crowdNow()
      const address = await crowdAddress()
      const traffic = pollService(() => ask(lab.node('n1').machine, address, crowd.port))
      await lab.engine.stop('SIGKILL')
      const [victim = ''] = await running('n1')
      await lab.node('n1').docker('kill', victim)
      await lab.until('back on its node', async () => {
        const now = await running('n1')
        return !now.includes(victim) && now.map(withoutAttempt).includes(withoutAttempt(victim))
      })
      await sleep(awaySeconds * 1000)
      expect(await get('n2', ports.vote, '/?vote=b')).toContain('voted b')
      await lab.engine.start()
      await lab.until('heard of all', async () =>
        nodeNames.map(n => ({ name: n })).every(await lab.engine.readyNodes()),
      )
      await lab.until('all Ready', async () => (await readyPods()).length === votingApps.length + crowd.size)
      await sleep(2_000)
      const { answers, failures } = await traffic.stop()
      expect(failures).toEqual([])
      expect(answers).toBeGreaterThan(100)
      expect(await crowdNow()).toEqual(before)
    },
    (awaySeconds + 120) * 1000,
  )

  test('a node is cut off: NotReady, its pods elsewhere after their toleration, nothing doubled when it returns', async () => {
    const old = (await pods()).filter(({ spec }) => spec.nodeName === 'n3').map(({ metadata }) => metadata.uid)
    expect(old.length).toBeGreaterThan(0)
    const cutAt = Date.now()
    await lab.cut('n3')
    await lab.until('NotReady', async () => !(await lab.engine.readyNodes())({ name: 'n3' }))
    const notReadyAfter = Date.now() - cutAt
    await lab.until('elsewhere', async () => {
      const ready = (await readyPods()).filter(({ spec }) => spec.nodeName !== 'n3')
      return ready.length === votingApps.length + crowd.size
    })
    const elsewhereAfter = Date.now() - cutAt
    await lab.until('serving', async () => (await get('n1', ports.vote, '/?vote=a')).includes('voted a'))
    process.stdout.write(`NotReady after ${notReadyAfter} ms, elsewhere after ${elsewhereAfter} ms\n`)
    // The silence that is allowed is counted from the last heartbeat, at most 3 s before the cut.
    expect(notReadyAfter).toBeLessThan(12_000)
    expect(elsewhereAfter).toBeGreaterThan(tolerationSeconds * 1000)
    await lab.mend('n3')
    await lab.until('Ready again', async () => (await lab.engine.readyNodes())({ name: 'n3' }))
    await lab.until('the replaced ones stopped', async () => {
      const uids = new Set((await pods()).map(({ metadata }) => metadata.uid))
      return old.every(uid => !uids.has(uid)) && (await running('n3')).length === 0
    })
    const counts = await Promise.all(nodeNames.map(running))
    expect(counts.flat().map(appOf).sort()).toEqual(votingApps)
  })
})

const settings = `
apiVersion: gantry.dev/v1
kind: Cluster
spec:
  nodes:
    unreachableTolerationSeconds: ${tolerationSeconds}
`

function votingFiles(): Record<string, string> {
  return Object.fromEntries(readdirSync(manifests).map(name => [name, readFileSync(join(manifests, name), 'utf8')]))
}

/** Many small pods on one node; each writes down when it is probed. */
function crowdManifests(): string {
  const program = [
    `/bin/busybox nc -ll -p ${crowd.port} -e /bin/busybox echo here &`,
    `/bin/busybox nc -ll -p ${crowd.probePort} -e /bin/busybox sh -c '/bin/busybox date +%s >&2' &`,
    'wait',
  ].join('\n')
  const container = {
    name: 'main',
    image: 'none',
    command: ['/bin/busybox', 'sh', '-c', program],
    readinessProbe: { tcpSocket: { port: crowd.probePort }, periodSeconds: 1 },
  }
  const labels = { app: 'crowd' }
  const template = {
    metadata: { labels },
    spec: {
      nodeSelector: { 'kubernetes.io/hostname': crowd.node },
      runtimeClassName: 'process',
      terminationGracePeriodSeconds: 0,
      containers: [container],
    },
  }
  const deployment = { replicas: crowd.size, selector: { matchLabels: labels }, template }
  const items = [
    { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'crowd' }, spec: deployment },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'crowd' },
      spec: { selector: labels, ports: [{ port: crowd.port }] },
    },
  ]
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
}

/** Containers are called `gantry_<namespace>_<pod>_<container>_<attempt>_<uid>`; sandboxes have no container. */
function withoutAttempt(name: string): string {
  return name.replace(/_\d+_([^_]+)$/, '_$1')
}
function appOf(name: string): string {
  return /^gantry_[^_]+_([a-z]+)-/.exec(name)?.[1] ?? name
}
