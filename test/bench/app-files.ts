/** Repositories of many apps: a Deployment and three more objects each, a file an object, a hundred apps a namespace. */

export interface AppOptions {
  readonly replicas: number
  readonly version: number
  /** Whether its containers are told of the Services of their namespace by variables. */
  readonly serviceLinks?: boolean
}

/** Only the bench's own agents run these pods: whatever else the cluster has stays out of the figures. */
export const nodeLabel = { 'bench.example/node': 'memory' }

export function nameOf(app: number): string {
  return `app-${app}`
}

export function namespaceOf(app: number): string {
  return `team-${Math.floor(app / 100)}`
}

/** Path → text of the namespaces that so many apps need. */
export function namespaceFiles(apps: number): ReadonlyMap<string, string> {
  const names = new Set(Array.from({ length: apps }, (_, app) => namespaceOf(app)))
  return new Map(
    [...names].map(name => [`${name}/namespace.yaml`, `apiVersion: v1\nkind: Namespace\nmetadata:\n  name: ${name}\n`]),
  )
}

/** Path → text of one app. */
export function appFiles(app: number, options: AppOptions): ReadonlyMap<string, string> {
  const files = Object.entries(documents(nameOf(app), { ...options, namespace: namespaceOf(app) }))
  return new Map(files.map(([kind, text]) => [`${namespaceOf(app)}/${nameOf(app)}/${kind}.yaml`, text]))
}

function documents(
  name: string,
  { replicas, version, serviceLinks = true, namespace }: AppOptions & { namespace: string },
): Record<string, string> {
  const head = (apiVersion: string, kind: string): string =>
    `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata:\n  name: ${name}\n  namespace: ${namespace}\n`
  return {
    config: `${head('v1', 'ConfigMap')}data:\n  greeting: hello\n`,
    account: `${head('v1', 'ServiceAccount')}automountServiceAccountToken: false\n`,
    service: `${head('v1', 'Service')}spec:\n  selector: { app: ${name} }\n  ports: [{ port: 8080, targetPort: http }]\n`,
    deployment: `${head('apps/v1', 'Deployment')}  labels: { app: ${name} }
spec:
  replicas: ${replicas}
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata:
      labels: { app: ${name}, version: v${version} }
    spec:
      runtimeClassName: process
      enableServiceLinks: ${serviceLinks}
      nodeSelector: ${JSON.stringify(nodeLabel)}
      containers:
        - name: web
          command: [web, --version, v${version}]
          ports: [{ name: http, containerPort: 8080 }]
          env:
            - { name: GREETING, valueFrom: { configMapKeyRef: { name: ${name}, key: greeting } } }
          resources: { requests: { cpu: 10m, memory: 16Mi }, limits: { memory: 64Mi } }
`,
  }
}
