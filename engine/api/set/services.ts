import type { Problem } from '../problem.ts'
import { nearest } from '../nearest.ts'
import { describeRef, refOf } from '../reference.ts'
import { matchesLabels } from '../selector.ts'
import type { Service } from '../types.ts'
import { type ManifestSet, type Of, type PodSource, problemOf } from './manifest-set.ts'

export function checkServices(set: ManifestSet): Problem[] {
  const services = set.list('Service')
  return [...services.flatMap(service => checkTargets(service, set)), ...checkAddresses(services)]
}

/** A Service may stand before its pods, so what it does not reach is a warning. */
function checkTargets({ object, manifest }: Of<'Service'>, set: ManifestSet): Problem[] {
  const { selector, type } = object.spec
  if (type === 'ExternalName' || selector === undefined || Object.keys(selector).length === 0) return []
  const sources = set
    .podSourcesIn(object.metadata.namespace ?? '')
    .filter(({ template }) => matchesLabels(selector, template.metadata?.labels))
  if (sources.length > 0) return checkTargetPorts({ object, manifest }, sources)
  return [
    problemOf(manifest, {
      severity: 'warning',
      path: ['spec', 'selector'],
      text: 'matches no pod of the commit, so that the Service reaches nothing',
      remedy: 'make it match the labels of a pod template in the same namespace',
    }),
  ]
}

function checkTargetPorts({ object, manifest }: Of<'Service'>, sources: readonly PodSource[]): Problem[] {
  const names = new Set(sources.flatMap(({ template }) => portNames(template.spec)))
  return (object.spec.ports ?? []).flatMap(({ targetPort }, i) => {
    if (typeof targetPort === 'number' || names.has(targetPort)) return []
    const meant = nearest(targetPort, names)
    return problemOf(manifest, {
      severity: 'warning',
      path: ['spec', 'ports', i, 'targetPort'],
      text: `names the port "${targetPort}", which no pod that the Service selects has`,
      remedy: meant === undefined ? 'name a port of the pods, or write its number' : `did you mean ${meant}?`,
    })
  })
}

/** An init container's ports count where it runs beside the others. */
function portNames({ containers, initContainers = [] }: PodSource['template']['spec']): string[] {
  return [...containers, ...initContainers.filter(({ restartPolicy }) => restartPolicy === 'Always')].flatMap(
    ({ ports = [] }) => ports.flatMap(({ name }) => name ?? []),
  )
}

/** A node port and a cluster address belong to one Service of the whole cluster. */
function checkAddresses(services: readonly Of<'Service'>[]): Problem[] {
  const taken = new Map<string, Service>()
  return services.flatMap(({ object, manifest }) =>
    addressesOf(object).flatMap(({ address, path, what }) => {
      const before = taken.get(address)
      if (!before) {
        taken.set(address, object)
        return []
      }
      if (before === object) return []
      return problemOf(manifest, {
        severity: 'error',
        path,
        text: `is ${what}, which ${describeRef(refOf(before))} has`,
        remedy: 'choose another, or leave it out to have one allocated',
      })
    }),
  )
}

function addressesOf({ spec }: Service): { address: string; path: (string | number)[]; what: string }[] {
  const { clusterIP, ports = [] } = spec
  return [
    ...(clusterIP === undefined || clusterIP === 'None'
      ? []
      : [{ address: clusterIP, path: ['spec', 'clusterIP'], what: clusterIP }]),
    ...ports.flatMap(({ nodePort, protocol }, i) =>
      nodePort === undefined
        ? []
        : [
            {
              address: `${nodePort}/${protocol}`,
              path: ['spec', 'ports', i, 'nodePort'],
              what: `${nodePort}/${protocol}`,
            },
          ],
    ),
  ]
}
