import { expect, test } from 'vitest'
import { parseCidr } from './cidr.ts'
import { configuration, planWireguard, type PresentWireguard, type WireguardDevice } from './wireguard-plan.ts'

const device: WireguardDevice = {
  name: 'gantry0-wg',
  alias: 'gantry c1 here',
  pods: parseCidr('10.244.0.0/24'),
  mtu: 1440,
}
const peer = (third: number, publicKey?: string) => ({
  name: `n${third}`,
  address: `192.0.2.${third}`,
  podCIDR: `10.244.${third}.0/24`,
  ...(publicKey === undefined ? {} : { publicKey }),
})
const present: PresentWireguard = { alias: device.alias, mtu: 1440, routes: new Set(['10.244.1.0/24']) }
const begin = [
  'link set dev gantry0-wg mtu 1440',
  'address add 10.244.0.0/32 dev gantry0-wg',
  'link set dev gantry0-wg up',
]
const end = 'link set dev gantry0-wg alias "gantry c1 here"'
const bar = (third: number) => `route replace unreachable 10.244.${third}.0/24 metric 4096 proto 71`
const through = (third: number) => `route replace 10.244.${third}.0/24 dev gantry0-wg src 10.244.0.1 proto 71`

test.each<{
  name: string
  is: PresentWireguard | undefined
  barred: readonly string[]
  peers: ReturnType<typeof peer>[]
  expected: ReturnType<typeof planWireguard>
}>([
  {
    name: 'nothing is there: nothing leaves in clear from the first command on, and the mark comes last',
    is: undefined,
    barred: [],
    peers: [peer(1)],
    expected: { remove: false, create: true, ip: [bar(1), ...begin, through(1), end] },
  },
  {
    name: 'all is there',
    is: present,
    barred: ['10.244.1.0/24'],
    peers: [peer(1, 'key')],
    expected: { remove: false, create: false, ip: [] },
  },
  {
    name: 'a node joins, whose key is not known yet',
    is: present,
    barred: ['10.244.1.0/24'],
    peers: [peer(1, 'key'), peer(2)],
    expected: { remove: false, create: false, ip: [bar(2), through(2)] },
  },
  {
    name: 'a node leaves',
    is: present,
    barred: ['10.244.1.0/24'],
    peers: [],
    expected: {
      remove: false,
      create: false,
      ip: [
        'route del unreachable 10.244.1.0/24 metric 4096 proto 71',
        'route del 10.244.1.0/24 dev gantry0-wg proto 71',
      ],
    },
  },
  {
    name: 'the packets of the machine become smaller',
    is: { ...present, mtu: 8940 },
    barred: ['10.244.1.0/24'],
    peers: [peer(1)],
    expected: { remove: false, create: false, ip: ['link set dev gantry0-wg mtu 1440'] },
  },
  {
    name: 'made anew where it was cut short in the making',
    is: { ...present, alias: undefined },
    barred: ['10.244.1.0/24'],
    peers: [peer(1)],
    expected: { remove: true, create: true, ip: [...begin, through(1), end] },
  },
])('$name', ({ is, barred, peers, expected }) => {
  expect(planWireguard(device, peers, { present: is, barred: new Set(barred) })).toEqual(expected)
})

test('each node whose key is known may speak for its own pods and no others', () => {
  expect(configuration('secret', [peer(1, 'one'), peer(2), peer(3, 'three')])).toBe(
    [
      '[Interface]\nPrivateKey = secret\nListenPort = 7421\n',
      '[Peer]\nPublicKey = one\nEndpoint = 192.0.2.1:7421\nAllowedIPs = 10.244.1.0/24\n',
      '[Peer]\nPublicKey = three\nEndpoint = 192.0.2.3:7421\nAllowedIPs = 10.244.3.0/24\n',
    ].join('\n'),
  )
})
