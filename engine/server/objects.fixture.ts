import type {
  ConfigMap,
  Deployment,
  EndpointSlice,
  Event,
  Job,
  KubeObject,
  Namespace,
  Node,
  Pod,
  PodDisruptionBudget,
  PodSpec,
  ReplicaSet,
  Secret,
  Service,
} from '../api/types.ts'
import { toTime } from '../api/time.ts'

/** Objects as a small cluster holds them, some hours after a push: their age is 20h however long a test takes. */
const created = toTime(Date.now() - 20.5 * 3_600_000)
const labels = { app: 'web' }

const podSpec: PodSpec = {
  containers: [
    {
      name: 'web',
      image: 'example/web:1',
      imagePullPolicy: 'IfNotPresent',
      command: ['/bin/web'],
      args: ['--port', '8080'],
      ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }],
      env: [
        { name: 'VERSION', value: '1' },
        { name: 'GREETING', valueFrom: { configMapKeyRef: { name: 'greeting', key: 'text' } } },
        { name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'login', key: 'password', optional: true } } },
        { name: 'POD_IP', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'status.podIP' } } },
      ],
      envFrom: [{ prefix: 'APP_', configMapRef: { name: 'greeting' } }],
      resources: { requests: { cpu: '250m', memory: '64Mi' }, limits: { memory: '128Mi' } },
      volumeMounts: [
        { name: 'config', mountPath: '/etc/web', readOnly: true },
        { name: 'cache', mountPath: '/cache', subPath: 'web' },
      ],
      livenessProbe: {
        httpGet: { path: '/healthz', port: 'http', scheme: 'HTTP' },
        initialDelaySeconds: 0,
        timeoutSeconds: 1,
        periodSeconds: 10,
        successThreshold: 1,
        failureThreshold: 3,
      },
      readinessProbe: {
        tcpSocket: { port: 8080 },
        initialDelaySeconds: 1,
        timeoutSeconds: 1,
        periodSeconds: 2,
        successThreshold: 1,
        failureThreshold: 3,
      },
      startupProbe: {
        exec: { command: ['true', '-x'] },
        initialDelaySeconds: 0,
        timeoutSeconds: 1,
        periodSeconds: 10,
        successThreshold: 1,
        failureThreshold: 3,
      },
      terminationMessagePath: '/dev/termination-log',
      terminationMessagePolicy: 'File',
    },
  ],
  initContainers: [
    {
      name: 'migrate',
      image: 'example/web:1',
      imagePullPolicy: 'IfNotPresent',
      command: ['migrate'],
      resources: {},
      terminationMessagePath: '/dev/termination-log',
      terminationMessagePolicy: 'File',
    },
  ],
  volumes: [
    { name: 'config', configMap: { name: 'greeting', defaultMode: 420 } },
    { name: 'cache', emptyDir: {} },
    { name: 'login', secret: { secretName: 'login', defaultMode: 420 } },
    { name: 'logs', hostPath: { path: '/var/log', type: '' } },
  ],
  restartPolicy: 'Always',
  terminationGracePeriodSeconds: 30,
  dnsPolicy: 'ClusterFirst',
  nodeSelector: { disk: 'ssd' },
  tolerations: [
    { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 30 },
  ],
}

export const node: Node = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: {
    name: 'node-1',
    labels: { 'kubernetes.io/hostname': 'node-1', disk: 'ssd', 'node-role.kubernetes.io/worker': '' },
    creationTimestamp: created,
  },
  spec: { podCIDR: '10.244.0.0/24', podCIDRs: ['10.244.0.0/24'] },
  status: {
    capacity: { cpu: '2', memory: '8Gi', pods: '110' },
    allocatable: { cpu: '2', memory: '8Gi', pods: '110' },
    conditions: [
      {
        type: 'Ready',
        status: 'True',
        reason: 'AgentReady',
        message: 'the agent is connected',
        lastHeartbeatTime: created,
        lastTransitionTime: created,
      } as NonNullable<NonNullable<Node['status']>['conditions']>[number],
    ],
    addresses: [
      { type: 'InternalIP', address: '192.0.2.1' },
      { type: 'Hostname', address: 'node-1' },
    ],
    nodeInfo: {
      machineID: 'm',
      systemUUID: 's',
      bootID: 'b',
      kernelVersion: '6.1.0',
      osImage: 'Debian GNU/Linux 12 (bookworm)',
      containerRuntimeVersion: 'docker://20.10.24',
      kubeletVersion: 'v0.1.0',
      kubeProxyVersion: '',
      operatingSystem: 'linux',
      architecture: 'amd64',
    },
  },
}

export const namespace: Namespace = {
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: 'shop', labels: { 'kubernetes.io/metadata.name': 'shop' }, creationTimestamp: created },
  status: { phase: 'Active' },
}

export const deployment: Deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: {
    name: 'web',
    namespace: 'shop',
    uid: 'uid-web',
    generation: 2,
    labels,
    annotations: { 'deployment.kubernetes.io/revision': '2', 'gantry.dev/source': 'shop/web.yaml' },
    creationTimestamp: created,
  },
  spec: {
    replicas: 2,
    selector: { matchLabels: labels },
    template: { metadata: { labels, annotations: { 'example.com/note': 'hello' } }, spec: podSpec },
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
    revisionHistoryLimit: 10,
    progressDeadlineSeconds: 600,
  },
  status: {
    observedGeneration: 2,
    replicas: 2,
    updatedReplicas: 2,
    readyReplicas: 1,
    availableReplicas: 1,
    unavailableReplicas: 1,
    conditions: [
      { type: 'Available', status: 'False', reason: 'MinimumReplicasUnavailable', message: 'm' },
      { type: 'Progressing', status: 'True', reason: 'ReplicaSetUpdated', message: 'm' },
    ],
  },
}

const controlledBy = (kind: string, name: string, uid: string) => [
  { apiVersion: 'apps/v1', kind, name, uid, controller: true, blockOwnerDeletion: true },
]

export const replicaSet: ReplicaSet = {
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  metadata: {
    name: 'web-5d8f',
    namespace: 'shop',
    uid: 'uid-web-5d8f',
    labels: { ...labels, 'pod-template-hash': '5d8f' },
    annotations: { 'deployment.kubernetes.io/revision': '2' },
    creationTimestamp: created,
    ownerReferences: controlledBy('Deployment', 'web', 'uid-web'),
  },
  spec: {
    replicas: 2,
    selector: { matchLabels: { ...labels, 'pod-template-hash': '5d8f' } },
    template: {
      metadata: { labels: { ...labels, 'pod-template-hash': '5d8f' }, annotations: { 'example.com/note': 'hello' } },
      spec: podSpec,
    },
  },
  status: { replicas: 2, fullyLabeledReplicas: 2, readyReplicas: 1, availableReplicas: 1, observedGeneration: 1 },
}

/** An older revision, scaled to nothing. */
export const oldReplicaSet: ReplicaSet = {
  ...replicaSet,
  metadata: {
    ...replicaSet.metadata,
    name: 'web-77aa',
    uid: 'uid-web-77aa',
    labels: { ...labels, 'pod-template-hash': '77aa' },
    annotations: { 'deployment.kubernetes.io/revision': '1' },
  },
  spec: {
    ...replicaSet.spec,
    replicas: 0,
    template: { ...replicaSet.spec.template, spec: { ...podSpec, terminationGracePeriodSeconds: 5 } },
  },
  status: { replicas: 0, observedGeneration: 1 },
}

export const pod: Pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 'web-5d8f-abcde',
    namespace: 'shop',
    uid: 'uid-pod-1',
    labels: { ...labels, 'pod-template-hash': '5d8f' },
    annotations: { 'example.com/note': 'hello' },
    creationTimestamp: created,
    ownerReferences: controlledBy('ReplicaSet', 'web-5d8f', 'uid-web-5d8f'),
  },
  spec: { ...podSpec, nodeName: 'node-1' },
  status: {
    phase: 'Running',
    podIP: '10.244.0.7',
    podIPs: [{ ip: '10.244.0.7' }],
    hostIP: '192.0.2.1',
    startTime: created,
    qosClass: 'Burstable',
    conditions: [
      { type: 'Initialized', status: 'True' },
      { type: 'Ready', status: 'True' },
      { type: 'ContainersReady', status: 'True' },
      { type: 'PodScheduled', status: 'True' },
    ],
    initContainerStatuses: [
      {
        name: 'migrate',
        image: 'example/web:1',
        imageID: 'sha256:1',
        containerID: 'docker://0',
        ready: true,
        restartCount: 0,
        state: { terminated: { exitCode: 0, reason: 'Completed', startedAt: created, finishedAt: created } },
      },
    ],
    containerStatuses: [
      {
        name: 'web',
        image: 'example/web:1',
        imageID: 'sha256:1',
        containerID: 'docker://1',
        ready: true,
        started: true,
        restartCount: 3,
        state: { running: { startedAt: created } },
        lastState: { terminated: { exitCode: 1, reason: 'Error', startedAt: created, finishedAt: created } },
      },
    ],
  },
}

/** No node has room for it. */
export const pendingPod: Pod = {
  ...pod,
  metadata: { ...pod.metadata, name: 'web-5d8f-fghij', uid: 'uid-pod-2' },
  spec: podSpec,
  status: {
    phase: 'Pending',
    qosClass: 'Burstable',
    conditions: [
      { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/1 nodes are available' },
    ],
  },
}

export const service: Service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: 'shop', labels, creationTimestamp: created },
  spec: {
    type: 'NodePort',
    clusterIP: '10.96.0.10',
    clusterIPs: ['10.96.0.10'],
    ports: [
      { name: 'http', protocol: 'TCP', port: 80, targetPort: 'http', nodePort: 30080 },
      { name: 'metrics', protocol: 'TCP', port: 9090, targetPort: 9090, nodePort: 30090 },
    ],
    selector: labels,
    sessionAffinity: 'None',
    internalTrafficPolicy: 'Cluster',
    externalTrafficPolicy: 'Cluster',
  },
  status: { loadBalancer: {} },
}

export const endpointSlice: EndpointSlice = {
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: {
    name: 'web-x1',
    namespace: 'shop',
    labels: { 'kubernetes.io/service-name': 'web' },
    creationTimestamp: created,
  },
  addressType: 'IPv4',
  ports: [
    { name: 'http', protocol: 'TCP', port: 8080 },
    { name: 'metrics', protocol: 'TCP', port: 9090 },
  ],
  endpoints: [
    {
      addresses: ['10.244.0.7'],
      conditions: { ready: true, serving: true, terminating: false },
      nodeName: 'node-1',
      targetRef: { kind: 'Pod', namespace: 'shop', name: 'web-5d8f-abcde', uid: 'uid-pod-1' },
    },
  ],
}

export const configMap: ConfigMap = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'greeting', namespace: 'shop', creationTimestamp: created },
  data: { text: 'Hello\nfrom Gantry' },
  binaryData: { logo: 'AAEC' },
}

export const secret: Secret = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'login', namespace: 'shop', creationTimestamp: created },
  type: 'Opaque',
  data: { password: Buffer.from('hunter22').toString('base64') },
}

export const role: KubeObject = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'Role',
  metadata: { name: 'reader', namespace: 'shop', creationTimestamp: created },
}

export function eventOf(
  object: KubeObject,
  event: { name: string; type?: 'Normal' | 'Warning'; reason: string; message: string; count?: number },
): Event {
  const { name, type = 'Normal', reason, message, count = 1 } = event
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name, namespace: object.metadata.namespace ?? 'default', creationTimestamp: created },
    involvedObject: {
      apiVersion: object.apiVersion,
      kind: object.kind,
      name: object.metadata.name,
      ...(object.metadata.namespace === undefined ? {} : { namespace: object.metadata.namespace }),
      ...(object.metadata.uid === undefined ? {} : { uid: object.metadata.uid }),
    },
    type,
    reason,
    message,
    count,
    firstTimestamp: created,
    lastTimestamp: created,
    source: { component: 'agent', host: 'node-1' },
    reportingComponent: 'agent',
  }
}

export const podEvents: readonly Event[] = [
  eventOf(pod, { name: 'web.1', reason: 'Started', message: 'Started container web', count: 3 }),
  eventOf(pod, { name: 'web.2', type: 'Warning', reason: 'BackOff', message: 'Back-off restarting failed container' }),
]

/** What a pod rarely is, all at once. */
const oddPod: Pod = {
  ...pod,
  metadata: {
    name: 'odd',
    namespace: 'odd',
    uid: 'uid-odd',
    creationTimestamp: created,
    deletionTimestamp: created,
    deletionGracePeriodSeconds: 30,
  },
  spec: {
    containers: podSpec.containers.flatMap(container => [
      {
        name: 'many',
        image: 'example/many:2',
        imagePullPolicy: 'Always',
        args: ['-c', 'first line\nsecond line'],
        ports: [
          { containerPort: 53, protocol: 'UDP' },
          { containerPort: 54, hostPort: 5354, protocol: 'TCP' },
        ],
        env: [
          { name: 'LINES', value: 'a\nb' },
          { name: 'EMPTY' },
          { name: 'NAME', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } } },
        ],
        envFrom: [{ secretRef: { name: 'login', optional: true } }],
        resources: {},
        terminationMessagePath: '/dev/termination-log',
        terminationMessagePolicy: 'File',
      },
      { ...container, name: 'waits' },
    ]),
    volumes: [
      {
        name: 'info',
        downwardAPI: { items: [{ path: 'name', fieldRef: { fieldPath: 'metadata.name' } }], defaultMode: 420 },
      },
      { name: 'sized', emptyDir: { medium: 'Memory', sizeLimit: '64Mi' } },
      { name: 'maybe', configMap: { name: 'none', optional: true, defaultMode: 420 } },
    ],
    restartPolicy: 'Never',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    nodeName: 'node-1',
    priority: 0,
    runtimeClassName: 'process',
    serviceAccountName: 'builder',
    tolerations: [{ operator: 'Exists' }, { key: 'gpu', operator: 'Equal', value: 'a', effect: 'NoSchedule' }],
  },
  status: {
    phase: 'Failed',
    reason: 'Evicted',
    message: 'the node ran out of memory',
    podIP: '10.244.0.8',
    podIPs: [{ ip: '10.244.0.8' }],
    qosClass: 'BestEffort',
    containerStatuses: [
      {
        name: 'many',
        image: 'example/many:2',
        imageID: '',
        ready: false,
        restartCount: 0,
        state: {
          terminated: {
            exitCode: 137,
            signal: 9,
            reason: 'OOMKilled',
            message: 'last words',
            startedAt: created,
            finishedAt: created,
          },
        },
      },
      {
        name: 'waits',
        image: 'example/web:1',
        imageID: '',
        ready: false,
        restartCount: 0,
        state: { waiting: { reason: 'ImagePullBackOff', message: 'no such image' } },
      },
    ],
  },
}

const terminatingPod: Pod = {
  ...pod,
  metadata: {
    ...pod.metadata,
    name: 'terminating',
    namespace: 'odd',
    uid: 'uid-terminating',
    deletionTimestamp: created,
    deletionGracePeriodSeconds: 30,
  },
}

const { selector: _, ...withoutSelector } = service.spec

const headlessService: Service = {
  ...service,
  metadata: { name: 'headless', namespace: 'odd', creationTimestamp: created },
  spec: { ...withoutSelector, type: 'ClusterIP', clusterIP: 'None', clusterIPs: ['None'], ports: [] },
}

const externalService: Service = {
  ...service,
  metadata: { name: 'elsewhere', namespace: 'odd', creationTimestamp: created },
  spec: { type: 'ExternalName', externalName: 'example.com', sessionAffinity: 'None' },
}

/** All of them, namespaces first. */
export const exampleCluster: readonly KubeObject[] = [
  namespace,
  node,
  configMap,
  secret,
  role,
  deployment,
  replicaSet,
  oldReplicaSet,
  pod,
  pendingPod,
  service,
  endpointSlice,
  ...podEvents,
]

const budget = (name: string, spec: PodDisruptionBudget['spec'], disruptionsAllowed: number): PodDisruptionBudget => ({
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: { name, namespace: 'odd', uid: `u-${name}`, resourceVersion: '90', creationTimestamp: created },
  spec,
  status: { expectedPods: 3, currentHealthy: 3, desiredHealthy: 3 - disruptionsAllowed, disruptionsAllowed },
})

const job = (name: string, spec: Partial<Job['spec']>, status: Job['status']): Job => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name, namespace: 'odd', uid: `u-${name}`, resourceVersion: '92', labels, creationTimestamp: created },
  spec: {
    parallelism: 1,
    completions: 1,
    backoffLimit: 6,
    suspend: false,
    completionMode: 'NonIndexed',
    podReplacementPolicy: 'TerminatingOrFailed',
    selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': `u-${name}` } },
    template: { metadata: { labels }, spec: podSpec },
    ...spec,
  },
  ...(status && { status }),
})
const completionTime = toTime(Date.parse(created) + 95_000)

/** Named by the branch, cordoned, and never there. */
const oddNode: Node = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'node-2', uid: 'u-node-2', resourceVersion: '91', creationTimestamp: created },
  spec: {
    unschedulable: true,
    taints: [
      { key: 'node.kubernetes.io/unreachable', effect: 'NoExecute', timeAdded: created },
      { key: 'gpu', value: 'old', effect: 'NoSchedule' },
    ],
  },
  status: {
    conditions: [
      {
        type: 'Ready',
        status: 'Unknown',
        reason: 'NodeStatusNeverUpdated',
        message: 'not yet',
        lastTransitionTime: created,
        ...{ lastHeartbeatTime: created },
      },
    ],
  },
}

/** What is rare. */
export const oddObjects: readonly KubeObject[] = [
  oddPod,
  terminatingPod,
  headlessService,
  externalService,
  oddNode,
  budget('half', { minAvailable: '50%', selector: { matchLabels: { app: 'web' } } }, 1),
  budget('one', { maxUnavailable: 1, selector: {} }, 0),
  budget('none', { maxUnavailable: 0 }, 0),
  job(
    'done',
    { completions: 2, ttlSecondsAfterFinished: 600, activeDeadlineSeconds: 90 },
    {
      startTime: created,
      completionTime,
      ready: 0,
      terminating: 0,
      succeeded: 2,
      failed: 1,
      conditions: [{ type: 'Complete', status: 'True' }],
    },
  ),
  job('failed', {}, { startTime: created, ready: 0, failed: 7, conditions: [{ type: 'Failed', status: 'True' }] }),
  job('busy', { completions: 3, parallelism: 2 }, { startTime: created, active: 2, ready: 1, succeeded: 1 }),
  job('later', { suspend: true }, { ready: 0, conditions: [{ type: 'Suspended', status: 'True' }] }),
  job('new', {}, undefined),
]
