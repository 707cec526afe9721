import type { Manifest } from '../api/manifest.ts'
import type { Problem } from '../api/problem.ts'
import type { ObjectReader, Oid, TreeEntry } from '../git/repository.ts'
import { entryKind, wholeFolder } from './entry-kind.ts'
import { joined } from './flat-map.ts'
import {
  ignoreFile,
  isIgnored,
  maxIgnoreBytes,
  tooCostly,
  tooLarge,
  withIgnoreFile,
  type IgnoreRules,
} from './ignore-rules.ts'
import type { BuildRequest } from './kustomize/answer.ts'
import type { Scope } from './scope.ts'
import type { Language, PlacedProblem, RenderedUnit } from './unit.ts'

/** A rendered folder, or file: all there is in it. */
export type Part = Folder | RenderedFile

/** A rendered folder. It depends on nothing but its tree, the rules above it, and what of it is followed. */
export interface Folder {
  readonly kind: 'folder'
  readonly tree: Oid
  readonly rulesId: string
  readonly scopeId: string
  readonly parts: ReadonlyMap<string, Part>
  /** The folders in it that are built by Kustomize, which may read files beside them: so they are no parts. */
  readonly kustomizations: readonly BuildRequest[]
  /** The folders in it that are charts. */
  readonly charts: readonly string[]
  readonly manifests: readonly Manifest[]
  readonly problems: readonly Problem[]
}

interface RenderedFile {
  readonly kind: 'file'
  readonly oid: Oid
  readonly manifests: readonly Manifest[]
  readonly problems: readonly Problem[]
  /** Keeps the unit alive for others that read the same contents. */
  readonly unit?: RenderedUnit
}

export interface Walk {
  readonly objects: ObjectReader
  /** Reads a file's contents as a unit. */
  readonly render: (file: {
    readonly file: string
    readonly oid: Oid
    readonly language: Language
  }) => Promise<RenderedUnit>
}

export interface FolderPlace {
  readonly tree: Oid
  /** `''`, or `apps/shop/`. */
  readonly path: string
  readonly rules: IgnoreRules
  readonly scope: Scope
  /** The same folder as it was rendered for earlier trees. */
  readonly earlier: readonly Folder[]
}

/** Renders a folder; what an earlier rendering of it shares is taken over as it is, without being read. */
export async function renderFolder(place: FolderPlace, walk: Walk): Promise<Folder> {
  const same = sameFolder(place)
  if (same !== undefined) return same
  const { tree, path, scope } = place
  const all = await walk.objects.readTree(tree)
  const { rules, problem } = await rulesIn(all, { place, walk })
  const entries = all.filter(entry => scope.includes(entry.name) && !isIgnored(rules, pathOf(entry, path)))
  const whole =
    problem === undefined
      ? wholeFolder(scope.all ? entries : [])
      : { kind: 'problem' as const, name: ignoreFile, problem }
  const parts =
    whole === undefined
      ? await renderEntries(entries, { place: { ...place, rules }, walk })
      : new Map(whole.kind === 'problem' ? [[whole.name, problemAt(path, whole)]] : [])
  const contents = [...parts.values()]
  const folders = contents.filter(part => part.kind === 'folder')
  const own = path.replace(/\/$/, '')
  return {
    kind: 'folder',
    tree,
    rulesId: place.rules.id,
    scopeId: scope.id,
    parts,
    kustomizations: [
      ...(whole?.kind === 'kustomization' ? [{ folder: own }] : []),
      ...folders.flatMap(({ kustomizations }) => kustomizations),
    ],
    charts: [...(whole?.kind === 'chart' ? [own] : []), ...folders.flatMap(({ charts }) => charts)],
    manifests: joined(contents.map(({ manifests }) => manifests)),
    problems: joined(contents.map(({ problems }) => problems)),
  }
}

function sameFolder({ tree, rules, scope, earlier }: FolderPlace): Folder | undefined {
  return earlier.find(folder => folder.tree === tree && folder.rulesId === rules.id && folder.scopeId === scope.id)
}

interface Context {
  readonly place: FolderPlace
  readonly walk: Walk
}

/** In the folder's own order. Thousands of unchanged entries are taken over without a promise each. */
async function renderEntries(entries: readonly TreeEntry[], context: Context): Promise<ReadonlyMap<string, Part>> {
  const parts = entries.map(entry => ({ name: entry.name, part: renderEntry(entry, context) }))
  const changed = new Map<string, Part>()
  await Promise.all(
    parts.map(({ name, part }) => part instanceof Promise && part.then(rendered => changed.set(name, rendered))),
  )
  return new Map(
    parts.flatMap(({ name, part }) => {
      const rendered = part instanceof Promise ? changed.get(name) : part
      return rendered === undefined ? [] : [[name, rendered] as const]
    }),
  )
}

/** Undefined for what holds no manifests and needs no word. */
function renderEntry(entry: TreeEntry, { place, walk }: Context): Part | Promise<Part> | undefined {
  const { name, oid } = entry
  const kind = entryKind(entry)
  switch (kind.kind) {
    case 'nothing':
      return undefined
    case 'problem':
      return place.scope.all ? problemAt(place.path, { name, problem: kind.problem }) : undefined
    case 'folder': {
      const inner = folderInside(place, { name, tree: oid })
      return sameFolder(inner) ?? renderFolder(inner, walk)
    }
    case 'unit': {
      if (!place.scope.all || isSettings(name, place)) return undefined
      return sameFile(entry, place) ?? renderFile(entry, { language: kind.language, place, walk })
    }
  }
}

function folderInside(place: FolderPlace, { name, tree }: { name: string; tree: Oid }): FolderPlace {
  return {
    tree,
    path: `${place.path}${name}/`,
    rules: place.rules,
    scope: place.scope.inside(name),
    earlier: place.earlier.flatMap(({ parts }) => {
      const part = parts.get(name)
      return part?.kind === 'folder' ? [part] : []
    }),
  }
}

function sameFile({ name, oid }: TreeEntry, { earlier }: FolderPlace): RenderedFile | undefined {
  for (const { parts } of earlier) {
    const part = parts.get(name)
    if (part?.kind === 'file' && part.oid === oid) return part
  }
  return undefined
}

async function renderFile(
  { name, oid }: TreeEntry,
  { language, place, walk }: Context & { readonly language: Language },
): Promise<RenderedFile> {
  const file = `${place.path}${name}`
  const unit = await walk.render({ file, oid, language })
  return {
    kind: 'file',
    oid,
    unit,
    manifests: unit.manifests.map(({ object, line, column }) => ({ object, origin: { file, line, column } })),
    problems: inFile(unit.problems, file),
  }
}

function problemAt(path: string, { name, problem }: { name: string; problem: PlacedProblem }): RenderedFile {
  return { kind: 'file', oid: '', manifests: [], problems: inFile([problem], `${path}${name}`) }
}

export function inFile(problems: readonly PlacedProblem[], file: string): Problem[] {
  return problems.map(problem => Object.assign({ file }, problem))
}

export const settingsFile = 'gantry.yaml'

/** The cluster's own settings stand at the root of the branch and are no manifest. */
function isSettings(name: string, { path }: FolderPlace): boolean {
  return path === '' && name === settingsFile
}

/** With a problem the rules are not known, and so not what is left out. */
async function rulesIn(
  entries: readonly TreeEntry[],
  { place, walk }: Context,
): Promise<{ rules: IgnoreRules; problem?: PlacedProblem }> {
  const entry = entries.find(({ name, kind }) => name === ignoreFile && (kind === 'file' || kind === 'executable'))
  if (entry === undefined) return { rules: place.rules }
  const { oid } = entry
  const size = await walk.objects.blobSize(oid)
  if (size > maxIgnoreBytes) return { rules: place.rules, problem: tooLarge(size) }
  const text = new TextDecoder().decode(await walk.objects.readBlob(oid))
  const problem = tooCostly(text)
  if (problem !== undefined) return { rules: place.rules, problem }
  return { rules: withIgnoreFile(place.rules, { base: place.path, oid, text }) }
}

function pathOf({ name, kind }: TreeEntry, folder: string): string {
  return kind === 'tree' ? `${folder}${name}/` : `${folder}${name}`
}
