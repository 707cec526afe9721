import type {
  Container,
  ContainerPort,
  DownwardAPIFile,
  EnvVar,
  HTTPGetAction,
  LifecycleHandler,
  PodSpec,
  PodTemplateSpec,
  Probe,
  ResourceList,
  Volume,
  VolumeProjection,
} from '../types.ts'
import { type Given, ifGiven } from './given.ts'

/** The defaults of k8s.io/kubernetes/pkg/apis/core/v1/defaults.go. */

type GivenHandler = Omit<LifecycleHandler, 'httpGet'> & { readonly httpGet?: Given<HTTPGetAction, 'path' | 'scheme'> }
type GivenProbe = Given<
  Omit<Probe, 'httpGet'>,
  'initialDelaySeconds' | 'timeoutSeconds' | 'periodSeconds' | 'successThreshold' | 'failureThreshold'
> &
  GivenHandler
type GivenContainer = Given<
  Omit<Container, 'ports' | 'livenessProbe' | 'readinessProbe' | 'startupProbe' | 'lifecycle'>,
  'imagePullPolicy' | 'resources' | 'terminationMessagePath' | 'terminationMessagePolicy'
> & {
  readonly ports?: readonly Given<ContainerPort, 'protocol'>[]
  readonly livenessProbe?: GivenProbe
  readonly readinessProbe?: GivenProbe
  readonly startupProbe?: GivenProbe
  readonly lifecycle?: { readonly preStop?: GivenHandler; readonly postStart?: GivenHandler }
}
type GivenVolume = Pick<Volume, 'name' | 'emptyDir'> & {
  readonly configMap?: Given<NonNullable<Volume['configMap']>, 'defaultMode'>
  readonly secret?: Given<NonNullable<Volume['secret']>, 'defaultMode'>
  readonly downwardAPI?: Given<NonNullable<Volume['downwardAPI']>, 'defaultMode'>
  readonly hostPath?: Given<NonNullable<Volume['hostPath']>, 'type'>
  readonly projected?: Given<NonNullable<Volume['projected']>, 'defaultMode'>
}
export type GivenPodSpec = Given<
  Omit<PodSpec, 'containers' | 'initContainers' | 'volumes'>,
  'restartPolicy' | 'terminationGracePeriodSeconds' | 'dnsPolicy'
> & {
  readonly containers: readonly GivenContainer[]
  readonly initContainers?: readonly GivenContainer[]
  readonly volumes?: readonly GivenVolume[]
}
export type GivenTemplate = Given<Omit<PodTemplateSpec, 'spec'>, 'metadata'> & { readonly spec: GivenPodSpec }

export function defaultTemplate(template: GivenTemplate): PodTemplateSpec {
  return { ...template, spec: defaultPodSpec(template.spec) }
}

export function defaultPodSpec(spec: GivenPodSpec): PodSpec {
  const container = (given: GivenContainer): Container => defaultContainer(given, spec.hostNetwork ?? false)
  const { initContainers, volumes, ...rest } = spec
  return {
    ...rest,
    ...ifGiven('initContainers', initContainers, list => list.map(container)),
    containers: spec.containers.map(container),
    ...ifGiven('volumes', volumes, list => list.map(defaultVolume)),
    restartPolicy: spec.restartPolicy ?? 'Always',
    terminationGracePeriodSeconds: spec.terminationGracePeriodSeconds ?? 30,
    dnsPolicy: spec.dnsPolicy ?? 'ClusterFirst',
    enableServiceLinks: spec.enableServiceLinks ?? true,
    schedulerName: spec.schedulerName ?? 'default-scheduler',
    securityContext: spec.securityContext ?? {},
  }
}

function defaultContainer(container: GivenContainer, hostNetwork: boolean): Container {
  const { ports, env, livenessProbe, readinessProbe, startupProbe, lifecycle, ...rest } = container
  return {
    ...rest,
    ...ifGiven('ports', ports, list => list.map(port => defaultPort(port, hostNetwork))),
    ...ifGiven('env', env, list => list.map(defaultEnv)),
    imagePullPolicy: container.imagePullPolicy ?? pullPolicy(container.image),
    resources: defaultResources(container.resources ?? {}),
    ...ifGiven('livenessProbe', livenessProbe, defaultProbe),
    ...ifGiven('readinessProbe', readinessProbe, defaultProbe),
    ...ifGiven('startupProbe', startupProbe, defaultProbe),
    ...ifGiven('lifecycle', lifecycle, given => ({
      ...ifGiven('preStop', given.preStop, defaultHandler),
      ...ifGiven('postStart', given.postStart, defaultHandler),
    })),
    terminationMessagePath: container.terminationMessagePath ?? '/dev/termination-log',
    terminationMessagePolicy: container.terminationMessagePolicy ?? 'File',
  }
}

/** `latest`, said or meant, may have changed since it was pulled. */
function pullPolicy(image: string | undefined): Container['imagePullPolicy'] {
  if (image === undefined || image.includes('@')) return 'IfNotPresent'
  // A colon before the last slash belongs to the registry's port.
  const tag = /:([^/:]+)$/.exec(image)?.[1] ?? 'latest'
  return tag === 'latest' ? 'Always' : 'IfNotPresent'
}

function defaultPort(port: Given<ContainerPort, 'protocol'>, hostNetwork: boolean): ContainerPort {
  return {
    ...port,
    protocol: port.protocol ?? 'TCP',
    ...(hostNetwork ? { hostPort: port.hostPort ?? port.containerPort } : {}),
  }
}

function defaultEnv(variable: EnvVar): EnvVar {
  const fieldRef = variable.valueFrom?.fieldRef
  if (!fieldRef) return variable
  return {
    ...variable,
    valueFrom: { ...variable.valueFrom, fieldRef: { ...fieldRef, apiVersion: fieldRef.apiVersion ?? 'v1' } },
  }
}

/** Where only a limit is given, as much is requested. */
function defaultResources(resources: Container['resources']): Container['resources'] {
  if (!resources.limits) return resources
  const requests: ResourceList = { ...resources.limits, ...resources.requests }
  return { ...resources, requests }
}

function defaultProbe(probe: GivenProbe): Probe {
  const { httpGet, ...rest } = probe
  return {
    ...rest,
    ...ifGiven('httpGet', httpGet, defaultHttpGet),
    initialDelaySeconds: probe.initialDelaySeconds ?? 0,
    timeoutSeconds: probe.timeoutSeconds ?? 1,
    periodSeconds: probe.periodSeconds ?? 10,
    successThreshold: probe.successThreshold ?? 1,
    failureThreshold: probe.failureThreshold ?? 3,
  }
}

function defaultHandler(handler: GivenHandler): LifecycleHandler {
  const { httpGet, ...rest } = handler
  return { ...rest, ...ifGiven('httpGet', httpGet, defaultHttpGet) }
}

function defaultHttpGet(get: NonNullable<GivenHandler['httpGet']>): HTTPGetAction {
  return { ...get, path: get.path === undefined || get.path === '' ? '/' : get.path, scheme: get.scheme ?? 'HTTP' }
}

/** 0644: what files of volumes are allowed where nothing else is said. */
const defaultMode = 0o644

function defaultVolume(volume: GivenVolume): Volume {
  const { configMap, secret, downwardAPI, hostPath, projected, ...rest } = volume
  const hasSource = configMap ?? secret ?? downwardAPI ?? hostPath ?? projected ?? Object.keys(rest).length > 1
  return {
    ...rest,
    // A volume that names no source is an empty folder.
    ...(hasSource ? {} : { emptyDir: {} }),
    ...ifGiven('configMap', configMap, source => ({ ...source, defaultMode: source.defaultMode ?? defaultMode })),
    ...ifGiven('secret', secret, source => ({ ...source, defaultMode: source.defaultMode ?? defaultMode })),
    ...ifGiven('downwardAPI', downwardAPI, source => ({
      ...defaultDownward(source),
      defaultMode: source.defaultMode ?? defaultMode,
    })),
    ...ifGiven('hostPath', hostPath, source => ({ ...source, type: source.type ?? '' })),
    ...ifGiven('projected', projected, source => ({
      ...source,
      ...ifGiven('sources', source.sources, sources => sources.map(defaultProjection)),
      defaultMode: source.defaultMode ?? defaultMode,
    })),
  }
}

function defaultProjection(projection: VolumeProjection): VolumeProjection {
  return { ...projection, ...ifGiven('downwardAPI', projection.downwardAPI, defaultDownward) }
}

function defaultDownward<T extends NonNullable<VolumeProjection['downwardAPI']>>(source: T): T {
  return { ...source, ...ifGiven('items', source.items, items => items.map(defaultDownwardFile)) }
}

function defaultDownwardFile(file: DownwardAPIFile): DownwardAPIFile {
  return file.fieldRef
    ? { ...file, fieldRef: { ...file.fieldRef, apiVersion: file.fieldRef.apiVersion ?? 'v1' } }
    : file
}
