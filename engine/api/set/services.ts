import type { Manifest } from '../manifest.ts'
import type { Problem } from '../problem.ts'
import { once } from '../once.ts'
import { describeRef, refOf } from '../reference.ts'
import type { FieldPath } from '../report.ts'
import { labelPairs } from '../selector.ts'
import { type ManifestSet, type Of, type PodSource, problemOf } from './manifest-set.ts'

/** A Service may stand before its pods, so what it does not reach is a warning. */
export function checkServices(set: ManifestSet): Problem[] {
  const ports = new Map<string, ReadonlySet<string> | undefined>()
  return set.list('Service').flatMap(service => {
    const { selector, type } = service.object.spec
    if (type === 'ExternalName' || selector === undefined || Object.keys(selector).length === 0) return []
    // Services that select alike reach the same pods: they are looked up once.
    const selected = labelPairs(selector).sort().join()
    if (!ports.has(selected)) ports.set(selected, portsOf(set.podSourcesWith(selector)))
    return checkTarget(service, { names: ports.get(selected), set })
  })
}

/** The names of the ports that the pods have; undefined where there are no pods. */
function portsOf(sources: readonly PodSource[]): ReadonlySet<string> | undefined {
  return sources.length === 0 ? undefined : new Set(sources.flatMap(portNames))
}

function checkTarget(
  { object, manifest }: Of<'Service'>,
  { names, set }: { names: ReadonlySet<string> | undefined; set: ManifestSet },
): Problem[] {
  if (names !== undefined) return checkTargetPorts({ object, manifest }, { names, set })
  return [
    problemOf(manifest, {
      severity: 'warning',
      path: ['spec', 'selector'],
      text: 'matches no pod of the commit, so that the Service reaches nothing',
      remedy: 'make it match the labels of a pod template in the same namespace',
    }),
  ]
}

function checkTargetPorts(
  { object, manifest }: Of<'Service'>,
  { names, set }: { names: ReadonlySet<string>; set: ManifestSet },
): Problem[] {
  return (object.spec.ports ?? []).flatMap(({ targetPort }, i) => {
    if (typeof targetPort === 'number' || names.has(targetPort)) return []
    const meant = set.meant(targetPort, names)
    return problemOf(manifest, {
      severity: 'warning',
      path: ['spec', 'ports', i, 'targetPort'],
      text: `names the port "${targetPort}", which no pod that the Service selects has`,
      remedy: meant === undefined ? 'name a port of the pods, or write its number' : `did you mean ${meant}?`,
    })
  })
}

/** An init container's ports count where it runs beside the others. */
const portNames = once(({ template }: PodSource): readonly string[] => {
  const { containers, initContainers = [] } = template.spec
  return [...containers, ...initContainers.filter(({ restartPolicy }) => restartPolicy === 'Always')].flatMap(
    ({ ports = [] }) => ports.flatMap(({ name }) => name ?? []),
  )
})

/** A cluster address or a node port that a Service asks for. */
export interface AddressClaim {
  readonly address: string
  readonly path: FieldPath
  readonly manifest: Manifest
}

export function addressClaims(set: ManifestSet): AddressClaim[] {
  return set.list('Service').flatMap(({ object: { spec }, manifest }) =>
    [
      { address: spec.clusterIP, path: ['spec', 'clusterIP'] },
      ...(spec.ports ?? []).map(({ nodePort, protocol }, i) => ({
        address: nodePort === undefined ? undefined : `${nodePort}/${protocol}`,
        path: ['spec', 'ports', i, 'nodePort'],
      })),
    ].flatMap(({ address, path }) =>
      address === undefined || address === 'None' ? [] : [{ address, path, manifest }],
    ),
  )
}

/** A node port and a cluster address belong to one Service of the whole cluster. */
export function checkAddresses(claims: readonly AddressClaim[]): Problem[] {
  const taken = new Map<string, Manifest>()
  return claims.flatMap(({ address, path, manifest }) => {
    const before = taken.get(address)
    if (!before) taken.set(address, manifest)
    if (!before || before === manifest) return []
    return problemOf(manifest, {
      severity: 'error',
      path,
      text: `is ${address}, which ${describeRef(refOf(before.object))} has`,
      remedy: 'choose another, or leave it out to have one allocated',
    })
  })
}
