import type { KubeObject } from '../api/types.ts'
import { writeYaml } from './write-yaml.ts'

/** Stands for a secret value: the same value of the same key of the same Secret gives the same text. */
export type Digest = (value: string, place: { readonly key: string; readonly field: string }) => string

/** kubectl keeps a copy of the whole manifest there, a Secret's values included. */
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration'

/** The object as text for the record: whole, but for secret values and for times that change although nothing else does. */
export function serialize(object: KubeObject, { digest }: { digest: Digest }): string {
  return writeYaml(withoutSecrets(withoutBeats(object), digest))
}

/** Whether a change is worth recording: anything but the counter and the beats. */
export function differs(before: KubeObject, after: KubeObject, { digest }: { digest: Digest }): boolean {
  if (before === after) return false
  const text = (object: KubeObject) =>
    serialize({ ...object, metadata: { ...object.metadata, resourceVersion: '' } }, { digest })
  return text(before) !== text(after)
}

/** Heartbeats and probe times in the status's conditions. */
function withoutBeats(object: KubeObject): KubeObject {
  const { status } = object
  if (!isRecord(status) || !Array.isArray(status['conditions'])) return object
  const conditions = status['conditions'].map((condition: unknown) => {
    if (!isRecord(condition)) return condition
    const { lastHeartbeatTime: _beat, lastProbeTime: _probe, ...rest } = condition
    return rest
  })
  return { ...object, status: { ...status, conditions } }
}

export function isSecret({ apiVersion, kind }: Pick<KubeObject, 'apiVersion' | 'kind'>): boolean {
  return apiVersion === 'v1' && kind === 'Secret'
}

function withoutSecrets(object: KubeObject, digest: Digest): object {
  if (!isSecret(object)) return object
  const { metadata } = object
  const key = `${metadata.namespace ?? ''}/${metadata.name}`
  const hide = (field: string, value: unknown) => (typeof value === 'string' ? digest(value, { key, field }) : value)
  const hideAll = (values: unknown) =>
    isRecord(values) ? Object.fromEntries(Object.entries(values).map(([field, v]) => [field, hide(field, v)])) : values
  const { annotations } = metadata
  const annotation = annotations?.[lastApplied]
  return {
    ...object,
    ...('data' in object ? { data: hideAll(object.data) } : {}),
    ...('stringData' in object ? { stringData: hideAll(object.stringData) } : {}),
    ...(annotation === undefined
      ? {}
      : { metadata: { ...metadata, annotations: { ...annotations, [lastApplied]: hide(lastApplied, annotation) } } }),
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
