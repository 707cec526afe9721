import { volumeSources } from '../support.ts'
import type { PodSpec, Toleration, Volume } from '../types.ts'
import { modelOf } from '../schema.ts'
import { checkContainer } from './container.ts'
import { type At, expectOne, expectUnique, inside } from './rule.ts'

/** What keeps the pods: nothing, a workload that keeps them running for ever, or a Job that runs them to their end. */
export type PodKeeper = 'none' | 'workload' | 'job'

/** Kubernetes: pkg/apis/core/validation and batch/validation. */
export function checkPodSpec(spec: PodSpec, { at, keeper }: { at: At; keeper: PodKeeper }): void {
  const { containers, initContainers = [], volumes = [] } = spec
  if (containers.length === 0) at.report.error([...at.path, 'containers'], 'must have at least one container')
  const names = new Set<string>()
  for (const [list, items] of [
    ['initContainers', initContainers],
    ['containers', containers],
  ] as const) {
    for (const [i, container] of items.entries()) {
      const here = inside(at, list, i)
      if (names.has(container.name))
        at.report.error(
          [...here.path, 'name'],
          `must be unique in the pod, and ${JSON.stringify(container.name)} is taken`,
        )
      names.add(container.name)
      checkContainer(container, { at: here, pod: spec, isInit: list === 'initContainers' })
    }
  }
  checkVolumes(volumes, inside(at, 'volumes'))
  checkHostPorts(spec, at)
  for (const [i, toleration] of (spec.tolerations ?? []).entries())
    checkToleration(toleration, inside(at, 'tolerations', i))
  if (spec.dnsPolicy === 'None' && (spec.dnsConfig?.nameservers ?? []).length === 0) {
    at.report.error([...at.path, 'dnsPolicy'], 'is None, which needs a nameserver', {
      remedy: 'add dnsConfig.nameservers',
    })
  }
  if (keeper === 'workload') checkKeptRunning(spec, at)
  if (keeper === 'job') checkRunToEnd(spec, at)
}

function checkKeptRunning(spec: PodSpec, at: At): void {
  if (spec.restartPolicy !== 'Always') {
    at.report.error(
      [...at.path, 'restartPolicy'],
      `must be Always in a workload that keeps its pods running, not ${spec.restartPolicy}`,
      {
        remedy: 'write restartPolicy: Always, or leave it out',
      },
    )
  }
  if (spec.activeDeadlineSeconds !== undefined) {
    at.report.error(
      [...at.path, 'activeDeadlineSeconds'],
      'must not be set in a workload that keeps its pods running',
      { target: 'key' },
    )
  }
}

function checkRunToEnd({ restartPolicy }: PodSpec, at: At): void {
  if (restartPolicy !== 'Always') return
  at.report.error([...at.path, 'restartPolicy'], 'must be Never or OnFailure in a Job, whose pods come to an end', {
    remedy: 'write restartPolicy: Never',
  })
}

function checkVolumes(volumes: readonly Volume[], at: At): void {
  expectUnique(volumes, { at, field: 'name', key: volume => volume.name, what: 'volume' })
  const known = [...modelOf('V1Volume').fields.keys()].filter(field => field !== 'name')
  for (const [i, volume] of volumes.entries()) {
    const here = inside(at, i)
    expectOne(volume, { at: here, fields: known, what: 'a source' })
    const other = known.find(source => Object.hasOwn(volume, source) && !volumeSources.has(source))
    if (other !== undefined) {
      at.report.error([...here.path, other], 'is a kind of volume that Gantry cannot mount yet', {
        target: 'key',
        remedy: `use one of ${[...volumeSources].join(', ')}`,
      })
    }
    checkSource(volume, here)
  }
}

const projections = [
  'configMap',
  'secret',
  'downwardAPI',
  'serviceAccountToken',
  'clusterTrustBundle',
  'podCertificate',
]

function checkSource({ emptyDir, projected }: Volume, at: At): void {
  if (emptyDir?.sizeLimit !== undefined && emptyDir.medium !== 'Memory') {
    at.report.warn(
      [...at.path, 'emptyDir', 'sizeLimit'],
      'is not honoured by Gantry yet but for medium: Memory: the folder may grow as the disk allows',
    )
  }
  for (const [i, source] of (projected?.sources ?? []).entries()) {
    expectOne(source, { at: inside(at, 'projected', 'sources', i), fields: projections, what: 'a source' })
  }
}

/** Two containers of a pod cannot hold one port of the host. */
function checkHostPorts(spec: PodSpec, at: At): void {
  const taken = new Set<string>()
  for (const [i, container] of spec.containers.entries()) {
    for (const [j, port] of (container.ports ?? []).entries()) {
      if (port.hostPort === undefined) continue
      const here = [...at.path, 'containers', i, 'ports', j]
      const name = `${port.hostIP ?? ''}/${port.protocol}/${port.hostPort}`
      if (taken.has(name))
        at.report.error([...here, 'hostPort'], `must be unique in the pod, and ${port.hostPort} is taken`)
      if (spec.hostNetwork === true && port.hostPort !== port.containerPort) {
        at.report.error(
          [...here, 'hostPort'],
          `must equal containerPort ${port.containerPort} where hostNetwork is set, not ${port.hostPort}`,
        )
      }
      taken.add(name)
    }
  }
}

function checkToleration(
  { key = '', operator = 'Equal', value = '', effect, tolerationSeconds }: Toleration,
  at: At,
): void {
  if (key === '' && operator !== 'Exists') {
    at.report.error(at.path, 'must name a key, or tolerate every one', { remedy: 'add key, or write operator: Exists' })
  }
  if (operator === 'Exists' && value !== '') {
    at.report.error([...at.path, 'value'], 'must be empty where operator is Exists', { remedy: 'remove it' })
  }
  if (tolerationSeconds !== undefined && effect !== 'NoExecute') {
    at.report.error([...at.path, 'tolerationSeconds'], 'has a meaning for effect NoExecute only', {
      remedy: 'write effect: NoExecute',
    })
  }
}
