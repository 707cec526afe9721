import { expect, test } from 'vitest'
import { refOf } from '../api/reference.ts'
import type { KubeObject } from '../api/types.ts'
import type { ObjectChange } from '../cluster/view.ts'
import { messageOf, subjectOf } from './message.ts'
import { pathOf } from './path.ts'

function object(kind: string, key: string, more: object = {}): KubeObject {
  const [name = '', namespace] = key.split('/').toReversed()
  const apiVersions: Record<string, string> = {
    Deployment: 'apps/v1',
    ReplicaSet: 'apps/v1',
    Cluster: 'gantry.dev/v1',
    Role: 'rbac.authorization.k8s.io/v1',
    Policy: 'x.io/v1',
    EndpointSlice: 'discovery.k8s.io/v1',
  }
  return {
    apiVersion: apiVersions[kind] ?? 'v1',
    kind,
    metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
    ...more,
  }
}

const created = (after: KubeObject): ObjectChange => ({ ref: refOf(after), after, resourceVersion: 1, decided: true })
const deleted = (before: KubeObject): ObjectChange => ({
  ref: refOf(before),
  before,
  resourceVersion: 1,
  decided: true,
})
const updated = (before: KubeObject, after = before): ObjectChange => ({ ...created(after), before })
const web = (availableReplicas: number) =>
  object('Deployment', 'shop/web', { spec: { replicas: 3 }, status: { availableReplicas } })
const pod = (phase: string) => object('Pod', 'shop/web-1', { status: { phase } })

test.each<{ changes: ObjectChange[]; subject: string }>([
  {
    changes: [updated(web(2), web(3)), updated(pod('Pending'), pod('Running'))],
    subject: 'shop/web: 2/3 → 3/3 available',
  },
  {
    changes: ['Deployment', 'Service', 'ConfigMap'].map(kind => created(object(kind, 'default/web'))),
    subject: 'web: created Deployment, Service, ConfigMap',
  },
  {
    changes: [created(object('Deployment', 'shop/web')), created(object('Pod', 'shop/web-1'))],
    subject: 'shop/web: created Deployment',
  },
  {
    changes: [deleted(object('Service', 'a/b')), updated(object('ConfigMap', 'a/c'))],
    subject: 'a/b: deleted Service; a/c: updated ConfigMap',
  },
  { changes: [updated(pod('Pending'), pod('Running'))], subject: 'shop/web-1: Pending → Running' },
  { changes: [updated(pod('Running'))], subject: 'shop/web-1: updated Pod' },
  {
    changes: [
      updated(
        object('Cluster', 'x', { status: { health: 'Progressing' } }),
        object('Cluster', 'x', { status: { health: 'Healthy' } }),
      ),
    ],
    subject: 'cluster Healthy',
  },
  {
    changes: Array.from({ length: 12 }, (_, n) => (n < 5 ? created : updated)(object('ConfigMap', `a/config-${n}`))),
    subject: '12 objects: 5 created, 7 updated',
  },
])('$subject', ({ changes, subject }) => expect(subjectOf(changes)).toBe(subject))

test('a message of many changes stays short', () => {
  const changes = Array.from({ length: 5000 }, (_, n) => created(object('ConfigMap', `a/c${n}`)))
  const lines = messageOf(changes, { cluster: 'hello', desiredCommit: undefined }).split('\n')
  expect([lines.length, lines[0], ...lines.slice(-5)]).toEqual([
    56,
    '5000 objects: 5000 created',
    'created ConfigMap a/c49',
    'and 4950 more',
    '',
    'Cluster: hello',
    '',
  ])
})

const owned = (key: string, name: string) => {
  const plain = object('Pod', key)
  return {
    ...plain,
    metadata: {
      ...plain.metadata,
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name, uid: 'u', controller: true }],
    },
  }
}

test.each<{ object: KubeObject; path: string | undefined }>([
  { object: object('Cluster', 'hello'), path: 'cluster.yaml' },
  { object: object('Node', 'n1'), path: 'cluster/nodes/n1.yaml' },
  { object: object('Namespace', 'shop'), path: 'cluster/namespaces/shop.yaml' },
  { object: object('Deployment', 'shop/web'), path: 'namespaces/shop/deployments.apps/web.yaml' },
  { object: object('ConfigMap', 'shop/web'), path: 'namespaces/shop/configmaps/web.yaml' },
  { object: object('EndpointSlice', 'shop/web'), path: 'namespaces/shop/endpointslices.discovery.k8s.io/web.yaml' },
  { object: owned('shop/web-1', 'web-5d'), path: 'namespaces/shop/pods/web-5d/web-1.yaml' },
  { object: object('Pod', 'shop/alone'), path: 'namespaces/shop/pods/_/alone.yaml' },
  { object: object('Policy', 'shop/p'), path: 'namespaces/shop/policies.x.io/p.yaml' },
  {
    object: object('Role', 'shop/system:a b'),
    path: 'namespaces/shop/roles.rbac.authorization.k8s.io/system%3Aa%20b.yaml',
  },
  { object: object('Role', 'shop/.git'), path: 'namespaces/shop/roles.rbac.authorization.k8s.io/%2Egit.yaml' },
  {
    object: object('ConfigMap', `shop/${'a'.repeat(253)}`),
    path: `namespaces/shop/configmaps/${'a'.repeat(200)}~/${'a'.repeat(53)}.yaml`,
  },
  { object: object('Event', 'shop/web.1'), path: undefined },
])('$path', ({ object: given, path }) => expect(pathOf(given)).toBe(path))
