import { expect, test } from 'vitest'
import { checkObject } from './check.ts'
import { checkSet } from './check-set.ts'
import type { Manifest } from './manifest.ts'

/** Manifests of one file, an object a line; each is checked and defaulted on the way. */
function manifests(...objects: readonly object[]): Manifest[] {
  return objects.map((value, i) => {
    const origin = { file: 'shop.yaml', line: i + 1, column: 1 }
    const { object, problems } = checkObject(value, { locate: () => origin, defaultNamespace: 'default' })
    if (!object) throw new Error(JSON.stringify(problems))
    return { object, origin }
  })
}

function web(containerFields: object = {}, podFields: object = {}): object {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: {
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { containers: [{ name: 'web', image: 'web:1', ...containerFields }], ...podFields },
      },
    },
  }
}
const config = (data: object, name = 'web') => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data })
const service = (spec: object, name = 'web') => ({ apiVersion: 'v1', kind: 'Service', metadata: { name }, spec })

test.each<{ name: string; objects: object[]; expected: string[] }>([
  { name: 'nothing', objects: [], expected: [] },
  {
    name: 'an object that stands twice',
    objects: [config({}), config({ a: 'b' })],
    expected: [
      '2 error metadata.name stands twice: ConfigMap default/web is at shop.yaml:1 too; remove one of them, or give it another name',
    ],
  },
  {
    name: 'a namespace that nothing declares, once',
    objects: [
      { ...config({}), metadata: { name: 'a', namespace: 'shop' } },
      { ...config({}), metadata: { name: 'b', namespace: 'shop' } },
    ],
    expected: [
      '1 error metadata.namespace is "shop", a namespace that no manifest declares; add a manifest: apiVersion: v1, kind: Namespace, metadata: { name: shop }',
    ],
  },
  {
    name: 'a namespace that is declared later, and one that is always there',
    objects: [
      { ...config({}), metadata: { name: 'a', namespace: 'shop' } },
      { ...config({}), metadata: { name: 'a', namespace: 'kube-system' } },
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } },
    ],
    expected: [],
  },
  {
    name: 'a misspelt ConfigMap',
    objects: [config({}, 'settings'), web({ envFrom: [{ configMapRef: { name: 'setings' } }] })],
    expected: [
      '2 error spec.template.spec.containers[0].envFrom[0].configMapRef.name names the ConfigMap "setings", which the commit does not have in namespace default; did you mean settings?',
    ],
  },
  {
    name: 'a ConfigMap of another namespace',
    objects: [
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } },
      { ...config({}), metadata: { name: 'web', namespace: 'shop' } },
      web({}, { volumes: [{ name: 'config', configMap: { name: 'web' } }] }),
    ],
    expected: [
      '3 error spec.template.spec.volumes[0].configMap.name names the ConfigMap "web", which the commit does not have in namespace default; add the ConfigMap, or write optional: true',
    ],
  },
  {
    name: 'a Secret that is not there, and one that need not be',
    objects: [
      web({
        env: [
          { name: 'A', valueFrom: { secretKeyRef: { name: 'db', key: 'a' } } },
          { name: 'B', valueFrom: { secretKeyRef: { name: 'db', key: 'b', optional: true } } },
        ],
      }),
    ],
    expected: [
      '1 error spec.template.spec.containers[0].env[0].valueFrom.secretKeyRef.name names the Secret "db", which the commit does not have in namespace default; add the Secret, or write optional: true',
    ],
  },
  {
    name: 'keys that are not there',
    objects: [
      config({ greeting: 'Hello' }),
      web(
        { env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'web', key: 'greting' } } }] },
        { volumes: [{ name: 'config', configMap: { name: 'web', items: [{ key: 'other', path: 'other' }] } }] },
      ),
    ],
    expected: [
      '2 error spec.template.spec.containers[0].env[0].valueFrom.configMapKeyRef.key names the key "greting", which ConfigMap web does not have; did you mean greeting?',
      '2 error spec.template.spec.volumes[0].configMap.items[0].key names the key "other", which ConfigMap web does not have; add the key, or write optional: true',
    ],
  },
  {
    name: 'what a projected volume gathers',
    objects: [
      web(
        {},
        {
          volumes: [
            {
              name: 'all',
              projected: { sources: [{ secret: { name: 'a' } }, { configMap: { name: 'b', optional: true } }] },
            },
          ],
        },
      ),
    ],
    expected: [
      '1 error spec.template.spec.volumes[0].projected.sources[0].secret.name names the Secret "a", which the commit does not have in namespace default; add the Secret, or write optional: true',
    ],
  },
  {
    name: 'a Service that selects nothing',
    objects: [web(), service({ selector: { app: 'wbe' }, ports: [{ port: 80 }] })],
    expected: [
      '2 warning spec.selector matches no pod of the commit, so that the Service reaches nothing; make it match the labels of a pod template in the same namespace',
    ],
  },
  {
    name: 'a target port that no pod has',
    objects: [
      web({ ports: [{ name: 'http', containerPort: 80 }] }),
      service({ selector: { app: 'web' }, ports: [{ port: 80, targetPort: 'htpp' }] }),
    ],
    expected: [
      '2 warning spec.ports[0].targetPort names the port "htpp", which no pod that the Service selects has; did you mean http?',
    ],
  },
  {
    name: 'Services without a selector, and headless ones',
    objects: [service({ ports: [{ port: 80 }] }), service({ type: 'ExternalName', externalName: 'a.b' }, 'other')],
    expected: [],
  },
  {
    name: 'a node port and an address that are taken',
    objects: [
      service({ type: 'NodePort', clusterIP: '10.96.0.10', ports: [{ port: 80, nodePort: 30080 }] }),
      service({ type: 'NodePort', clusterIP: '10.96.0.10', ports: [{ port: 81, nodePort: 30080 }] }, 'other'),
      service({ type: 'NodePort', ports: [{ port: 80, nodePort: 30080, protocol: 'UDP' }] }, 'udp'),
    ],
    expected: [
      '2 error spec.clusterIP is 10.96.0.10, which Service default/web has; choose another, or leave it out to have one allocated',
      '2 error spec.ports[0].nodePort is 30080/TCP, which Service default/web has; choose another, or leave it out to have one allocated',
    ],
  },
])('$name', ({ objects, expected }) => {
  const { problems } = checkSet(manifests(...objects))
  expect(problems.map(({ line, severity, message, remedy }) => `${line} ${severity} ${message}; ${remedy}`)).toEqual(
    expected,
  )
})
