import { nearest } from '../nearest.ts'
import { parseQuantity } from '../quantity.ts'
import { show } from '../report.ts'
import type { Container, EnvVar, LifecycleHandler, PodSpec, Probe, ResourceList } from '../types.ts'
import { type At, expectOne, expectUnique, inside } from './rule.ts'

interface ContainerContext {
  readonly at: At
  readonly pod: PodSpec
  readonly isInit: boolean
}

export function checkContainer(container: Container, { at, pod, isInit }: ContainerContext): void {
  checkProgram(container, { at, isProcess: pod.runtimeClassName === 'process' })
  checkPorts(container, at)
  for (const [i, variable] of (container.env ?? []).entries()) checkEnv(variable, inside(at, 'env', i))
  for (const [i, source] of (container.envFrom ?? []).entries()) {
    expectOne(source, { at: inside(at, 'envFrom', i), fields: ['configMapRef', 'secretRef'], what: 'a source' })
  }
  checkMounts(container, { at, pod })
  checkResources(container.resources, inside(at, 'resources'))
  if (pod.runtimeClassName === 'process') warnOfLimits(container, inside(at, 'resources'))
  checkProbes(container, { at, isInit })
  checkPrivilege(container, at)
  if (container.restartPolicy !== undefined && (!isInit || container.restartPolicy !== 'Always')) {
    at.report.error([...at.path, 'restartPolicy'], `can only be Always, and only on an init container`, {
      remedy: "remove it; the pod's restartPolicy holds for its containers",
    })
  }
}

function checkProgram({ image, command }: Container, { at, isProcess }: { at: At; isProcess: boolean }): void {
  if (isProcess && (command ?? []).length === 0) {
    at.report.error([...at.path, 'command'], 'is required in a pod with runtimeClassName: process', {
      remedy: 'add the program to run and its arguments',
    })
  }
  if (!isProcess && (image === undefined || image === '')) {
    at.report.error([...at.path, 'image'], 'is required', {
      remedy: 'add image, or runtimeClassName: process to the pod to run command on the host',
    })
  }
}

function warnOfLimits({ resources }: Container, at: At): void {
  for (const resource of ['cpu', 'memory'].filter(name => resources?.limits?.[name] !== undefined)) {
    at.report.warn(
      [...at.path, 'limits', resource],
      'is not honoured by Gantry yet for runtimeClassName: process: the process may take what the machine has',
    )
  }
}

function checkPorts({ ports }: Container, at: At): void {
  expectUnique(ports, {
    at: inside(at, 'ports'),
    field: 'name',
    key: port => port.name,
    what: 'port of this container',
  })
}

const valueSources = ['configMapKeyRef', 'secretKeyRef', 'fieldRef', 'resourceFieldRef']
const fieldsForEnv = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
]

function checkEnv({ value, valueFrom }: EnvVar, at: At): void {
  if (!valueFrom) return
  const from = inside(at, 'valueFrom')
  if (value !== undefined && value !== '') {
    at.report.error(from.path, 'must not stand beside value', { target: 'key', remedy: 'keep one of value, valueFrom' })
  }
  expectOne(valueFrom, { at: from, fields: valueSources, what: 'a source' })
  const field = valueFrom.fieldRef?.fieldPath
  if (
    field !== undefined &&
    !fieldsForEnv.includes(field) &&
    !/^metadata\.(labels|annotations)\['[^']+'\]$/.test(field)
  ) {
    const meant = nearest(field, fieldsForEnv)
    at.report.error(
      [...from.path, 'fieldRef', 'fieldPath'],
      `must be a field that a variable can hold, not ${show(field)}`,
      {
        remedy:
          meant === undefined
            ? `use one of ${fieldsForEnv.join(', ')}, metadata.labels['KEY']`
            : `did you mean ${meant}?`,
      },
    )
  }
}

function checkMounts({ volumeMounts }: Container, { at, pod }: { at: At; pod: PodSpec }): void {
  const names = (pod.volumes ?? []).map(volume => volume.name)
  const here = inside(at, 'volumeMounts')
  expectUnique(volumeMounts, {
    at: here,
    field: 'mountPath',
    key: mount => mount.mountPath,
    what: 'volumeMount of this container',
  })
  for (const [i, mount] of (volumeMounts ?? []).entries()) {
    if (!names.includes(mount.name)) {
      const meant = nearest(mount.name, names)
      at.report.error([...here.path, i, 'name'], `must be the name of a volume of the pod, not ${show(mount.name)}`, {
        remedy: meant === undefined ? `add a volume ${show(mount.name)}` : `did you mean ${meant}?`,
      })
    }
    if (mount.subPath !== undefined && mount.subPathExpr !== undefined) {
      at.report.error([...here.path, i, 'subPathExpr'], 'must not stand beside subPath', { target: 'key' })
    }
  }
}

const resourceNames = ['cpu', 'memory', 'ephemeral-storage']

function checkResources({ requests = {}, limits = {} }: Container['resources'], at: At): void {
  for (const [field, list] of Object.entries({ requests, limits })) checkResourceList(list, inside(at, field))
  if (Object.hasOwn(limits, 'ephemeral-storage')) {
    at.report.warn(
      [...at.path, 'limits', 'ephemeral-storage'],
      'is not honoured by Gantry yet: the container may fill the disk',
      { target: 'key' },
    )
  }
  for (const [name, requested] of Object.entries(requests)) {
    const limit = limits[name]
    if (limit !== undefined && parseQuantity(requested) > parseQuantity(limit)) {
      at.report.error([...at.path, 'requests', name], `must be no more than its limit of ${limit}, not ${requested}`)
    }
  }
}

function checkResourceList(list: ResourceList, at: At): void {
  for (const [name, quantity] of Object.entries(list)) {
    if (parseQuantity(quantity) < 0) at.report.error([...at.path, name], `must not be negative, as ${quantity} is`)
    if (resourceNames.includes(name) || name.startsWith('hugepages-') || name.includes('/')) continue
    const meant = nearest(name, resourceNames)
    at.report.error([...at.path, name], 'is no resource that Kubernetes knows', {
      target: 'key',
      remedy: meant === undefined ? `use one of ${resourceNames.join(', ')}` : `did you mean ${meant}?`,
    })
  }
}

const probeFields = ['livenessProbe', 'readinessProbe', 'startupProbe'] as const

function checkProbes(container: Container, { at, isInit }: Pick<ContainerContext, 'at' | 'isInit'>): void {
  // An init container that runs beside the others (restartPolicy: Always) is probed as they are.
  const endsByItself = isInit && container.restartPolicy !== 'Always'
  for (const field of probeFields) {
    const probe = container[field]
    if (!probe) continue
    const here = inside(at, field)
    if (endsByItself) refuseBeforeOthers(here)
    expectOne(probe, { at: here, fields: ['exec', 'httpGet', 'tcpSocket', 'grpc'], what: 'an action' })
    checkHandler(probe, { at: here, container })
    checkProbeNumbers(probe, { at: here, field })
  }
  for (const field of ['preStop', 'postStart'] as const) {
    const handler = container.lifecycle?.[field]
    if (!handler) continue
    const here = inside(at, 'lifecycle', field)
    if (endsByItself) refuseBeforeOthers(here)
    expectOne(handler, { at: here, fields: ['exec', 'httpGet', 'tcpSocket', 'sleep'], what: 'an action' })
    checkHandler(handler, { at: here, container })
  }
}

function refuseBeforeOthers({ path, report }: At): void {
  report.error(path, 'must not be set on an init container that ends by itself', { target: 'key', remedy: 'remove it' })
}

function checkProbeNumbers(probe: Probe, { at, field }: { at: At; field: (typeof probeFields)[number] }): void {
  if (field === 'readinessProbe') {
    if (probe.terminationGracePeriodSeconds !== undefined) {
      at.report.error(
        [...at.path, 'terminationGracePeriodSeconds'],
        'must not be set on a readinessProbe, which stops nothing',
        { target: 'key' },
      )
    }
  } else if (probe.successThreshold !== 1) {
    at.report.error([...at.path, 'successThreshold'], `must be 1 on a ${field}, not ${probe.successThreshold}`)
  }
}

function checkHandler(handler: LifecycleHandler, { at, container }: { at: At; container: Container }): void {
  if (handler.exec && (handler.exec.command ?? []).length === 0) {
    at.report.error([...at.path, 'exec', 'command'], 'must name a program')
  }
  const names = new Set((container.ports ?? []).flatMap(port => port.name ?? []))
  for (const action of ['httpGet', 'tcpSocket'] as const) {
    const port = handler[action]?.port
    if (typeof port !== 'string' || names.has(port)) continue
    at.report.warn(
      [...at.path, action, 'port'],
      `names the port ${show(port)}, which this container does not have, so it will always fail`,
      {
        remedy: 'name a port under ports, or write its number',
      },
    )
  }
}

function checkPrivilege({ securityContext }: Container, at: At): void {
  if (securityContext?.privileged === true && securityContext.allowPrivilegeEscalation === false) {
    at.report.error(
      [...at.path, 'securityContext', 'allowPrivilegeEscalation'],
      'must not be false where privileged is true',
    )
  }
}
