/** The forms in which a repository can hold the same apps: a quarter each Deployments, Services, ConfigMaps (or Secrets), ServiceAccounts. */
import { sealed } from './sealing.ts'

export interface App {
  readonly name: string
  readonly team: string
  readonly version: number
}

/** Paths with their texts. */
export type Files = readonly (readonly [path: string, text: string])[]

export interface Form {
  /** What the apps of a team share. */
  shared(team: string, version: number): Files
  /** What is an app's own. Its first file is the one that a new version changes. */
  own(app: App): Files | Promise<Files>
  /** How many objects a new version of an app changes. */
  readonly changes: number
}

export type FormName = 'plain' | 'kustomize' | 'charts' | 'secrets'

/** Another form is another entry. */
export const forms: Readonly<Record<FormName, Form>> = {
  plain: {
    changes: 1,
    shared: team => [[`${team}/namespace.yaml`, namespace(team)]],
    own: app => manifests(app).map(([file, text]) => [`${app.team}/${app.name}/${file}`, text]),
  },
  kustomize: {
    changes: 1,
    shared: (team, version) => [
      [`${team}/namespace/kustomization.yaml`, 'resources: [namespace.yaml]\n'],
      [`${team}/namespace/namespace.yaml`, namespace(team)],
      [`${team}/base/kustomization.yaml`, 'resources: [deployment.yaml, config.yaml, service.yaml, account.yaml]\n'],
      ...manifests({ name: 'web', version }).map(([file, text]) => [`${team}/base/${file}`, text] as const),
    ],
    own: ({ name, team, version }) => [
      [`${team}/${name}/kustomization.yaml`, overlay({ name, team, version })],
      [`${team}/${name}/patch.yaml`, patch],
    ],
  },
  charts: {
    // The Release and the Deployment.
    changes: 2,
    shared: (team, version) => [
      [`${team}/namespace.yaml`, namespace(team)],
      [`${team}/chart/Chart.yaml`, `apiVersion: v2\nname: web\nversion: 1.0.${version}\n`],
      [`${team}/chart/values.yaml`, 'version: 0\n'],
      ...manifests({ name: '{{Release.Name}}', version: '{{Values.version}}', greeting: version }).map(
        ([file, text]) => [`${team}/chart/templates/${file.replace('.yaml', '.hbs')}`, text] as const,
      ),
    ],
    own: ({ name, team, version }) => [[`${team}/${name}.yaml`, release({ name, team, version })]],
  },
  secrets: {
    changes: 1,
    shared: team => [[`${team}/namespace.yaml`, namespace(team)]],
    own: async app => {
      const [deployment, secret, ...others] = manifests({ ...app, greets: 'Secret' }).map(
        ([file, text]) => [`${app.team}/${app.name}/${file}`, text] as const,
      )
      if (deployment === undefined || secret === undefined) return []
      const [path, text] = secret
      return [[path, await sealed(text)], deployment, ...others]
    },
  },
}

function release({ name, team, version }: App): string {
  return `apiVersion: gantry.dev/v1
kind: Release
metadata: { name: ${name}, namespace: ${team} }
spec:
  chart: { path: ${team}/chart }
  values: { version: ${version} }
`
}

function namespace(name: string): string {
  return `apiVersion: v1\nkind: Namespace\nmetadata:\n  name: ${name}\n`
}

function overlay({ name, team, version }: App): string {
  return `namespace: ${team}
namePrefix: ${name}-
resources: [../base]
commonLabels: { app: ${name} }
images: [{ name: registry.example/web, newName: registry.example/${name}, newTag: v${version} }]
patches: [{ path: patch.yaml }]
`
}

const patch = `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  template:
    spec:
      containers: [{ name: web, env: [{ name: OWN, value: "1" }] }]
`

interface Web {
  readonly name: string
  readonly team?: string
  readonly version: number | string
  readonly greeting?: number
  /** What holds the greeting. */
  readonly greets?: 'ConfigMap' | 'Secret'
}

function manifests({ name, team, version, greeting, greets = 'ConfigMap' }: Web): Files {
  const namespace = team === undefined ? '' : `  namespace: ${team}\n`
  const head = (apiVersion: string, kind: string): string =>
    `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata:\n  name: ${name}\n${namespace}`
  const [reference, file, data] =
    greets === 'Secret' ? ['secretKeyRef', 'secret', 'stringData'] : ['configMapKeyRef', 'config', 'data']
  return [
    [
      'deployment.yaml',
      `${head('apps/v1', 'Deployment')}  labels: { app: ${name} }
spec:
  replicas: 0
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata:
      labels: { app: ${name}, tier: web }
    spec:
      serviceAccountName: ${name}
      containers:
        - name: web
          image: registry.example/${name}:v${version}
          ports: [{ name: http, containerPort: 8080 }]
          env:
            - { name: GREETING, valueFrom: { ${reference}: { name: ${name}, key: greeting } } }
          resources: { requests: { cpu: 10m, memory: 16Mi }, limits: { memory: 64Mi } }
          readinessProbe: { httpGet: { path: /ready, port: http } }
`,
    ],
    [`${file}.yaml`, `${head('v1', greets)}${data}:\n  greeting: hello ${greeting ?? version}\n`],
    [
      'service.yaml',
      `${head('v1', 'Service')}spec:\n  selector: { app: ${name} }\n  ports: [{ port: 80, targetPort: http }]\n`,
    ],
    ['account.yaml', `${head('v1', 'ServiceAccount')}automountServiceAccountToken: false\n`],
  ]
}
