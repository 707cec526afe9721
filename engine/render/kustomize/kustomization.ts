import type { Origin } from '../../api/problem.ts'
import { readDocuments, type SourceDocument } from './document.ts'
import { RenderFailure } from '../failure.ts'
import { fieldOf, isFields, textOf, type Fields } from './fields.ts'
import { shaped, type Shape } from './shape.ts'

/** The names under which Kustomize looks for its file. */
export const kustomizationFiles = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'] as const

/** A kustomization file, checked, with the deprecated fields in the places of their successors. */
export interface Kustomization {
  readonly fields: Fields
  readonly isComponent: boolean
  readonly file: string
  place(...path: (string | number)[]): Origin
}

const texts: Shape = { list: 'text' }
const object = (fields: Readonly<Record<string, Shape>>): Shape => ({ fields })
const type: Readonly<Record<string, Shape>> = { apiVersion: 'text', group: 'text', version: 'text', kind: 'text' }
const selector = object({ ...type, name: 'text', namespace: 'text', labelSelector: 'text', annotationSelector: 'text' })
const fieldSpec = object({ group: 'text', version: 'text', kind: 'text', path: 'text', create: 'boolean' })
const patch = object({ path: 'text', patch: 'text', target: selector, options: 'switches' })
const generatorOptions = object({
  labels: 'texts',
  annotations: 'texts',
  disableNameSuffixHash: 'boolean',
  immutable: 'boolean',
})
export const generatorFields: Readonly<Record<string, Shape>> = {
  name: 'text',
  namespace: 'text',
  behavior: 'text',
  literals: texts,
  files: texts,
  envs: texts,
  env: 'text',
  options: generatorOptions,
  type: 'text',
}
const image = object({ name: 'text', newName: 'text', newTag: 'text', digest: 'text', tagSuffix: 'text' })
const replacementOptions = object({ delimiter: 'text', index: 'number', encoding: 'text', create: 'boolean' })
export const replacementShape = object({
  path: 'text',
  source: object({ ...type, name: 'text', namespace: 'text', fieldPath: 'text', options: replacementOptions }),
  targets: {
    list: object({ select: selector, reject: { list: selector }, fieldPaths: texts, options: replacementOptions }),
  },
})

const shape = object({
  apiVersion: 'text',
  kind: 'text',
  metadata: 'anything',
  openapi: 'texts',
  namePrefix: 'text',
  nameSuffix: 'text',
  namespace: 'text',
  commonLabels: 'texts',
  labels: {
    list: object({
      pairs: 'texts',
      includeSelectors: 'boolean',
      includeTemplates: 'boolean',
      fields: { list: fieldSpec },
    }),
  },
  commonAnnotations: 'texts',
  patchesStrategicMerge: texts,
  patchesJson6902: { list: patch },
  patches: { list: patch },
  images: { list: image },
  imageTags: { list: image },
  replacements: { list: replacementShape },
  replicas: { list: object({ name: 'text', count: 'number' }) },
  vars: {
    list: object({
      name: 'text',
      objref: object({ ...type, name: 'text', namespace: 'text' }),
      fieldref: object({ fieldpath: 'text' }),
    }),
  },
  sortOptions: object({
    order: 'text',
    legacySortOptions: object({ orderFirst: texts, orderLast: texts }),
  }),
  resources: texts,
  components: texts,
  crds: texts,
  bases: texts,
  configMapGenerator: { list: object(generatorFields) },
  secretGenerator: { list: object(generatorFields) },
  helmGlobals: 'anything',
  helmCharts: 'anything',
  helmChartInflationGenerator: 'anything',
  generatorOptions,
  configurations: texts,
  generators: texts,
  transformers: texts,
  validators: texts,
  buildMetadata: texts,
})

/** What is refused, and what to do instead. */
const refused: Readonly<Record<string, string>> = {
  helmCharts: 'render the chart as a Release of its own',
  helmChartInflationGenerator: 'render the chart as a Release of its own',
  helmGlobals: 'render the chart as a Release of its own',
  crds: 'list the definitions under resources, and the fields with names of other objects under configurations',
  validators: 'check what is rendered with gantry validate',
}

export function readKustomization(bytes: Uint8Array, file: string): Kustomization {
  const [document, second] = readDocuments(bytes, { file, lastKeyCounts: true })
  if (document === undefined) {
    throw new RenderFailure('the file is empty', { origin: { file, line: 0, column: 0 }, remedy: 'list resources' })
  }
  if (second !== undefined) {
    throw new RenderFailure('a kustomization is one document', {
      origin: second.place([]),
      remedy: 'remove the others',
    })
  }
  const fields = shaped(document, shape)
  for (const [name, remedy] of Object.entries(refused)) {
    if (fieldOf(fields, name) === undefined) continue
    throw new RenderFailure(`${name} is not rendered`, { origin: document.place([name], 'key'), remedy })
  }
  checkType(fields, document)
  return {
    fields: withoutDeprecated(fields),
    isComponent: textOf(fields, 'kind') === 'Component',
    file,
    place: (...path) => document.place(path),
  }
}

function checkType(fields: Fields, document: SourceDocument): void {
  const kind = textOf(fields, 'kind') || 'Kustomization'
  if (kind !== 'Kustomization' && kind !== 'Component') {
    throw new RenderFailure(`kind must be Kustomization or Component, not "${kind}"`, {
      origin: document.place(['kind']),
      remedy: 'write kind: Kustomization',
    })
  }
  const expected = `kustomize.config.k8s.io/${kind === 'Component' ? 'v1alpha1' : 'v1beta1'}`
  const apiVersion = textOf(fields, 'apiVersion')
  if (apiVersion !== '' && apiVersion !== expected) {
    throw new RenderFailure(`apiVersion of a ${kind} must be ${expected}, not "${apiVersion}"`, {
      origin: document.place(['apiVersion']),
      remedy: `write apiVersion: ${expected}`,
    })
  }
}

function withoutDeprecated({ bases, imageTags, ...fields }: Fields): Fields {
  return {
    ...fields,
    ...(bases === undefined ? {} : { resources: [...listOf(fields, 'resources'), ...asList(bases)] }),
    ...(imageTags === undefined ? {} : { images: [...listOf(fields, 'images'), ...asList(imageTags)] }),
  }
}

export function listOf(fields: Fields, name: string): unknown[] {
  return asList(fieldOf(fields, name))
}

export function fieldsListOf(fields: Fields, name: string): Fields[] {
  return listOf(fields, name).filter(isFields)
}

function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}
