/** What the branch says of machines: labels and taints, cordons, drains, who may join, and what is lost when one dies. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Condition, Node, Pod } from '../../engine/api/types.ts'
import { describeWith } from '../needs.ts'
import { Agent } from './agent.ts'
import { freePort, Gantry, must } from './gantry.ts'
import type { Clone } from './gantry.ts'

const web = (replicas: number): string => `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: ${replicas}
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      runtimeClassName: process
      terminationGracePeriodSeconds: 1
      containers: [{ name: main, command: [sleep, '100000'] }]
`
const budget = (minAvailable: number): string => `apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: { name: web }
spec: { minAvailable: ${minAvailable}, selector: { matchLabels: { app: web } } }
`
const settings = (admission: string): string => `apiVersion: gantry.dev/v1
kind: Cluster
spec:
  nodes: { admission: ${admission}, monitorGracePeriodSeconds: 7, unreachableTolerationSeconds: 2 }
`
const node = (name: string, rest = ''): string => `apiVersion: v1\nkind: Node\nmetadata:\n  name: ${name}\n${rest}`

describeWith(['root', 'git'], 'nodes', () => {
  let port: number
  let gantry: Gantry
  let clone: Clone
  let alpha: Agent
  let beta: Agent
  let gamma: Agent

  const nodeOf = (name: string): Promise<Node> => gantry.api(`/api/v1/nodes/${name}`)
  const pods = async (): Promise<Pod[]> =>
    (await gantry.api<{ items: Pod[] }>('/api/v1/pods')).items.filter(
      ({ metadata }) => metadata.deletionTimestamp === undefined,
    )
  const nodesOfPods = async (): Promise<string[]> => (await pods()).map(({ spec }) => spec.nodeName ?? '').sort()
  const condition = async (name: string, type: string): Promise<Condition | undefined> =>
    (await nodeOf(name)).status?.conditions?.find(each => each.type === type)

  async function push(message: string, files: Readonly<Record<string, string | null>>): Promise<string> {
    await clone.git('pull', '--quiet', '--rebase')
    for (const [file, text] of Object.entries(files)) {
      if (text === null) await clone.git('rm', '--quiet', file)
      else {
        mkdirSync(dirname(join(clone.path, file)), { recursive: true })
        writeFileSync(join(clone.path, file), text)
      }
    }
    await clone.git('add', '--all')
    return clone.push(message)
  }

  async function running(where: readonly string[]): Promise<void> {
    await gantry.until(`running on ${where.join(', ')}`, async () => {
      const all = await pods()
      const ready = all.filter(({ status }) =>
        status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
      )
      const places = ready.map(({ spec }) => spec.nodeName ?? '').sort()
      return all.length === where.length && places.join() === [...where].sort().join()
    })
  }

  beforeAll(async () => {
    port = await freePort()
    gantry = await Gantry.up({
      uid: 1000,
      command: 'engine',
      args: ['--agents-listen', `127.0.0.1:${port}`, '--network', 'loopback'],
    })
    const agent = (name: string, ...args: string[]) => new Agent(gantry, { name, port, uid: 1000, args })
    alpha = agent('alpha', '--label', 'zone=one', '--system-reserved', 'cpu=100m')
    beta = agent('beta')
    gamma = agent('gamma')
    await Promise.all([alpha.join(), beta.join()])
    clone = await gantry.clone()
    await push('Web\n\nGantry-Allow: delete', {
      'hello.yaml': null,
      'gantry.yaml': settings('open'),
      'web.yaml': web(2),
    })
    await running(['alpha', 'beta'])
  }, 90_000)
  afterAll(async () => {
    await alpha?.down()
    await beta?.down()
    await gamma?.down()
    await gantry?.down()
  }, 60_000)

  test('a node says what it is: conditions, what pods may have of it, labels', async () => {
    const { metadata, status } = await nodeOf('alpha')
    const conditions = (status?.conditions ?? []).map(({ type, status: is }) => `${type} ${is}`)
    expect(conditions).toEqual([
      'MemoryPressure False',
      'DiskPressure False',
      'PIDPressure False',
      'gantry.dev/ReachesOtherNodes False',
      'Ready True',
    ])
    expect(Number.parseInt(status?.allocatable?.['cpu'] ?? '', 10)).toBe(Number(status?.capacity?.['cpu']) * 1000 - 100)
    expect(metadata.labels).toMatchObject({ zone: 'one', 'kubernetes.io/hostname': 'alpha' })
  })

  test('what the branch says of a node is added to what its agent says, and taken back', async () => {
    const rest = '  labels: { zone: two, disk: ssd }\nspec:\n  taints: [{ key: old, effect: PreferNoSchedule }]\n'
    const said = await push('Alpha has a disk', { 'alpha.yaml': node('alpha', rest) })
    expect(said).toMatch(/remote: ~ Node alpha {2}label zone "one" → "two", label disk = "ssd", now from alpha.yaml/)
    await gantry.until('labelled', async () => (await nodeOf('alpha')).metadata.labels?.['disk'] === 'ssd')
    const { metadata, spec } = await nodeOf('alpha')
    expect(metadata.labels).toMatchObject({ zone: 'two', disk: 'ssd', 'kubernetes.io/hostname': 'alpha' })
    expect(spec.taints).toEqual([{ key: 'old', effect: 'PreferNoSchedule' }])
    await push('No more', { 'alpha.yaml': null })
    await gantry.until('taken back', async () => (await nodeOf('alpha')).metadata.labels?.['disk'] === undefined)
    const after = await nodeOf('alpha')
    expect(after.metadata.labels?.['zone']).toBe('one')
    expect(after.spec.taints).toEqual([])
    await running(['alpha', 'beta'])
  })

  test('cordon and uncordon are commits that leave comments alone, and obeyed', async () => {
    await push('Name alpha', {
      'machines.yaml': `# Rack 4.\n${node('alpha', '  labels:\n    disk: ssd # the old one\n')}`,
    })
    const cordoned = must(await gantry.cli('node', 'cordon', 'alpha'))
    expect(cordoned.stdout).toBe('node/alpha cordoned\n')
    expect(must(await gantry.cli('node', 'cordon', 'alpha')).stdout).toBe('node/alpha already cordoned\n')
    await clone.git('pull', '--quiet', '--rebase')
    const head =
      '# Rack 4.\napiVersion: v1\nkind: Node\nmetadata:\n  name: alpha\n  labels:\n    disk: ssd # the old one\n'
    expect(readFileSync(join(clone.path, 'machines.yaml'), 'utf8')).toBe(`${head}spec:\n  unschedulable: true\n`)
    expect(await clone.git('log', '-1', '--format=%an: %s')).toBe('Gantry: Cordon node alpha\n')
    await gantry.until('shown', async () =>
      must(await gantry.cli('get', 'nodes')).stdout.includes('Ready,SchedulingDisabled'),
    )
    await push('More', { 'web.yaml': web(4) })
    await running(['alpha', 'beta', 'beta', 'beta'])
    expect(must(await gantry.cli('node', 'uncordon', 'alpha')).stdout).toBe('node/alpha uncordoned\n')
    await clone.git('pull', '--quiet', '--rebase')
    expect(readFileSync(join(clone.path, 'machines.yaml'), 'utf8')).toBe(head)
    await push('Fewer', { 'web.yaml': web(2) })
    await gantry.until('two', async () => (await pods()).length === 2)
    const unknown = await gantry.cli('node', 'cordon', 'omega')
    expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringContaining('nodes "omega" not found')])
  })

  test('a drain waits for the budget, outlives a killed engine, and is told as kubectl tells it', async () => {
    await push('All of them are needed', { 'web.yaml': `${web(2)}---\n${budget(2)}` })
    const [first] = await pods()
    const victim = first?.spec.nodeName ?? ''
    const other = victim === 'alpha' ? 'beta' : 'alpha'
    const held = await gantry.cli('node', 'drain', victim, '--timeout', '2s')
    expect(held.code).toBe(1)
    expect(held.stdout).toBe(`node/${victim} cordoned\n`)
    expect(held.stderr).toMatch(/cannot evict yet: default\/web-\S+: PodDisruptionBudget web does not allow it now/)
    expect(held.stderr).toContain(`the drain goes on; gantry node uncordon ${victim} ends it`)
    expect(must(await gantry.cli('get', 'pdb')).stdout).toMatch(/NAME +MIN AVAILABLE .*\nweb +2 +N\/A +0 /)
    await gantry.stop('SIGKILL')
    await gantry.start()
    await push('One may go', { 'web.yaml': `${web(2)}---\n${budget(1)}` })
    await running([other, other])
    await gantry.until('drained', async () => (await condition(victim, 'gantry.dev/Drained'))?.status === 'True')
    expect(must(await gantry.cli('node', 'drain', victim)).stdout).toBe(
      `node/${victim} already cordoned\nnode/${victim} drained\n`,
    )
    must(await gantry.cli('node', 'uncordon', victim))
    const all = must(await gantry.cli('node', 'drain', other))
    expect(
      all.stdout
        .split('\n')
        .sort()
        .filter(Boolean)
        .map(line => line.replace(/web-\S+/, 'web')),
    ).toEqual([
      'evicting pod default/web',
      'evicting pod default/web',
      `node/${other} cordoned`,
      `node/${other} drained`,
      'pod/web evicted',
      'pod/web evicted',
    ])
    await running([victim, victim])
    must(await gantry.cli('node', 'uncordon', other))
  }, 60_000)

  test('pods that a drain would lose are named, and nothing is changed', async () => {
    const bare = `apiVersion: v1\nkind: Pod\nmetadata: { name: bare }\nspec:\n  runtimeClassName: process\n  nodeSelector: { kubernetes.io/hostname: beta }\n  terminationGracePeriodSeconds: 1\n  containers: [{ name: main, command: [sleep, '100000'] }]\n`
    await push('A pod alone', { 'bare.yaml': bare })
    await gantry.until('running', async () => (await nodesOfPods()).length === 3)
    const refused = await gantry.cli('node', 'drain', 'beta')
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain(
      'unable to drain node "beta": cannot delete Pods that declare no controller (use --force to override): default/bare',
    )
    expect((await nodeOf('beta')).spec.unschedulable).toBeUndefined()
    await push('No more', { 'bare.yaml': null })
    await gantry.until('gone', async () => (await nodesOfPods()).length === 2)
  })

  test('a taint of the branch that evicts is obeyed', async () => {
    const taint = 'spec:\n  taints: [{ key: broken, effect: NoExecute }]\n'
    await push('Beta is broken', { 'nodes/beta.yaml': node('beta', taint) })
    await running(['alpha', 'alpha'])
    await push('Beta is mended, and alpha is not', {
      'nodes/beta.yaml': node('beta'),
      'machines.yaml': node('alpha', taint),
    })
    await running(['beta', 'beta'])
    await push('Both are', { 'machines.yaml': node('alpha') })
  })

  test('a machine that dies is NotReady, its pods go elsewhere, and when it is back it stops the old ones', async () => {
    await beta.stop('SIGKILL')
    await gantry.until('NotReady', async () => (await condition('beta', 'Ready'))?.status === 'Unknown', 12)
    const taints = (await nodeOf('beta')).spec.taints?.map(({ key, effect }) => `${key}:${effect}`)
    expect(taints).toEqual(['node.kubernetes.io/unreachable:NoSchedule', 'node.kubernetes.io/unreachable:NoExecute'])
    await running(['alpha', 'alpha'])
    beta.start()
    await gantry.until('nothing is left on beta', async () => {
      const { items } = await gantry.api<{ items: Pod[] }>('/api/v1/pods?fieldSelector=spec.nodeName=beta')
      return items.length === 0 && (await condition('beta', 'Ready'))?.status === 'True'
    })
    await running(['alpha', 'alpha'])
  }, 60_000)

  test('with strict admission only machines that the branch names join, and one that it drops leaves', async () => {
    const none = await gantry.cli('node', 'uncordon', 'alpha')
    expect(none.stdout).toBe('node/alpha already uncordoned\n')
    await clone.git('pull', '--quiet', '--rebase')
    writeFileSync(join(clone.path, 'gantry.yaml'), settings('strict'))
    await clone.git('rm', '--quiet', 'nodes/beta.yaml', 'machines.yaml')
    await clone.git('commit', '--quiet', '--all', '--message', 'Nobody')
    const rejected = await clone.tryGit('push')
    expect(rejected.stderr).toMatch(/error: spec.nodes.admission is strict, and no manifest names node alpha: its pods/)
    await clone.git('revert', '--no-edit', 'HEAD')
    await push('Only those that are named', { 'gantry.yaml': settings('strict') })

    const token = must(await gantry.cli('token', 'create', '--node', 'gamma')).stdout.trim()
    gamma.start(token)
    expect(await gamma.ended()).toBe(1)
    expect(gamma.output).toContain('node gamma is not named in the branch')
    expect(gamma.output).toContain('commit a manifest with apiVersion: v1, kind: Node and metadata.name: gamma')
    await push('Gamma too', { 'nodes/gamma.yaml': node('gamma') })
    await gantry.until('named', async () => (await condition('gamma', 'Ready'))?.reason === 'NodeStatusNeverUpdated')
    expect(must(await gantry.cli('get', 'nodes')).stdout).toMatch(/gamma +NotReady/)
    gamma.start(token)
    await gantry.until('joined', async () => (await condition('gamma', 'Ready'))?.status === 'True')

    const warned = await push('Not gamma', { 'nodes/gamma.yaml': null })
    expect(warned).toMatch(/warning: spec.nodes.admission is strict, and no manifest names node gamma/)
    await gantry.until('barred', async () => {
      const taints = (await nodeOf('gamma')).spec.taints ?? []
      return taints.some(({ key }) => key === 'gantry.dev/not-admitted')
    })
    await gamma.stop()
    await gantry.until('gone', async () => !must(await gantry.cli('get', 'nodes')).stdout.includes('gamma'))
    await gantry.stop()
    await gantry.start()
    await gantry.until('both are back', async () => {
      const both = await Promise.all(['alpha', 'beta'].map(name => condition(name, 'Ready')))
      return both.every(ready => ready?.status === 'True')
    })
  }, 90_000)
})

describeWith(['root', 'git'], 'the machine of the engine, where the branch does not name it', () => {
  test('gives its pods away, and runs some again once it is named by a push to the engine that stays', async () => {
    const port = await freePort()
    const gantry = await Gantry.up({
      uid: 1000,
      args: ['--runtime', 'process', '--agents-listen', `127.0.0.1:${port}`],
    })
    const two = new Agent(gantry, { name: 'two', port, uid: 1000 })
    try {
      await two.join()
      const own = hostname().toLowerCase()
      const clone = await gantry.clone()
      writeFileSync(join(clone.path, 'gantry.yaml'), settings('strict'))
      writeFileSync(join(clone.path, 'two.yaml'), node('two'))
      await clone.git('add', '--all')
      expect(await clone.push('Only two')).toContain(
        `warning: spec.nodes.admission is strict, and no manifest names node ${own}`,
      )
      await gantry.until('on two alone', async () => {
        const { items } = await gantry.api<{ items: Pod[] }>('/api/v1/pods')
        return items.length > 0 && items.every(({ spec }) => spec.nodeName === 'two')
      })
      await gantry.stop()
      const started = gantry.start()
      await gantry.until('turned away', () =>
        Promise.resolve(gantry.output.includes(`this machine runs no pods: node ${own} is not named in the branch`)),
      )
      writeFileSync(join(clone.path, 'own.yaml'), node(own))
      await clone.git('add', '--all')
      await clone.push('And the engine itself')
      await started
      const { status } = await gantry.api<Node>(`/api/v1/nodes/${own}`)
      expect(status?.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('True')
    } finally {
      await two.down()
      await gantry.down()
    }
  }, 90_000)
})
