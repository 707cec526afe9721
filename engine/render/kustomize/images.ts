import { RenderFailure } from '../failure.ts'
import { visitFields, type FieldSpec, type Slot } from './field-spec.ts'
import { fieldOf, isFields, setField, textOf, type Fields } from './fields.ts'
import type { Resource } from './resource.ts'

/** Gives images another name, tag or digest, as an entry of `images` says. */
export function setImages(
  resources: readonly Resource[],
  { image, fieldSpecs }: { readonly image: Fields; readonly fieldSpecs: readonly FieldSpec[] },
): void {
  const matcher = matcherOf(textOf(image, 'name'))
  for (const { object, origin } of resources) {
    if (textOf(object, 'kind') === 'CustomResourceDefinition') continue
    const update = (slot: Slot): void => {
      const { value } = slot
      if (value === null || value === undefined) return
      if (typeof value === 'object') throw new RenderFailure('an image must be a text', { origin })
      const renamed = renamedImage(String(value), { matcher, image })
      if (renamed !== undefined) slot.write(renamed)
    }
    updateContainers(object, update)
    for (const spec of fieldSpecs) visitFields(object, { spec, visit: update })
  }
}

/** The images of all lists of containers, however deep. */
function updateContainers(value: unknown, update: (slot: Slot) => void): void {
  if (Array.isArray(value)) for (const item of value) updateContainers(item, update)
  if (!isFields(value)) return
  for (const [name, field] of Object.entries(value)) {
    updateContainers(field, update)
    if ((name !== 'containers' && name !== 'initContainers') || !Array.isArray(field)) continue
    for (const container of field) {
      if (!isFields(container)) continue
      update({
        value: fieldOf(container, 'image'),
        write: image => setField(container, { name: 'image', value: image }),
      })
    }
  }
}

/** The name in `images` is part of a regular expression, as Kustomize reads it. */
function matcherOf(name: string): RegExp | undefined {
  try {
    return new RegExp(`^${name}(:[a-zA-Z0-9_.{}-]*)?(@sha256:[a-zA-Z0-9_.{}-]*)?$`)
  } catch {
    return undefined
  }
}

function renamedImage(
  written: string,
  { matcher, image }: { readonly matcher: RegExp | undefined; readonly image: Fields },
): string | undefined {
  if (matcher?.test(written) !== true) return undefined
  const parts = splitImage(written)
  const [newName, newTag, digest, tagSuffix] = ['newName', 'newTag', 'digest', 'tagSuffix'].map(name =>
    textOf(image, name),
  )
  const name = newName || parts.name
  // A new tag or digest takes the place of both.
  if (newTag || digest) return named(name, newTag ?? '', digest ?? '')
  return tagSuffix ? named(name, parts.tag + tagSuffix, '') : named(name, parts.tag, parts.digest)
}

function named(name: string, tag: string, digest: string): string {
  return `${name}${tag === '' ? '' : `:${tag}`}${digest === '' ? '' : `@${digest}`}`
}

/** `[[host[:port]/]path/]name[:tag][@digest]` */
function splitImage(image: string): { name: string; tag: string; digest: string } {
  const slash = Math.max(image.indexOf('/'), 0)
  const at = image.indexOf('@', slash)
  const rest = at < 0 ? image : image.slice(0, at)
  const colon = rest.indexOf(':', slash)
  return {
    name: colon < 0 ? rest : rest.slice(0, colon),
    tag: colon < 0 ? '' : rest.slice(colon + 1),
    digest: at < 0 ? '' : image.slice(at + 1),
  }
}
