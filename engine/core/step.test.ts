import { expect, test } from 'vitest'
import { Cluster } from '../cluster/cluster.ts'
import { defaultSettings } from '../api/settings.ts'
import { deploymentObject } from '../cluster/objects/objects.fixture.ts'
import { step } from './step.ts'

const options = { clusterName: 'test', serviceCIDR: '10.96.0.0/16', nodePorts: { from: 30_000, to: 32_767 } }
let ids = 0
const env = { now: 0, newId: () => `uid-${++ids}`, random: () => 0.5 }

test('one commit may bring any number of Deployments to one namespace', () => {
  const cluster = new Cluster({ startVersion: 0 })
  const names = Array.from({ length: 500 }, (_, index) => `web-${index}`)
  const manifests = names.map(name => {
    const deployment = deploymentObject({ replicas: 0 })
    return {
      object: { ...deployment, metadata: { ...deployment.metadata, name } },
      origin: { file: 'web.yaml', line: 1, column: 1 },
    }
  })
  const revision = { commit: 'c', tree: 't', subject: 's', author: 'a', committedAt: 0 }
  step(cluster, { kind: 'revision', revision, manifests, settings: defaultSettings, problems: [] }, env, options)
  expect(cluster.list('ReplicaSet').length).toBe(names.length)
})

test('any number of Events may expire at once', () => {
  const cluster = new Cluster({ startVersion: 0 })
  const events = Array.from({ length: 150_000 }, (_, index) => ({
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `web-${index}`, namespace: 'shop' },
    lastTimestamp: '1970-01-01T00:00:00Z',
  }))
  cluster.restore(events, { resourceVersion: 1 })
  const { record } = step(cluster, { kind: 'clock' }, { ...env, now: 3_600_000 }, options)
  expect(record.filter(({ ref, after }) => ref.kind === 'Event' && !after).length).toBe(events.length)
})
