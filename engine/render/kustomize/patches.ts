import type { Origin } from '../../api/problem.ts'
import { readDocuments, type SourceDocument } from './document.ts'
import { RenderFailure } from '../failure.ts'
import { cloned, fieldOf, isFields, setField, type Fields } from './fields.ts'
import { applyOperations, readOperations, type Operation } from './json-patch.ts'
import type { MergeSchemas } from './merge-schema.ts'
import { placeAfterMerge, placeAfterOperations, placeBeforePatches } from './patched-place.ts'
import type { ResourceSet } from './resource-set.ts'
import {
  currentId,
  gvkOf,
  isEmpty,
  nameOf,
  namespaceOf,
  newResource,
  rememberId,
  setMetadata,
  type Resource,
} from './resource.ts'
import { idInWords } from './resource-id.ts'
import { selectResources } from './selector.ts'
import { PatchMismatch, strategicMerge } from './strategic-merge.ts'

/** A patch as it is written, and where. */
export interface PatchText {
  readonly text: string | Uint8Array
  readonly file: string
  /** Set where the patch stands in the kustomization itself. */
  readonly inside?: Origin
}

export type Patch =
  | { readonly kind: 'merge'; readonly objects: readonly PatchObject[] }
  | {
      readonly kind: 'operations'
      readonly operations: readonly Operation[]
      readonly origin: Origin
      readonly place: SourceDocument['place']
    }

interface PatchObject {
  readonly object: Fields
  readonly origin: Origin
  readonly place: SourceDocument['place']
}

export function readPatch({ text, file, inside }: PatchText): Patch {
  const documents = readDocuments(text, { file, ...(inside === undefined ? {} : { inside }) })
  const [first] = documents
  if (first === undefined)
    throw new RenderFailure('the patch is empty', { origin: inside ?? { file, line: 0, column: 0 } })
  if (Array.isArray(first.value)) {
    const origin = first.place([])
    return {
      kind: 'operations',
      operations: placed(origin, () => readOperations(first.value)),
      origin,
      place: first.place,
    }
  }
  const objects = documents.map(document => {
    const { value } = document
    const origin = document.place([])
    if (isFields(value) && gvkOf(value).kind !== '' && nameOf(value) !== '')
      return { object: value, origin, place: document.place }
    throw new RenderFailure('a patch is a list of JSON patch operations, or an object with kind and metadata.name', {
      origin,
    })
  })
  return { kind: 'merge', objects }
}

export interface PatchOptions {
  readonly target: Fields | undefined
  /** `allowNameChange` and `allowKindChange`. */
  readonly options: Readonly<Record<string, unknown>>
  readonly schemas: MergeSchemas
  /** Where the kustomization asks for the patch. */
  readonly origin: Origin
  /** As `patchesJson6902` does it: the change does not count as a new name. */
  readonly keepId?: boolean
}

export function applyPatch(set: ResourceSet, { patch, ...options }: PatchOptions & { readonly patch: Patch }): void {
  if (patch.kind === 'operations') return operate(set, { ...options, patch })
  const { target, origin } = options
  if (target === undefined) {
    for (const each of patch.objects) {
      const id = currentId(newResource(each.object, each.origin))
      mergeInto(set, { resource: set.byId(id, { origin: each.origin, what: 'the patch is for' }), ...options, ...each })
    }
    return
  }
  const [only, second] = patch.objects
  if (only === undefined || second !== undefined) {
    throw new RenderFailure('a patch with a target is one object', { origin, remedy: 'give each its own entry' })
  }
  for (const resource of selectResources(set.resources, { selector: target, origin })) {
    const { apiVersion } = resource.object
    mergeInto(set, { resource, ...options, ...only, object: { ...withTexts(only.object), apiVersion } })
  }
}

/** Labels or annotations that are null remove nothing where the patch has a target: so Kustomize has it. */
function withTexts(object: Fields): Fields {
  const metadata = fieldOf(object, 'metadata')
  if (!isFields(metadata)) return object
  const kept = Object.entries(metadata).filter(
    ([name, value]) => value !== null || (name !== 'labels' && name !== 'annotations'),
  )
  return { ...object, metadata: Object.fromEntries(kept) }
}

interface Merging extends PatchOptions {
  readonly resource: Resource
  readonly object: Fields
  readonly place: SourceDocument['place']
}

function mergeInto(set: ResourceSet, { resource, object, place, schemas, options, origin }: Merging): void {
  notePatch(resource)
  const before = cloned(resource.object)
  const { kind } = gvkOf(resource.object)
  const [name, namespace] = [nameOf(resource.object), namespaceOf(resource.object)]
  const [newName, newKind] = [options['allowNameChange'] === true, options['allowKindChange'] === true]
  if (newName || newKind) rememberId(resource)
  const merged = placed(origin, () => strategicMerge(resource.object, { patch: cloned(object), schemas }))
  if (merged === undefined || isEmpty(merged)) {
    set.remove(resource)
    return
  }
  resource.place = placeAfterMerge(resource, { before, patch: object, place })
  resource.object = merged
  if (!newKind) setField(merged, { name: 'kind', value: kind })
  if (!newName) setMetadata(merged, { name: 'name', value: name })
  setMetadata(merged, { name: 'namespace', value: namespace })
}

/** Called before a patch is applied. */
function notePatch(resource: Resource): void {
  if (!resource.patched) resource.place = placeBeforePatches(resource)
  resource.patched = true
}

function operate(
  set: ResourceSet,
  { patch, target, origin, keepId = false }: PatchOptions & { readonly patch: Extract<Patch, { kind: 'operations' }> },
): void {
  if (target === undefined) {
    throw new RenderFailure('a JSON patch needs a target', { origin, remedy: 'write target: with kind and name' })
  }
  for (const resource of selectResources(set.resources, { selector: target, origin })) {
    if (!keepId) rememberId(resource)
    notePatch(resource)
    placed(patch.origin, () => applyOperations(resource.object, patch.operations), resource)
    resource.place = placeAfterOperations(resource, patch)
  }
}

// oxlint-disable-next-line max-params -- what, where and to whom
function placed<Value>(origin: Origin, run: () => Value, resource?: Resource): Value {
  try {
    return run()
  } catch (error) {
    if (!(error instanceof PatchMismatch)) throw error
    const what = resource === undefined ? '' : ` (in ${idInWords(currentId(resource))})`
    throw new RenderFailure(`${error.message}${what}`, { origin, remedy: 'make the patch fit what it changes' })
  }
}
