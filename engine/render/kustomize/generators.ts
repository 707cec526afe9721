import type { Origin } from '../../api/problem.ts'
import { bytesToBase64 } from '../../api/base64.ts'
import { readData, type Datum, type SourceOptions } from './data-sources.ts'
import { RenderFailure } from '../failure.ts'
import { fieldOf, isFields, setField, textOf, textsOf, type Fields } from './fields.ts'
import { newResource, type Behavior, type Resource } from './resource.ts'

export type GeneratedKind = 'ConfigMap' | 'Secret'

export interface GeneratorOptions extends SourceOptions {
  readonly kind: GeneratedKind
  /** The `generatorOptions` of the kustomization. */
  readonly common: unknown
}

/** The ConfigMap or Secret that an entry of `configMapGenerator` or `secretGenerator` asks for. */
export function generate(generator: Fields, { kind, common, ...sources }: GeneratorOptions): Resource {
  const name = textOf(generator, 'name')
  const { origin } = sources
  if (name === '') throw new RenderFailure('a generator needs a name', { origin, remedy: 'write name: …' })
  const options = mergedOptions(fieldOf(generator, 'options'), common)
  const namespace = textOf(generator, 'namespace')
  const metadata: Fields = { name, ...(namespace === '' ? {} : { namespace }) }
  for (const field of ['labels', 'annotations']) {
    const texts = textsOf(options[field])
    if (Object.keys(texts).length > 0) setField(metadata, { name: field, value: texts })
  }
  const object: Fields = { apiVersion: 'v1', kind, metadata }
  const data = readData(generator, sources)
  if (kind === 'Secret') {
    object['type'] = textOf(generator, 'type') || 'Opaque'
    setData(object, { data: data.map(encoded), field: 'data' })
  } else {
    const texts = data.filter(({ value }) => typeof value === 'string')
    setData(object, { data: texts, field: 'data' })
    setData(object, { data: data.filter(datum => !texts.includes(datum)).map(encoded), field: 'binaryData' })
  }
  if (options['immutable'] === true) object['immutable'] = true
  return {
    ...newResource(object, origin),
    behavior: behaviorOf(generator, origin),
    hashed: options['disableNameSuffixHash'] !== true,
  }
}

function behaviorOf(generator: Fields, origin: Origin): Behavior | undefined {
  const behavior = textOf(generator, 'behavior')
  if (behavior === '') return undefined
  if (behavior === 'create' || behavior === 'merge' || behavior === 'replace') return behavior
  throw new RenderFailure(`behavior must be create, merge or replace, not "${behavior}"`, { origin })
}

/** An entry's own labels and annotations win; what either switches on is on. */
function mergedOptions(own: unknown, common: unknown): Fields {
  return {
    labels: { ...textsOf(fieldOf(common, 'labels')), ...textsOf(fieldOf(own, 'labels')) },
    annotations: { ...textsOf(fieldOf(common, 'annotations')), ...textsOf(fieldOf(own, 'annotations')) },
    disableNameSuffixHash: either(own, common, 'disableNameSuffixHash'),
    immutable: either(own, common, 'immutable'),
  }
}

function either(own: unknown, common: unknown, name: string): boolean {
  return [own, common].some(options => isFields(options) && options[name] === true)
}

function setData(object: Fields, { data, field }: { readonly data: readonly Datum[]; readonly field: string }): void {
  if (data.length === 0) return
  const value: Fields = {}
  for (const datum of data) setField(value, { name: datum.key, value: datum.value })
  object[field] = value
}

/** Base64 in lines of 70 letters where it is longer. */
function encoded({ key, value }: Datum): Datum {
  const text = bytesToBase64(typeof value === 'string' ? new TextEncoder().encode(value) : value)
  if (text.length < 70) return { key, value: text }
  return { key, value: text.replace(/.{1,70}/g, '$&\n') }
}
