/** The network between nodes, as pods and machines see it. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeWith } from '../needs.ts'
import { ask, askingProgram, askThrough, largeBytes, ports } from './ask.ts'
import { busyboxImage, importBusybox } from './images.ts'
import { Lab } from './lab.ts'
import type { Machine } from './machine.ts'

/** Pods on both runtimes and both nodes, and one with its node's network on each. */
const pods = [
  { name: 'docker-a', node: 'a', runtime: 'docker', host: false },
  { name: 'process-a', node: 'a', runtime: 'process', host: false },
  { name: 'docker-b', node: 'b', runtime: 'docker', host: false },
  { name: 'process-b', node: 'b', runtime: 'process', host: false },
  { name: 'docker-host-a', node: 'a', runtime: 'docker', host: true },
  { name: 'process-host-b', node: 'b', runtime: 'process', host: true },
] as const
type Asked = (typeof pods)[number]

/** Not the pods' ports: a program of the node that listens on every address has those. */
const servicePorts = { name: 80, large: 81 }
const nodePort = 30_090

function podObject({ name, node, runtime, host }: Asked): object {
  const container = {
    name: 'main',
    image: busyboxImage,
    command: ['/bin/busybox', 'sh', '-c', askingProgram(name)],
    readinessProbe: { tcpSocket: { port: ports.link }, periodSeconds: 1 },
  }
  const spec = {
    nodeSelector: { 'kubernetes.io/hostname': node },
    ...(runtime === 'process' ? { runtimeClassName: 'process' } : {}),
    hostNetwork: host,
    terminationGracePeriodSeconds: 0,
    containers: [container],
  }
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, labels: { name, all: 'pods' } }, spec }
}

function serviceObject(name: string, spec: object): object {
  const named = Object.entries(servicePorts).map(([port, number]) => ({
    name: port,
    port: number,
    targetPort: ports[port as keyof typeof servicePorts],
  }))
  return { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: { ports: named, ...spec } }
}

function manifests(): Record<string, string> {
  const one = { port: 80, targetPort: ports.name, nodePort }
  const items = [
    ...pods.map(podObject),
    ...pods.map(({ name }) => serviceObject(name, { selector: { name } })),
    serviceObject('all', { type: 'NodePort', selector: { all: 'pods' }, ports: [one] }),
  ]
  return { 'pods.json': JSON.stringify({ apiVersion: 'v1', kind: 'List', items }) }
}

interface View {
  readonly metadata: { readonly name: string }
  readonly spec: { readonly clusterIP?: string }
  readonly status: {
    readonly podIP?: string
    readonly conditions?: readonly { readonly type: string; readonly status: string }[]
  }
}

describeWith(['root', 'ip', 'git', 'busybox', 'dockerd'], 'the network between nodes', () => {
  let lab: Lab
  let podIPs: ReadonlyMap<string, string>
  let serviceIPs: ReadonlyMap<string, string>

  beforeAll(async () => {
    lab = await Lab.start({ nodes: { a: 'docker', b: 'docker' } })
    await Promise.all([...lab.nodes.values()].map(importBusybox))
    // As on a machine where Docker turned forwarding on: what no rule lets through is dropped.
    for (const { machine } of lab.nodes.values()) await machine.run(['iptables', '-P', 'FORWARD', 'DROP'])
    await lab.engine.push(manifests())
    await lab.until('all pods Ready', async () => (await readyPods()).size === pods.length)
    podIPs = await readyPods()
    const services = await list('services')
    serviceIPs = new Map(services.map(({ metadata, spec }) => [metadata.name, spec.clusterIP ?? '']))
    // The API knows a moment before the agents do that a pod is ready.
    await lab.until('every agent knows', () => allReachAll(['a', 'b']))
  })
  afterAll(() => lab?.stop())

  async function list(kind: string): Promise<readonly View[]> {
    return (await lab.engine.api<{ items: View[] }>(`/api/v1/namespaces/default/${kind}`)).items
  }
  /** Name → address. */
  async function readyPods(): Promise<ReadonlyMap<string, string>> {
    const ready = (await list('pods')).filter(({ status }) =>
      status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
    )
    return new Map(ready.map(({ metadata, status }) => [metadata.name, status.podIP ?? '']))
  }
  function ipOf(name: string): string {
    return podIPs.get(name) ?? ''
  }
  function machineOf(name: string): Machine {
    return lab.node(pods.find(pod => pod.name === name)?.node ?? name).machine
  }
  /** From a pod, or from the machine of a node. */
  function asking(source: string): (host: string, port: number) => Promise<string> {
    const machine = machineOf(source)
    const ip = podIPs.get(source)
    return (host, port) => (ip === undefined ? ask(machine, host, port) : askThrough({ machine, ip }, host, port))
  }
  async function whoAnswers(source: string): Promise<unknown> {
    const from = asking(source)
    return Promise.all(
      pods.map(async ({ name }) => ({
        name,
        pod: await from(ipOf(name), ports.name).catch(String),
        service: await from(serviceIPs.get(name) ?? '', servicePorts.name).catch(String),
      })),
    )
  }
  const everybody = pods.map(({ name }) => ({ name, pod: name, service: name }))
  async function allReachAll(sources: readonly string[]): Promise<boolean> {
    const told = await Promise.all(sources.map(whoAnswers))
    return told.every(answers => JSON.stringify(answers) === JSON.stringify(everybody))
  }
  const sources = [...pods.map(({ name }) => name), 'a', 'b']

  test.each(sources)('%s reaches every pod, itself too, by its address and by its service', async source =>
    expect(await whoAnswers(source)).toEqual(everybody),
  )

  test('each node has a range of its own, and its pods have addresses of it', async () => {
    const nodes = new Map((await lab.engine.nodes()).map(node => [node.metadata.name, node.spec.podCIDR ?? '']))
    expect(new Set(nodes.values()).size).toBe(nodes.size)
    const places = pods.map(({ name, node, host }) => {
      const range = nodes.get(node)?.replace('.0/24', '')
      return host ? ipOf(name) === lab.node(node).address : ipOf(name).startsWith(`${range}.`)
    })
    expect(places).toEqual(pods.map(() => true))
  })

  test('what pods receive and send is measured, of each that has a network of its own', async () => {
    type Measured = { items: { metadata: { name: string }; network?: { transmittedBytesPerSecond: number } }[] }
    const measure = () => lab.engine.api<Measured>('/apis/metrics.k8s.io/v1beta1/namespaces/default/pods')
    await measure()
    await lab.until('every pod that sends is seen to', async () => {
      for (const { name } of pods) await asking('docker-a')(ipOf(name), ports.large)
      const { items } = await measure()
      const sending = items.filter(({ network }) => (network?.transmittedBytesPerSecond ?? 0) > 10_000)
      return String(sending.map(({ metadata }) => metadata.name).sort()) === 'docker-a,docker-b,process-a,process-b'
    })
    const { items } = await measure()
    const without = items.filter(({ network }) => network === undefined).map(({ metadata }) => metadata.name)
    expect(without.sort()).toEqual(['docker-host-a', 'process-host-b'])
    expect(await lab.engine.gantry('top', 'pods', '-o', 'wide')).toMatch(
      /RECEIVED\(bytes\/s\) +SENT\(bytes\/s\) +RESTARTS/,
    )
  })

  test('packets are as large as fits, and a large answer arrives whole, on every way', async () => {
    for (const { name } of pods.filter(({ host }) => !host)) {
      expect(await asking(name)(ipOf(name), ports.link)).toContain('mtu 1440')
      for (const { name: to } of pods) {
        const [direct, service] = await Promise.all([
          asking(name)(ipOf(to), ports.large),
          asking(name)(serviceIPs.get(to) ?? '', servicePorts.large),
        ])
        expect({ name, to, direct: direct.length, service: service.length }).toEqual({
          ...{ name, to },
          ...{ direct: largeBytes, service: largeBytes },
        })
      }
    }
  })

  test('a NodePort answers on every node with pods of all of them', async () => {
    for (const node of ['a', 'b']) {
      const told = new Set<string>()
      await lab.until(`answered by every pod through ${node}`, async () => {
        told.add(await ask(lab.engine.machine, lab.node(node).address, nodePort))
        return told.size === pods.length
      })
      expect([...told].sort()).toEqual(pods.map(({ name }) => name).sort())
    }
  })

  test('the Node objects say that their pods reach those of the others', async () => {
    const said = (await lab.engine.nodes()).map(({ metadata, status }) => {
      return [metadata.name, status.conditions.find(({ type }) => type === 'gantry.dev/ReachesOtherNodes')?.status]
    })
    expect(said).toEqual([
      ['a', 'True'],
      ['b', 'True'],
    ])
  })

  test('packets are taken from nodes, and from nobody else', async () => {
    /** Packets for the VXLAN that a's packet filter has dropped so far. */
    async function dropped(): Promise<number> {
      const chain = await lab.node('a').machine.run(['iptables', '-nvxL', 'GANTRY-gantry0'])
      return Number(/^\s*(\d+)\s+\d+\s+DROP/m.exec(chain)?.[1])
    }
    async function send(from: Machine): Promise<void> {
      const program = `require('dgram').createSocket('udp4').send('x', 7421, '${lab.node('a').address}', () => process.exit())`
      await from.run([process.execPath, '-e', program])
    }
    const before = await dropped()
    await send(lab.node('b').machine)
    expect(await dropped()).toBe(before)
    await send(lab.engine.machine)
    expect(await dropped()).toBe(before + 1)
  })

  test('a Docker Engine that was killed and is back closes no way', async () => {
    await lab.node('a').stopDocker('SIGKILL')
    await lab.node('a').startDocker()
    await lab.until('reached from everywhere', async () => {
      podIPs = await readyPods()
      return podIPs.size === pods.length && allReachAll(sources)
    })
  })

  test('a node whose address changes is found again, and its pods with it', async () => {
    const moved = '198.18.0.77'
    await lab.move('b', moved)
    await lab.until('known by its new address', async () => {
      const node = (await lab.engine.nodes()).find(({ metadata }) => metadata.name === 'b')
      return node?.status.addresses.some(({ type, address }) => type === 'InternalIP' && address === moved) === true
    })
    await lab.until('all pods Ready', async () => {
      podIPs = await readyPods()
      return podIPs.size === pods.length && ipOf('process-host-b') === moved
    })
    await lab.until('reached from everywhere', () => allReachAll(sources))
  })

  test('a node that is cut off serves what is on it, and all else when it is back', async () => {
    await lab.cut('b')
    expect(await asking('docker-b')(ipOf('process-b'), ports.name)).toBe('process-b')
    expect(await asking('docker-a')(ipOf('process-b'), ports.name)).toBe('')
    await lab.mend('b')
    await lab.until(
      'reached again',
      async () => (await asking('docker-a')(ipOf('process-b'), ports.name)) === 'process-b',
    )
  })

  test('gantry down takes everything down that Gantry made on a node', async () => {
    const { machine } = lab.node('b')
    const left = async (): Promise<string> => {
      const asked = [
        ['ip', 'link', 'show'],
        ['ip', 'route', 'show', 'table', 'all'],
        ['ip', 'neigh', 'show'],
        ['iptables-save'],
        ['ip', 'netns', 'list'],
      ]
      return (await Promise.all(asked.map(argv => machine.run(argv)))).join('')
    }
    const traces = /gantry|GANTRY|10\.244\.|10\.96\./
    expect(await left()).toMatch(traces)
    await lab.node('b').down()
    // Docker's own network comes and goes with the pods'; what it says of it is its own.
    expect((await left()).split('\n').filter(line => traces.test(line))).toEqual([])
    expect(await lab.node('b').docker('ps', '--all', '--quiet')).toBe('')
  })
})
