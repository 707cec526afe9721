import type { Manifest } from '../api/manifest.ts'
import { once } from '../api/once.ts'
import type { Origin, Problem } from '../api/problem.ts'
import { refOf } from '../api/reference.ts'
import type { KubeObject, Release, ReleaseValues } from '../api/types.ts'
import { remoteOfChart } from '../remotes/remote.ts'
import { placeFile } from '../remotes/place.ts'
import type { ReleaseRequest, ReleaseUnit, ValuesSource } from './charts/answer.ts'
import { lookupAmong } from './charts/release.ts'
import type { CommitFiles } from './commit-files.ts'
import { FlatMap } from './flat-map.ts'
import { isFields, type Fields } from './kustomize/fields.ts'
import { segmentsOf } from './scope.ts'
import { pathIn } from './tree.ts'
import type { TreeUnitKind } from './tree-unit.ts'
import type { TreeUnitReader } from './tree-unit-reader.ts'

const first = ({ chart }: ReleaseRequest): string =>
  typeof chart === 'string' ? pathIn(chart, 'Chart.yaml') : placeFile(chart)

export const releaseUnit: TreeUnitKind<'release'> = {
  name: 'release',
  first,
  likeness: first,
  file: ({ origin }) => origin.file,
  failed: ({ origin }, failure) => ({
    manifests: [],
    problems: [
      {
        ...origin,
        severity: 'error',
        message: `the release ${failure}`,
        remedy: 'take another chart, or other values',
      },
    ],
    asked: [],
    secret: true,
    lookups: [],
    needsTime: false,
    notes: '',
  }),
}

/** What is found by looking up may ask for more: so often a commit's releases are rendered at most. */
export const lookupDepth = 5

/** What a commit has before its releases are rendered. */
export interface BeforeReleases {
  /** Of files that are manifests as they stand. */
  readonly plain: readonly Manifest[]
  /** Of kustomizations. */
  readonly built: readonly Manifest[]
  /** A chart to render although no Release names it: its folder. */
  readonly chart: string | undefined
}

export interface ReleasesOptions {
  readonly files: CommitFiles
  /** One for each time that a release may be rendered in a commit: each remembers its own. */
  readonly readers: readonly TreeUnitReader<'release'>[]
  /** The commit's, in seconds since 1970. */
  readonly time: number
  readonly sums: ReleaseSums
}

export interface Released {
  readonly manifests: readonly Manifest[]
  readonly problems: readonly Problem[]
  /** What the charts say to who installs them. */
  readonly notes: readonly string[]
  /** The folders of charts that Releases name. */
  readonly charts: ReadonlySet<string>
  readonly units: readonly ReleaseUnit[]
  /** It holds for the commit's time alone. */
  readonly needsTime: boolean
}

/** What all units give together, kept for the next commit, which mostly has nearly all of them. */
export class ReleaseSums {
  readonly plain = new FlatMap(releasesAmong)
  readonly built = new FlatMap(releasesAmong)
  readonly charts = new FlatMap(folderOf)
  /** Those that ask for more than their request. */
  readonly curious = new FlatMap((unit: ReleaseUnit) => (unit.needsTime || unit.lookups.length > 0 ? [unit] : []))
  readonly manifests = new FlatMap((unit: ReleaseUnit) => unit.manifests)
  readonly problems = new FlatMap(({ problems }: ReleaseUnit) =>
    problems.map(problem => ({ problem, text: JSON.stringify(problem) })),
  )
  readonly notes = new FlatMap(({ notes }: ReleaseUnit) => (notes === '' ? [] : [notes]))
}

/** A release as it is asked for, and what it gave last. */
interface Rendering {
  readonly request: ReleaseRequest
  readonly unit: ReleaseUnit | undefined
}

/**
 * Renders the charts that a commit's Releases name. Each is first rendered knowing neither the commit's time nor its
 * objects, and again with those that it asked for: so a commit that changes neither renders nothing.
 */
export async function renderReleases(before: BeforeReleases, options: ReleasesOptions): Promise<Released> {
  const { files, readers, sums } = options
  const [reader, ...others] = readers
  const problems: Problem[] = []
  const requests = requestsOf(before, { problems, sums })
  const first = (await reader?.readAll(files, requests)) ?? []
  const isAlone = sums.curious.of(first).length === 0
  const asked = isAlone ? undefined : await renderCurious(requests, { first, others, before, problems, ...options })
  const units = asked ?? first
  return {
    manifests: sums.manifests.of(units),
    problems: [...problems, ...distinct(sums.problems.of(units))],
    notes: sums.notes.of(units),
    charts: new Set(sums.charts.of(requests)),
    units,
    needsTime: !isAlone && units.some(({ needsTime }) => needsTime),
  }
}

function requestsOf(
  before: BeforeReleases,
  { problems, sums }: { readonly problems: Problem[]; readonly sums: ReleaseSums },
): readonly ReleaseRequest[] {
  const asked = (from: 'plain' | 'built'): ReleaseRequest[] =>
    sums[from].of(before[from]).map(manifest => namedBy(manifest, { isPlain: from === 'plain', before, problems }))
  return [...asked('plain'), ...asked('built'), ...(before.chart === undefined ? [] : [alone(before.chart)])]
}

interface Curious extends ReleasesOptions {
  /** What each release gave that knew nothing more. */
  readonly first: readonly ReleaseUnit[]
  /** For the next times. */
  readonly others: readonly TreeUnitReader<'release'>[]
  readonly before: BeforeReleases
  readonly problems: Problem[]
}

/** Renders releases again with what they ask for, until none asks for more. */
async function renderCurious(
  requests: readonly ReleaseRequest[],
  { first, others, before, problems, files, time }: Curious,
): Promise<readonly ReleaseUnit[]> {
  let all: readonly Rendering[] = requests.map((request, index) => ({ request, unit: first[index] }))
  const asking = (): Rendering[] =>
    all.flatMap(each => {
      const request = knowing(each, { all, before, time })
      return isSame(request, each.request) ? [] : [{ ...each, request }]
    })
  let next = asking()
  for (const reader of others) {
    if (next.length === 0) break
    const units = await reader.readAll(
      files,
      next.map(({ request }) => request),
    )
    const rendered = new Map(next.map((each, index) => [each.request.release, { ...each, unit: units[index] }]))
    all = all.map(each => rendered.get(each.request.release) ?? each)
    next = asking()
  }
  const circle = [...circleOf(all)]
  problems.push(...circle, ...(circle.length === 0 ? next.map(tooDeep) : []))
  return all.flatMap(({ unit }) => unit ?? [])
}

function releasesAmong(manifest: Manifest): Manifest[] {
  const { object } = manifest
  return object.kind === 'Release' && refOf(object).kind === 'Release' ? [manifest] : []
}

/** A render follows from the commit alone, which does not tell whether anything ran before: as `helm template` has it. */
const always = { isInstall: true, isUpgrade: false, revision: 1, objects: [] }

function alone(chart: string): ReleaseRequest {
  const name = chart.split('/').at(-1) || 'release'
  const origin = { file: pathIn(chart, 'Chart.yaml'), line: 1, column: 1 }
  const release = { name, namespace: 'default', targetNamespace: 'default', dependsOn: [], origin }
  return { ...always, name, namespace: 'default', chart, origin, values: [], release }
}

interface Named {
  /** The Release stands in a file as it is. */
  readonly isPlain: boolean
  readonly before: BeforeReleases
  readonly problems: Problem[]
}

/** Requests that follow from their Release alone: while that stays, so do they. */
const known = new WeakMap<Manifest, ReleaseRequest>()

function namedBy(manifest: Manifest, named: Named): ReleaseRequest {
  const earlier = known.get(manifest)
  if (earlier !== undefined) return earlier
  const request = requestOf(manifest, named)
  const { valuesFrom = [] } = (manifest.object as Release).spec
  if (valuesFrom.every(from => 'file' in from)) known.set(manifest, request)
  return request
}

function requestOf({ object, origin }: Manifest, { isPlain, before, problems }: Named): ReleaseRequest {
  const { metadata, spec } = object as Release
  const { chart, values, valuesFrom = [], dependsOn = [] } = spec
  const given = valuesFrom.flatMap(from => sourceOf(from, { namespace: metadata.namespace, origin, before, problems }))
  const own: ValuesSource[] =
    values === undefined ? [] : [{ values, origin, secret: false, ...(isPlain ? { written: ['spec', 'values'] } : {}) }]
  return {
    ...always,
    name: spec.releaseName,
    namespace: spec.targetNamespace,
    chart: 'path' in chart ? chart.path : (remoteOfChart(chart) ?? ''),
    origin,
    values: [...given, ...own],
    release: {
      name: metadata.name,
      namespace: metadata.namespace ?? 'default',
      targetNamespace: spec.targetNamespace,
      dependsOn: dependsOn.map(({ name, namespace }) => `${namespace}/${name}`),
      origin,
    },
  }
}

interface Around {
  readonly namespace: string | undefined
  readonly origin: Origin
  readonly before: BeforeReleases
  readonly problems: Problem[]
}

function sourceOf(from: ReleaseValues, { namespace, origin, before, problems }: Around): ValuesSource[] {
  const at = from.targetPath === undefined ? {} : { targetPath: from.targetPath }
  const isOptional = from.optional === true
  if ('file' in from) return [{ file: from.file, isOptional, ...at }]
  const { kind, name, valuesKey } = from
  const found = [...before.plain, ...before.built].find(
    ({ object }) => object.kind === kind && object.metadata.name === name && object.metadata.namespace === namespace,
  )
  const text = found && textOf(found.object, valuesKey)
  if (text !== undefined) return [{ text, origin: found?.origin ?? origin, secret: kind === 'Secret', ...at }]
  if (!isOptional) {
    const what =
      found === undefined
        ? `there is no ${kind} ${name} in namespace ${namespace}`
        : `${kind} ${name} has no key ${valuesKey}`
    const remedy = 'correct the name, add it to the branch, or write optional: true'
    problems.push({ ...origin, severity: 'error', message: `spec.valuesFrom: ${what}`, remedy })
  }
  return []
}

function textOf(object: KubeObject, key: string): string | undefined {
  const value = fieldIn(object, 'stringData', key)
  if (value !== undefined) return value
  const data = fieldIn(object, 'data', key)
  return object.kind === 'Secret' && data !== undefined ? Buffer.from(data, 'base64').toString() : data
}

function fieldIn(object: KubeObject, field: string, key: string): string | undefined {
  const fields: unknown = Reflect.get(object, field)
  const value = isFields(fields) && Object.hasOwn(fields, key) ? fields[key] : undefined
  return typeof value === 'string' ? value : undefined
}

interface Known {
  readonly all: readonly Rendering[]
  readonly before: BeforeReleases
  readonly time: number
}

function isSame(request: ReleaseRequest, other: ReleaseRequest): boolean {
  return request === other || JSON.stringify(request) === JSON.stringify(other)
}

/** The request with what the unit asked for: the commit's time, and the objects that its lookups mean. */
function knowing({ request, unit }: Rendering, { all, before, time }: Known): ReleaseRequest {
  if (unit === undefined) return request
  const needsTime = unit.needsTime || request.time !== undefined
  if (!needsTime && unit.lookups.length === 0 && request.objects.length === 0) return request
  const others = all
    .filter(other => other.request.release !== request.release)
    .flatMap(other => other.unit?.manifests ?? [])
  return {
    ...request,
    objects: [before.plain, before.built, others].flatMap(manifests => foundBy(unit, manifests)),
    ...(needsTime ? { time } : {}),
  }
}

function foundBy({ lookups }: ReleaseUnit, manifests: readonly Manifest[]): readonly Fields[] {
  if (lookups.length === 0) return []
  const find = lookupAmong(manifests.map(({ object }) => object as unknown as Fields))
  return [...new Set(lookups.flatMap(query => find(query)))]
}

/** Releases that look up what the others of a circle make: an error for each. */
function* circleOf(all: readonly Rendering[]): Generator<Problem> {
  const looking = all.filter(({ unit }) => unit !== undefined && unit.lookups.length > 0)
  const leads = new Map(
    looking.map(each => [
      each,
      all.filter(other => other !== each && each.unit && foundBy(each.unit, other.unit?.manifests ?? []).length > 0),
    ]),
  )
  for (const start of looking) {
    const reached = new Set<Rendering>()
    const ahead = [...(leads.get(start) ?? [])]
    for (let each = ahead.pop(); each !== undefined; each = ahead.pop()) {
      if (reached.has(each)) continue
      reached.add(each)
      ahead.push(...(leads.get(each) ?? []))
    }
    if (!reached.has(start)) continue
    const names = [...reached].map(({ request }) => request.release.name).sort()
    const message = `releases look up each other's objects in a circle: ${names.join(', ')}`
    yield { ...start.request.origin, severity: 'error', message, remedy: 'give one of them the value by spec.values' }
  }
}

/** What is wrong with a chart is so for each of its releases. */
const distinct = once(
  (problems: readonly { readonly problem: Problem; readonly text: string }[]): readonly Problem[] => [
    ...new Map(problems.map(({ problem, text }) => [text, problem])).values(),
  ],
)

function tooDeep({ request }: Rendering): Problem {
  const message = `what the release looks up depends on more than ${lookupDepth - 1} other lookups`
  return { ...request.origin, severity: 'error', message, remedy: 'give it the value by spec.values' }
}

function folderOf({ chart }: ReleaseRequest): string[] {
  return typeof chart === 'string' ? [segmentsOf(chart).join('/')] : []
}

/** Charts of the branch that nothing renders. */
export function unusedCharts(charts: readonly string[], released: Pick<Released, 'charts' | 'units'>): Problem[] {
  const unnamed = charts.filter(chart => !released.charts.has(chart))
  if (unnamed.length === 0) return []
  const asked = new Set(released.units.flatMap(unit => unit.asked))
  return unnamed
    .filter(chart => !asked.has(chart) && !asked.has(pathIn(chart, 'Chart.yaml')))
    .map(chart => ({
      file: pathIn(chart, 'Chart.yaml'),
      line: 0,
      column: 0,
      severity: 'warning',
      message: 'no Release names this chart: nothing of it is applied',
      remedy:
        'add a manifest with apiVersion: gantry.dev/v1, kind: Release and its path under spec.chart, or leave it out with .gantryignore',
    }))
}
