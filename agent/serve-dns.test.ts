import { Resolver } from 'node:dns/promises'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { describeWith } from '../test/needs.ts'
import { createNetwork } from './network/create.ts'
import type { NodeNetwork } from './network/network.ts'
import { serveDns } from './serve-dns.ts'

const dnsAddress = `127.98.${process.pid % 250}.53`
const options = { domain: 'cluster.local', log: pino({ level: 'silent' }) }
let folder = ''
let network: NodeNetwork
const cleanups: (() => unknown)[] = []
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-serve-dns-'))
  const ranges = { podCIDR: '127.244.0.0/24', serviceCIDR: '127.96.0.0/16' }
  const found = await createNetwork({ folder, clusterUid: 'c', nodeName: 'n', mode: 'loopback', ...ranges })
  network = { ...found, dnsAddress, dnsRefused: undefined }
})
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) cleanup()
  await network.close()
  await rm(folder, { recursive: true })
})

test('where port 53 cannot be had nothing listens, and the network stays as it is', async () => {
  const refused = { ...network, dnsAddress: undefined, dnsRefused: 'port 53 is not for an ordinary user' }
  expect(await serveDns(refused, options)).toEqual({ network: refused, dns: undefined })
})

test('a port that cannot be listened on any more leaves the network without DNS, and says why', async () => {
  // Taken for root by another program, and for an ordinary user by the kernel.
  const other = createServer()
    .listen(53, dnsAddress)
    .on('error', () => {})
  cleanups.push(() => other.close())
  await new Promise(resolve => other.once('listening', resolve).once('error', resolve))
  const served = await serveDns(network, options)
  expect(served.dns).toBeUndefined()
  expect(served.network.dnsAddress).toBeUndefined()
  expect(served.network.dnsRefused).toMatch(
    new RegExp(`^port 53 of ${dnsAddress} cannot be listened on: Error: .*(EADDRINUSE|EACCES)`),
  )
  expect(served.network.podCIDR).toBe('127.244.0.0/24')
  expect(await served.network.allocate('pod-a')).toBe('127.244.0.2')
})

describeWith(['root'], 'with port 53', () => {
  test("the network's address answers for the cluster", async () => {
    const { network: same, dns } = await serveDns(network, options)
    cleanups.push(() => dns?.close())
    expect(same).toBe(network)
    dns?.update({
      domain: 'cluster.local',
      names: new Map([
        ['cluster.local', {}],
        ['web.cluster.local', { A: ['10.96.0.7'] }],
      ]),
    })
    const resolver = new Resolver({ timeout: 5000, tries: 1 })
    resolver.setServers([dnsAddress])
    expect(await resolver.resolve4('web.cluster.local')).toEqual(['10.96.0.7'])
  })
})
