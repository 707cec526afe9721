/** What the volumes that are made of objects hold: pure functions of those objects. */
import type { ConfigMap, DownwardAPIFile, KeyToPath, Secret, Volume, VolumeProjection } from '../../engine/api/types.ts'
import type { Mirror } from '../mirror.ts'
import { containerNamed } from '../spec/containers.ts'
import { type FieldFacts, fieldValue, resourceValue } from '../spec/fields.ts'

export interface VolumeFile {
  /** Below the volume, with `/` between its parts. */
  readonly path: string
  readonly content: Uint8Array
  readonly mode: number
}

export interface VolumeContent {
  readonly files: readonly VolumeFile[]
  /** What was asked for and is not there, for an event. */
  readonly unsupported: readonly string[]
}

export interface VolumeFacts extends FieldFacts {
  readonly mirror: Pick<Mirror, 'configMap' | 'secret'>
}

/** A volume that cannot be made as things are: the words of `FailedMount`. */
export class VolumeError extends Error {
  constructor(volume: string, why: string) {
    super(`MountVolume.SetUp failed for volume "${volume}" : ${why}`)
    this.name = 'VolumeError'
  }
}

/** Undefined where the volume is not made of objects. Throws VolumeError where something is missing or may not be. */
export function contentOf(volume: Volume, facts: VolumeFacts): VolumeContent | undefined {
  const { configMap, secret, downwardAPI, projected } = volume
  const at: Place = { volume: volume.name, facts }
  if (configMap) return supported(configMapFiles({ ...configMap, mode: configMap.defaultMode }, at))
  if (secret) return supported(secretFiles({ ...secret, name: secret.secretName, mode: secret.defaultMode }, at))
  if (downwardAPI) return supported(downwardFiles(downwardAPI.items ?? [], { ...at, mode: downwardAPI.defaultMode }))
  return projected && projectedContent(projected, at)
}

/** Whether a volume's files live in memory only. */
export function holdsSecrets(volume: Volume): boolean {
  return volume.secret !== undefined || (volume.projected?.sources ?? []).some(source => source.secret)
}

interface Place {
  readonly volume: string
  readonly facts: VolumeFacts
}

interface ObjectSource {
  readonly name: string
  readonly items?: readonly KeyToPath[]
  readonly optional?: boolean
  readonly mode: number
}

function supported(files: readonly VolumeFile[]): VolumeContent {
  return { files, unsupported: [] }
}

function configMapFiles(source: ObjectSource, at: Place): readonly VolumeFile[] {
  const { namespace = '' } = at.facts.pod.metadata
  const map = at.facts.mirror.configMap(namespace, source.name)
  if (!map && !source.optional) throw new VolumeError(at.volume, `configmap "${source.name}" not found`)
  return select(map ? configMapBytes(map) : new Map(), { source, at, from: 'configmap' })
}

function secretFiles(source: ObjectSource, at: Place): readonly VolumeFile[] {
  const { namespace = '' } = at.facts.pod.metadata
  const secret = at.facts.mirror.secret(namespace, source.name)
  if (!secret && !source.optional) throw new VolumeError(at.volume, `secret "${source.name}" not found`)
  return select(secret ? secretBytes(secret) : new Map(), { source, at, from: 'secret' })
}

/** Every key under its own name, or the items under the paths that they name. */
function select(
  bytes: ReadonlyMap<string, Uint8Array>,
  { source, at, from }: { source: ObjectSource; at: Place; from: string },
): readonly VolumeFile[] {
  if (!source.items) {
    return [...bytes].map(([key, content]) => ({ path: checked(key, at), content, mode: source.mode }))
  }
  return source.items.flatMap(({ key, path, mode = source.mode }) => {
    const content = bytes.get(key)
    if (content) return [{ path: checked(path, at), content, mode }]
    if (source.optional) return []
    throw new VolumeError(at.volume, `references non-existent ${from} key: ${key}`)
  })
}

function downwardFiles(
  items: readonly DownwardAPIFile[],
  at: Place & { readonly mode: number },
): readonly VolumeFile[] {
  return items.map(({ path, fieldRef, resourceFieldRef, mode = at.mode }) => {
    const text = fieldRef
      ? orRefuse(at, () => fieldValue(fieldRef.fieldPath, at.facts))
      : resourceFieldRef
        ? orRefuse(at, () => {
            const container = containerNamed(at.facts.pod, resourceFieldRef.containerName ?? '')
            return resourceValue(resourceFieldRef, { ...at.facts, container })
          })
        : ''
    return { path: checked(path, at), content: utf8(text), mode }
  })
}

function projectedContent({ sources = [], defaultMode }: NonNullable<Volume['projected']>, at: Place): VolumeContent {
  const files = new Map<string, VolumeFile>()
  const unsupported: string[] = []
  for (const source of sources) {
    const part = projectedPart(source, { ...at, mode: defaultMode })
    if (part === undefined) unsupported.push(Object.keys(source)[0] ?? 'source')
    // Of two sources with one path, the later wins.
    else for (const file of part) files.set(file.path, file)
  }
  return { files: [...files.values()], unsupported }
}

/** Undefined: a source that Gantry has no part for. */
function projectedPart(
  { configMap, secret, downwardAPI }: VolumeProjection,
  at: Place & { readonly mode: number },
): readonly VolumeFile[] | undefined {
  if (configMap) return configMapFiles({ ...configMap, mode: at.mode }, at)
  if (secret) return secretFiles({ ...secret, mode: at.mode }, at)
  return downwardAPI && downwardFiles(downwardAPI.items ?? [], at)
}

/** A path stays inside its volume, and never hides what the volume itself is made of. */
function checked(path: string, { volume }: Place): string {
  const parts = path.split('/')
  const reason =
    path === '' || path.startsWith('/') || path.includes('\0')
      ? 'must be a relative path'
      : parts.includes('..') || path.startsWith('..')
        ? "must not contain '..'"
        : undefined
  if (reason) throw new VolumeError(volume, `invalid path "${path}": ${reason}`)
  return parts.filter(part => part !== '' && part !== '.').join('/')
}

function orRefuse<T>({ volume }: Place, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw new VolumeError(volume, error instanceof Error ? error.message : String(error))
  }
}

function configMapBytes(map: ConfigMap): ReadonlyMap<string, Uint8Array> {
  return new Map([
    ...Object.entries(map.data ?? {}).map(([key, text]): [string, Uint8Array] => [key, utf8(text)]),
    ...decoded(map.binaryData ?? {}),
  ])
}

function secretBytes(secret: Secret): ReadonlyMap<string, Uint8Array> {
  return new Map(decoded(secret.data ?? {}))
}

function decoded(data: Readonly<Record<string, string>>): [string, Uint8Array][] {
  return Object.entries(data).map(([key, base64]) => [key, Uint8Array.from(atob(base64), char => char.charCodeAt(0))])
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
