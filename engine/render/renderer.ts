import { availableParallelism } from 'node:os'
import { checkSet, type CheckedSet } from '../api/check-set.ts'
import type { Manifest } from '../api/manifest.ts'
import type { Problem } from '../api/problem.ts'
import { placeCustomResources } from '../api/set/custom-scope.ts'
import { defaultSettings, type ClusterSettings } from '../api/settings.ts'
import type { ObjectReader, Oid } from '../git/repository.ts'
import type { Remotes } from '../remotes/remotes.ts'
import { CommitFiles } from './commit-files.ts'
import { DiskCache } from './disk-cache.ts'
import { inFile, renderFolder, settingsFile, type Folder, type Part } from './folder.ts'
import { noRules } from './ignore-rules.ts'
import { mountRemotes } from './mount-remotes.ts'
import { buildAll, BuildSums, kustomizationUnit } from './kustomizations.ts'
import { lookupDepth, releaseUnit, ReleaseSums, renderReleases, unusedCharts } from './releases.ts'
import { PolicyChecker } from './policy/checker.ts'
import { defaultLimits, Pool, type Limits } from './pool.ts'
import { scopeOf, segmentsOf } from './scope.ts'
import { createKeyRing, type KeyRing } from './sops/key-ring.ts'
import { plainSecret } from './sops/manifests.ts'
import type { OnUnit } from './trace.ts'
import { TreeUnitReader } from './tree-unit-reader.ts'
import { UnitReader } from './unit-reader.ts'

/** What a commit asks for. One problem that is an error rejects it. */
export interface Rendered {
  readonly manifests: readonly Manifest[]
  readonly settings: ClusterSettings
  readonly problems: readonly Problem[]
  /** What the charts of its releases say to who installs them. */
  readonly notes: readonly string[]
}

export interface Source {
  readonly objects: ObjectReader
  /** The tree of the whole commit. */
  readonly tree: Oid
  /** When it was committed, in seconds since 1970: the only time that a chart can tell. */
  readonly time: number
}

export interface RenderOptions {
  /** The folders that are followed; without them `spec.paths` of gantry.yaml says. */
  readonly paths?: readonly string[]
  /** Renders this chart alone, as `helm template` does: its folder. */
  readonly chart?: string
}

export interface Renderer {
  /** Rejects where the source cannot be read; whatever is wrong with its files is in the problems. */
  render(source: Source, options?: RenderOptions): Promise<Rendered>
  close(): Promise<void>
}

export interface RendererOptions {
  /** Keeps what files gave across restarts; without it only memory does. */
  readonly cacheFolder?: string
  /** How many threads read files; by default one a core, at most four. */
  readonly workers?: number
  readonly limits?: Partial<Limits>
  /** False gives objects as they are written, neither checked nor defaulted. */
  readonly validate?: boolean
  readonly onUnit?: OnUnit
  /** False renders no charts: for whoever only wants to know which Releases there are. */
  readonly releases?: boolean
  /** Gives what the commit's gantry.lock names; without it nothing remote is there. */
  readonly remotes?: Remotes
  /** What opens encrypted files; without it they are refused. */
  readonly keyRing?: KeyRing
}

/** So many trees are remembered: the applied one, and a few that were pushed, previewed or reverted. */
const remembered = 4

export function createRenderer(options: RendererOptions = {}): Renderer {
  const { cacheFolder, workers, limits, validate = true, onUnit, remotes, keyRing = noKeys } = options
  const allLimits = { ...defaultLimits, ...limits }
  const pool = new Pool({ size: workers ?? Math.min(4, availableParallelism()), limits: allLimits })
  const disk = cacheFolder === undefined ? undefined : new DiskCache(cacheFolder)
  const shared = { pool, limits: allLimits, disk, validate, onUnit, keyRing }
  const reader = new UnitReader(shared)
  const kustomizations = new TreeUnitReader({ kind: kustomizationUnit, ...shared })
  const releases = Array.from(
    { length: options.releases === false ? 0 : lookupDepth },
    () => new TreeUnitReader({ kind: releaseUnit, ...shared }),
  )
  const policies = new PolicyChecker(pool, allLimits)
  const save = (): void =>
    disk?.save(() => new Set([reader, kustomizations, ...releases].flatMap(each => [...each.liveKeys()])))
  const sums = { built: new BuildSums(), released: new ReleaseSums() }
  const parts = { reader, kustomizations, releases, sums, policies, validate, remotes }
  const trees: RenderedTree[] = []

  return {
    async render(source, { paths, chart } = {}) {
      const id = JSON.stringify([source.tree, paths, chart])
      const known = trees.find(each => each.id === id && (each.time === undefined || each.time === source.time))
      if (known !== undefined) return known.rendered
      const counted = [reader, kustomizations, ...releases, policies]
      const failures = (): number => counted.reduce((sum, each) => sum + each.failures, 0)
      const failuresBefore = failures()
      const tree = {
        id,
        ...(await renderTree(source, { ...parts, paths, chart, earlier: trees })),
      }
      // What failed for want of time, memory or a server is tried again when the tree is asked for again.
      if (failures() === failuresBefore && !tree.isPassing) {
        trees.unshift(tree)
        trees.length = Math.min(trees.length, remembered)
      }
      save()
      return tree.rendered
    },
    async close() {
      await pool.close()
      save()
      await disk?.close()
    },
  }
}

/** A tree as it was rendered, kept so that the next one costs what differs. */
interface RenderedTree {
  readonly id: string
  /** The commit's time, where it holds for that time alone. */
  readonly time?: number
  readonly root: Folder
  /** Absent where the manifests were not looked at together. */
  readonly set?: CheckedSet
  readonly rendered: Rendered
  /** It may be another at the next try. */
  readonly isPassing: boolean
}

interface TreeOptions {
  readonly paths: readonly string[] | undefined
  readonly reader: UnitReader
  readonly chart: string | undefined
  readonly kustomizations: TreeUnitReader<'kustomization'>
  readonly releases: readonly TreeUnitReader<'release'>[]
  readonly sums: { readonly built: BuildSums; readonly released: ReleaseSums }
  readonly policies: PolicyChecker
  readonly validate: boolean
  readonly remotes: Remotes | undefined
  readonly earlier: readonly RenderedTree[]
}

async function renderTree(
  { objects, tree, time }: Source,
  { paths, chart, reader, kustomizations, releases, sums, policies, validate, remotes, earlier }: TreeOptions,
): Promise<Omit<RenderedTree, 'id'>> {
  const { settings, problems } = await readSettings({ objects, tree, time }, reader)
  const followed = chart === undefined ? (paths ?? settings.spec.paths) : [chart]
  const root = await renderFolder(
    { tree, path: '', rules: noRules, scope: scopeOf(followed), earlier: earlier.map(each => each.root) },
    { objects, render: file => reader.read(objects, file) },
  )
  const mounted = await mountRemotes({ objects, tree }, { remotes, hosts: settings.spec.remotes.hosts })
  const { isPassing } = mounted
  const files = new CommitFiles(mounted)
  const built = await buildAll(root.kustomizations, { files, reader: kustomizations, sums: sums.built })
  const before = { plain: root.manifests, built: built.manifests, chart }
  const released = await renderReleases(before, { files, readers: releases, time, sums: sums.released })
  const more = [...built.manifests, ...released.manifests]
  const written = more.length === 0 ? root.manifests : [...root.manifests, ...more]
  const { manifests, problems: misplaced } = validate
    ? placeCustomResources(written)
    : { manifests: written, problems: [] }
  const all = [
    ...problems,
    ...mounted.problems,
    ...missingFolders(root, followed),
    ...root.problems,
    ...built.problems,
    ...released.problems,
    ...misplaced,
    ...unusedCharts(root.charts, released),
  ]
  const found = settings.spec.secrets === 'encrypted' ? all.map(forbidden) : all
  const same = { root, isPassing, ...(released.needsTime ? { time } : {}) }
  const given = { manifests, settings, notes: released.notes }
  if (!validate) return { ...same, rendered: { ...given, problems: found } }
  const broken = await policies.check(manifests, { policy: settings.spec.policy, files })
  // With objects missing because they are invalid, what refers to them would seem wrong too.
  if (found.some(isError)) return { ...same, rendered: { ...given, problems: [...found, ...broken] } }
  const set = checkSet(manifests, earlier.find(each => each.set !== undefined)?.set)
  return { ...same, set, rendered: { ...given, problems: [...found, ...set.problems, ...broken] } }
}

async function readSettings(
  { objects, tree }: Source,
  reader: UnitReader,
): Promise<{ settings: ClusterSettings; problems: readonly Problem[] }> {
  const entries = await objects.readTree(tree)
  const entry = entries.find(({ name, kind }) => name === settingsFile && (kind === 'file' || kind === 'executable'))
  if (entry === undefined) return { settings: defaultSettings, problems: [] }
  const unit = await reader.read(objects, { file: settingsFile, oid: entry.oid, language: 'settings' })
  return { settings: unit.settings ?? defaultSettings, problems: inFile(unit.problems, settingsFile) }
}

const noKeys = createKeyRing({ identities: undefined, withoutKey: 'refuse' })

/** Under `secrets: encrypted` a Secret that is not is an error. */
function forbidden(problem: Problem): Problem {
  return problem.message === plainSecret.message ? { ...problem, severity: 'error' } : problem
}

function isError({ severity }: Problem): boolean {
  return severity === 'error'
}

function missingFolders(root: Folder, paths: readonly string[]): Problem[] {
  return paths.flatMap(path => {
    const found = segmentsOf(path).reduce<Part | undefined>(
      (part, name) => (part?.kind === 'folder' ? part.parts.get(name) : undefined),
      root,
    )
    if (found?.kind === 'folder') return []
    const message = `the folder ${path} is followed, but the commit does not have it`
    return [{ file: path, line: 0, column: 0, severity: 'error', message, remedy: 'commit it, or change spec.paths' }]
  })
}
