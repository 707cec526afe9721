import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createNetwork } from './create.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-loopback-'))
})
afterEach(() => rm(folder, { recursive: true }))

const owner = { clusterUid: 'cluster', nodeName: 'node', mode: 'loopback' } as const
const ranges = { podCIDR: '127.244.0.0/24', serviceCIDR: '127.96.0.0/16' }

test('gives addresses of 127.0.0.0/8 and makes nothing', async () => {
  const network = await createNetwork({ folder, ...owner, ...ranges })
  const { mode, bridge, gateway, hostAddress, podCIDR, serviceCIDR, warnings } = network
  expect({ mode, bridge, gateway, hostAddress, podCIDR, serviceCIDR, warnings }).toEqual({
    mode: 'loopback',
    bridge: undefined,
    gateway: undefined,
    hostAddress: '127.0.0.1',
    podCIDR: '127.244.0.0/24',
    serviceCIDR: '127.96.0.0/16',
    warnings: [],
  })
  expect(await network.allocate('pod-a')).toBe('127.244.0.2')
  expect(await network.strays(new Set())).toEqual(['address of pod pod-a'])
  await expect(network.attach('pod-a', '127.244.0.2')).rejects.toThrow(
    "pod pod-a needs no network namespace: in loopback mode pods use the host's",
  )
  await network.detach('pod-a')
  await network.destroy()
})

test('either names where DNS listens or says why it does not', async () => {
  const network = await createNetwork({ folder, ...owner, ...ranges })
  expect(network.dnsAddress === undefined).toBe(network.dnsRefused !== undefined)
})

test('refuses a range beyond 127.0.0.0/8', async () => {
  await expect(createNetwork({ folder, ...owner, ...ranges, podCIDR: '10.244.0.0/24' })).rejects.toThrow(
    'an ordinary user has only the addresses of 127.0.0.0/8, and podCIDR is 10.244.0.0/24; ' +
      'give a range within it, or run Gantry as root',
  )
})
