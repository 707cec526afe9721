import { expect, test } from 'vitest'
import type { Container, KubeObject, PodSpec } from '../../engine/api/types.ts'
import { environmentOf } from './environment.ts'
import { container, mirror, pod } from './fixtures.ts'

const namespace = 'shop'
const objects: readonly KubeObject[] = [
  {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'config', namespace },
    data: { color: 'blue', 'bad key': 'x', '1st': 'y' },
  },
  { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'secret', namespace }, data: { key: 'czNjcmV0IOKCrA==' } },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'redis-main', namespace },
    spec: {
      type: 'ClusterIP',
      clusterIP: '10.96.0.7',
      ports: [{ name: 'main', port: 6379, protocol: 'TCP', targetPort: 6379 }],
    },
  },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'headless', namespace },
    spec: { type: 'ClusterIP', clusterIP: 'None', ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }] },
  },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'foreign', namespace: 'other' },
    spec: { type: 'ClusterIP', clusterIP: '10.96.0.8', ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }] },
  },
]

function environment(of: Partial<Container>, spec: Partial<PodSpec> = { enableServiceLinks: false }) {
  return environmentOf({
    pod: pod('p', { spec, metadata: { labels: { app: 'web' }, annotations: { note: 'said "so"' } } }),
    container: container('web', of),
    mirror: mirror(objects),
    nodeName: 'node-1',
    podIP: '10.0.0.2',
    hostIP: '192.0.2.1',
    allocatable: { cpu: '4', memory: '8Gi' },
    tellsPodIP: false,
  })
}

const field = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } })
const resource = (name: string, path: string, divisor?: string) => ({
  name,
  valueFrom: { resourceFieldRef: { resource: path, ...(divisor !== undefined && { divisor }) } },
})

test.each<{ name: string; of: Partial<Container>; env: Record<string, string> }>([
  { name: 'a value', of: { env: [{ name: 'A', value: 'x' }] }, env: { A: 'x' } },
  { name: 'no value is the empty one', of: { env: [{ name: 'A' }] }, env: { A: '' } },
  {
    name: 'variables before it, escapes, and names that mean nothing',
    of: {
      env: [
        { name: 'A', value: '1' },
        { name: 'B', value: '$(A) $$(A) $(C) $A $$ $(' },
        { name: 'C', value: '3' },
      ],
    },
    env: { A: '1', B: '1 $(A) $(C) $A $ $(', C: '3' },
  },
  {
    name: 'keys of a ConfigMap and a Secret',
    of: {
      env: [
        { name: 'A', valueFrom: { configMapKeyRef: { name: 'config', key: 'color' } } },
        { name: 'B', valueFrom: { secretKeyRef: { name: 'secret', key: 'key' } } },
      ],
    },
    env: { A: 'blue', B: 's3cret €' },
  },
  {
    name: 'optional ones that are missing are not set',
    of: {
      env: [
        { name: 'A', valueFrom: { configMapKeyRef: { name: 'none', key: 'x', optional: true } } },
        { name: 'B', valueFrom: { secretKeyRef: { name: 'secret', key: 'none', optional: true } } },
      ],
    },
    env: {},
  },
  {
    name: 'fields of the pod',
    of: {
      env: [
        field('NAME', 'metadata.name'),
        field('UID', 'metadata.uid'),
        field('LABEL', "metadata.labels['app']"),
        field('NOTE', "metadata.annotations['note']"),
        field('NODE', 'spec.nodeName'),
        field('POD', 'status.podIP'),
        field('HOST', 'status.hostIP'),
      ],
    },
    env: {
      NAME: 'p',
      UID: 'uid-p',
      LABEL: 'web',
      NOTE: 'said "so"',
      NODE: 'node-1',
      POD: '10.0.0.2',
      HOST: '192.0.2.1',
    },
  },
  {
    name: 'resources, rounded up, with what the node has where there is no limit',
    of: {
      resources: { limits: { cpu: '250m' }, requests: { memory: '64Mi' } },
      env: [
        resource('CPU', 'limits.cpu'),
        resource('MILLIS', 'limits.cpu', '1m'),
        resource('ASKED', 'requests.memory', '1Mi'),
        resource('MEMORY', 'limits.memory', '1Gi'),
      ],
    },
    env: { CPU: '1', MILLIS: '250', ASKED: '64', MEMORY: '8' },
  },
  {
    name: 'whole objects, under a prefix, overridden by env',
    of: {
      envFrom: [{ prefix: 'C_', configMapRef: { name: 'config' } }, { secretRef: { name: 'none', optional: true } }],
      env: [{ name: 'C_color', value: 'red' }],
    },
    env: { C_color: 'red', C_1st: 'y' },
  },
])('$name', ({ of, env }) => {
  expect(environment(of).env).toEqual(env)
})

test('keys that cannot name a variable are left out and told', () => {
  expect(environment({ envFrom: [{ configMapRef: { name: 'config' } }] }).skipped).toEqual([
    'Keys [1st, bad key] from the EnvFrom configMap shop/config were skipped since they are considered invalid environment variable names.',
  ])
})

test('services of the namespace that have an address', () => {
  expect(environment({}, {}).env).toEqual({
    REDIS_MAIN_SERVICE_HOST: '10.96.0.7',
    REDIS_MAIN_SERVICE_PORT: '6379',
    REDIS_MAIN_SERVICE_PORT_MAIN: '6379',
    REDIS_MAIN_PORT: 'tcp://10.96.0.7:6379',
    REDIS_MAIN_PORT_6379_TCP: 'tcp://10.96.0.7:6379',
    REDIS_MAIN_PORT_6379_TCP_PROTO: 'tcp',
    REDIS_MAIN_PORT_6379_TCP_PORT: '6379',
    REDIS_MAIN_PORT_6379_TCP_ADDR: '10.96.0.7',
  })
})

test('command and arguments are expanded, too', () => {
  const { command, args } = environment({
    env: [{ name: 'A', value: '1' }],
    command: ['run', '$(A)'],
    args: ['$$(A)', '$(B)'],
  })
  expect({ command, args }).toEqual({ command: ['run', '1'], args: ['$(A)', '$(B)'] })
})

test.each<{ of: Partial<Container>; message: string }>([
  {
    of: { env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'none', key: 'x' } } }] },
    message: 'configmap "none" not found',
  },
  {
    of: { env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'config', key: 'x' } } }] },
    message: "couldn't find key x in ConfigMap shop/config",
  },
  {
    of: { env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'none', key: 'x' } } }] },
    message: 'secret "none" not found',
  },
  {
    of: { env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'secret', key: 'x' } } }] },
    message: "couldn't find key x in Secret shop/secret",
  },
  { of: { envFrom: [{ configMapRef: { name: 'none' } }] }, message: 'configmap "none" not found' },
  { of: { env: [field('A', 'status.phase')] }, message: 'unsupported fieldPath: status.phase' },
])('refuses: $message', ({ of, message }) => {
  expect(() => environment(of)).toThrow(expect.objectContaining({ message, reason: 'CreateContainerConfigError' }))
})
