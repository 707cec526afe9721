import { expect, test } from 'vitest'
import type { KubeObject, ObjectMeta } from '../api/types.ts'
import { sourceAnnotation, type Manifest } from '../api/manifest.ts'
import { Cluster } from '../cluster/cluster.ts'
import { plan } from './plan.ts'
import type { PlanStep } from './step.ts'

const given = {
  uid: 'u1',
  resourceVersion: '7',
  generation: 2,
  creationTimestamp: '2026-01-01T00:00:00Z',
} satisfies Partial<ObjectMeta>

function service(spec: object, metadata: Partial<ObjectMeta> = {}): KubeObject {
  return object('v1', 'Service', { spec: { type: 'ClusterIP', sessionAffinity: 'None', ...spec }, metadata })
}

interface Given {
  readonly metadata?: Partial<ObjectMeta>
  readonly spec?: unknown
}

function object(apiVersion: string, kind: string, { metadata, ...rest }: Given = {}): KubeObject {
  const namespace = kind === 'Namespace' ? {} : { namespace: 'shop' }
  return { apiVersion, kind, metadata: { name: 'web', ...namespace, ...metadata }, ...rest }
}

function manifest(wanted: KubeObject, file = 'web.yaml'): Manifest {
  return { object: wanted, origin: { file, line: 3, column: 1 } }
}

/** As the cluster holds it after it was put for `web.yaml`. */
function held(live: KubeObject): KubeObject {
  const annotations = { ...live.metadata.annotations, [sourceAnnotation]: 'web.yaml' }
  return { ...live, metadata: { ...live.metadata, ...given, annotations } }
}

function clusterOf(...objects: readonly KubeObject[]): Cluster {
  const cluster = new Cluster({ startVersion: 0 })
  const env = { now: 0, newId: () => 'u1', random: () => 0 }
  cluster.apply(
    objects.map(each => ({ kind: 'put', object: each })),
    env,
  )
  return cluster
}

test('the order of a plan: what others need first, deletions the other way round', () => {
  const wanted = [
    object('apps/v1', 'Deployment'),
    object('example.dev/v1', 'Widget'),
    service({}),
    object('v1', 'Namespace', { metadata: { name: 'shop' } }),
    object('v1', 'Secret'),
    object('apiextensions.k8s.io/v1', 'CustomResourceDefinition'),
    object('v1', 'ConfigMap', { metadata: { name: 'b' } }),
    object('v1', 'ConfigMap', { metadata: { name: 'a' } }),
  ]
  const old = wanted.map(each => held({ ...each, metadata: { ...each.metadata, name: 'old' } }))
  const { steps } = plan(
    clusterOf(...old),
    wanted.map(each => manifest(each)),
  )
  expect(steps.map(inShort)).toEqual([
    'create Namespace shop',
    'create CustomResourceDefinition.apiextensions.k8s.io shop/web',
    'create ConfigMap shop/a',
    'create ConfigMap shop/b',
    'create Secret shop/web',
    'create Service shop/web',
    'create Deployment shop/web',
    'create Widget.example.dev shop/web',
    'delete Widget.example.dev shop/old',
    'delete Deployment shop/old',
    'delete Service shop/old',
    'delete Secret shop/old',
    'delete ConfigMap shop/old',
    'delete CustomResourceDefinition.apiextensions.k8s.io shop/old',
    'delete Namespace old',
  ])
})

test.each<{ name: string; live: KubeObject; wanted: KubeObject; becomes: object | undefined }>([
  {
    name: 'nothing changed',
    live: held(service({ ports: [{ protocol: 'TCP', port: 80, targetPort: 80 }] })),
    wanted: service({ ports: [{ protocol: 'TCP', port: 80, targetPort: 80 }] }),
    becomes: undefined,
  },
  {
    name: 'a status is the cluster’s',
    live: held({ ...service({}), status: { loadBalancer: {} } }),
    wanted: { ...service({}), status: {} },
    becomes: undefined,
  },
  {
    name: 'so are finalizers and owners',
    live: held(service({}, { finalizers: ['example.dev/hold'], ownerReferences: [] })),
    wanted: service({}),
    becomes: undefined,
  },
  {
    name: 'a Service keeps its address and node ports',
    live: held(
      service({
        type: 'NodePort',
        clusterIP: '10.96.0.9',
        clusterIPs: ['10.96.0.9'],
        ports: [{ protocol: 'TCP', port: 80, targetPort: 80, nodePort: 30500 }],
      }),
    ),
    wanted: service({
      type: 'NodePort',
      ports: [
        { protocol: 'TCP', port: 80, targetPort: 8080 },
        { protocol: 'UDP', port: 80, targetPort: 80 },
      ],
    }),
    becomes: {
      type: 'NodePort',
      sessionAffinity: 'None',
      clusterIP: '10.96.0.9',
      clusterIPs: ['10.96.0.9'],
      ports: [
        { protocol: 'TCP', port: 80, targetPort: 8080, nodePort: 30500 },
        { protocol: 'UDP', port: 80, targetPort: 80 },
      ],
    },
  },
  {
    name: 'a Service that takes no node port any more loses it',
    live: held(
      service({
        type: 'NodePort',
        clusterIP: '10.96.0.9',
        ports: [{ protocol: 'TCP', port: 80, targetPort: 80, nodePort: 30500 }],
      }),
    ),
    wanted: service({ ports: [{ protocol: 'TCP', port: 80, targetPort: 80 }] }),
    becomes: {
      type: 'ClusterIP',
      sessionAffinity: 'None',
      clusterIP: '10.96.0.9',
      ports: [{ protocol: 'TCP', port: 80, targetPort: 80 }],
    },
  },
  {
    name: 'an ExternalName has no address',
    live: held(service({ clusterIP: '10.96.0.9' })),
    wanted: service({ type: 'ExternalName', externalName: 'example.dev' }),
    becomes: { type: 'ExternalName', sessionAffinity: 'None', externalName: 'example.dev' },
  },
  {
    name: 'a controller’s annotation stays',
    live: held(
      object('apps/v1', 'Deployment', {
        metadata: { annotations: { 'deployment.kubernetes.io/revision': '3' } },
        spec: { replicas: 1 },
      }),
    ),
    wanted: object('apps/v1', 'Deployment', { spec: { replicas: 1 } }),
    becomes: undefined,
  },
  {
    name: 'an annotation of git goes with it',
    live: held(object('v1', 'ConfigMap', { metadata: { annotations: { note: 'x' } }, spec: { marker: 1 } })),
    wanted: object('v1', 'ConfigMap', { spec: { marker: 1 } }),
    becomes: { marker: 1 },
  },
])('$name', ({ live, wanted, becomes }) => {
  const { steps } = plan(clusterOf(live), [manifest(wanted)])
  expect(steps.map(step => (step.kind === 'update' ? step.after.spec : step))).toEqual(
    becomes === undefined ? [] : [becomes],
  )
})

test('an autoscaler’s target keeps its replicas', () => {
  const target = (replicas: number) => object('apps/v1', 'Deployment', { spec: { replicas } })
  const scaler = object('autoscaling/v2', 'HorizontalPodAutoscaler', {
    spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' } },
  })
  const cluster = clusterOf(held(target(5)), held(scaler))
  expect(plan(cluster, [manifest(target(2)), manifest(scaler)]).steps).toEqual([])
  expect(plan(cluster, [manifest(target(2))]).steps.map(inShort)).toEqual([
    'update Deployment shop/web',
    'delete HorizontalPodAutoscaler.autoscaling shop/web',
  ])
})

test('only what git asked for is deleted, and what is going is not deleted again', () => {
  const own = object('v1', 'ConfigMap', { metadata: { name: 'own' } })
  const going = held(object('v1', 'ConfigMap', { metadata: { name: 'going' } }))
  const cluster = clusterOf(own, {
    ...going,
    metadata: { ...going.metadata, deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['example.dev/hold'] },
  })
  expect(plan(cluster, []).steps).toEqual([])
})

test('a permanent namespace is let go, not deleted', () => {
  const live = held(object('v1', 'Namespace', { metadata: { name: 'default' } }))
  const { steps } = plan(clusterOf(live), [])
  expect(steps.map(step => [inShort(step), 'after' in step && step.after.metadata.annotations])).toEqual([
    ['update Namespace default', {}],
  ])
})

test('a file that moved changes the source only', () => {
  const wanted = service({})
  const { steps } = plan(clusterOf(held(wanted)), [manifest(wanted, 'moved/web.yaml')])
  expect(steps.map(step => 'after' in step && step.after.metadata.annotations)).toEqual([
    { [sourceAnnotation]: 'moved/web.yaml' },
  ])
})

test('a created object carries its source and no status', () => {
  expect(plan(clusterOf(), [manifest({ ...service({}), status: {} })]).steps).toEqual([
    {
      kind: 'create',
      ref: { kind: 'Service', key: 'shop/web' },
      origin: { file: 'web.yaml', line: 3, column: 1 },
      after: service({}, { annotations: { [sourceAnnotation]: 'web.yaml' } }),
    },
  ])
})

function inShort({ kind, ref }: PlanStep): string {
  return `${kind} ${ref.kind} ${ref.key}`
}
