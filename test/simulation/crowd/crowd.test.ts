import { expect, test } from 'vitest'
import { Cluster } from '../../../engine/cluster/cluster.ts'
import { Apps } from './apps.ts'
import { checkWhole, endingPods } from './crowd-checks.ts'
import { Crowd } from './crowd.ts'

const nodes = 100
const leisureMs = 20_000

/** The same as `npm run bench -- core` does with 5,000 nodes and 150,000 pods. */
test('a hundred nodes are cut off in part, in most, and come back: nothing is lost, doubled or given up too soon', () => {
  const crowd = new Crowd({ cluster: new Cluster({ startVersion: 0 }), nodes })
  const apps = new Apps({ deployments: 20, replicas: 50, servedOf: 2, namespaces: 5 })
  const uids = () => new Set(crowd.cluster.list('Pod').map(({ metadata }) => metadata.uid))
  const rest = () => {
    crowd.pass(leisureMs)
    checkWhole(crowd)
  }
  crowd.connect(crowd.agents)
  crowd.dispatch([apps.revision()])
  rest()
  apps.edit(0, 'good:2')
  crowd.dispatch([apps.revision()])
  rest()

  const rack = crowd.agents.slice(1, 5)
  crowd.cut(rack)
  // Ten seconds of silence since the last heartbeat, and thirty that are tolerated; then one node after the other.
  crowd.pass(36_000)
  expect(endingPods(crowd.cluster)).toEqual([])
  crowd.pass(rack.length * 10_000 + 5_000)
  expect(endingPods(crowd.cluster).length).toBe(rack.reduce((sum, { running }) => sum + running.size, 0))
  crowd.connect(rack)
  rest()

  const before = uids()
  const most = crowd.agents.slice(-80)
  crowd.cut(most)
  crowd.pass(120_000)
  expect(endingPods(crowd.cluster)).toEqual([])
  crowd.connect(most)
  rest()
  crowd.end(crowd.agents)
  crowd.connect(crowd.agents)
  rest()
  expect(uids()).toEqual(before)
})
