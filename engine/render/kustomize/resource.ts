import type { Origin } from '../../api/problem.ts'
import type { Locate } from '../../api/report.ts'
import { fieldOf, fieldsIn, isFields, setField, textOf, textsOf, type Fields } from './fields.ts'
import { RenderFailure } from '../failure.ts'
import { effectiveNamespace, parseApiVersion, type Gvk, type ResourceId } from './resource-id.ts'

export type Behavior = 'create' | 'merge' | 'replace'

/** An object on its way through a build, with what later steps must know of the earlier. */
export interface Resource {
  object: Fields
  /** Where it, or its generator, is written. */
  readonly origin: Origin
  /** Where a field is written, or the nearest around it, as far as it stands in a file. */
  place: Locate
  /** A patch was applied: see `placeBeforePatches`. */
  patched: boolean
  /** What it was called before each change, the oldest first. */
  previous: readonly { readonly kind: string; readonly name: string; readonly namespace: string }[]
  /** What was put before and after its name, the innermost first. */
  prefixes: readonly string[]
  suffixes: readonly string[]
  /** What a generator wants done with a resource of the same id. */
  behavior: Behavior | undefined
  /** Its name is to end with the hash of its contents. */
  hashed: boolean
  /** The variables that take their value from it. */
  vars: readonly string[]
  /** What buildMetadata says of it. */
  note: Fields | undefined
  transformations: readonly Fields[]
  /** How many of its values are encrypted in the commit. */
  encrypted: 'all' | 'some' | 'none'
}

export function newResource(object: Fields, origin: Origin, place: Locate = () => origin): Resource {
  return {
    object,
    origin,
    place,
    patched: false,
    previous: [],
    prefixes: [],
    suffixes: [],
    behavior: undefined,
    hashed: false,
    vars: [],
    note: undefined,
    transformations: [],
    encrypted: 'none',
  }
}

interface Copy {
  readonly path: string
  readonly origin: Origin
}

/** Throws where a field that is copied into another object is encrypted in the commit: there it would be shown. */
export function checkCopy({ object, encrypted }: Resource, { path, origin }: Copy): void {
  if (encrypted === 'none' || !/^\.?(?:data|stringData)\b/.test(path)) return
  throw new RenderFailure(
    `${path} of the Secret ${nameOf(object)} is encrypted, and would be shown where it is copied to`,
    {
      origin,
      remedy: 'let pods read it from the Secret: env with secretKeyRef, or a volume',
    },
  )
}

export function gvkOf(object: Fields): Gvk {
  return { ...parseApiVersion(textOf(object, 'apiVersion')), kind: textOf(object, 'kind') }
}

export function nameOf(object: Fields): string {
  return textOf(fieldOf(object, 'metadata'), 'name')
}

export function namespaceOf(object: Fields): string {
  return textOf(fieldOf(object, 'metadata'), 'namespace')
}

export function labelsOf(object: Fields): Record<string, string> {
  return textsOf(fieldOf(fieldOf(object, 'metadata'), 'labels'))
}

export function annotationsOf(object: Fields): Record<string, string> {
  return textsOf(fieldOf(fieldOf(object, 'metadata'), 'annotations'))
}

export function currentId({ object }: Resource): ResourceId {
  return { ...gvkOf(object), name: nameOf(object), namespace: namespaceOf(object) }
}

export function previousIds({ object, previous }: Resource): ResourceId[] {
  const { group, version } = gvkOf(object)
  return previous.map(id => ({ group, version, ...id }))
}

export function originalId(resource: Resource): ResourceId {
  return previousIds(resource)[0] ?? currentId(resource)
}

export function allIds(resource: Resource): ResourceId[] {
  return [...previousIds(resource), currentId(resource)]
}

/** Called before a name, namespace or kind changes, so that references to it can be mended. */
export function rememberId(resource: Resource): void {
  const id = currentId(resource)
  resource.previous = [...resource.previous, { kind: id.kind, name: id.name, namespace: effectiveNamespace(id) }]
}

export function setMetadata(object: Fields, { name, value }: { readonly name: string; readonly value: string }): void {
  const metadata = fieldsIn(object, 'metadata')
  if (value === '' && name === 'namespace') delete metadata[name]
  else setField(metadata, { name, value })
}

/** Whether nothing is left of an object, as after a patch that deletes it. */
export function isEmpty(object: unknown): boolean {
  return !isFields(object) || Object.keys(object).length === 0
}
