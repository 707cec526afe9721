import { fieldOf, fieldsIn, isFields, setField, textOf, textsOf, type Fields } from './fields.ts'
import type { Resource } from './resource.ts'

/** What `buildMetadata` can say of a resource. */
export interface Note {
  readonly path?: string
  readonly configuredIn?: string
  readonly configuredBy?: Fields
}

/** What kubectl calls its Kustomize. */
const managedBy = 'kustomize-(devel)'
const originAnnotation = 'config.kubernetes.io/origin'
const transformationsAnnotation = 'alpha.config.kubernetes.io/transformations'

/** The object as it leaves the build, with the annotations that `buildMetadata` asks for. */
export function finished({ object, previous, note, transformations }: Resource, wanted: readonly unknown[]): Fields {
  const metadata = fieldOf(object, 'metadata')
  if (!isFields(metadata)) return object
  const present = fieldOf(metadata, 'annotations')
  const annotations = textsOf(present)
  if (wanted.includes('originAnnotations') && note !== undefined) annotations[originAnnotation] = noteText(note)
  if (wanted.includes('transformerAnnotations') && transformations.length > 0) {
    annotations[transformationsAnnotation] = transformations.map(listItem).join('')
  }
  if (Object.keys(annotations).length > 0) setField(metadata, { name: 'annotations', value: annotations })
  else if (previous.length > 0 && isFields(present)) delete metadata['annotations']
  if (wanted.includes('managedByLabel')) {
    const labels = { ...textsOf(fieldOf(metadata, 'labels')), 'app.kubernetes.io/managed-by': managedBy }
    setField(metadata, { name: 'labels', value: labels })
  }
  return object
}

/**
 * To a transformer what is noted of a resource stands in its annotations, which a patch may replace or remove: what is left
 * of the notes is read from them afterwards.
 */
export function withNotes(resources: () => readonly Resource[], transform: () => void): void {
  const bare = new Set(
    resources().filter(({ object }) => !isFields(fieldOf(fieldOf(object, 'metadata'), 'annotations'))),
  )
  for (const { object, note, transformations } of resources()) {
    const annotations = fieldsIn(fieldsIn(object, 'metadata'), 'annotations')
    if (note !== undefined) annotations[originAnnotation] = noteText(note)
    if (transformations.length > 0) annotations[transformationsAnnotation] = transformations.map(listItem).join('')
  }
  transform()
  for (const resource of resources()) {
    const metadata = fieldOf(resource.object, 'metadata')
    const annotations = fieldOf(metadata, 'annotations')
    if (fieldOf(annotations, originAnnotation) === undefined) resource.note = undefined
    if (fieldOf(annotations, transformationsAnnotation) === undefined) resource.transformations = []
    if (!isFields(metadata) || !isFields(annotations)) continue
    delete annotations[originAnnotation]
    delete annotations[transformationsAnnotation]
    if (bare.has(resource) && Object.keys(annotations).length === 0) delete metadata['annotations']
  }
}

function noteText(note: Fields): string {
  const by = fieldOf(note, 'configuredBy')
  return [
    ...line(note, 'path', ''),
    ...line(note, 'configuredIn', ''),
    ...(isFields(by)
      ? ['configuredBy:\n', ...['apiVersion', 'kind', 'name', 'namespace'].flatMap(name => line(by, name, '  '))]
      : []),
  ].join('')
}

// oxlint-disable-next-line max-params -- a field of a note, indented
function line(fields: Fields, name: string, indent: string): string[] {
  const text = textOf(fields, name)
  return text === '' ? [] : [`${indent}${name}: ${text}\n`]
}

function listItem(note: Fields): string {
  return noteText(note)
    .replace(/\n$/, '')
    .split('\n')
    .map((text, index) => `${index === 0 ? '- ' : '  '}${text}\n`)
    .join('')
}
