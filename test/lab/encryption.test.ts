/** Packets between nodes that the network between them must not read. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeWith } from '../needs.ts'
import { askThrough, askingProgram, largeBytes, ports } from './ask.ts'
import { Lab } from './lab.ts'
import type { LabNode } from './lab-node.ts'

const nodeNames = ['a', 'b'] as const

function pod(name: string): object {
  const spec = {
    nodeSelector: { 'kubernetes.io/hostname': name },
    runtimeClassName: 'process',
    terminationGracePeriodSeconds: 0,
    containers: [
      {
        name: 'main',
        command: ['/bin/busybox', 'sh', '-c', askingProgram(name)],
        readinessProbe: { tcpSocket: { port: ports.link }, periodSeconds: 1 },
      },
    ],
  }
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec }
}

function files(encryption: 'none' | 'wireguard'): Record<string, string> {
  const cluster = { apiVersion: 'gantry.dev/v1', kind: 'Cluster', spec: { network: { encryption } } }
  const items = nodeNames.map(pod)
  return {
    'gantry.yaml': JSON.stringify(cluster),
    'pods.json': JSON.stringify({ apiVersion: 'v1', kind: 'List', items }),
  }
}

interface PodView {
  readonly metadata: { readonly name: string; readonly uid: string }
  readonly status: {
    readonly podIP?: string
    readonly conditions?: readonly { readonly type: string; readonly status: string }[]
    readonly containerStatuses?: readonly { readonly containerID?: string }[]
  }
}

describeWith(['root', 'ip', 'git', 'busybox', 'wireguard'], 'the encrypted network between nodes', () => {
  let lab: Lab
  let [a, b] = [] as unknown as [LabNode, LabNode]
  const ips = new Map<string, string>()
  const ranges = new Map<string, string>()

  beforeAll(async () => {
    lab = await Lab.start({ nodes: { a: 'process', b: 'process' }, files: files('wireguard') })
    a = lab.node('a')
    b = lab.node('b')
    await lab.until('both pods Ready', async () => {
      for (const { metadata, status } of (await pods()).filter(isReady)) ips.set(metadata.name, status.podIP ?? '')
      return nodeNames.every(name => ips.has(name))
    })
    for (const { metadata, spec } of await lab.engine.nodes()) ranges.set(metadata.name, spec.podCIDR ?? '')
    // Counts what would leave for the other's pods by any other way.
    for (const [node, other] of [
      [a, b],
      [b, a],
    ] as const) {
      for (const chain of ['FORWARD', 'OUTPUT']) {
        const match = ['-d', ranges.get(other.name) ?? '', '!', '-o', 'gantry0+']
        await node.machine.run(['iptables', '-I', chain, ...match, '-j', 'ACCEPT'])
      }
    }
  })
  afterAll(() => lab?.stop())

  async function pods(): Promise<readonly PodView[]> {
    return (await lab.engine.api<{ items: PodView[] }>('/api/v1/namespaces/default/pods')).items
  }
  function isReady({ status }: PodView): boolean {
    return status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true
  }
  function large(from: LabNode, to: LabNode): Promise<string> {
    return askThrough({ machine: from.machine, ip: ips.get(from.name) ?? '' }, ips.get(to.name) ?? '', ports.large)
  }
  async function reach(from: LabNode, to: LabNode): Promise<void> {
    await lab.until(
      `${to.name} is reached from ${from.name}`,
      async () => (await large(from, to)).length === largeBytes,
    )
  }
  async function devices(node: LabNode): Promise<unknown> {
    return (await node.machine.run(['ip', '-brief', 'link', 'show'])).match(/gantry0-\w+/g)
  }
  async function sentInClear(node: LabNode): Promise<number> {
    const counted = await node.machine.run(['iptables', '-nvxL'])
    const rules = counted.split('\n').filter(line => line.includes('!gantry0+') && !line.includes('MASQUERADE'))
    expect(rules.length).toBe(2)
    return rules.reduce((sum, rule) => sum + Number(rule.trim().split(/\s+/)[0]), 0)
  }

  test('pods reach each other, and everything goes through WireGuard', async () => {
    await reach(a, b)
    await reach(b, a)
    expect(await devices(a)).toEqual(['gantry0-wg'])
    const [, received = '0', sent = '0'] = (await a.machine.run(['wg', 'show', 'gantry0-wg', 'transfer'])).split(/\s+/)
    expect(Number(received)).toBeGreaterThan(largeBytes)
    expect(Number(sent)).toBeGreaterThan(largeBytes)
    expect(await Promise.all([a, b].map(sentInClear))).toEqual([0, 0])
  })

  test('where the device is lost nothing leaves in clear; the next agent makes it anew, with the same key', async () => {
    const key = await a.machine.run(['wg', 'show', 'gantry0-wg', 'public-key'])
    await a.machine.run(['ip', 'link', 'delete', 'gantry0-wg'])
    expect(await large(a, b)).toBe('')
    expect(await sentInClear(a)).toBe(0)
    await a.stopAgent('SIGKILL')
    await a.startAgent()
    await reach(a, b)
    expect(await a.machine.run(['wg', 'show', 'gantry0-wg', 'public-key'])).toBe(key)
  })

  test('a node may get another address', async () => {
    await lab.move('b', '198.18.0.77')
    await reach(a, b)
    await reach(b, a)
    expect(await sentInClear(a)).toBe(0)
  })

  test('a commit turns it off and on; no pod begins anew', async () => {
    const containers = (list: readonly PodView[]): unknown =>
      list.map(({ metadata, status }) => [metadata.uid, status.containerStatuses?.map(each => each.containerID)])
    const before = containers(await pods())
    for (const [encryption, device] of [
      ['none', 'gantry0-vx'],
      ['wireguard', 'gantry0-wg'],
    ] as const) {
      await lab.engine.push(files(encryption))
      await lab.until(`${device} on both`, async () => {
        const found = await Promise.all([a, b].map(devices))
        return JSON.stringify(found) === JSON.stringify([[device], [device]])
      })
      await reach(a, b)
      await reach(b, a)
    }
    expect(containers(await pods())).toEqual(before)
  })
})
