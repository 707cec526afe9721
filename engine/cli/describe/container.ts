import type { Container, ContainerState, ContainerStatus, EnvVar, ObjectMeta, Probe } from '../../api/types.ts'
import { indent, longTime } from './block.ts'

/** Where containers are shown: in a pod, whose state they have, or in a template. */
export interface ContainerContext {
  /** Absent in a template. */
  readonly metadata?: ObjectMeta
  readonly statuses?: readonly ContainerStatus[]
  /** What goes before the title. */
  readonly space: '' | '  '
}

export function containerLines(title: string, containers: readonly Container[], context: ContainerContext): string[] {
  const nameIndent = context.space === '' ? '  ' : '   '
  return [
    `${context.space}${title}`,
    ...containers.flatMap(container => {
      const status = context.statuses?.find(({ name }) => name === container.name)
      return [`${nameIndent}${container.name}:`, ...indent(bodyLines(container, { status, context }), '    ')]
    }),
  ]
}

function bodyLines(
  container: Container,
  { status, context }: { status: ContainerStatus | undefined; context: ContainerContext },
): string[] {
  const { image = '', command, args, resources } = container
  return [
    ...(status === undefined ? [] : [`Container ID:\t${status.containerID ?? ''}`]),
    `Image:\t${image}`,
    ...(status === undefined ? [] : [`Image ID:\t${status.imageID}`]),
    ...portLines(container),
    ...(command === undefined ? [] : ['Command:', ...command.flatMap(multiline)]),
    ...(args === undefined ? [] : ['Args:', ...args.flatMap(multiline)]),
    ...(status === undefined ? [] : statusLines(status)),
    ...resourceLines('Limits:', resources.limits),
    ...resourceLines('Requests:', resources.requests),
    ...probeLines(container),
    ...environmentLines(container, context.metadata),
    ...mountLines(container),
  ]
}

function multiline(text: string): string[] {
  return indent(text.split('\n'))
}

function portLines({ ports = [] }: Container): string[] {
  const suffix = ports.length > 1 ? 's' : ''
  const describe = (write: (port: (typeof ports)[number]) => string): string =>
    ports.length === 0 ? '<none>' : ports.map(write).join(', ')
  return [
    `Port${suffix}:\t${describe(({ containerPort, protocol }) => `${containerPort}/${protocol}`)}`,
    `Host Port${suffix}:\t${describe(({ hostPort = 0, protocol }) => `${hostPort}/${protocol}`)}`,
  ]
}

function statusLines({ state, lastState, ready, restartCount }: ContainerStatus): string[] {
  return [
    ...stateLines('State:', state),
    ...(lastState?.terminated === undefined ? [] : stateLines('Last State:', lastState)),
    `Ready:\t${ready ? 'True' : 'False'}`,
    `Restart Count:\t${restartCount}`,
  ]
}

function stateLines(title: string, { running, waiting, terminated }: ContainerState): string[] {
  if (running !== undefined) return [`${title}\tRunning`, `  Started:\t${longTime(running.startedAt)}`]
  if (terminated !== undefined) {
    const { reason, message = '', exitCode, signal = 0, startedAt, finishedAt } = terminated
    return [
      `${title}\tTerminated`,
      ...(reason === '' ? [] : [`  Reason:\t${reason}`]),
      ...(message === '' ? [] : [`  Message:\t${message}`]),
      `  Exit Code:\t${exitCode}`,
      ...(signal === 0 ? [] : [`  Signal:\t${signal}`]),
      `  Started:\t${longTime(startedAt)}`,
      `  Finished:\t${longTime(finishedAt)}`,
    ]
  }
  const reason = waiting?.reason ?? ''
  return [`${title}\tWaiting`, ...(reason === '' ? [] : [`  Reason:\t${reason}`])]
}

function resourceLines(title: string, list: Readonly<Record<string, string>> | undefined): string[] {
  const entries = Object.entries(list ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))
  return entries.length === 0 ? [] : [title, ...entries.map(([name, quantity]) => `  ${name}:\t${quantity}`)]
}

function probeLines({ livenessProbe, readinessProbe, startupProbe }: Container): string[] {
  const probes = [
    ['Liveness', livenessProbe],
    ['Readiness', readinessProbe],
    ['Startup', startupProbe],
  ] as const
  return probes.flatMap(([title, probe]) => (probe === undefined ? [] : [`${title}:\t${probeText(probe)}`]))
}

function probeText(probe: Probe): string {
  const { initialDelaySeconds, timeoutSeconds, periodSeconds, successThreshold, failureThreshold } = probe
  const timing = `delay=${initialDelaySeconds}s timeout=${timeoutSeconds}s period=${periodSeconds}s`
  return `${probeTarget(probe)} ${timing} #success=${successThreshold} #failure=${failureThreshold}`
}

function probeTarget({ exec, httpGet, tcpSocket, grpc }: Probe): string {
  if (exec !== undefined) return `exec [${(exec.command ?? []).join(' ')}]`
  if (httpGet !== undefined) {
    const { scheme, host = '', port, path } = httpGet
    return `http-get ${scheme.toLowerCase()}://${host}:${port}${path}`
  }
  if (tcpSocket !== undefined) return `tcp-socket ${tcpSocket.host ?? ''}:${tcpSocket.port}`
  return grpc === undefined ? 'unknown' : `grpc <pod>:${grpc.port} ${grpc.service ?? ''}`
}

function environmentLines({ env = [], envFrom = [] }: Container, metadata: ObjectMeta | undefined): string[] {
  const sources = envFrom.flatMap(({ prefix = '', configMapRef, secretRef }) => {
    const ref = configMapRef ?? secretRef
    if (ref === undefined) return []
    const from = configMapRef === undefined ? 'Secret' : 'ConfigMap'
    const withPrefix = prefix === '' ? '' : ` with prefix '${prefix}'`
    return [`  ${ref.name}\t${from}${withPrefix}\tOptional: ${ref.optional ?? false}`]
  })
  const from = sources.length === 0 ? [] : ['Environment Variables from:', ...sources]
  if (env.length === 0) return [...from, 'Environment:\t<none>']
  return [...from, 'Environment:', ...env.flatMap(variable => indent(variableLines(variable, metadata)))]
}

function variableLines({ name, value = '', valueFrom }: EnvVar, metadata: ObjectMeta | undefined): string[] {
  if (valueFrom === undefined) {
    return value.split('\n').map((line, index) => (index === 0 ? `${name}:\t${line}` : `\t${line}`))
  }
  const { configMapKeyRef, secretKeyRef, fieldRef, resourceFieldRef } = valueFrom
  if (fieldRef !== undefined) {
    const { apiVersion = 'v1', fieldPath } = fieldRef
    return [`${name}:\t${fieldValue(fieldPath, metadata)} (${apiVersion}:${fieldPath})`]
  }
  if (resourceFieldRef !== undefined) return [`${name}:\t (${resourceFieldRef.resource})`]
  if (secretKeyRef !== undefined) {
    const { key, name: secret, optional = false } = secretKeyRef
    return [`${name}:\t<set to the key '${key}' in secret '${secret}'>\tOptional: ${optional}`]
  }
  if (configMapKeyRef === undefined) return [`${name}:\t`]
  const { key, name: configMap, optional = false } = configMapKeyRef
  return [`${name}:\t<set to the key '${key}' of config map '${configMap}'>\tOptional: ${optional}`]
}

function fieldValue(path: string, metadata: ObjectMeta | undefined): string {
  switch (path) {
    case 'metadata.name':
      return metadata?.name ?? ''
    case 'metadata.namespace':
      return metadata?.namespace ?? ''
    case 'metadata.uid':
      return metadata?.uid ?? ''
    default:
      return ''
  }
}

function mountLines({ volumeMounts = [] }: Container): string[] {
  if (volumeMounts.length === 0) return ['Mounts:\t<none>']
  const sorted = [...volumeMounts].sort((a, b) => (a.mountPath < b.mountPath ? -1 : 1))
  return [
    'Mounts:',
    ...sorted.map(({ mountPath, name, readOnly = false, subPath = '' }) => {
      const flags = [readOnly ? 'ro' : 'rw', ...(subPath === '' ? [] : [`path="${subPath}"`])]
      return `  ${mountPath} from ${name} (${flags.join(',')})`
    }),
  ]
}
