import type { KindKey } from './reference.ts'

/**
 * What Gantry does with each kind and each field. The walk of `checkObject` reads it, and so does the table in the
 * README: what is written here is what users are told.
 */

/** `run`: acted on. `kept`: stored and served, nothing follows from it. `refused`: what it asks for would be missing. */
export interface KindSupport {
  readonly disposition: 'run' | 'kept' | 'refused'
  /** Kept and refused kinds: what does not happen, as a sentence without a subject's capital. */
  readonly effect?: string
  readonly remedy?: string
}

function refused(effect: string, remedy?: string): KindSupport {
  return remedy === undefined ? { disposition: 'refused', effect } : { disposition: 'refused', effect, remedy }
}

function kept(effect: string): KindSupport {
  return { disposition: 'kept', effect }
}

const run: KindSupport = { disposition: 'run' }
const request = refused('it is a question to an API server, not an object that stays', 'remove it')

/** A kind that is not named here is kept: it runs nothing. */
export const kindSupport: Readonly<Record<string, KindSupport>> = {
  ConfigMap: run,
  Deployment: run,
  EndpointSlice: run,
  Job: run,
  Namespace: run,
  Node: run,
  Pod: run,
  PodDisruptionBudget: run,
  Release: run,
  ReplicaSet: run,
  Secret: run,
  Service: run,

  // Written by the cluster itself.
  Event: refused('the cluster writes its events itself', 'remove it'),
  'Event.events.k8s.io': refused('the cluster writes its events itself', 'remove it'),
  Endpoints: refused('it would send no traffic anywhere', 'write an EndpointSlice'),

  // They run something that Gantry does not run yet.
  'CronJob.batch': refused('its jobs would never start'),
  'DaemonSet.apps': refused('its pods would never start'),
  'StatefulSet.apps': refused('its pods would never start'),
  ReplicationController: refused('its pods would never start', 'write a Deployment'),
  'HorizontalPodAutoscaler.autoscaling': refused('nothing would be scaled'),
  'Ingress.networking.k8s.io': refused('no traffic would come in through it'),
  PersistentVolume: refused('no storage would be provided'),
  PersistentVolumeClaim: refused('no storage would be provided'),

  // They restrict: without them more is allowed than the author thinks.
  'NetworkPolicy.networking.k8s.io': refused('traffic that it forbids would flow'),
  LimitRange: refused('its limits would not hold'),
  ResourceQuota: refused('its limits would not hold'),

  Binding: request,
  ComponentStatus: request,
  'LocalSubjectAccessReview.authorization.k8s.io': request,
  'SelfSubjectAccessReview.authorization.k8s.io': request,
  'SelfSubjectReview.authentication.k8s.io': request,
  'SelfSubjectRulesReview.authorization.k8s.io': request,
  'SubjectAccessReview.authorization.k8s.io': request,
  'TokenReview.authentication.k8s.io': request,

  'Cluster.gantry.dev': refused("a cluster's settings are read from gantry.yaml alone", 'move it to gantry.yaml'),

  // They run nothing.
  'ClusterRole.rbac.authorization.k8s.io': kept('pods have no access to the API that it could grant'),
  'ClusterRoleBinding.rbac.authorization.k8s.io': kept('pods have no access to the API that it could grant'),
  'CustomResourceDefinition.apiextensions.k8s.io': kept(
    'objects of its kind are kept in its scope, without being checked',
  ),
  'PriorityClass.scheduling.k8s.io': kept('no pod makes room for another'),
  'Role.rbac.authorization.k8s.io': kept('pods have no access to the API that it could grant'),
  'RoleBinding.rbac.authorization.k8s.io': kept('pods have no access to the API that it could grant'),
  ServiceAccount: kept('pods get no token'),
}

/** Kinds of other programs that render what they name: left standing, nothing of it would run. */
export const foreignKinds: Readonly<Record<string, KindSupport>> = {
  'Application.argoproj.io': refused(
    'nothing that it names would be rendered',
    'follow its folder, or write a Release (gantry.dev/v1) for its chart',
  ),
  'HelmRelease.helm.toolkit.fluxcd.io': refused(
    'its chart would not be rendered',
    'write a Release (gantry.dev/v1) with the same chart and values',
  ),
  'Kustomization.kustomize.toolkit.fluxcd.io': refused(
    'nothing that it names would be rendered',
    'follow its folder: a kustomization.yaml there is built',
  ),
}

export function supportOf(kind: KindKey): KindSupport {
  return kindSupport[kind] ?? { disposition: 'kept' }
}

/** What follows from a field that Kubernetes knows and Gantry does not honour. */
export interface FieldGap {
  /** What does not happen: `no block device is given to the container`. */
  readonly effect: string
  /** Values that change nothing, so that they pass without a word; empty ones do, and `false` where `true` does not. */
  readonly harmless?: readonly unknown[]
  /** An error: without the field the pod would do damage or run before its time. */
  readonly refused?: true
}

/**
 * By model, without its version: the fields that are *not* honoured. What is not named here is honoured. A model without
 * an entry is honoured whole; an empty entry puts its fields into the README's table.
 */
export const fieldGaps: Readonly<Record<string, Readonly<Record<string, FieldGap>>>> = {
  PodSpec: {
    affinity: { effect: 'pods are placed without regard to it' },
    automountServiceAccountToken: { effect: 'no token is mounted' },
    ephemeralContainers: { effect: 'Kubernetes adds them to running pods only', refused: true },
    hostIPC: { effect: "the pod does not see the host's shared memory" },
    hostPID: { effect: "the pod does not see the host's processes" },
    hostUsers: { effect: 'the pod gets no user namespace of its own', harmless: [true] },
    hostnameOverride: { effect: 'the hostname is made from hostname or the name of the pod' },
    imagePullSecrets: { effect: 'images are pulled without these credentials' },
    os: { effect: 'pods are placed without regard to it', harmless: [{ name: 'linux' }] },
    overhead: { effect: 'no resources are set aside for it' },
    preemptionPolicy: { effect: 'no pod makes room for another', harmless: ['Never'] },
    priority: { effect: 'no pod makes room for another' },
    priorityClassName: { effect: 'no pod makes room for another' },
    readinessGates: { effect: 'the pod is Ready without these conditions' },
    resourceClaims: { effect: 'the pod would start without the devices it claims', refused: true },
    resources: { effect: 'only the resources of its containers count' },
    schedulerName: { effect: "Gantry's own scheduler places the pod", harmless: ['default-scheduler'] },
    schedulingGates: { effect: 'the pod would start before its gates are lifted', refused: true },
    serviceAccount: { effect: 'no token is mounted', harmless: ['default'] },
    serviceAccountName: { effect: 'no token is mounted', harmless: ['default'] },
    setHostnameAsFQDN: { effect: 'the hostname is the short name' },
    shareProcessNamespace: { effect: "containers do not see each other's processes" },
    topologySpreadConstraints: { effect: 'pods are placed without regard to them' },
  },
  PodSecurityContext: {
    appArmorProfile: { effect: "the runtime's own profile is used", harmless: [{ type: 'RuntimeDefault' }] },
    fsGroupChangePolicy: { effect: 'the group of a volume is set whenever it is mounted', harmless: ['Always'] },
    seLinuxChangePolicy: { effect: 'no SELinux label is set' },
    seLinuxOptions: { effect: 'no SELinux label is set' },
    seccompProfile: { effect: "the runtime's own profile is used", harmless: [{ type: 'RuntimeDefault' }] },
    supplementalGroupsPolicy: { effect: "the groups of the image's user are added too", harmless: ['Merge'] },
    windowsOptions: { effect: 'there are no Windows nodes' },
  },
  SecurityContext: {
    appArmorProfile: { effect: "the runtime's own profile is used", harmless: [{ type: 'RuntimeDefault' }] },
    procMount: { effect: '/proc is masked as the runtime does it', harmless: ['Default'] },
    seLinuxOptions: { effect: 'no SELinux label is set' },
    seccompProfile: { effect: "the runtime's own profile is used", harmless: [{ type: 'RuntimeDefault' }] },
    windowsOptions: { effect: 'there are no Windows nodes' },
  },
  Container: {
    resizePolicy: { effect: 'a change of resources always makes a new pod' },
    restartPolicyRules: { effect: "the pod's restart policy decides" },
    stdinOnce: { effect: 'the input stays open' },
    volumeDevices: { effect: 'the container would start without the block device', refused: true },
  },
  ResourceRequirements: {
    claims: { effect: 'the container would start without the devices it claims', refused: true },
  },
  Lifecycle: {
    stopSignal: { effect: 'SIGTERM is sent', harmless: ['SIGTERM'] },
  },
  EnvVarSource: {
    fileKeyRef: { effect: 'the variable would be missing', refused: true },
  },
  VolumeMount: {
    mountPropagation: { effect: 'mounts made later on the host do not appear', harmless: ['None'] },
    recursiveReadOnly: { effect: 'mounts below it stay writable', harmless: ['Disabled'] },
  },
  VolumeProjection: {
    clusterTrustBundle: { effect: 'its file would be missing', refused: true },
    podCertificate: { effect: 'its files would be missing', refused: true },
    serviceAccountToken: { effect: 'no token is mounted' },
  },
  ReplicaSetSpec: {},
  DeploymentSpec: {},
  JobSpec: {
    backoffLimitPerIndex: { effect: 'one limit would hold for all pods', refused: true },
    completionMode: {
      effect: 'no pod would be told which part of the work is its own',
      harmless: ['NonIndexed'],
      refused: true,
    },
    managedBy: { effect: 'nobody else runs it', harmless: ['kubernetes.io/job-controller'], refused: true },
    manualSelector: { effect: 'the cluster gives each Job a selector of its own', refused: true },
    maxFailedIndexes: { effect: 'the Job would go on after so many failures', refused: true },
    podFailurePolicy: { effect: 'every failure would count alike', refused: true },
    selector: { effect: 'the cluster gives each Job a selector of its own', refused: true },
    successPolicy: { effect: 'the Job would go on until all its pods have succeeded', refused: true },
  },
  ServiceSpec: {
    allocateLoadBalancerNodePorts: { effect: 'node ports are always allocated', harmless: [true] },
    clusterIPs: { effect: 'only clusterIP counts' },
    externalIPs: { effect: 'traffic to these addresses is not taken' },
    healthCheckNodePort: { effect: 'no health check is served there' },
    ipFamilies: { effect: 'the Service gets an IPv4 address', harmless: [['IPv4']] },
    ipFamilyPolicy: { effect: 'the Service gets an IPv4 address', harmless: ['SingleStack', 'PreferDualStack'] },
    loadBalancerClass: { effect: 'no load balancer is made' },
    loadBalancerIP: { effect: 'no load balancer is made' },
    loadBalancerSourceRanges: { effect: 'connections from everywhere would be accepted', refused: true },
    trafficDistribution: { effect: 'traffic goes to the pods of all nodes' },
  },
  PodDisruptionBudgetSpec: {},
  NodeSpec: {
    configSource: { effect: 'an agent is configured by its flags' },
    externalID: { effect: 'nothing reads it' },
    podCIDR: { effect: 'the cluster gives each node its range' },
    podCIDRs: { effect: 'the cluster gives each node its range' },
    providerID: { effect: 'nothing reads it' },
  },
  NamespaceSpec: {
    finalizers: { effect: 'deletion does not wait for them', harmless: [['kubernetes']] },
  },
  ObjectMeta: {
    finalizers: { effect: 'deletion does not wait for them' },
  },
}

/** Volumes of these sources can be mounted; a pod with any other would start without its data. */
export const volumeSources: ReadonlySet<string> = new Set([
  'configMap',
  'downwardAPI',
  'emptyDir',
  'hostPath',
  'projected',
  'secret',
])
