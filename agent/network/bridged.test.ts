import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { createServer, connect, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { describeWith, missing } from '../../test/needs.ts'
import { run } from './command.ts'
import { createNetwork, type NetworkOptions } from './create.ts'
import { dockerNetworkOptions } from './docker-network.ts'
import type { NodeNetwork } from './network.ts'
import { linkName, namespacePath } from './pod-namespace.ts'

const execute = promisify(execFile)
const bridge = `gt${process.pid}`
const plain = { hostAddress: '127.0.0.1', encryption: 'none' } as const
const owner = { clusterUid: `cluster-${process.pid}`, nodeName: 'node' }

/** Listens in a namespace, answers each connection with a word, and ends with the test. */
function answerIn(path: string, address: string, word: string): ChildProcess {
  const program = `require('net').createServer(s => s.end('${word}')).listen(80, '${address}', () => console.log('up'))`
  const child = spawn('nsenter', [`--net=${path}`, 'setpriv', '--reuid=65534', process.execPath, '-e', program])
  children.push(child)
  return child
}
const children: ChildProcess[] = []

/** What a listener answers to a connection from a namespace. */
async function askFrom(path: string, address: string, port: number): Promise<string> {
  const program = `const s = require('net').connect({ host: '${address}', port: ${port} });
    s.setTimeout(3000, () => s.destroy(new Error('no answer in 3 s'))); s.pipe(process.stdout)`
  const { stdout } = await execute('nsenter', [`--net=${path}`, process.execPath, '-e', program])
  return stdout
}

function ask(address: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    connect({ host: address, port })
      .on('data', chunk => (text += String(chunk)))
      .on('end', () => resolve(text))
      .on('error', reject)
  })
}

async function answerOnHost(address: string, word: string): Promise<Server> {
  const server = createServer(socket => socket.end(word)).listen(0, address)
  await once(server, 'listening')
  return server
}

function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address ? address.port : 0
}

async function attached(network: NodeNetwork, uid: string): Promise<{ ip: string; path: string }> {
  const ip = await network.allocate(uid)
  return { ip, path: await network.attach(uid, ip) }
}

describeWith(['root', 'ip'], 'a bridged network', () => {
  let folder = ''
  let options: NetworkOptions
  const networks: NodeNetwork[] = []

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gantry-network-'))
    options = { folder, ...owner, podCIDR: '10.251.7.0/24', serviceCIDR: '10.252.0.0/16', bridge, mode: 'bridged' }
  })
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL')
    for (const network of networks.splice(0)) await network.destroy()
    await rm(folder, { recursive: true })
  })

  async function open(changes: Partial<NetworkOptions> = {}): Promise<NodeNetwork> {
    const network = await createNetwork({ ...options, ...changes })
    networks.push(network)
    return network
  }

  test('pods reach each other, the host, and the addresses of services; the host reaches pods', async () => {
    const network = await open()
    const [a, b] = await Promise.all([attached(network, 'pod-a'), attached(network, 'pod-b')])
    await once(answerIn(a.path, a.ip, 'pod a').stdout ?? process.stdin, 'data')
    const host = await answerOnHost('10.251.7.1', 'host')
    const service = await answerOnHost('10.252.3.4', 'service')
    try {
      expect(
        await Promise.all([
          askFrom(b.path, a.ip, 80),
          askFrom(a.path, a.ip, 80),
          ask(a.ip, 80),
          askFrom(a.path, '10.251.7.1', portOf(host)),
          askFrom(a.path, '10.252.3.4', portOf(service)),
          ask('10.252.3.4', portOf(service)),
        ]),
      ).toEqual(['pod a', 'pod a', 'pod a', 'host', 'service', 'service'])
    } finally {
      host.close()
      service.close()
    }
  })

  test('what an earlier agent made is adopted, with its pods', async () => {
    const first = await open()
    const pod = await attached(first, 'pod-a')
    await once(answerIn(pod.path, pod.ip, 'still here').stdout ?? process.stdin, 'data')
    await first.close()
    const second = await open()
    expect(await attached(second, 'pod-a')).toEqual(pod)
    expect(await ask(pod.ip, 80)).toBe('still here')
  })

  test('a bridge that was removed by hand is made anew, and the pods are joined to it', async () => {
    const pod = await attached(await open(), 'pod-a')
    await once(answerIn(pod.path, pod.ip, 'still here').stdout ?? process.stdin, 'data')
    await execute('ip', ['link', 'delete', bridge])
    await open()
    expect(await ask(pod.ip, 80)).toBe('still here')
  })

  test.each([
    { name: 'a namespace and no link', cut: ['ip', 'netns', 'add', 'NAME'] },
    { name: 'a file and no namespace', cut: ['touch', '/run/netns/NAME'] },
    {
      name: 'a link without mark or address',
      cut: ['ip', 'link', 'add', linkName('pod-a'), 'type', 'veth'],
    },
  ])('an attempt that was cut short is made whole: $name', async ({ cut }) => {
    const network = await open()
    const path = namespacePath(owner, 'pod-a')
    const [program = '', ...args] = cut.map(word => word.replace('NAME', path.split('/').at(-1) ?? ''))
    await execute(program, args)
    const pod = await attached(network, 'pod-a')
    await once(answerIn(pod.path, pod.ip, 'whole').stdout ?? process.stdin, 'data')
    expect(await ask(pod.ip, 80)).toBe('whole')
  })

  test('strays are told, detaching leaves none, and destroying leaves nothing', async () => {
    const network = await open()
    await attached(network, 'pod-a')
    await attached(network, 'pod-b')
    const path = namespacePath(owner, 'pod-b')
    expect(await network.strays(new Set(['pod-a']))).toEqual([
      `network namespace ${path.split('/').at(-1)} with interface ${linkName('pod-b')}`,
      'address of pod pod-b',
    ])
    await network.detach('pod-b')
    await network.detach('pod-b')
    await network.release('pod-b')
    expect(await network.strays(new Set(['pod-a']))).toEqual([])
    const peers = [{ name: 'b', address: '192.0.2.2', podCIDR: '10.251.8.0/24' }]
    await network.connect({ ...plain, peers })
    await network.destroy()
    await network.destroy()
    const [links, routes, rules, names] = await Promise.all([
      execute('ip', ['link', 'show']),
      execute('ip', ['route', 'show', 'table', 'all']),
      execute('nft', ['list', 'ruleset']).catch(() => ({ stdout: '' })),
      execute('ip', ['netns', 'list']),
    ])
    const { stdout: filter } = await execute('iptables', ['-S'])
    expect(filter).not.toContain(bridge)
    expect(links.stdout).not.toContain(bridge)
    expect(routes.stdout).not.toContain('10.252.')
    expect(rules.stdout).not.toContain(bridge)
    expect(names.stdout).not.toContain(owner.clusterUid)
  })

  test('other nodes are joined as they come, move and go, and nobody else is heard', async () => {
    const network = await open()
    const device = `${bridge}-vx`
    const told = async (): Promise<unknown> => ({
      routes: (await execute('ip', ['route', 'show', 'dev', device])).stdout.match(/10\.251\.\d+\.0\/24/g) ?? [],
      forwards:
        (await execute('bridge', ['fdb', 'show', 'dev', device])).stdout.match(/(?<=dst )[\d.]+/g)?.sort() ?? [],
      heard: (await execute('iptables', ['-S', `GANTRY-${bridge}`])).stdout.match(/(?<=-s )[\d.]+|DROP/g) ?? [],
    })
    const peer = (name: string, address: string, podCIDR: string) => ({ name, address, podCIDR })
    const b = peer('b', '192.0.2.2', '10.251.8.0/24')
    await network.connect({ ...plain, peers: [b, peer('c', '192.0.2.3', '10.251.9.0/24')] })
    expect(await told()).toEqual({
      routes: ['10.251.8.0/24', '10.251.9.0/24'],
      forwards: ['192.0.2.2', '192.0.2.3'],
      heard: ['192.0.2.2', '192.0.2.3', 'DROP'],
    })
    await network.connect({ ...plain, peers: [{ ...b, address: '192.0.2.7' }] })
    expect(await told()).toEqual({ routes: ['10.251.8.0/24'], forwards: ['192.0.2.7'], heard: ['192.0.2.7', 'DROP'] })
    // An agent that starts on a node with peers adopts what is there.
    await (await open()).connect({ ...plain, peers: [b] })
    expect(await told()).toEqual({ routes: ['10.251.8.0/24'], forwards: ['192.0.2.2'], heard: ['192.0.2.2', 'DROP'] })
    await network.connect({ ...plain, peers: [] })
    expect((await execute('ip', ['link', 'show'])).stdout).not.toContain(device)
    expect((await execute('iptables', ['-S'])).stdout).not.toContain(bridge.concat('-vx'))
    expect((await execute('iptables', ['-S'])).stdout).not.toContain(`GANTRY-${bridge}`)
  })

  test('what must be encrypted is not sent by a machine that cannot', async () => {
    const programs = await mkdtemp(join(tmpdir(), 'gantry-path-'))
    for (const program of ['ip', 'bridge', 'iptables', 'iptables-restore']) {
      const { stdout } = await execute('sh', ['-c', 'command -v "$0"', program])
      await symlink(stdout.trim(), join(programs, program))
    }
    const path = process.env['PATH']
    process.env['PATH'] = programs
    try {
      const network = await open()
      const peers = [{ name: 'b', address: '192.0.2.2', podCIDR: '10.251.8.0/24' }]
      await network.connect({ ...plain, peers })
      const connected = network.connect({ ...plain, peers, encryption: 'wireguard' })
      await expect(connected).rejects.toThrow('the program wg is missing; install wireguard-tools')
      expect(network.apart?.reason).toBe('NoWireGuard')
      expect((await run(['ip', 'link', 'show'])).includes(`${bridge}-`)).toBe(false)
      await expect(run(['ip', 'route', 'get', '10.251.8.2'])).rejects.toThrow('No route to host')
      await network.connect({ ...plain, peers })
      expect(network.apart).toBe(undefined)
      expect(await run(['ip', 'route', 'get', '10.251.8.2'])).toContain(`${bridge}-vx`)
    } finally {
      process.env['PATH'] = path
      await rm(programs, { recursive: true })
    }
  })

  test('another cluster is refused, with the remedy', async () => {
    await open()
    await expect(createNetwork({ ...options, clusterUid: 'other' })).rejects.toThrow(
      `the network interface ${bridge} exists and belongs to another Gantry cluster or node ` +
        `(gantry ${owner.clusterUid} node); run "gantry down" there, or remove it with: ip link delete ${bridge}`,
    )
  })

  test.each([
    {
      name: 'the pods overlap a route',
      change: { podCIDR: '10.253.8.0/24' },
      message: "podCIDR 10.253.8.0/24 overlaps this machine's route to 10.253.0.0/16",
    },
    {
      name: 'the services overlap a route',
      change: { serviceCIDR: '10.253.8.0/24' },
      message: "serviceCIDR 10.253.8.0/24 overlaps this machine's route to 10.253.0.0/16",
    },
    {
      name: 'pods and services overlap',
      change: { serviceCIDR: '10.251.0.0/16' },
      message: 'podCIDR 10.251.7.0/24 and serviceCIDR 10.251.0.0/16 overlap',
    },
  ])('refused where $name', async ({ change, message }) => {
    const link = `gx${process.pid}`
    await execute('ip', ['link', 'add', link, 'type', 'bridge'])
    try {
      await execute('ip', ['link', 'set', link, 'up'])
      await execute('ip', ['route', 'add', '10.253.0.0/16', 'dev', link])
      await expect(createNetwork({ ...options, ...change })).rejects.toThrow(message)
    } finally {
      await execute('ip', ['link', 'delete', link])
    }
  })

  const docker = missing('docker')
  test.skipIf(docker !== undefined)(`a Docker container joins${docker ? ` [skipped: ${docker}]` : ''}`, async () => {
    const network = await open()
    const pod = await attached(network, 'pod-a')
    const created = dockerNetworkOptions(network)
    const image = `gantry-test-network-${process.pid}`
    const name = `gantry-test-${process.pid}`
    const address = await network.allocate('pod-docker')
    await once(answerIn(pod.path, pod.ip, 'process pod').stdout ?? process.stdin, 'data')
    const host = await answerOnHost('10.252.3.4', 'service')
    const bundle = spawn('tar', ['-c', '-C', '/', 'bin/busybox'])
    const load = spawn('docker', ['import', '-', image])
    bundle.stdout.pipe(load.stdin)
    await once(load, 'exit')
    const flags = Object.entries(created?.Options ?? {}).flatMap(([key, value]) => ['-o', `${key}=${value}`])
    const { Subnet, Gateway } = created?.IPAM.Config[0] ?? { Subnet: '', Gateway: '' }
    await execute('docker', [
      'network',
      'create',
      '-d',
      'bridge',
      '--subnet',
      Subnet,
      '--gateway',
      Gateway,
      ...flags,
      name,
    ])
    try {
      const serve = ['/bin/busybox', 'nc', '-ll', '-p', '80', '-e', '/bin/busybox', 'echo', 'container']
      await execute('docker', ['run', '-d', '--name', name, '--network', name, '--ip', address, image, ...serve])
      const fromContainer = (to: string, port: number): Promise<{ stdout: string }> =>
        execute('docker', ['exec', name, '/bin/busybox', 'nc', '-w', '3', to, String(port)])
      expect([
        await askFrom(pod.path, address, 80),
        await ask(address, 80),
        (await fromContainer(pod.ip, 80)).stdout,
        (await fromContainer('10.252.3.4', portOf(host))).stdout,
      ]).toEqual(['container\n', 'container\n', 'process pod', 'service'])
    } finally {
      host.close()
      await execute('docker', ['rm', '-f', name]).catch(() => {})
      await execute('docker', ['network', 'rm', name])
      await execute('docker', ['rmi', image])
    }
    // The bridge is the node's, not Docker's: it stays when Docker's network goes.
    expect((await execute('ip', ['-brief', 'link', 'show', bridge])).stdout).toContain(bridge)
  })
})
