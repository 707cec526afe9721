import { expect, test } from 'vitest'
import { Cluster } from '../cluster/cluster.ts'
import { defaultSettings } from '../api/settings.ts'
import { deploymentObject } from '../cluster/objects/objects.fixture.ts'
import { step } from './step.ts'

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
  let ids = 0
  const env = { now: 0, newId: () => `uid-${++ids}`, random: () => 0.5 }
  const options = { clusterName: 'test', serviceCIDR: '10.96.0.0/16', nodePorts: { from: 30_000, to: 32_767 } }
  step(cluster, { kind: 'revision', revision, manifests, settings: defaultSettings, problems: [] }, env, options)
  expect(cluster.list('ReplicaSet').length).toBe(names.length)
})
