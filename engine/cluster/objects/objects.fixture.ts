/** Objects for tests: whole ones, as validation and defaulting leave them. */
import type { Condition, Deployment, Node, Pod, PodSpec, Service } from '../../api/types.ts'

export function podSpec(spec: Partial<PodSpec> = {}): PodSpec {
  return {
    containers: [
      {
        name: 'main',
        image: 'web:1',
        imagePullPolicy: 'IfNotPresent',
        resources: {},
        ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }],
        terminationMessagePath: '/dev/termination-log',
        terminationMessagePolicy: 'File',
      },
    ],
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    ...spec,
  }
}

/** A pod by its name; `metadata`, `spec` and `status` add to what every pod has. */
export function podObject(
  name: string,
  {
    metadata = {},
    spec = {},
    status,
  }: { metadata?: Partial<Pod['metadata']>; spec?: Partial<PodSpec>; status?: Pod['status'] } = {},
): Pod {
  const pod: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'shop', uid: `uid-${name}`, labels: { app: 'web' }, ...metadata },
    spec: podSpec(spec),
  }
  return status ? { ...pod, status } : pod
}

/** The status of a pod that runs, ready since a time or not ready. */
export function runningStatus({ readySince, podIP }: { readySince?: string; podIP?: string } = {}): NonNullable<
  Pod['status']
> {
  const ready: Condition = {
    type: 'Ready',
    status: readySince === undefined ? 'False' : 'True',
    ...(readySince === undefined ? {} : { lastTransitionTime: readySince }),
  }
  return { phase: 'Running', conditions: [ready], ...(podIP === undefined ? {} : { podIP }) }
}

export function deploymentObject(spec: Partial<Deployment['spec']> = {}): Deployment {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'shop' },
    spec: {
      replicas: 3,
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: podSpec() },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 600,
      ...spec,
    },
  }
}

export function serviceObject(name: string, spec: Partial<Service['spec']> = {}): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'shop' },
    spec: {
      type: 'ClusterIP',
      selector: { app: 'web' },
      sessionAffinity: 'None',
      ports: [{ port: 80, targetPort: 'http', protocol: 'TCP' }],
      ...spec,
    },
  }
}

export function nodeObject(
  name: string,
  {
    spec = {},
    status = {},
    labels = {},
  }: { spec?: Node['spec']; status?: Node['status']; labels?: Record<string, string> } = {},
): Node {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels },
    spec,
    status: {
      allocatable: { cpu: '2', memory: '4Gi', pods: '10' },
      runtimeHandlers: [{ name: 'docker' }],
      conditions: [{ type: 'Ready', status: 'True' }],
      ...status,
    },
  }
}
