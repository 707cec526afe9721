import type { Ref } from '../api/reference.ts'
import type { Container, PodSpec } from '../api/types.ts'

type ConfigKind = 'ConfigMap' | 'Secret'

/** The ConfigMaps and Secrets that a pod of this spec reads, each once, in the order of the spec. */
export function configRefs(spec: PodSpec, namespace: string): readonly Ref[] {
  const found = new Map<string, Ref>()
  const add = (kind: ConfigKind, name: string | undefined) => {
    if (name === undefined || name === '') return
    found.set(`${kind} ${name}`, { kind, key: `${namespace}/${name}` })
  }
  for (const volume of spec.volumes ?? []) {
    add('ConfigMap', volume.configMap?.name)
    add('Secret', volume.secret?.secretName)
    for (const source of volume.projected?.sources ?? []) {
      add('ConfigMap', nameIn(source, 'configMap'))
      add('Secret', nameIn(source, 'secret'))
    }
  }
  for (const container of [...(spec.initContainers ?? []), ...spec.containers]) addEnvironment(container, add)
  return found.size === 0 ? none : [...found.values()]
}

const none: readonly Ref[] = []

function addEnvironment(container: Container, add: (kind: ConfigKind, name: string | undefined) => void): void {
  for (const { valueFrom } of container.env ?? []) {
    add('ConfigMap', valueFrom?.configMapKeyRef?.name)
    add('Secret', valueFrom?.secretKeyRef?.name)
  }
  for (const source of container.envFrom ?? []) {
    add('ConfigMap', source.configMapRef?.name)
    add('Secret', source.secretRef?.name)
  }
}

/** A projected volume's sources are left to the schema: `{ configMap: { name } }`. */
function nameIn(source: unknown, field: string): string | undefined {
  const part = fieldOf(source, field)
  const name = fieldOf(part, 'name')
  return typeof name === 'string' ? name : undefined
}

function fieldOf(value: unknown, field: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, field) : undefined
}
