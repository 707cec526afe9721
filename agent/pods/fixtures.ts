/** Objects and a mirror for tests. */
import type { ConfigMap, Container, KubeObject, Pod, PodSpec, Secret, Service } from '../../engine/api/types.ts'
import type { Mirror } from '../mirror.ts'

export function container(name: string, more: Partial<Container> = {}): Container {
  return {
    name,
    image: 'app:1',
    imagePullPolicy: 'IfNotPresent',
    command: ['app'],
    resources: {},
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    ...more,
  }
}

export function pod(
  name: string,
  { spec = {}, ...more }: { spec?: Partial<PodSpec>; metadata?: object; status?: object } = {},
): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'shop', uid: `uid-${name}`, ...more.metadata },
    spec: {
      containers: [container('web')],
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      dnsPolicy: 'ClusterFirst',
      runtimeClassName: 'process',
      ...spec,
    },
    ...(more.status && { status: { phase: 'Pending', ...more.status } }),
  }
}

export function mirror(objects: readonly KubeObject[]): Mirror {
  const find = (kind: string, namespace: string, name: string) =>
    objects.find(o => o.kind === kind && o.metadata.namespace === namespace && o.metadata.name === name)
  return {
    settings: {
      clusterUid: 'cluster-1',
      clusterName: 'test',
      clusterDomain: 'cluster.local',
      serviceCIDR: '10.96.0.0/16',
      podCIDR: '10.244.0.0/16',
    },
    resourceVersion: 1,
    node: () => undefined,
    peers: () => [],
    encryption: () => 'none',
    pods: () => objects.filter((object): object is Pod => object.kind === 'Pod'),
    configMap: (namespace, name) => find('ConfigMap', namespace, name) as ConfigMap | undefined,
    secret: (namespace, name) => find('Secret', namespace, name) as Secret | undefined,
    services: () => objects.filter((object): object is Service => object.kind === 'Service'),
    endpointSlices: () => [],
  }
}
