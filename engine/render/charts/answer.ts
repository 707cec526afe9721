import type { Manifest } from '../../api/manifest.ts'
import type { Origin } from '../../api/problem.ts'
import { resourceByKind } from '../../api/registry.ts'
import type { FieldPath } from '../../api/report.ts'
import type { Remote } from '../../remotes/remote.ts'
import { problemOf } from '../check-resource.ts'
import { RenderFailure } from '../failure.ts'
import { Needed, knownTree } from '../known-paths.ts'
import { fieldOf, isFields, textOf, type Fields } from '../kustomize/fields.ts'
import { remoteFolder } from '../resource-path.ts'
import { Lines } from '../source-text.ts'
import { kindOf, pathFrom, pathIn, type TreeReader } from '../tree.ts'
import type { TreeAnswer, TreeResult, WithPaths } from '../tree-result.ts'
import { ChartArchives, StillPacked } from './archives.ts'
import {
  lookupAmong,
  ownCapabilities,
  type Capabilities,
  type LookupQuery,
  type Release,
  type ValuesLayer,
} from './release.ts'
import { renderChart, type RenderedChart } from './render-chart.ts'
import { Secrets } from './secrets.ts'
import { readDocuments, readYamlFile } from './yaml-document.ts'

/** A release to render. Plain JSON: it crosses threads. */
export interface ReleaseRequest extends Release {
  /** What each manifest says of where it belongs. */
  readonly release: Manifest['release'] & object
  /** The folder of Chart.yaml in the commit, or where else the chart is. */
  readonly chart: string | Remote
  /** Where the Release stands. */
  readonly origin: Origin
  /** Of several a later one counts. */
  readonly values: readonly ValuesSource[]
  /** The commit's, in seconds since 1970; left out it is not known, and the unit says whether it is needed. */
  readonly time?: number
  /** The cluster's own where they are left out. */
  readonly capabilities?: Capabilities
  /** The commit's objects that `lookup` may find. */
  readonly objects: readonly Fields[]
}

/** A file of the tree, values, or a text that holds them. */
export type ValuesSource = ValuesInFile | GivenValues | GivenText

export interface ValuesInFile {
  readonly file: string
  /** Without the file there are no values, and that is no mistake. */
  readonly isOptional: boolean
  /** `a.b[0].c`: where the whole text goes among the values. */
  readonly targetPath?: string
}

/** Such as a key of a ConfigMap. */
export interface GivenText {
  readonly text: string
  readonly origin: Origin
  /** Nothing made of it is shown in a message. */
  readonly secret: boolean
  readonly targetPath?: string
}

export interface GivenValues {
  readonly values: Readonly<Record<string, unknown>>
  readonly origin: Origin
  /** Nothing made of them is shown in a message. */
  readonly secret: boolean
  /** Their path in the document that stands at `origin`, where they are as they are written there. */
  readonly written?: FieldPath
}

export interface ReleaseUnit extends TreeResult {
  /** What it asked of the commit's objects: its result depends on them too. */
  readonly lookups: readonly LookupQuery[]
  /** The result depends on the commit's time. */
  readonly needsTime: boolean
  readonly notes: string
}

/** Renders as far as the given paths go, and opens what lies packed among them. */
export async function answerRelease(
  bytes: Uint8Array,
  { validate }: { readonly validate: boolean },
): Promise<TreeAnswer<ReleaseUnit>> {
  const request: WithPaths<ReleaseRequest> = JSON.parse(new TextDecoder().decode(bytes))
  const archives = new ChartArchives()
  for (;;) {
    try {
      return answerOpened(request, { validate, archives })
    } catch (error) {
      if (!(error instanceof StillPacked)) throw error
      await archives.open(error.archives)
    }
  }
}

/** Throws StillPacked where an archive must be opened first. */
export function answerOpened(
  { paths, ...release }: WithPaths<ReleaseRequest>,
  { validate, archives }: { readonly validate: boolean; readonly archives: ChartArchives },
): TreeAnswer<ReleaseUnit> {
  const asked = new Set<string>()
  const lookups = new Map<string, LookupQuery>()
  let needsTime = false
  let secrets: Secrets | undefined
  const unit = (part: Partial<ReleaseUnit>): ReleaseUnit => {
    const { manifests = [], problems = [], notes = '' } = part
    // A failure may tell what it failed of.
    const secret =
      problems.some(({ severity }) => severity === 'error') ||
      secrets !== undefined ||
      manifests.some(({ object }) => object.kind === 'Secret') ||
      [...lookups.values()].some(({ kind }) => kind === 'Secret')
    return { manifests, problems, notes, asked: [...asked], secret, lookups: [...lookups.values()], needsTime }
  }
  try {
    const time = (): number => {
      needsTime = true
      return release.time ?? 0
    }
    const tree = archives.in(knownTree(new Map(paths), asked))
    const { origin } = release
    const chart = chartFolder(tree, { chart: release.chart, origin })
    const layers = release.values.map(source => layerOf(source, { tree, origin }))
    if (layers.some(({ secret }) => secret)) secrets = new Secrets(layers, textAt(tree, pathIn(chart, 'values.yaml')))
    const rendered = renderRelease(release, { tree, chart, layers, lookups, time })
    const checked = rendered.objects.map(each => each.check({ validate, defaultNamespace: release.namespace }))
    const manifests = checked.flatMap(each => each.manifests.map(made => ({ ...made, release: release.release })))
    const shown = secrets === undefined ? [] : manifests.flatMap(manifest => secrets?.shownBy(manifest) ?? [])
    return unit({
      manifests: validate ? manifests : manifests.map(each => inNamespace(each, release.namespace)),
      problems: [...rendered.problems, ...shown, ...checked.flatMap(({ problems }) => problems)],
      notes: secrets === undefined ? rendered.notes : '',
    })
  } catch (error) {
    if (error instanceof Needed) return { needs: error.path }
    if (!(error instanceof RenderFailure)) throw error
    return unit({ problems: [problemOf(error)] })
  }
}

function renderRelease(
  release: ReleaseRequest,
  given: {
    readonly tree: TreeReader
    readonly chart: string
    readonly layers: readonly ValuesLayer[]
    readonly lookups: Map<string, LookupQuery>
    readonly time: () => number
  },
): RenderedChart {
  const { lookups } = given
  const find = lookupAmong(release.objects)
  return renderChart({
    ...given,
    release,
    origin: release.origin,
    values: given.layers,
    capabilities: release.capabilities ?? ownCapabilities,
    lookup: query => {
      lookups.set(JSON.stringify(query), query)
      return find(query)
    },
  })
}

function chartFolder(
  tree: TreeReader,
  { chart, origin }: { readonly chart: string | Remote; readonly origin: Origin },
): string {
  return typeof chart === 'string'
    ? pathFrom('', { path: chart, origin })
    : remoteFolder(tree, { remote: chart, origin })
}

function textAt(tree: TreeReader, file: string): string {
  const bytes = tree.kind(file) === 'file' ? tree.read(file) : undefined
  return bytes === undefined ? '' : new TextDecoder().decode(bytes)
}

function layerOf(
  source: ValuesSource,
  { tree, origin }: { readonly tree: TreeReader; readonly origin: Origin },
): ValuesLayer {
  if ('values' in source) return givenLayer(source, tree)
  if ('text' in source) return textLayer(source, () => source.origin)
  const { file: path, isOptional, ...at } = source
  const file = pathFrom('', { path, origin })
  const bytes = kindOf(tree, { path: file, origin }) === 'file' ? tree.read(file, 'secret') : undefined
  if (bytes !== undefined) {
    const text = new TextDecoder().decode(bytes)
    const lines = new Lines(text)
    const place = (offset: number | undefined): Origin => ({ file, ...lines.at(offset ?? 0) })
    return textLayer({ text, secret: tree.isOpened(file), ...at }, place)
  }
  if (isOptional) return { values: {}, place: () => origin, secret: false, warnings: [] }
  const remedy = 'add it, correct its path, or write optional: true'
  throw new RenderFailure(`there is no file ${path}`, { origin, remedy })
}

/** The places are those in the file, where the values are what stands there: it is read when somebody asks for one. */
function givenLayer({ values, origin, secret, written }: GivenValues, tree: TreeReader): ValuesLayer {
  const inFile = (path: FieldPath): Origin | undefined => {
    const bytes = written && tree.kind(origin.file) === 'file' ? tree.read(origin.file) : undefined
    const documents = bytes === undefined ? [] : readYamlFile(bytes, origin.file)
    const document = documents.find(each => each.place([], 'value').line === origin.line)
    return document?.place([...(written ?? []), ...path], 'value')
  }
  return { values: values as Fields, place: path => inFile(path) ?? origin, secret, warnings: [] }
}

function textLayer(
  { text, secret, targetPath }: Pick<GivenText, 'text' | 'secret' | 'targetPath'>,
  at: (offset: number | undefined) => Origin,
): ValuesLayer {
  const [document] = readDocuments(text, at)
  const warnings = document?.warnings ?? []
  if (targetPath !== undefined)
    return { values: nested(targetPath, document?.value), place: () => at(0), secret, warnings }
  const place = (path: FieldPath): Origin => document?.place(path, 'value') ?? at(0)
  if (isFields(document?.value) && isFields(fieldOf(document.value, 'sops'))) {
    const remedy = 'give it the ending .yaml'
    throw new RenderFailure('the file is encrypted, and its name does not tell its format', {
      origin: place([]),
      remedy,
    })
  }
  return { values: mapping(document?.value, place([])), place, secret, warnings }
}

/** `a.b[0].c` and a value as mappings and lists in each other. */
function nested(targetPath: string, value: unknown): Fields {
  const steps = targetPath.split(/\.|(?=\[)/)
  const whole = steps.reduceRight<unknown>((inner, step) => {
    const index = /^\[(\d+)\]$/.exec(step)?.[1]
    if (index === undefined) return Object.fromEntries([[step, inner]])
    return Array.from({ length: Number(index) + 1 }, (_, each) => (each === Number(index) ? inner : null))
  }, value)
  return whole as Fields
}

function mapping(value: unknown, origin: Origin): Fields {
  if (value === undefined || value === null) return {}
  if (isFields(value)) return value
  throw new RenderFailure('values must be a mapping', { origin, remedy: 'write names and values' })
}

/** What checking does for an object that is checked. */
function inNamespace(manifest: Manifest, namespace: string): Manifest {
  const { object } = manifest
  const { metadata } = object
  const resource = resourceByKind(object.apiVersion, object.kind)
  if (resource?.namespaced !== true || textOf(metadata, 'namespace') !== '') return manifest
  return { ...manifest, object: { ...object, metadata: { ...metadata, namespace } } }
}
