import { expect, test } from 'vitest'
import { defaultSettings } from '../api/settings.ts'
import { Cluster } from '../cluster/cluster.ts'
import { nodeObject } from '../cluster/objects/objects.fixture.ts'
import { checkAdmission } from './admission.ts'

function clusterOf(names: readonly string[]): Cluster {
  const cluster = new Cluster({ startVersion: 0 })
  // One that the branch named before, and that never came: nobody loses anything with it.
  const nodes = [...names.map(name => nodeObject(name, { spec: { podCIDR: '10.244.0.0/24' } })), nodeObject('never')]
  cluster.apply(
    nodes.map(object => ({ kind: 'put', object })),
    { now: 0, newId: () => 'u1', random: () => 0 },
  )
  return cluster
}

test.each<{ name: string; joined: string; named: string; open?: true; expected: string[] }>([
  { name: 'open', joined: 'a b', named: '', open: true, expected: [] },
  { name: 'all are named', joined: 'a b', named: 'a b', expected: [] },
  { name: 'one is not', joined: 'a b', named: 'a', expected: ['warning b'] },
  { name: 'none is', joined: 'a b', named: 'c', expected: ['error a', 'error b'] },
  { name: 'nobody is there yet', joined: '', named: '', expected: [] },
])('$name', ({ joined, named, open, expected }) => {
  const words = (text: string): string[] => text.split(' ').filter(word => word !== '')
  const manifests = words(named).map(name => ({
    object: nodeObject(name),
    origin: { file: 'nodes.yaml', line: 1, column: 1 },
  }))
  const { spec } = defaultSettings
  const admission = open === true ? 'open' : 'strict'
  const settings = { ...defaultSettings, spec: { ...spec, nodes: { ...spec.nodes, admission } } } as const
  const problems = checkAdmission(clusterOf(words(joined)), { manifests, settings })
  expect(problems.map(({ severity, object }) => `${severity} ${object?.slice('Node '.length)}`)).toEqual(expected)
})
