import { expect, test } from 'vitest'
import { sourceAnnotation } from '../api/manifest.ts'
import type { KubeObject } from '../api/types.ts'
import { Cluster } from './cluster.ts'
import { deploymentObject, nodeObject, podObject, runningStatus, serviceObject } from './objects/objects.fixture.ts'
import type { Env } from './view.ts'

function environment(): Env & { now: number } {
  let ids = 0
  return { now: Date.UTC(2026, 10, 20), newId: () => `id-${++ids}`, random: () => 0 }
}

function put(object: KubeObject) {
  return { kind: 'put', object } as const
}

test('gives a new object its identity, and counts the changes of its spec', () => {
  const [cluster, env] = [new Cluster({ startVersion: 7 }), environment()]
  const [created] = cluster.apply([put(deploymentObject())], env)
  expect(created?.after?.metadata).toEqual({
    name: 'web',
    namespace: 'shop',
    uid: 'id-1',
    creationTimestamp: '2026-11-20T00:00:00Z',
    resourceVersion: '8',
    generation: 1,
  })
  const [scaled] = cluster.apply([put(deploymentObject({ replicas: 5 }))], env)
  expect(scaled?.after?.metadata).toEqual({ ...created?.after?.metadata, resourceVersion: '9', generation: 2 })
})

test('what changes nothing leaves no trace', () => {
  const [cluster, env] = [new Cluster({ startVersion: 0 }), environment()]
  cluster.apply([put(deploymentObject())], env)
  expect(
    cluster.apply([put(deploymentObject()), { kind: 'delete', ref: { kind: 'Pod', key: 'shop/none' } }], env),
  ).toEqual([])
  expect(cluster.resourceVersion).toBe(1)
})

test.each([
  { name: 'a new object', change: put(podObject('new')), decided: true },
  { name: 'its end', change: { kind: 'delete', ref: { kind: 'Pod', key: 'shop/web' } } as const, decided: true },
  { name: 'a binding', change: put(podObject('web', { spec: { nodeName: 'a' } })), decided: true },
  { name: 'a label', change: put(podObject('web', { metadata: { labels: { app: 'api' } } })), decided: true },
  { name: 'a status', change: put(podObject('web', { status: runningStatus() })), decided: false },
])('$name is a decision: $decided', ({ change, decided }) => {
  const [cluster, env] = [new Cluster({ startVersion: 0 }), environment()]
  cluster.apply([put(podObject('web'))], env)
  expect(cluster.apply([change], env).map(done => done.decided)).toEqual([decided])
})

test('objects are frozen to their leaves', () => {
  const [cluster, env] = [new Cluster({ startVersion: 0 }), environment()]
  cluster.apply([put(podObject('web'))], env)
  expect(Object.isFrozen(cluster.get('Pod', 'shop/web')?.spec.containers[0]?.ports?.[0])).toBe(true)
})

test('lookups follow every change', () => {
  const [cluster, env] = [new Cluster({ startVersion: 0 }), environment()]
  const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: 'set', controller: true }
  const desired = { annotations: { [sourceAnnotation]: 'web.yaml' } }
  const reads = { volumes: [{ name: 'c', configMap: { name: 'conf', defaultMode: 420 } }], nodeName: 'a' }
  const pod = podObject('web', { metadata: { ownerReferences: [owner], ...desired }, spec: reads })
  cluster.apply([put(serviceObject('front', { clusterIP: '10.96.0.9' })), put(nodeObject('a')), put(pod)], env)
  const look = () => ({
    namespace: cluster.list('Pod', 'shop').map(({ metadata }) => metadata.name),
    owned: cluster.ownedBy('Pod', 'set').length,
    dependents: cluster.dependents('set').length,
    onNode: cluster.podsOn('a').length,
    desired: cluster.desired().length,
    users: cluster.usersOf({ kind: 'ConfigMap', key: 'shop/conf' }).length,
    matching: cluster.podsMatching('shop', { matchLabels: { app: 'web' } }).length,
    services: cluster.servicesSelecting(cluster.get('Pod', 'shop/web') ?? pod).length,
    orphans: cluster.orphanPods('shop').length,
    address: cluster.servicesAt('10.96.0.9').length,
    kinds: cluster.kinds(),
  })
  expect(look()).toEqual({
    namespace: ['web'],
    owned: 1,
    dependents: 1,
    onNode: 1,
    desired: 1,
    users: 1,
    matching: 1,
    services: 1,
    orphans: 0,
    address: 1,
    kinds: ['Node', 'Pod', 'Service'],
  })
  cluster.apply([put(podObject('web', { metadata: { labels: { app: 'api' } } }))], env)
  expect(look()).toEqual({
    namespace: ['web'],
    owned: 0,
    dependents: 0,
    onNode: 0,
    desired: 0,
    users: 0,
    matching: 0,
    services: 0,
    orphans: 1,
    address: 1,
    kinds: ['Node', 'Pod', 'Service'],
  })
  cluster.apply([{ kind: 'delete', ref: { kind: 'Pod', key: 'shop/web' } }], env)
  expect(look()).toEqual({
    namespace: [],
    owned: 0,
    dependents: 0,
    onNode: 0,
    desired: 0,
    users: 0,
    matching: 0,
    services: 1,
    orphans: 0,
    address: 1,
    kinds: ['Node', 'Service'],
  })
})

test('equal occurrences are one Event, which expires an hour after the last', () => {
  const [cluster, env] = [new Cluster({ startVersion: 0 }), environment()]
  const event = {
    kind: 'event',
    ref: { kind: 'Pod', key: 'shop/web' },
    type: 'Warning',
    reason: 'BackOff',
    message: 'again',
    component: 'agent',
  } as const
  cluster.apply([put(podObject('web')), event], env)
  env.now += 60_000
  cluster.apply([event], env)
  expect(
    cluster.list('Event').map(({ count, firstTimestamp, lastTimestamp }) => ({ count, firstTimestamp, lastTimestamp })),
  ).toEqual([{ count: 2, firstTimestamp: '2026-11-20T00:00:00Z', lastTimestamp: '2026-11-20T00:01:00Z' }])
  expect(cluster.eventsWakeAt()).toBe(env.now + 3_600_000)
  env.now += 3_599_999
  expect(cluster.expireEvents(env)).toEqual([])
  env.now += 1
  expect(cluster.expireEvents(env).map(({ ref }) => ref.kind)).toEqual(['Event'])
  expect(cluster.list('Event')).toEqual([])
})

test('what is restored is what was, and pods share their template again', () => {
  const [cluster, env] = [new Cluster({ startVersion: 0 }), environment()]
  const template = { metadata: { labels: { app: 'web' } }, spec: deploymentObject().spec.template.spec }
  const set = {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { name: 'web', namespace: 'shop' },
    spec: { replicas: 1, selector: {}, template },
  } as const
  cluster.apply([put(set)], env)
  const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: 'id-1', controller: true }
  cluster.apply([put(podObject('web', { metadata: { ownerReferences: [owner] }, spec: { nodeName: 'a' } }))], env)
  const recorded = structuredClone([...cluster.list('Pod'), ...cluster.list('ReplicaSet')])
  const copy = new Cluster({ startVersion: 0 })
  copy.restore(recorded, { resourceVersion: 1_000 })
  expect([...copy.list('Pod'), ...copy.list('ReplicaSet')]).toEqual([
    ...cluster.list('Pod'),
    ...cluster.list('ReplicaSet'),
  ])
  expect(copy.get('Pod', 'shop/web')?.spec.containers).toBe(
    copy.get('ReplicaSet', 'shop/web')?.spec.template.spec.containers,
  )
  expect(copy.resourceVersion).toBe(1_000)
})
