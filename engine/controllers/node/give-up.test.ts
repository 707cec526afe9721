import { expect, test } from 'vitest'
import { taintKeys } from '../../api/node-taints.ts'
import { toTime } from '../../api/time.ts'
import type { Node, NodeName } from '../../api/types.ts'
import { Cluster } from '../../cluster/cluster.ts'
import { nodeObject } from '../../cluster/objects/objects.fixture.ts'
import { type GiveUp, mayGiveUp } from './give-up.ts'
import { Losses } from './losses.ts'

/** A node as a word: `a` is ready, `a?` lost, `a!5` given up since 5 s, `a*` named by the branch and never there. */
function node(word: string): Node {
  const [, name = '', sign = '', seconds = '0'] = /^(\w)([?!*]?)(\d*)$/.exec(word) ?? []
  const status = sign === '' ? 'True' : 'Unknown'
  const timeAdded = toTime(Number(seconds) * 1000)
  const taints = sign === '!' ? [{ key: taintKeys.unreachable, effect: 'NoExecute' as const, timeAdded }] : []
  const spec = { taints, ...(sign === '*' ? {} : { podCIDR: '10.244.0.0/24' }) }
  return nodeObject(name, { spec, status: { conditions: [{ type: 'Ready', status }] } })
}

function lossesOf(nodes: readonly Node[]): Losses {
  const cluster = new Cluster({ startVersion: 0 })
  cluster.restore(nodes, { resourceVersion: 1 })
  return new Losses(cluster)
}

test.each<{ name: string; nodes: string; empty?: string; now?: number; expected: GiveUp }>([
  { name: 'it is back', nodes: 'a b c', expected: { verdict: 'no' } },
  { name: 'one of three', nodes: 'a? b c', expected: { verdict: 'yes' } },
  { name: 'one of two', nodes: 'a? b', expected: { verdict: 'yes' } },
  { name: 'the only one', nodes: 'a?', expected: { verdict: 'no' } },
  { name: 'most are lost', nodes: 'a? b? c', expected: { verdict: 'no' } },
  { name: 'most are lost, though it was given up', nodes: 'a!1 b? c', expected: { verdict: 'no' } },
  { name: 'those that never joined do not count', nodes: 'a? b c*', expected: { verdict: 'yes' } },
  { name: 'nor hide that most are lost', nodes: 'a? b? c d* e*', expected: { verdict: 'no' } },
  { name: 'another was given up just now', nodes: 'a? b!95 c d', expected: { verdict: 'later', at: 105_000 } },
  { name: 'ten seconds after that', nodes: 'a? b!95 c d', now: 105, expected: { verdict: 'yes' } },
  { name: 'the last of several counts', nodes: 'a? b!60 c!94 d e f', expected: { verdict: 'later', at: 104_000 } },
  { name: 'its time runs already', nodes: 'a!93 b!95 c d', expected: { verdict: 'yes' } },
  { name: 'one without pods need not wait', nodes: 'a? b!95 c d', empty: 'a', expected: { verdict: 'yes' } },
  { name: 'and nobody waits for it', nodes: 'a? b!95 c d', empty: 'b', expected: { verdict: 'yes' } },
])('$name', ({ nodes: words, empty, now = 100, expected }) => {
  const nodes = words.split(' ').map(node)
  const [first] = nodes
  if (first === undefined) throw new Error('no node')
  const hasPods = (name: NodeName) => name !== empty
  const lost = { node: first, before: first, losses: lossesOf(nodes), hasPods, now: now * 1000 }
  expect(mayGiveUp(lost)).toEqual(expected)
})

test.each([
  { name: 'one of three that is lost just now', others: 'b c', expected: 'yes' },
  { name: 'the second of three', others: 'b? c', expected: 'no' },
])('$name counts as lost: $expected', ({ others, expected }) => {
  const [before, after] = [node('a'), node('a?')]
  const nodes = [before, ...others.split(' ').map(node)]
  const lost = { node: after, before, losses: lossesOf(nodes), hasPods: () => true, now: 0 }
  expect(mayGiveUp(lost).verdict).toBe(expected)
})
