import { expect, test } from 'vitest'
import { parseCidr } from './cidr.ts'
import { hardwareAddress, networkId, planVxlan, type VxlanDevice, type PresentVxlan } from './vxlan-plan.ts'

const device: VxlanDevice = {
  clusterUid: 'c1',
  name: 'gantry0-vx',
  alias: 'gantry c1 here',
  pods: parseCidr('10.244.0.0/24'),
  mtu: 1450,
  local: '192.0.2.1',
}
const own = hardwareAddress('c1', device.pods)
const hardware = (third: number): string => hardwareAddress('c1', parseCidr(`10.244.${third}.0/24`))
const peer = (third: number, address: string) => ({ name: `n${third}`, address, podCIDR: `10.244.${third}.0/24` })

const present: PresentVxlan = {
  alias: device.alias,
  id: networkId('c1'),
  port: 7421,
  local: '192.0.2.1',
  hardwareAddress: own,
  mtu: 1450,
  routes: new Set(['10.244.1.0/24 via 10.244.1.1']),
  neighbours: new Set([`10.244.1.1 ${hardware(1)}`]),
  forwards: new Set([`${hardware(1)} 192.0.2.2`]),
}

const create = [
  `link add name gantry0-vx address ${own} mtu 1450 type vxlan id ${networkId('c1')} dstport 7421 local 192.0.2.1 nolearning`,
  'address add 10.244.0.0/32 dev gantry0-vx',
  'link set dev gantry0-vx up',
  'link set dev gantry0-vx alias "gantry c1 here"',
]
const addIp = (third: number): string[] => [
  `neigh replace 10.244.${third}.1 lladdr ${hardware(third)} dev gantry0-vx nud permanent`,
  `route replace 10.244.${third}.0/24 via 10.244.${third}.1 dev gantry0-vx onlink src 10.244.0.1 proto 71`,
]
const addBridge = (third: number, address: string): string =>
  `fdb replace ${hardware(third)} dev gantry0-vx dst ${address} self permanent`

test.each([
  {
    name: 'nothing is there',
    is: undefined,
    peers: [peer(1, '192.0.2.2')],
    ip: [...create, ...addIp(1)],
    bridge: [addBridge(1, '192.0.2.2')],
  },
  { name: 'all is there', is: present, peers: [peer(1, '192.0.2.2')], ip: [], bridge: [] },
  {
    name: 'a node joins',
    is: present,
    peers: [peer(1, '192.0.2.2'), peer(2, '192.0.2.3')],
    ip: addIp(2),
    bridge: [addBridge(2, '192.0.2.3')],
  },
  {
    name: 'a node leaves',
    is: present,
    peers: [],
    ip: ['route del 10.244.1.0/24 via 10.244.1.1 dev gantry0-vx proto 71', 'neigh del 10.244.1.1 dev gantry0-vx'],
    bridge: [`fdb del ${hardware(1)} dev gantry0-vx dst 192.0.2.2 self`],
  },
  {
    name: "a node's address changes: its entry is replaced, not taken away",
    is: present,
    peers: [peer(1, '192.0.2.9')],
    ip: [],
    bridge: [addBridge(1, '192.0.2.9')],
  },
  {
    name: 'the own address changes',
    is: { ...present, local: '192.0.2.7' },
    peers: [peer(1, '192.0.2.2')],
    ip: [`link set dev gantry0-vx type vxlan id ${networkId('c1')} local 192.0.2.1`],
    bridge: [],
  },
  {
    name: 'the packets of the machine become smaller',
    is: { ...present, mtu: 8950 },
    peers: [peer(1, '192.0.2.2')],
    ip: ['link set dev gantry0-vx mtu 1450'],
    bridge: [],
  },
  {
    name: 'an entry is lost',
    is: { ...present, forwards: new Set<string>() },
    peers: [peer(1, '192.0.2.2')],
    ip: [],
    bridge: [addBridge(1, '192.0.2.2')],
  },
  ...[
    { name: 'it was cut short in the making', is: { ...present, alias: undefined } },
    { name: "it is another cluster's network", is: { ...present, id: 1 } },
    { name: 'its port is another', is: { ...present, port: 4789 } },
    { name: "the node's range was another", is: { ...present, hardwareAddress: hardware(3) } },
    { name: 'it had no address', is: { ...present, local: undefined } },
  ].map(made => ({
    ...made,
    name: `made anew where ${made.name}`,
    peers: [peer(1, '192.0.2.2')],
    ip: ['link delete dev gantry0-vx', ...create, ...addIp(1)],
    bridge: [addBridge(1, '192.0.2.2')],
  })),
])('$name', ({ is, peers, ip, bridge }) => {
  expect(planVxlan(device, peers, is)).toEqual({ ip, bridge })
})

test('numbers and hardware addresses are those of this cluster and node, the same on every machine', () => {
  expect([networkId('c1'), networkId('c2')].every(id => id > 0 && id < 2 ** 24)).toBe(true)
  expect(networkId('c1')).not.toBe(networkId('c2'))
  expect(own).toMatch(/^02(:[0-9a-f]{2}){5}$/)
  expect(new Set([own, hardware(1), hardwareAddress('c2', device.pods)]).size).toBe(3)
})
