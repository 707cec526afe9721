/** Which fields of which kinds hold the name of which other kind, as Kustomize's own configuration says. */
import type { FieldSpec } from './field-spec.ts'
import type { Gvk } from './resource-id.ts'

export interface NameReference extends Partial<Gvk> {
  readonly fieldSpecs: readonly FieldSpec[]
}

const podSpecs: Readonly<Record<string, string>> = {
  Pod: 'spec',
  PodTemplate: 'template/spec',
  Deployment: 'spec/template/spec',
  ReplicaSet: 'spec/template/spec',
  DaemonSet: 'spec/template/spec',
  StatefulSet: 'spec/template/spec',
  Job: 'spec/template/spec',
  CronJob: 'spec/jobTemplate/spec/template/spec',
  ReplicationController: 'spec/template/spec',
}

/** Fields of the pods of some kinds. */
function ofPods(kinds: readonly string[], fields: readonly string[]): FieldSpec[] {
  return kinds.flatMap(kind =>
    fields.map(field => ({
      path: `${podSpecs[kind]}/${field}`,
      kind,
      ...(kind === 'Pod' && field.includes('/') && !field.startsWith('volumes/persistent') ? { version: 'v1' } : {}),
    })),
  )
}

const withConfiguration = [
  'Pod',
  'PodTemplate',
  'Deployment',
  'ReplicaSet',
  'DaemonSet',
  'StatefulSet',
  'Job',
  'CronJob',
]
const withAccount = ['Pod', 'StatefulSet', 'Deployment', 'ReplicationController', 'CronJob', 'Job', 'DaemonSet']

function containerFields(source: string): string[] {
  return ['containers', 'initContainers'].flatMap(list => [
    `${list}/env/valueFrom/${source}KeyRef/name`,
    `${list}/envFrom/${source}Ref/name`,
  ])
}

const rbac = 'rbac.authorization.k8s.io'
const admission = 'admissionregistration.k8s.io'
const resourceNames: readonly FieldSpec[] = ['Role', 'ClusterRole'].map(kind => ({ path: 'rules/resourceNames', kind }))

function annotation(name: string): FieldSpec {
  return { path: `metadata/annotations/${name.replaceAll('/', '\\/')}`, kind: 'Ingress' }
}

export const defaultNameReferences: readonly NameReference[] = [
  ...['Deployment', 'ReplicationController', 'ReplicaSet', 'StatefulSet'].map(kind => ({
    kind,
    fieldSpecs: [{ path: 'spec/scaleTargetRef/name', kind: 'HorizontalPodAutoscaler' }],
  })),
  {
    kind: 'ConfigMap',
    version: 'v1',
    fieldSpecs: [
      ...ofPods(withConfiguration, [
        'volumes/configMap/name',
        'volumes/projected/sources/configMap/name',
        ...containerFields('configMap'),
      ]),
      { path: 'spec/configSource/configMap', kind: 'Node' },
      ...resourceNames,
      annotation('nginx.ingress.kubernetes.io/fastcgi-params-configmap'),
    ],
  },
  {
    kind: 'Secret',
    version: 'v1',
    fieldSpecs: [
      ...ofPods(withConfiguration, [
        'volumes/secret/secretName',
        'volumes/projected/sources/secret/name',
        'imagePullSecrets/name',
        ...containerFields('secret'),
      ]),
      { path: 'spec/tls/secretName', kind: 'Ingress' },
      annotation('ingress.kubernetes.io/auth-secret'),
      annotation('nginx.ingress.kubernetes.io/auth-secret'),
      annotation('nginx.ingress.kubernetes.io/auth-tls-secret'),
      { path: 'imagePullSecrets/name', kind: 'ServiceAccount' },
      ...['secretName', 'adminSecretName', 'userSecretName', 'secretRef'].map(name => ({
        path: `parameters/${name}`,
        kind: 'StorageClass',
      })),
      ...resourceNames,
      {
        path: 'spec/template/spec/containers/env/valueFrom/secretKeyRef/name',
        group: 'serving.knative.dev',
        version: 'v1',
        kind: 'Service',
      },
      { path: 'spec/azureFile/secretName', kind: 'PersistentVolume' },
    ],
  },
  {
    kind: 'Service',
    version: 'v1',
    fieldSpecs: [
      { path: 'spec/serviceName', group: 'apps', kind: 'StatefulSet' },
      ...[
        'spec/rules/http/paths/backend/serviceName',
        'spec/backend/serviceName',
        'spec/rules/http/paths/backend/service/name',
        'spec/defaultBackend/service/name',
      ].map(path => ({ path, kind: 'Ingress' })),
      { path: 'spec/service/name', group: 'apiregistration.k8s.io', kind: 'APIService' },
      ...['ValidatingWebhookConfiguration', 'MutatingWebhookConfiguration'].map(kind => ({
        path: 'webhooks/clientConfig/service',
        group: admission,
        kind,
      })),
    ],
  },
  { group: rbac, kind: 'Role', fieldSpecs: [{ path: 'roleRef/name', group: rbac, kind: 'RoleBinding' }] },
  {
    group: rbac,
    kind: 'ClusterRole',
    fieldSpecs: ['RoleBinding', 'ClusterRoleBinding'].map(kind => ({ path: 'roleRef/name', group: rbac, kind })),
  },
  {
    kind: 'ServiceAccount',
    version: 'v1',
    fieldSpecs: [
      ...['RoleBinding', 'ClusterRoleBinding'].map(kind => ({ path: 'subjects', group: rbac, kind })),
      ...ofPods(withAccount, ['serviceAccountName']),
    ],
  },
  {
    kind: 'PersistentVolumeClaim',
    version: 'v1',
    fieldSpecs: ofPods(withAccount, ['volumes/persistentVolumeClaim/claimName']),
  },
  {
    kind: 'PersistentVolume',
    version: 'v1',
    fieldSpecs: [
      { path: 'spec/volumeName', kind: 'PersistentVolumeClaim' },
      { path: 'rules/resourceNames', kind: 'ClusterRole' },
    ],
  },
  {
    group: 'storage.k8s.io',
    version: 'v1',
    kind: 'StorageClass',
    fieldSpecs: [
      { path: 'spec/storageClassName', kind: 'PersistentVolume' },
      { path: 'spec/storageClassName', kind: 'PersistentVolumeClaim' },
      { path: 'spec/volumeClaimTemplates/spec/storageClassName', kind: 'StatefulSet' },
    ],
  },
  {
    group: 'scheduling.k8s.io',
    version: 'v1',
    kind: 'PriorityClass',
    fieldSpecs: ofPods(withAccount, ['priorityClassName']),
  },
  {
    // Never matches, the version standing in the group; so Kustomize has it.
    group: 'networking.k8s.io/v1',
    version: 'v1',
    kind: 'IngressClass',
    fieldSpecs: [{ path: 'spec/ingressClassName', kind: 'Ingress' }],
  },
  {
    group: admission,
    kind: 'ValidatingAdmissionPolicy',
    fieldSpecs: [{ path: 'spec/policyName', group: admission, kind: 'ValidatingAdmissionPolicyBinding' }],
  },
]
