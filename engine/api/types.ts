/**
 * The shapes of the objects that Gantry acts on, *after* validation and defaulting: a field that Kubernetes defaults
 * is required here. Field names and meanings are Kubernetes's own (https://kubernetes.io/docs/reference/kubernetes-api/);
 * fields that nothing of Gantry's reads are left to the schema and travel along untouched.
 */

/** RFC 3339 in UTC, whole seconds: `2026-11-20T19:08:09Z`. */
export type Time = string
export type Uid = string
export type NodeName = string
export type Labels = Readonly<Record<string, string>>
/** A port's number or the name of a container's port. */
export type IntOrString = number | string

export interface OwnerReference {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid: Uid
  readonly controller?: boolean
  readonly blockOwnerDeletion?: boolean
}

export interface ObjectMeta {
  readonly name: string
  /** Absent on objects that belong to no namespace. */
  readonly namespace?: string
  /** Given by the cluster, like `resourceVersion`, `generation` and `creationTimestamp`; absent in a manifest. */
  readonly uid?: Uid
  /** An integer that never goes backward, as a string. */
  readonly resourceVersion?: string
  /** Counts the changes of `spec`. */
  readonly generation?: number
  readonly generateName?: string
  readonly creationTimestamp?: Time
  readonly deletionTimestamp?: Time
  readonly deletionGracePeriodSeconds?: number
  readonly labels?: Labels
  readonly annotations?: Readonly<Record<string, string>>
  readonly ownerReferences?: readonly OwnerReference[]
  readonly finalizers?: readonly string[]
}

/** Any object of the resource model. */
export interface KubeObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: ObjectMeta
  readonly spec?: unknown
  readonly status?: unknown
  readonly data?: unknown
}

export interface Condition {
  readonly type: string
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason?: string
  readonly message?: string
  readonly lastTransitionTime?: Time
  readonly lastUpdateTime?: Time
  readonly lastProbeTime?: Time | null
  readonly observedGeneration?: number
}

export interface LabelSelector {
  readonly matchLabels?: Labels
  readonly matchExpressions?: readonly LabelSelectorRequirement[]
}
export interface LabelSelectorRequirement {
  readonly key: string
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'
  readonly values?: readonly string[]
}

// ---- Pods ----

export interface Pod extends KubeObject {
  readonly apiVersion: 'v1'
  readonly kind: 'Pod'
  readonly spec: PodSpec
  readonly status?: PodStatus
}

export interface PodTemplateSpec {
  readonly metadata?: { readonly labels?: Labels; readonly annotations?: Readonly<Record<string, string>> }
  readonly spec: PodSpec
}

export interface PodSpec {
  readonly containers: readonly Container[]
  readonly initContainers?: readonly Container[]
  readonly volumes?: readonly Volume[]
  readonly restartPolicy: 'Always' | 'OnFailure' | 'Never'
  readonly terminationGracePeriodSeconds: number
  readonly activeDeadlineSeconds?: number
  readonly dnsPolicy: 'ClusterFirst' | 'ClusterFirstWithHostNet' | 'Default' | 'None'
  readonly dnsConfig?: PodDNSConfig
  readonly nodeSelector?: Labels
  readonly nodeName?: NodeName
  readonly serviceAccountName?: string
  readonly hostNetwork?: boolean
  readonly hostPID?: boolean
  readonly hostIPC?: boolean
  readonly shareProcessNamespace?: boolean
  readonly securityContext?: PodSecurityContext
  readonly hostname?: string
  readonly subdomain?: string
  readonly hostAliases?: readonly { readonly ip: string; readonly hostnames?: readonly string[] }[]
  readonly tolerations?: readonly Toleration[]
  readonly affinity?: unknown
  readonly priority?: number
  readonly enableServiceLinks?: boolean
  /** `process` runs a container's command as a process of the host. */
  readonly runtimeClassName?: string
  readonly schedulerName?: string
}

export interface PodDNSConfig {
  readonly nameservers?: readonly string[]
  readonly searches?: readonly string[]
  readonly options?: readonly { readonly name?: string; readonly value?: string }[]
}

export interface PodSecurityContext {
  readonly runAsUser?: number
  readonly runAsGroup?: number
  readonly runAsNonRoot?: boolean
  readonly fsGroup?: number
  readonly supplementalGroups?: readonly number[]
  readonly sysctls?: readonly { readonly name: string; readonly value: string }[]
}

export interface SecurityContext {
  readonly runAsUser?: number
  readonly runAsGroup?: number
  readonly runAsNonRoot?: boolean
  readonly privileged?: boolean
  readonly readOnlyRootFilesystem?: boolean
  readonly allowPrivilegeEscalation?: boolean
  readonly capabilities?: { readonly add?: readonly string[]; readonly drop?: readonly string[] }
}

export interface Container {
  readonly name: string
  readonly image?: string
  readonly imagePullPolicy: 'Always' | 'IfNotPresent' | 'Never'
  readonly command?: readonly string[]
  readonly args?: readonly string[]
  readonly workingDir?: string
  readonly ports?: readonly ContainerPort[]
  readonly env?: readonly EnvVar[]
  readonly envFrom?: readonly EnvFromSource[]
  readonly resources: { readonly requests?: ResourceList; readonly limits?: ResourceList }
  readonly volumeMounts?: readonly VolumeMount[]
  readonly livenessProbe?: Probe
  readonly readinessProbe?: Probe
  readonly startupProbe?: Probe
  readonly lifecycle?: { readonly preStop?: LifecycleHandler; readonly postStart?: LifecycleHandler }
  readonly terminationMessagePath: string
  readonly terminationMessagePolicy: 'File' | 'FallbackToLogsOnError'
  readonly securityContext?: SecurityContext
  readonly stdin?: boolean
  readonly tty?: boolean
  /** On an init container, `Always` makes it a sidecar. */
  readonly restartPolicy?: 'Always'
}

export interface ContainerPort {
  readonly name?: string
  readonly containerPort: number
  readonly hostPort?: number
  readonly hostIP?: string
  readonly protocol: Protocol
}
export type Protocol = 'TCP' | 'UDP' | 'SCTP'

export interface EnvVar {
  readonly name: string
  readonly value?: string
  readonly valueFrom?: {
    readonly configMapKeyRef?: KeySelector
    readonly secretKeyRef?: KeySelector
    readonly fieldRef?: { readonly apiVersion?: string; readonly fieldPath: string }
    readonly resourceFieldRef?: {
      readonly containerName?: string
      readonly resource: string
      readonly divisor?: string
    }
  }
}
export interface KeySelector {
  readonly name: string
  readonly key: string
  readonly optional?: boolean
}
export interface EnvFromSource {
  readonly prefix?: string
  readonly configMapRef?: { readonly name: string; readonly optional?: boolean }
  readonly secretRef?: { readonly name: string; readonly optional?: boolean }
}

export interface VolumeMount {
  readonly name: string
  readonly mountPath: string
  readonly subPath?: string
  readonly subPathExpr?: string
  readonly readOnly?: boolean
}

export interface KeyToPath {
  readonly key: string
  readonly path: string
  readonly mode?: number
}
export interface Volume {
  readonly name: string
  readonly emptyDir?: { readonly medium?: string; readonly sizeLimit?: string }
  readonly configMap?: {
    readonly name: string
    readonly items?: readonly KeyToPath[]
    readonly defaultMode: number
    readonly optional?: boolean
  }
  readonly secret?: {
    readonly secretName: string
    readonly items?: readonly KeyToPath[]
    readonly defaultMode: number
    readonly optional?: boolean
  }
  readonly downwardAPI?: { readonly items?: readonly DownwardAPIFile[]; readonly defaultMode: number }
  readonly hostPath?: { readonly path: string; readonly type: string }
  readonly projected?: { readonly sources?: readonly VolumeProjection[]; readonly defaultMode: number }
}
/** One of the sources whose files stand together in a projected volume. */
export interface VolumeProjection {
  readonly configMap?: { readonly name: string; readonly items?: readonly KeyToPath[]; readonly optional?: boolean }
  readonly secret?: { readonly name: string; readonly items?: readonly KeyToPath[]; readonly optional?: boolean }
  readonly downwardAPI?: { readonly items?: readonly DownwardAPIFile[] }
}
export interface DownwardAPIFile {
  readonly path: string
  readonly fieldRef?: { readonly apiVersion?: string; readonly fieldPath: string }
  readonly resourceFieldRef?: { readonly containerName?: string; readonly resource: string; readonly divisor?: string }
  readonly mode?: number
}

export interface LifecycleHandler {
  readonly exec?: { readonly command?: readonly string[] }
  readonly httpGet?: HTTPGetAction
  readonly tcpSocket?: { readonly port: IntOrString; readonly host?: string }
  readonly sleep?: { readonly seconds: number }
}
export interface HTTPGetAction {
  readonly path: string
  readonly port: IntOrString
  readonly host?: string
  readonly scheme: 'HTTP' | 'HTTPS'
  readonly httpHeaders?: readonly { readonly name: string; readonly value: string }[]
}
export interface Probe extends LifecycleHandler {
  readonly grpc?: { readonly port: number; readonly service?: string }
  readonly initialDelaySeconds: number
  readonly timeoutSeconds: number
  readonly periodSeconds: number
  readonly successThreshold: number
  readonly failureThreshold: number
  readonly terminationGracePeriodSeconds?: number
}

export interface Toleration {
  readonly key?: string
  readonly operator?: 'Exists' | 'Equal'
  readonly value?: string
  readonly effect?: TaintEffect
  readonly tolerationSeconds?: number
}
export type TaintEffect = 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute'
export interface Taint {
  readonly key: string
  readonly value?: string
  readonly effect: TaintEffect
  readonly timeAdded?: Time
}

/** `cpu: 250m`, `memory: 64Mi`, … as quantities. */
export type ResourceList = Readonly<Record<string, string>>

export interface PodStatus {
  readonly phase: 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown'
  readonly conditions?: readonly Condition[]
  readonly reason?: string
  readonly message?: string
  readonly hostIP?: string
  readonly podIP?: string
  readonly podIPs?: readonly { readonly ip: string }[]
  readonly startTime?: Time
  readonly initContainerStatuses?: readonly ContainerStatus[]
  readonly containerStatuses?: readonly ContainerStatus[]
  readonly qosClass?: 'Guaranteed' | 'Burstable' | 'BestEffort'
}
export interface ContainerStatus {
  readonly name: string
  readonly state: ContainerState
  readonly lastState?: ContainerState
  readonly ready: boolean
  readonly started?: boolean
  readonly restartCount: number
  readonly image: string
  readonly imageID: string
  readonly containerID?: string
}
export interface ContainerState {
  readonly waiting?: { readonly reason: string; readonly message?: string }
  readonly running?: { readonly startedAt: Time }
  readonly terminated?: {
    readonly exitCode: number
    readonly signal?: number
    readonly reason: string
    readonly message?: string
    readonly startedAt: Time
    readonly finishedAt: Time
    readonly containerID?: string
  }
}

// ---- Workloads ----

export interface ReplicaSet extends KubeObject {
  readonly apiVersion: 'apps/v1'
  readonly kind: 'ReplicaSet'
  readonly spec: {
    readonly replicas: number
    readonly minReadySeconds?: number
    readonly selector: LabelSelector
    readonly template: PodTemplateSpec
  }
  readonly status?: ReplicaSetStatus
}
export interface ReplicaSetStatus {
  readonly replicas: number
  readonly fullyLabeledReplicas?: number
  readonly readyReplicas?: number
  readonly availableReplicas?: number
  readonly observedGeneration?: number
  readonly conditions?: readonly Condition[]
}

export interface Deployment extends KubeObject {
  readonly apiVersion: 'apps/v1'
  readonly kind: 'Deployment'
  readonly spec: DeploymentSpec
  readonly status?: DeploymentStatus
}
export interface DeploymentSpec {
  readonly replicas: number
  readonly selector: LabelSelector
  readonly template: PodTemplateSpec
  readonly strategy: {
    readonly type: 'RollingUpdate' | 'Recreate'
    readonly rollingUpdate?: { readonly maxSurge: IntOrString; readonly maxUnavailable: IntOrString }
  }
  readonly minReadySeconds?: number
  readonly revisionHistoryLimit: number
  readonly progressDeadlineSeconds: number
  readonly paused?: boolean
}
export interface DeploymentStatus {
  readonly observedGeneration?: number
  readonly replicas?: number
  readonly updatedReplicas?: number
  readonly readyReplicas?: number
  readonly availableReplicas?: number
  readonly unavailableReplicas?: number
  readonly conditions?: readonly Condition[]
}

export interface Job extends KubeObject {
  readonly apiVersion: 'batch/v1'
  readonly kind: 'Job'
  readonly spec: JobSpec
  readonly status?: JobStatus
}
export interface JobSpec {
  readonly parallelism: number
  /** Absent: the pods share out the work themselves, and the first that succeeds says that it is done. */
  readonly completions?: number
  readonly backoffLimit: number
  readonly activeDeadlineSeconds?: number
  readonly ttlSecondsAfterFinished?: number
  readonly suspend: boolean
  readonly completionMode: 'NonIndexed'
  readonly podReplacementPolicy: 'TerminatingOrFailed' | 'Failed'
  /** Given by the cluster; absent in a manifest. */
  readonly selector?: LabelSelector
  readonly template: PodTemplateSpec
}
export interface JobStatus {
  readonly startTime?: Time
  readonly completionTime?: Time
  readonly active?: number
  readonly ready?: number
  readonly terminating?: number
  readonly succeeded?: number
  readonly failed?: number
  readonly conditions?: readonly Condition[]
}

export interface PodDisruptionBudget extends KubeObject {
  readonly apiVersion: 'policy/v1'
  readonly kind: 'PodDisruptionBudget'
  readonly spec: {
    readonly minAvailable?: IntOrString
    readonly maxUnavailable?: IntOrString
    /** Absent: no pod. Empty: every pod of the namespace. */
    readonly selector?: LabelSelector
    readonly unhealthyPodEvictionPolicy?: 'IfHealthyBudget' | 'AlwaysAllow'
  }
  readonly status?: PodDisruptionBudgetStatus
}
export interface PodDisruptionBudgetStatus {
  readonly observedGeneration?: number
  readonly expectedPods: number
  readonly currentHealthy: number
  readonly desiredHealthy: number
  readonly disruptionsAllowed: number
  readonly conditions?: readonly Condition[]
}

// ---- Services ----

export interface Service extends KubeObject {
  readonly apiVersion: 'v1'
  readonly kind: 'Service'
  readonly spec: ServiceSpec
  readonly status?: { readonly loadBalancer?: unknown; readonly conditions?: readonly Condition[] }
}
export interface ServiceSpec {
  readonly type: 'ClusterIP' | 'NodePort' | 'LoadBalancer' | 'ExternalName'
  /** Allocated by the cluster; `None` makes the Service headless. */
  readonly clusterIP?: string
  readonly clusterIPs?: readonly string[]
  readonly ports?: readonly ServicePort[]
  readonly selector?: Labels
  readonly sessionAffinity: 'None' | 'ClientIP'
  readonly sessionAffinityConfig?: { readonly clientIP?: { readonly timeoutSeconds?: number } }
  readonly externalName?: string
  readonly publishNotReadyAddresses?: boolean
  readonly internalTrafficPolicy?: 'Cluster' | 'Local'
  readonly externalTrafficPolicy?: 'Cluster' | 'Local'
}
export interface ServicePort {
  readonly name?: string
  readonly protocol: Protocol
  readonly port: number
  readonly targetPort: IntOrString
  readonly nodePort?: number
  readonly appProtocol?: string
}

export interface EndpointSlice extends KubeObject {
  readonly apiVersion: 'discovery.k8s.io/v1'
  readonly kind: 'EndpointSlice'
  readonly addressType: 'IPv4' | 'IPv6' | 'FQDN'
  readonly endpoints: readonly Endpoint[]
  readonly ports: readonly EndpointPort[]
}
export interface Endpoint {
  readonly addresses: readonly string[]
  readonly conditions: { readonly ready: boolean; readonly serving: boolean; readonly terminating: boolean }
  readonly hostname?: string
  readonly nodeName?: NodeName
  readonly targetRef?: { readonly kind: 'Pod'; readonly namespace: string; readonly name: string; readonly uid: Uid }
}
export interface EndpointPort {
  /** `''` where the Service's port has no name. */
  readonly name: string
  readonly protocol: Protocol
  readonly port: number
}

// ---- Configuration, namespaces, nodes, events ----

export interface ConfigMap extends KubeObject {
  readonly apiVersion: 'v1'
  readonly kind: 'ConfigMap'
  readonly data?: Readonly<Record<string, string>>
  /** Base64. */
  readonly binaryData?: Readonly<Record<string, string>>
  readonly immutable?: boolean
}
export interface Secret extends KubeObject {
  readonly apiVersion: 'v1'
  readonly kind: 'Secret'
  /** Base64; `stringData` is folded into it by defaulting. */
  readonly data?: Readonly<Record<string, string>>
  readonly type: string
  readonly immutable?: boolean
}
export interface Namespace extends KubeObject {
  readonly apiVersion: 'v1'
  readonly kind: 'Namespace'
  readonly status?: { readonly phase: 'Active' | 'Terminating' }
}
export interface Node extends KubeObject {
  readonly apiVersion: 'v1'
  readonly kind: 'Node'
  readonly spec: {
    readonly podCIDR?: string
    readonly podCIDRs?: readonly string[]
    readonly unschedulable?: boolean
    readonly taints?: readonly Taint[]
  }
  readonly status?: NodeStatus
}
export interface NodeStatus {
  readonly capacity?: ResourceList
  readonly allocatable?: ResourceList
  readonly conditions?: readonly Condition[]
  readonly addresses?: readonly { readonly type: 'InternalIP' | 'Hostname' | 'ExternalIP'; readonly address: string }[]
  readonly nodeInfo?: Readonly<Record<string, string>>
  readonly images?: readonly { readonly names: readonly string[]; readonly sizeBytes: number }[]
  readonly runtimeHandlers?: readonly { readonly name: string }[]
}
export interface Event extends KubeObject {
  readonly apiVersion: 'v1'
  readonly kind: 'Event'
  readonly involvedObject: ObjectReference
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly message: string
  readonly count: number
  readonly firstTimestamp: Time
  readonly lastTimestamp: Time
  readonly source: { readonly component: string; readonly host?: string }
  readonly reportingComponent?: string
}
export interface ObjectReference {
  readonly apiVersion?: string
  readonly kind: string
  readonly namespace?: string
  readonly name: string
  readonly uid?: Uid
  readonly fieldPath?: string
}

/** The kinds that Gantry's core acts on. */
/** A chart, rendered with values into a namespace. The words are those of Flux's HelmRelease where they mean the same. */
export interface Release extends KubeObject {
  readonly apiVersion: 'gantry.dev/v1'
  readonly kind: 'Release'
  readonly spec: {
    readonly chart: ReleaseChart
    readonly releaseName: string
    readonly targetNamespace: string
    readonly values?: Readonly<Record<string, unknown>>
    /** Laid over each other in this order, and `values` over them all. */
    readonly valuesFrom?: readonly ReleaseValues[]
    readonly dependsOn?: readonly { readonly name: string; readonly namespace: string }[]
  }
  readonly status?: { readonly phase: ReleasePhase }
}
/** As `helm list` says it. */
export type ReleasePhase = 'deployed' | 'pending' | 'failed'
/** A folder of the branch, a chart of a repository (`index.yaml`), or one of an OCI registry. */
export type ReleaseChart =
  | { readonly path: string }
  | { readonly repository: string; readonly name: string; readonly version: string }
  | { readonly oci: string; readonly version: string }
/** A file of the branch, or a key of a ConfigMap or Secret of the Release's namespace. */
export type ReleaseValues = (
  | { readonly file: string }
  | { readonly kind: 'ConfigMap' | 'Secret'; readonly name: string; readonly valuesKey: string }
) & {
  /** `a.b[0].c`: where among the values the one goes that was read. */
  readonly targetPath?: string
  readonly optional?: boolean
}

export interface Kinds {
  ConfigMap: ConfigMap
  Deployment: Deployment
  EndpointSlice: EndpointSlice
  Event: Event
  Job: Job
  Namespace: Namespace
  Node: Node
  Pod: Pod
  PodDisruptionBudget: PodDisruptionBudget
  Release: Release
  ReplicaSet: ReplicaSet
  Secret: Secret
  Service: Service
}
export type CoreKind = keyof Kinds
