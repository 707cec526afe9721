import { expect, test } from 'vitest'
import { nodeArguments } from './node-options.ts'
import type { NodeOptions } from './node-options.ts'

const plain: NodeOptions = {
  runtime: 'auto',
  nodeIP: undefined,
  nodeAddress: '127.0.0.1',
  labels: [],
  taints: [],
  systemReserved: undefined,
}

test.each<{ name: string; options: Partial<NodeOptions>; more: readonly string[] }>([
  { name: 'nothing but what every node has', options: {}, more: [] },
  { name: 'an address', options: { nodeIP: '10.0.0.1' }, more: ['--node-ip', '10.0.0.1'] },
  { name: 'labels', options: { labels: ['side=a', '-x=y'] }, more: ['--label=side=a', '--label=-x=y'] },
  { name: 'a taint', options: { taints: ['gpu=old:NoSchedule'] }, more: ['--taint=gpu=old:NoSchedule'] },
  { name: 'what is kept back', options: { systemReserved: 'cpu=1' }, more: ['--system-reserved', 'cpu=1'] },
])('$name', ({ options, more }) => {
  expect(nodeArguments({ ...plain, ...options })).toEqual([
    ...['--runtime', 'auto', '--node-address', '127.0.0.1'],
    ...more,
  ])
})
