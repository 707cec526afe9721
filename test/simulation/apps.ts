import type { ConfigMap, Deployment, KubeObject, Pod, Service } from '../../engine/api/types.ts'
import type { Manifest } from '../../engine/api/manifest.ts'
import type { Random } from './random.ts'

/** What a commit says of one app. */
export interface App {
  readonly name: string
  readonly replicas: number
  /** `bad…` never starts. */
  readonly image: string
  readonly strategy: 'RollingUpdate' | 'Recreate'
  readonly maxSurge: number | string
  readonly maxUnavailable: number | string
  readonly minReadySeconds: number
  readonly config: string
  readonly configValue: string
  readonly nodePort: boolean
  readonly paused: boolean
}

export type Apps = ReadonlyMap<string, App>

export function randomApp(name: string, random: Random): App {
  return {
    name,
    replicas: random.between(0, 5),
    image: image(random),
    strategy: random.chance(0.85) ? 'RollingUpdate' : 'Recreate',
    maxSurge: random.pick([1, 2, '25%', '100%']),
    maxUnavailable: random.pick([0, 1, '25%', '50%']),
    minReadySeconds: random.pick([0, 0, 3]),
    config: `${name}-config-1`,
    configValue: 'a',
    nodePort: random.chance(0.3),
    paused: random.chance(0.05),
  }
}

function image(random: Random): string {
  return random.chance(0.15) ? `bad:${random.between(1, 3)}` : `good:${random.between(1, 4)}`
}

/** A commit that changes one or two things. */
export function changedApps(apps: Apps, random: Random): Apps {
  const next = new Map(apps)
  for (let i = random.between(1, 2); i > 0; i--) changeOne(next, random)
  return next
}

function changeOne(apps: Map<string, App>, random: Random): void {
  const name = random.pick(['ada', 'bob', 'cleo', 'dora'])
  const app = apps.get(name)
  if (!app) {
    apps.set(name, randomApp(name, random))
    return
  }
  const kind = random.pick(['image', 'scale', 'config', 'value', 'port', 'delete', 'image', 'scale', 'pause'])
  switch (kind) {
    case 'image':
      apps.set(name, { ...app, image: image(random) })
      return
    case 'scale':
      apps.set(name, { ...app, replicas: random.between(0, 6) })
      return
    case 'config':
      apps.set(name, { ...app, config: `${name}-config-${random.between(1, 3)}` })
      return
    case 'value':
      apps.set(name, { ...app, configValue: String(random.between(1, 9)) })
      return
    case 'port':
      apps.set(name, { ...app, nodePort: !app.nodePort })
      return
    case 'pause':
      apps.set(name, { ...app, paused: !app.paused })
      return
    case 'delete':
      apps.delete(name)
  }
}

/** Every image is one that starts, and nothing is paused. */
export function mendedApps(apps: Apps): Apps {
  return new Map(
    [...apps].map(([name, app]) => [name, { ...app, image: app.image.replace('bad', 'good'), paused: false }]),
  )
}

export function manifestsOf(apps: Apps): Manifest[] {
  const objects = [...apps.values()].flatMap(app => [config(app), deployment(app), service(app)])
  return [...objects, lonePod].map(object => ({ object, origin: { file: 'apps.yaml', line: 1, column: 1 } }))
}

function config(app: App): ConfigMap {
  return { ...named('v1', 'ConfigMap', app.config), data: { value: app.configValue } }
}

function podSpec(image: string, configName?: string): Pod['spec'] {
  return {
    containers: [
      {
        name: 'main',
        image,
        imagePullPolicy: 'IfNotPresent',
        resources: { requests: { cpu: '100m', memory: '64Mi' } },
        ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }],
        terminationMessagePath: '/dev/termination-log',
        terminationMessagePolicy: 'File',
        ...(configName === undefined ? {} : { envFrom: [{ configMapRef: { name: configName } }] }),
      },
    ],
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 5,
    dnsPolicy: 'ClusterFirst',
  }
}

/** A pod that git asks for by itself, without anything that would replace it. */
const lonePod: Pod = { ...named('v1', 'Pod', 'lone'), spec: podSpec('good:1') }

function deployment(app: App): Deployment {
  const { maxSurge, maxUnavailable } = app
  return {
    ...named('apps/v1', 'Deployment', app.name),
    spec: {
      replicas: app.replicas,
      selector: { matchLabels: { app: app.name } },
      strategy:
        app.strategy === 'Recreate'
          ? { type: 'Recreate' }
          : { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } },
      minReadySeconds: app.minReadySeconds,
      ...(app.paused ? { paused: true } : {}),
      revisionHistoryLimit: 3,
      progressDeadlineSeconds: 60,
      template: { metadata: { labels: { app: app.name } }, spec: podSpec(app.image, app.config) },
    },
  }
}

function service(app: App): Service {
  return {
    ...named('v1', 'Service', app.name),
    spec: {
      type: app.nodePort ? 'NodePort' : 'ClusterIP',
      selector: { app: app.name },
      sessionAffinity: 'None',
      ports: [{ port: 80, targetPort: 'http', protocol: 'TCP' }],
    },
  }
}

function named<A extends string, K extends string>(apiVersion: A, kind: K, name: string) {
  return { apiVersion, kind, metadata: { name, namespace: 'sim' } } satisfies KubeObject
}
