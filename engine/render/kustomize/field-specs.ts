/** Where Kustomize's transformers write by themselves, as its own configuration says. */
import type { FieldSpec } from './field-spec.ts'

const metadataLabels: readonly FieldSpec[] = [
  { path: 'metadata/labels', create: true },
  { path: 'spec/template/metadata/labels', create: true, version: 'v1', kind: 'ReplicationController' },
  ...['Deployment', 'ReplicaSet', 'DaemonSet'].map(kind => ({
    path: 'spec/template/metadata/labels',
    create: true,
    kind,
  })),
  { path: 'spec/template/metadata/labels', create: true, group: 'apps', kind: 'StatefulSet' },
  { path: 'spec/volumeClaimTemplates[]/metadata/labels', create: true, group: 'apps', kind: 'StatefulSet' },
  { path: 'spec/template/metadata/labels', create: true, group: 'batch', kind: 'Job' },
  { path: 'spec/jobTemplate/metadata/labels', create: true, group: 'batch', kind: 'CronJob' },
  { path: 'spec/jobTemplate/spec/template/metadata/labels', create: true, group: 'batch', kind: 'CronJob' },
]

const podSelectors = [
  ...['podAffinity', 'podAntiAffinity'].flatMap(affinity => [
    `affinity/${affinity}/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels`,
    `affinity/${affinity}/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels`,
  ]),
  'topologySpreadConstraints/labelSelector/matchLabels',
]

const selectors: readonly FieldSpec[] = [
  { path: 'spec/selector', create: true, version: 'v1', kind: 'Service' },
  { path: 'spec/selector', create: true, version: 'v1', kind: 'ReplicationController' },
  ...['Deployment', 'ReplicaSet', 'DaemonSet'].map(kind => ({
    path: 'spec/selector/matchLabels',
    create: true,
    kind,
  })),
  { path: 'spec/selector/matchLabels', create: true, group: 'apps', kind: 'StatefulSet' },
  ...['Deployment', 'StatefulSet'].flatMap(kind =>
    podSelectors.map(path => ({ path: `spec/template/spec/${path}`, group: 'apps', kind })),
  ),
  { path: 'spec/selector/matchLabels', group: 'batch', kind: 'Job' },
  { path: 'spec/jobTemplate/spec/selector/matchLabels', group: 'batch', kind: 'CronJob' },
  { path: 'spec/selector/matchLabels', group: 'policy', kind: 'PodDisruptionBudget' },
  ...['podSelector', 'ingress/from/podSelector', 'egress/to/podSelector'].map(path => ({
    path: `spec/${path}/matchLabels`,
    group: 'networking.k8s.io',
    kind: 'NetworkPolicy',
  })),
]

const annotations: readonly FieldSpec[] = metadataLabels
  .filter(({ path }) => !path.startsWith('spec/volumeClaimTemplates'))
  .map(({ path, group, ...spec }) => ({
    ...spec,
    path: path.replace(/labels$/, 'annotations'),
    // Older groups' StatefulSets too get annotations, though no labels.
    ...(group === undefined || spec.kind === 'StatefulSet' ? {} : { group }),
  }))

const containers = ['containers', 'initContainers']
const workloads = ['CronJob', 'DaemonSet', 'Deployment', 'Job', 'Pod', 'ReplicaSet', 'StatefulSet']

function podSpecPath(kind: string): string {
  if (kind === 'Pod') return 'spec'
  return kind === 'CronJob' ? 'spec/jobTemplate/spec/template/spec' : 'spec/template/spec'
}

const variables: readonly FieldSpec[] = [
  ...workloads.flatMap(kind => [
    ...containers.flatMap(list =>
      ['args', 'command', 'env/value', 'volumeMounts/mountPath'].map(field => ({
        path: `${podSpecPath(kind)}/${list}/${field}`,
        kind,
      })),
    ),
    ...(kind === 'StatefulSet' || kind === 'CronJob'
      ? []
      : [{ path: `${podSpecPath(kind)}/volumes/nfs/server`, kind }]),
  ]),
  // Without `spec`: so Kustomize has it.
  { path: 'spec/jobTemplate/spec/template/volumes/nfs/server', kind: 'CronJob' },
  { path: 'spec/template/metadata/annotations', kind: 'Deployment' },
  ...['spec/rules/host', 'spec/tls/hosts', 'spec/tls/secretName'].map(path => ({ path, kind: 'Ingress' })),
  ...['spec/ports/port', 'spec/ports/targetPort'].map(path => ({ path, kind: 'Service' })),
  { path: 'spec/volumeClaimTemplates/spec/nfs/server', kind: 'StatefulSet' },
  { path: 'spec/nfs/server', kind: 'PersistentVolume' },
  { path: 'metadata/labels' },
  { path: 'metadata/annotations' },
]

export const defaultFieldSpecs = {
  namePrefix: [{ path: 'metadata/name' }],
  nameSuffix: [{ path: 'metadata/name' }],
  namespace: [
    { path: 'metadata/name', kind: 'Namespace', create: true },
    { path: 'spec/service/namespace', group: 'apiregistration.k8s.io', kind: 'APIService', create: true },
    {
      path: 'spec/conversion/webhook/clientConfig/service/namespace',
      group: 'apiextensions.k8s.io',
      kind: 'CustomResourceDefinition',
    },
  ],
  labels: [],
  templateLabels: metadataLabels,
  commonLabels: [...selectors, ...metadataLabels],
  commonAnnotations: annotations,
  varReference: variables,
  images: ['spec', 'spec/template/spec'].flatMap(path =>
    containers.map(list => ({ path: `${path}/${list}[]/image`, create: true })),
  ),
  replicas: ['Deployment', 'ReplicationController', 'ReplicaSet', 'StatefulSet'].map(kind => ({
    path: 'spec/replicas',
    create: true,
    kind,
  })),
} satisfies Record<string, readonly FieldSpec[]>
