import type { Manifest } from '../../api/manifest.ts'
import type { Origin } from '../../api/problem.ts'
import { resourceByKind } from '../../api/registry.ts'
import type { FieldPath } from '../../api/report.ts'
import { problemOf } from '../check-resource.ts'
import { RenderFailure } from '../failure.ts'
import { Needed, knownTree } from '../known-paths.ts'
import { fieldOf, isFields, textOf, type Fields } from '../kustomize/fields.ts'
import type { TreeReader } from '../tree.ts'
import type { TreeAnswer, TreeResult, WithPaths } from '../tree-result.ts'
import {
  lookupAmong,
  ownCapabilities,
  type Capabilities,
  type LookupQuery,
  type Release,
  type ValuesLayer,
} from './release.ts'
import { renderChart, type RenderedChart } from './render-chart.ts'
import { readDocuments, readYamlFile } from './yaml-document.ts'

/** A release to render. Plain JSON: it crosses threads. */
export interface ReleaseRequest extends Release {
  /** The folder of Chart.yaml. */
  readonly chart: string
  /** Where the Release stands. */
  readonly origin: Origin
  /** Of several a later one counts. */
  readonly values: readonly ValuesSource[]
  /** The commit's, in seconds since 1970. */
  readonly time: number
  /** The cluster's own where they are left out. */
  readonly capabilities?: Capabilities
  /** The commit's objects that `lookup` may find. */
  readonly objects: readonly Fields[]
}

/** A part of a file of the tree, or values from elsewhere, such as a decrypted file. */
export type ValuesSource = ValuesInFile | GivenValues

/** `spec.values` of a Release, a whole file, or a key of a ConfigMap, whose text is then read as YAML. */
export interface ValuesInFile {
  readonly file: string
  /** The line at which the document begins; the first document where it is left out. */
  readonly line?: number
  readonly path: FieldPath
}

export interface GivenValues {
  readonly values: Fields
  readonly origin: Origin
  /** Nothing made of them is shown in a message. */
  readonly secret: boolean
}

export interface ReleaseUnit extends TreeResult {
  /** What it asked of the commit's objects: its result depends on them too. */
  readonly lookups: readonly LookupQuery[]
  readonly notes: string
}

/** Renders as far as the given paths go. */
export function answerRelease(
  bytes: Uint8Array,
  { validate }: { readonly validate: boolean },
): TreeAnswer<ReleaseUnit> {
  const { paths, ...release }: WithPaths<ReleaseRequest> = JSON.parse(new TextDecoder().decode(bytes))
  const asked = new Set<string>()
  const lookups = new Map<string, LookupQuery>()
  const unit = (part: Partial<ReleaseUnit>): ReleaseUnit => {
    const { manifests = [], problems = [], notes = '' } = part
    // A failure may tell what it failed of.
    const secret =
      problems.some(({ severity }) => severity === 'error') ||
      release.values.some(source => 'values' in source && source.secret) ||
      manifests.some(({ object }) => object.kind === 'Secret') ||
      [...lookups.values()].some(({ kind }) => kind === 'Secret')
    return { manifests, problems, notes, asked: [...asked], secret, lookups: [...lookups.values()] }
  }
  try {
    const rendered = renderRelease(release, { tree: knownTree(paths, asked), lookups })
    const checked = rendered.objects.map(each => each.check({ validate, defaultNamespace: release.namespace }))
    const manifests = checked.flatMap(each => each.manifests)
    return unit({
      manifests: validate ? manifests : manifests.map(each => inNamespace(each, release.namespace)),
      problems: [...rendered.problems, ...checked.flatMap(({ problems }) => problems)],
      notes: rendered.notes,
    })
  } catch (error) {
    if (error instanceof Needed) return { needs: error.path }
    if (!(error instanceof RenderFailure)) throw error
    return unit({ problems: [problemOf(error)] })
  }
}

function renderRelease(
  release: ReleaseRequest,
  { tree, lookups }: { readonly tree: TreeReader; readonly lookups: Map<string, LookupQuery> },
): RenderedChart {
  const find = lookupAmong(release.objects)
  return renderChart({
    ...release,
    tree,
    release,
    values: release.values.map(source => layerOf(source, { tree, origin: release.origin })),
    capabilities: release.capabilities ?? ownCapabilities,
    lookup: query => {
      lookups.set(JSON.stringify(query), query)
      return find(query)
    },
  })
}

function layerOf(
  source: ValuesSource,
  { tree, origin }: { readonly tree: TreeReader; readonly origin: Origin },
): ValuesLayer {
  if ('values' in source) {
    const { values, origin: given, secret } = source
    return { values, place: () => given, secret, warnings: [] }
  }
  const bytes = tree.kind(source.file) === 'file' ? tree.read(source.file) : undefined
  if (bytes === undefined) {
    throw new RenderFailure(`there is no file ${source.file}`, { origin, remedy: 'add it, or correct its path' })
  }
  const documents = readYamlFile(bytes, source.file)
  const document = documents.find(each => source.line === undefined || each.place([], 'value').line === source.line)
  const value = source.path.reduce<unknown>((at, step) => fieldOf(at, String(step)), document?.value)
  const place = (path: FieldPath): Origin =>
    document?.place([...source.path, ...path], 'value') ?? { file: source.file, line: 0, column: 0 }
  if (typeof value === 'string') return textLayer(value, place([]))
  return { values: mapping(value, place([])), place, secret: false, warnings: document?.warnings ?? [] }
}

/** The values in a text inside another document; its lines are not those of the file. */
function textLayer(text: string, origin: Origin): ValuesLayer {
  const [document] = readDocuments(text, () => origin)
  return {
    values: mapping(document?.value, origin),
    place: () => origin,
    secret: false,
    warnings: document?.warnings ?? [],
  }
}

function mapping(value: unknown, origin: Origin): Fields {
  if (value === undefined || value === null) return {}
  if (isFields(value)) return value
  throw new RenderFailure('values must be a mapping', { origin, remedy: 'write names and values' })
}

/** What checking does for an object that is checked. */
function inNamespace({ object, origin }: Manifest, namespace: string): Manifest {
  const { metadata } = object
  const resource = resourceByKind(object.apiVersion, object.kind)
  if (resource?.namespaced !== true || textOf(metadata, 'namespace') !== '') return { object, origin }
  return { object: { ...object, metadata: { ...metadata, namespace } }, origin }
}
