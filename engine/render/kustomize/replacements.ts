import type { Origin } from '../../api/problem.ts'
import { plainValue, readDocuments, type SourceDocument } from './document.ts'
import { RenderFailure } from '../failure.ts'
import { cloned, fieldOf, isFields, isScalar, setField, textOf, type Fields } from './fields.ts'
import type { Slot } from './field-spec.ts'
import { fieldsListOf, listOf, replacementShape } from './kustomization.ts'
import { allIds, checkCopy, type Resource } from './resource.ts'
import { effectiveNamespace, isSelected, type ResourceId } from './resource-id.ts'
import { selectResources } from './selector.ts'
import { shaped } from './shape.ts'

/** Copies a field of one resource into fields of others, as an entry of `replacements` says. */
export function replace(
  resources: readonly Resource[],
  { replacement, origin }: { readonly replacement: Fields; readonly origin: Origin },
): void {
  const source = fieldOf(replacement, 'source')
  const targets = fieldsListOf(replacement, 'targets')
  if (!isFields(source) || targets.length === 0) {
    throw new RenderFailure('a replacement needs a source and targets', { origin })
  }
  const value = sourceValue(resources, { source, origin })
  for (const target of targets) {
    const select = fieldOf(target, 'select')
    if (!isFields(select)) throw new RenderFailure('a target of a replacement needs select', { origin })
    const paths = listOf(target, 'fieldPaths').map(String)
    for (const resource of targetsOf(resources, { target, select, origin })) {
      for (const path of paths.length === 0 ? ['metadata.name'] : paths) {
        writeAt(resource.object, { path, value, options: fieldOf(target, 'options'), origin })
      }
    }
  }
}

function sourceValue(
  resources: readonly Resource[],
  { source, origin }: { readonly source: Fields; readonly origin: Origin },
): unknown {
  const found = resources.filter(each => allIds(each).some(id => isSelectedBy(id, source)))
  const [resource] = found
  if (resource === undefined || found.length > 1) {
    const count = found.length === 0 ? 'nothing' : `${found.length} resources`
    throw new RenderFailure(`${count} fit the source of the replacement`, { origin })
  }
  const path = textOf(source, 'fieldPath') || 'metadata.name'
  checkCopy(resource, { path, origin })
  const [slot] = slotsAt(resource.object, { steps: stepsOf(path), make: undefined })
  if (slot === undefined || slot.value === undefined || slot.value === null) {
    throw new RenderFailure(`the source of the replacement has no ${path}`, { origin })
  }
  const options = fieldOf(source, 'options')
  const delimiter = textOf(options, 'delimiter')
  if (delimiter === '') return slot.value
  const part = String(slot.value).split(delimiter)[Number(fieldOf(options, 'index') ?? 0)]
  if (part === undefined) throw new RenderFailure(`${path} has no part ${textOf(options, 'index')}`, { origin })
  return part
}

function isSelectedBy(id: ResourceId, selector: Fields): boolean {
  const [group, version, kind] = [textOf(selector, 'group'), textOf(selector, 'version'), textOf(selector, 'kind')]
  const [name, namespace] = [textOf(selector, 'name'), textOf(selector, 'namespace')]
  return (
    isSelected(id, { group, version, kind }) &&
    (name === '' || name === id.name) &&
    (namespace === '' || namespace === effectiveNamespace(id))
  )
}

function targetsOf(
  resources: readonly Resource[],
  { target, select, origin }: { readonly target: Fields; readonly select: Fields; readonly origin: Origin },
): Resource[] {
  const byLabels = ({ labelSelector = '', annotationSelector = '' }: Fields): Resource[] =>
    selectResources(resources, { selector: { labelSelector, annotationSelector }, origin })
  const labelled = new Set(byLabels(select))
  const rejected = fieldsListOf(target, 'reject').map(selector => {
    const { labelSelector, annotationSelector, ...id } = selector
    const byId = Object.keys(id).length > 0
    const labels = labelSelector !== undefined || annotationSelector !== undefined ? byLabels(selector) : []
    return (each: Resource): boolean =>
      labels.includes(each) || (byId && allIds(each).some(known => isSelectedBy(known, id)))
  })
  return resources.filter(
    each =>
      labelled.has(each) &&
      allIds(each).some(id => isSelectedBy(id, select)) &&
      !rejected.some(rejects => rejects(each)),
  )
}

/** A file of replacements: a list of them, or one. */
export function readReplacements(bytes: Uint8Array, file: string): { replacement: Fields; origin: Origin }[] {
  return readDocuments(bytes, { file, lastKeyCounts: true }).flatMap(document => {
    const list = Array.isArray(document.value)
    const shape = list ? { fields: { items: { list: replacementShape } } } : replacementShape
    const value = list ? { items: document.value } : document.value
    const place: SourceDocument['place'] = (path, target) => document.place(list ? path.slice(1) : path, target)
    const checked = shaped({ value, place }, shape)
    const entries = list ? fieldsListOf(checked, 'items') : [checked]
    return entries.map((replacement, index) => ({ replacement, origin: document.place(list ? [index] : []) }))
  })
}

interface Write {
  readonly path: string
  readonly value: unknown
  readonly options: unknown
  readonly origin: Origin
}

function writeAt(object: Fields, { path, value, options, origin }: Write): void {
  const create = fieldOf(options, 'create') === true
  const make = create ? (isScalar(value) ? 'scalar' : Array.isArray(value) ? 'list' : 'mapping') : undefined
  const slots = slotsAt(object, { steps: stepsOf(path), make })
  if (slots.length === 0) {
    throw new RenderFailure(`a target of the replacement has no ${path}`, {
      origin,
      remedy: create ? 'check the path' : 'write options: { create: true }, or check the path',
    })
  }
  const delimiter = textOf(options, 'delimiter')
  for (const slot of slots) {
    const own = slot.value
    if (delimiter !== '')
      slot.write(
        withPart(String(own ?? ''), { delimiter, part: String(value), index: Number(fieldOf(options, 'index') ?? 0) }),
      )
    else slot.write(isScalar(own) && isScalar(value) ? likeType(value, own) : cloned(value))
  }
}

function withPart(
  text: string,
  { delimiter, part, index }: { delimiter: string; part: string; index: number },
): string {
  const parts = text.split(delimiter)
  if (index < 0) parts.unshift(part)
  else if (index >= parts.length) parts.push(part)
  else parts[index] = part
  return parts.join(delimiter)
}

/** A single value keeps the type of what it replaces, where its text allows that. */
export function likeType(value: string | number | boolean | null, own: string | number | boolean | null): unknown {
  const text = String(value)
  // What is made here has the type that its text would have without quotes.
  if (own === null) return plainValue(text)
  if (typeof own === 'string') return text
  if (typeof own === 'number') return text !== '' && Number.isFinite(Number(text)) ? Number(text) : text
  return text === 'true' ? true : text === 'false' ? false : text
}

/** Dots separate steps, but not inside brackets or after a backslash. */
function stepsOf(path: string): string[] {
  const steps = path.match(/(?:\[[^\]]*\]|\\.|[^.\\])+/g) ?? []
  return steps
    .flatMap(step => step.match(/\[[^\]]*\]|(?:\\.|[^[\\])+/g) ?? [])
    .map(step => (/^\[\d+\]$/.test(step) ? step.slice(1, -1) : step.replace(/\\(.)/g, '$1')))
}

interface Way {
  readonly steps: readonly string[]
  readonly make: 'scalar' | 'mapping' | 'list' | undefined
}

/** The places that steps lead to; with `make`, what lacks on the way is made. */
export function slotsAt(value: unknown, { steps, make }: Way, write?: (value: unknown) => void): Slot[] {
  const [step, ...rest] = steps
  if (step === undefined) return [{ value, write: write ?? (() => undefined) }]
  if (Array.isArray(value)) {
    return itemsAt(value, { step, make, last: rest.length === 0 }).flatMap(index =>
      slotsAt(value[index], { steps: rest, make }, each => void (value[index] = each)),
    )
  }
  if (!isFields(value)) return []
  if (step === '*') {
    return Object.keys(value).flatMap(name =>
      slotsAt(value[name], { steps: rest, make }, each => setField(value, { name, value: each })),
    )
  }
  if (fieldOf(value, step) === undefined) {
    if (make === undefined) return []
    const next = rest[0]
    const made =
      next === undefined ? (make === 'scalar' ? null : make === 'list' ? [] : {}) : isItemStep(next) ? [] : {}
    setField(value, { name: step, value: made })
  }
  return slotsAt(value[step], { steps: rest, make }, each => setField(value, { name: step, value: each }))
}

function isItemStep(step: string): boolean {
  return /^\[.*\]$/.test(step) || step === '-'
}

function itemsAt(
  list: unknown[],
  { step, make, last }: { readonly step: string; readonly make: Way['make']; readonly last: boolean },
): number[] {
  if (step === '*') return [...list.keys()]
  if (/^\d+$/.test(step)) return Number(step) < list.length ? [Number(step)] : []
  if (step === '-') return [list.push(last && make === 'scalar' ? null : {}) - 1]
  const [, name, wanted] = /^\[([^=]*)=(.*)\]$/.exec(step) ?? []
  if (name === undefined || wanted === undefined) return []
  const found = [...list.entries()].flatMap(([index, item]) =>
    (name === '' ? isScalar(item) && String(item) === wanted : textOf(item, name) === wanted) ? [index] : [],
  )
  if (found.length > 0 || make === undefined) return found
  return [list.push(name === '' ? wanted : { [name]: wanted }) - 1]
}
