import { expect, test } from 'vitest'
import { checkObject } from '../check.ts'

/** The object as it is after checking; a case fails where it has a problem. */
function defaulted(value: object): unknown {
  const { object, problems } = checkObject(value, {
    locate: () => ({ file: 'web.yaml', line: 1, column: 1 }),
    defaultNamespace: 'default',
  })
  return problems.length > 0 ? problems : object
}

const container = {
  name: 'web',
  imagePullPolicy: 'IfNotPresent',
  resources: {},
  terminationMessagePath: '/dev/termination-log',
  terminationMessagePolicy: 'File',
}
const podSpec = {
  restartPolicy: 'Always',
  terminationGracePeriodSeconds: 30,
  dnsPolicy: 'ClusterFirst',
  enableServiceLinks: true,
  schedulerName: 'default-scheduler',
  securityContext: {},
}

test('a Deployment', () => {
  const given = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: {
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' }, creationTimestamp: null },
        spec: { containers: [{ name: 'web', image: 'web:1' }] },
      },
    },
  }
  expect(defaulted(given)).toEqual({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: 'web' } },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 600,
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { ...podSpec, containers: [{ ...container, image: 'web:1' }] },
      },
    },
  })
})

test.each<{ name: string; strategy: object; expected: object }>([
  {
    name: 'half a budget is filled up',
    strategy: { rollingUpdate: { maxSurge: 1 } },
    expected: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: '25%' } },
  },
  { name: 'Recreate has none', strategy: { type: 'Recreate' }, expected: { type: 'Recreate' } },
])('strategy: $name', ({ strategy, expected }) => {
  const spec = {
    strategy,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'web:1' }] } },
  }
  expect(defaulted({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec })).toMatchObject({
    spec: { strategy: expected },
  })
})

test.each([
  ['web', 'Always'],
  ['web:latest', 'Always'],
  ['web:1', 'IfNotPresent'],
  ['registry.example.com:5000/web', 'Always'],
  ['registry.example.com:5000/web:1', 'IfNotPresent'],
  [`web@sha256:${'0'.repeat(64)}`, 'IfNotPresent'],
  [`web:latest@sha256:${'0'.repeat(64)}`, 'IfNotPresent'],
])('imagePullPolicy of %s is %s', (image, imagePullPolicy) => {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web' },
    spec: { containers: [{ name: 'web', image }] },
  }
  expect(defaulted(pod)).toMatchObject({ spec: { containers: [{ image, imagePullPolicy }] } })
})

test('everything in a pod that has defaults', () => {
  const given = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', namespace: 'shop' },
    spec: {
      hostNetwork: true,
      initContainers: [{ name: 'init', image: 'init:1' }],
      containers: [
        {
          name: 'web',
          image: 'web:1',
          ports: [{ containerPort: 80 }],
          env: [{ name: 'NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
          resources: { limits: { cpu: 1, memory: '64Mi' }, requests: { cpu: '100m' } },
          readinessProbe: { httpGet: { port: 80 } },
          livenessProbe: { tcpSocket: { port: 80 }, periodSeconds: 3 },
          lifecycle: { preStop: { httpGet: { port: 80, path: '/stop' } } },
        },
      ],
      volumes: [
        { name: 'nothing' },
        { name: 'config', configMap: { name: 'web' } },
        { name: 'secret', secret: { secretName: 'web', defaultMode: 0o400 } },
        { name: 'down', downwardAPI: { items: [{ path: 'name', fieldRef: { fieldPath: 'metadata.name' } }] } },
        { name: 'host', hostPath: { path: '/srv' } },
      ],
    },
  }
  expect(defaulted(given)).toEqual({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', namespace: 'shop' },
    spec: {
      ...podSpec,
      hostNetwork: true,
      initContainers: [{ ...container, name: 'init', image: 'init:1' }],
      containers: [
        {
          ...container,
          image: 'web:1',
          ports: [{ containerPort: 80, hostPort: 80, protocol: 'TCP' }],
          env: [{ name: 'NAME', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } } }],
          resources: { limits: { cpu: '1', memory: '64Mi' }, requests: { cpu: '100m', memory: '64Mi' } },
          readinessProbe: {
            httpGet: { port: 80, path: '/', scheme: 'HTTP' },
            initialDelaySeconds: 0,
            timeoutSeconds: 1,
            periodSeconds: 10,
            successThreshold: 1,
            failureThreshold: 3,
          },
          livenessProbe: {
            tcpSocket: { port: 80 },
            initialDelaySeconds: 0,
            timeoutSeconds: 1,
            periodSeconds: 3,
            successThreshold: 1,
            failureThreshold: 3,
          },
          lifecycle: { preStop: { httpGet: { port: 80, path: '/stop', scheme: 'HTTP' } } },
        },
      ],
      volumes: [
        { name: 'nothing', emptyDir: {} },
        { name: 'config', configMap: { name: 'web', defaultMode: 420 } },
        { name: 'secret', secret: { secretName: 'web', defaultMode: 256 } },
        {
          name: 'down',
          downwardAPI: {
            defaultMode: 420,
            items: [{ path: 'name', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } }],
          },
        },
        { name: 'host', hostPath: { path: '/srv', type: '' } },
      ],
    },
  })
})

test.each<{ name: string; spec: object; expected: object }>([
  {
    name: 'ClusterIP',
    spec: { selector: { app: 'web' }, clusterIP: '', ports: [{ port: 80 }] },
    expected: {
      type: 'ClusterIP',
      sessionAffinity: 'None',
      internalTrafficPolicy: 'Cluster',
      selector: { app: 'web' },
      ports: [{ port: 80, targetPort: 80, protocol: 'TCP' }],
    },
  },
  {
    name: 'NodePort with affinity',
    spec: { type: 'NodePort', sessionAffinity: 'ClientIP', ports: [{ port: 80, targetPort: 'http', nodePort: 30080 }] },
    expected: {
      type: 'NodePort',
      sessionAffinity: 'ClientIP',
      sessionAffinityConfig: { clientIP: { timeoutSeconds: 10800 } },
      internalTrafficPolicy: 'Cluster',
      externalTrafficPolicy: 'Cluster',
      ports: [{ port: 80, targetPort: 'http', nodePort: 30080, protocol: 'TCP' }],
    },
  },
  {
    name: 'headless',
    spec: { clusterIP: 'None', selector: { app: 'web' } },
    expected: {
      type: 'ClusterIP',
      clusterIP: 'None',
      sessionAffinity: 'None',
      internalTrafficPolicy: 'Cluster',
      selector: { app: 'web' },
    },
  },
  {
    name: 'ExternalName',
    spec: { type: 'ExternalName', externalName: 'db.example.com' },
    expected: { type: 'ExternalName', externalName: 'db.example.com', sessionAffinity: 'None' },
  },
])('a Service: $name', ({ spec, expected }) => {
  expect(defaulted({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' }, spec })).toEqual({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', namespace: 'default' },
    spec: expected,
  })
})

test('stringData is folded into data, over what is there', () => {
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'db' },
    data: { user: 'YQ==', password: 'b2xk' },
    stringData: { password: 'grün 🔑' },
  }
  expect(defaulted(secret)).toEqual({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'db', namespace: 'default' },
    data: { user: 'YQ==', password: Buffer.from('grün 🔑').toString('base64') },
    type: 'Opaque',
  })
})

test('an EndpointSlice: an endpoint that says nothing is ready', () => {
  const slice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'db', labels: { 'kubernetes.io/service-name': 'db' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['192.0.2.1'] }],
    ports: [{ port: 5432 }],
  }
  expect(defaulted(slice)).toEqual({
    ...slice,
    metadata: { ...slice.metadata, namespace: 'default' },
    endpoints: [{ addresses: ['192.0.2.1'], conditions: { ready: true, serving: true, terminating: false } }],
    ports: [{ name: '', port: 5432, protocol: 'TCP' }],
  })
})
