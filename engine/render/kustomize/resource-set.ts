import type { Origin } from '../../api/problem.ts'
import { RenderFailure } from '../failure.ts'
import { fieldOf, setField, textsOf, type Fields } from './fields.ts'
import {
  allIds,
  annotationsOf,
  currentId,
  labelsOf,
  nameOf,
  namespaceOf,
  setMetadata,
  type Resource,
} from './resource.ts'
import { idInWords, idKey, sameId, type ResourceId } from './resource-id.ts'

/** The resources of a build in the order in which they came; no two have one id. */
export class ResourceSet {
  #resources: Resource[] = []
  /** By current id, for as long as no id changes. */
  #ids: Map<string, Resource> | undefined

  get resources(): Resource[] {
    return this.#resources
  }

  /** To be set whenever ids may have changed. */
  set resources(resources: Resource[]) {
    this.#resources = resources
    this.#ids = undefined
  }

  append(resource: Resource): void {
    const ids = (this.#ids ??= new Map(this.#resources.map(each => [idKey(currentId(each)), each])))
    const id = currentId(resource)
    const other = ids.get(idKey(id))
    if (other !== undefined) {
      const { file, line } = other.origin
      throw new RenderFailure(`${idInWords(id)} comes twice, first from ${file}:${line}`, {
        origin: resource.origin,
        remedy: 'remove one of them, or give each its own name, prefix or namespace',
      })
    }
    ids.set(idKey(id), resource)
    this.#resources.push(resource)
  }

  appendAll(resources: readonly Resource[]): void {
    for (const resource of resources) this.append(resource)
  }

  /** Adds what a generator made, into or in place of what is there where it says so. */
  absorb(made: Resource): void {
    const id = currentId(made)
    const matches = this.resources.filter(each => allIds(each).some(known => sameId(known, id)))
    const [old, second] = matches
    const { behavior = 'create', origin } = made
    if (second !== undefined) {
      throw new RenderFailure(`${matches.length} resources could be the ${idInWords(id)} that is meant`, { origin })
    }
    if (old === undefined) {
      if (behavior !== 'create') {
        throw new RenderFailure(`there is no ${idInWords(id)} to ${behavior}`, {
          origin,
          remedy: 'name one of a base, or leave behavior out',
        })
      }
      this.append(made)
      return
    }
    if (behavior === 'create') {
      throw new RenderFailure(`${idInWords(id)} exists already`, {
        origin,
        remedy: 'write behavior: merge or behavior: replace',
      })
    }
    inherit(made, old)
    if (behavior === 'merge') {
      for (const name of ['data', 'binaryData']) mergeTexts(made.object, { name, base: old.object })
      made.note = old.note ?? made.note
      if (made.encrypted !== old.encrypted) made.encrypted = 'some'
    }
    this.resources = this.resources.with(this.resources.indexOf(old), made)
  }

  /** The one resource that has, or had, an id. */
  byId(id: ResourceId, { origin, what }: { readonly origin: Origin; readonly what: string }): Resource {
    const found = this.resources.filter(each => allIds(each).some(known => sameId(known, id)))
    const [resource] = found
    if (resource !== undefined && found.length === 1) return resource
    const count = found.length === 0 ? 'no resource is' : `${found.length} resources are`
    throw new RenderFailure(`${count} the ${idInWords(id)} that ${what}`, {
      origin,
      remedy: 'check its apiVersion, kind, name and namespace',
    })
  }

  remove(resource: Resource): void {
    this.resources = this.resources.filter(each => each !== resource)
  }
}

/** A generated resource takes the place of an older one, and with it its name and history. */
function inherit(made: Resource, old: Resource): void {
  const texts = { labels: labelsOf(made.object), annotations: annotationsOf(made.object) }
  const base = { labels: labelsOf(old.object), annotations: annotationsOf(old.object) }
  setMetadata(made.object, { name: 'name', value: nameOf(old.object) })
  setMetadata(made.object, { name: 'namespace', value: namespaceOf(old.object) })
  const metadata = fieldOf(made.object, 'metadata') as Fields
  for (const name of ['labels', 'annotations'] as const) {
    const value = { ...base[name], ...texts[name] }
    if (Object.keys(value).length > 0) setField(metadata, { name, value })
  }
  made.previous = old.previous
  made.prefixes = old.prefixes
  made.suffixes = old.suffixes
  made.vars = old.vars
  made.behavior = old.behavior
  made.hashed &&= old.hashed
}

function mergeTexts(object: Fields, { name, base }: { readonly name: string; readonly base: Fields }): void {
  const value = { ...textsOf(fieldOf(base, name)), ...textsOf(fieldOf(object, name)) }
  if (Object.keys(value).length > 0) setField(object, { name, value })
}
