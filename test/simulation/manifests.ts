import type { Manifest } from '../../engine/api/manifest.ts'
import type {
  ConfigMap,
  Deployment,
  Job,
  KubeObject,
  Namespace,
  Pod,
  PodSpec,
  ReplicaSet,
  Service,
  Toleration,
} from '../../engine/api/types.ts'
import type { App, Task, Wanted } from './apps.ts'
import { dedicated } from './machines.ts'
import { nodeManifest } from './node-wishes.ts'

/** What a commit holds, as the renderer gives it: validated and defaulted. */
export function manifestsOf({ apps, tasks, pods, namespace, nodes }: Wanted): Manifest[] {
  const objects: KubeObject[] = [
    ...(namespace ? [other] : []),
    ...[...nodes].map(([name, wish]) => nodeManifest(name, wish)),
    ...[...apps.values()].flatMap(app => [config(app), workload(app), service(app)].map(each => inWave(each, app))),
    ...tasks.map(job),
    ...[...pods].map(barePod),
  ]
  return objects.map(object => ({ object, origin: { file: 'apps.yaml', line: 1, column: 1 } }))
}

function inWave<T extends KubeObject>(object: T, { wave }: Pick<App, 'wave'>): T {
  if (wave === 0) return object
  return { ...object, metadata: { ...object.metadata, annotations: { 'gantry.dev/wave': String(wave) } } }
}

const hookEvents = { pre: 'pre-install,pre-upgrade', post: 'post-install,post-upgrade' }

function job(task: Task): Job {
  const { name, hook, image, completions, parallelism, backoffLimit, wave } = task
  const annotations = {
    ...(wave === 0 ? {} : { 'argocd.argoproj.io/sync-wave': String(wave) }),
    ...(hook === undefined ? {} : { 'helm.sh/hook': hookEvents[hook] }),
    ...(hook === 'post' ? { 'helm.sh/hook-delete-policy': 'hook-succeeded' } : {}),
  }
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { namespace: 'sim', name, annotations },
    spec: {
      completions,
      parallelism,
      backoffLimit,
      activeDeadlineSeconds: 300,
      suspend: false,
      completionMode: 'NonIndexed',
      podReplacementPolicy: 'TerminatingOrFailed',
      template: { spec: { ...podSpec({ image, cpu: 0.1 }), restartPolicy: 'Never' } },
    },
  }
}

const other: Namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'other', labels: { team: 'other' } } }

function config(app: App): ConfigMap {
  return {
    ...named('v1', 'ConfigMap', { ...app, name: app.config }),
    data: { value: app.configValue },
    ...(app.immutable ? { immutable: true } : {}),
  }
}

function barePod(name: string): Pod {
  const runs = podSpec({ image: 'good:1', cpu: 0.1 })
  return {
    ...named('v1', 'Pod', { namespace: 'sim', name }),
    spec: name === 'lone' ? runs : { ...runs, restartPolicy: 'Never' },
  }
}

function workload(app: App): Deployment | ReplicaSet {
  const { replicas, minReadySeconds } = app
  const labels = { app: app.name }
  const spec = { replicas, selector: { matchLabels: labels }, minReadySeconds }
  const template = { metadata: { labels }, spec: podSpec(app) }
  if (app.kind === 'ReplicaSet') return { ...named('apps/v1', 'ReplicaSet', app), spec: { ...spec, template } }
  return {
    ...named('apps/v1', 'Deployment', app),
    spec: {
      ...spec,
      strategy: strategyOf(app),
      ...(app.paused ? { paused: true } : {}),
      revisionHistoryLimit: 1,
      progressDeadlineSeconds: 60,
      template,
    },
  }
}

function strategyOf({ strategy, maxSurge, maxUnavailable }: App): Deployment['spec']['strategy'] {
  if (strategy === 'Recreate') return { type: 'Recreate' }
  return { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } }
}

function podSpec({ image, cpu, ...app }: Pick<App, 'image' | 'cpu'> & Partial<App>): PodSpec {
  const tolerations = tolerationsOf(app)
  return {
    containers: [
      {
        name: 'main',
        image,
        imagePullPolicy: 'IfNotPresent',
        resources: { requests: { cpu: String(cpu), memory: '64Mi' } },
        ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }],
        terminationMessagePath: '/dev/termination-log',
        terminationMessagePolicy: 'File',
        ...(app.config === undefined ? {} : { envFrom: [{ configMapRef: { name: app.config } }] }),
      },
    ],
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 5,
    dnsPolicy: 'ClusterFirst',
    ...(app.ssd === true ? { nodeSelector: { disk: 'ssd' } } : {}),
    ...(tolerations.length === 0 ? {} : { tolerations }),
  }
}

function tolerationsOf({ database, lossSeconds }: Partial<App>): Toleration[] {
  const { key, value = '', effect } = dedicated
  const lost = { operator: 'Exists', effect: 'NoExecute', key: 'node.kubernetes.io/unreachable' } as const
  return [
    ...(database === true ? [{ key, operator: 'Equal' as const, value, effect }] : []),
    ...(lossSeconds === undefined
      ? []
      : lossSeconds === 'forever'
        ? [lost]
        : [{ ...lost, tolerationSeconds: lossSeconds }]),
  ]
}

function service(app: App): Service {
  return {
    ...named('v1', 'Service', app),
    spec: {
      type: app.nodePort ? 'NodePort' : 'ClusterIP',
      selector: { app: app.name },
      sessionAffinity: 'None',
      ports: [{ port: 80, targetPort: 'http', protocol: 'TCP' }],
    },
  }
}

function named<A extends string, K extends string>(
  apiVersion: A,
  kind: K,
  { namespace, name }: Pick<App, 'namespace' | 'name'>,
) {
  return { apiVersion, kind, metadata: { name, namespace } } satisfies KubeObject
}
