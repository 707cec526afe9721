import { expect, test } from 'vitest'
import { formatProblem } from '../api/problem.ts'
import type { KubeObject } from '../api/types.ts'
import { checkImmutable } from './immutable.ts'
import { refOf } from '../api/reference.ts'

function object(apiVersion: string, kind: string, rest: object): KubeObject {
  return { apiVersion, kind, metadata: { name: 'web', namespace: 'shop' }, ...rest }
}
const deployment = (app: string) =>
  object('apps/v1', 'Deployment', { spec: { selector: { matchLabels: { app } }, replicas: app.length } })
const pod = (spec: object) => object('v1', 'Pod', { spec: { containers: [{ name: 'a', image: 'x:1' }], ...spec } })
const service = (spec: object) => object('v1', 'Service', { spec: { type: 'ClusterIP', ...spec } })
const configMap = (rest: object) => object('v1', 'ConfigMap', rest)
const secret = (rest: object) => object('v1', 'Secret', rest)
const toleration = (key: string) => ({ tolerations: [{ key, operator: 'Exists' }] })

test.each<{ name: string; before: KubeObject; after: KubeObject; says: string | undefined }>([
  {
    name: 'a Deployment’s selector',
    before: deployment('a'),
    after: deployment('b'),
    says: 'Deployment shop/web: spec.selector cannot be changed once the object exists, as in Kubernetes; put back spec.selector, give the object another name, or delete it first',
  },
  {
    name: 'its replicas',
    before: deployment('a'),
    after: { ...deployment('a'), spec: { selector: { matchLabels: { app: 'a' } }, replicas: 9 } },
    says: undefined,
  },
  {
    name: 'a Service’s address',
    before: service({ clusterIP: '10.96.0.1' }),
    after: service({ clusterIP: '10.96.0.2' }),
    says: 'Service shop/web: spec.clusterIP cannot be changed from "10.96.0.1" to "10.96.0.2" while the Service exists; write clusterIP: 10.96.0.1, give the object another name, or delete it first',
  },
  {
    name: 'a headless Service that would get an address',
    before: service({ clusterIP: 'None' }),
    after: service({}),
    says: 'Service shop/web: spec.clusterIP cannot be changed from "None" to "" while the Service exists; write clusterIP: None, give the object another name, or delete it first',
  },
  {
    name: 'an ExternalName gives up its address',
    before: service({ clusterIP: '10.96.0.1' }),
    after: service({ type: 'ExternalName' }),
    says: undefined,
  },
  { name: 'a first address', before: service({}), after: service({ clusterIP: '10.96.0.1' }), says: undefined },
  {
    name: 'data of an immutable ConfigMap',
    before: configMap({ immutable: true, data: { a: '1' } }),
    after: configMap({ immutable: true, data: { a: '2' } }),
    says: 'ConfigMap shop/web: data cannot be changed: the object is marked immutable; put back data, or write the new values under another name and refer to that',
  },
  {
    name: 'the mark itself',
    before: configMap({ immutable: true, data: { a: '1' } }),
    after: configMap({ data: { a: '1' } }),
    says: 'ConfigMap shop/web: immutable cannot be changed: the object is marked immutable; put back immutable, or write the new values under another name and refer to that',
  },
  {
    name: 'a ConfigMap becomes immutable',
    before: configMap({ data: { a: '1' } }),
    after: configMap({ immutable: true, data: { a: '2' } }),
    says: undefined,
  },
  {
    name: 'a Secret’s type, and no value of it',
    before: secret({ type: 'Opaque', data: { a: 'b2xk' } }),
    after: secret({ type: 'kubernetes.io/tls', data: { a: 'bmV3' } }),
    says: 'Secret shop/web: type cannot be changed once the object exists, as in Kubernetes; put back type, give the object another name, or delete it first',
  },
  {
    name: 'a Pod’s image',
    before: pod({}),
    after: pod({ containers: [{ name: 'a', image: 'x:2' }] }),
    says: undefined,
  },
  { name: 'a Pod’s added toleration', before: pod({}), after: pod(toleration('a')), says: undefined },
  {
    name: 'a Pod’s toleration that is taken away',
    before: pod(toleration('a')),
    after: pod(toleration('b')),
    says: 'Pod shop/web: spec.tolerations of a Pod cannot be changed while it exists (only images, activeDeadlineSeconds and added tolerations can); put it back, give the object another name, or delete it first; a Deployment replaces its pods by itself',
  },
  {
    name: 'a Pod’s environment',
    before: pod({}),
    after: pod({ containers: [{ name: 'a', image: 'x:1', env: [{ name: 'A', value: '1' }] }] }),
    says: 'Pod shop/web: spec.containers of a Pod cannot be changed while it exists (only images, activeDeadlineSeconds and added tolerations can); put it back, give the object another name, or delete it first; a Deployment replaces its pods by itself',
  },
])('$name', ({ before, after, says }) => {
  const origin = { file: 'web.yaml', line: 2, column: 1 }
  const problems = checkImmutable({ steps: [{ kind: 'update', ref: refOf(after), before, after, origin }] })
  expect(problems.map(formatProblem)).toEqual(says === undefined ? [] : [`web.yaml:2:1: error: ${says}`])
})
