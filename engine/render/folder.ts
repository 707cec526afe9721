import type { Manifest } from '../api/manifest.ts'
import type { Problem } from '../api/problem.ts'
import type { ObjectReader, Oid, TreeEntry } from '../git/repository.ts'
import { entryKind, wholeFolder, type EntryKind } from './entry-kind.ts'
import { ignoreFile, isIgnored, withIgnoreFile, type IgnoreRules } from './ignore-rules.ts'
import type { Scope } from './scope.ts'
import type { Language, PlacedProblem, RenderedUnit } from './unit.ts'

/** A rendered folder. It depends on nothing but its tree, the rules above it, and what of it is followed. */
export interface Folder extends Contents {
  readonly tree: Oid
  readonly rulesId: string
  readonly scopeId: string
  readonly folders: ReadonlyMap<string, Folder>
  readonly files: ReadonlyMap<string, RenderedFile>
}

/** All there is below a folder, or in a file. */
export interface Contents {
  readonly manifests: readonly Manifest[]
  readonly problems: readonly Problem[]
}

interface RenderedFile extends Contents {
  readonly oid: Oid
  /** Keeps the unit alive for others that read the same contents. */
  readonly unit?: RenderedUnit
}

export interface Walk {
  readonly objects: ObjectReader
  /** Reads a file's contents as a unit. */
  readonly render: (file: { readonly oid: Oid; readonly language: Language }) => Promise<RenderedUnit>
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
  const { tree, path, scope, earlier } = place
  const same = earlier.find(
    folder => folder.tree === tree && folder.rulesId === place.rules.id && folder.scopeId === scope.id,
  )
  if (same !== undefined) return same
  const all = await walk.objects.readTree(tree)
  const rules = await rulesIn(all, place, walk)
  const entries = all.filter(entry => scope.includes(entry.name) && !isIgnored(rules, pathOf(entry, path)))
  const outer = { tree, rulesId: place.rules.id, scopeId: scope.id }
  const whole = scope.all ? wholeFolder(entries) : undefined
  if (whole !== undefined) {
    const problems = [{ file: `${path}${whole.name}`, ...whole.problem }]
    return { ...outer, folders: new Map(), files: new Map(), manifests: [], problems }
  }
  const parts = await Promise.all(entries.map(entry => renderEntry(entry, { place: { ...place, rules }, walk })))
  return {
    ...outer,
    folders: new Map(parts.flatMap(({ name, folder }) => (folder ? [[name, folder]] : []))),
    files: new Map(parts.flatMap(({ name, file }) => (file ? [[name, file]] : []))),
    manifests: parts.flatMap(({ folder, file }) => (folder ?? file)?.manifests ?? []),
    problems: parts.flatMap(({ folder, file }) => (folder ?? file)?.problems ?? []),
  }
}

interface Part {
  readonly name: string
  readonly folder?: Folder
  readonly file?: RenderedFile
}

async function renderEntry(entry: TreeEntry, { place, walk }: { place: FolderPlace; walk: Walk }): Promise<Part> {
  const { name, oid } = entry
  const kind: EntryKind = entryKind(entry)
  switch (kind.kind) {
    case 'nothing':
      return { name }
    case 'problem':
      return place.scope.all
        ? { name, file: { oid, manifests: [], problems: [{ file: place.path + name, ...kind.problem }] } }
        : { name }
    case 'folder': {
      const inner: FolderPlace = {
        tree: oid,
        path: `${place.path}${name}/`,
        rules: place.rules,
        scope: place.scope.inside(name),
        earlier: place.earlier.flatMap(folder => folder.folders.get(name) ?? []),
      }
      return { name, folder: await renderFolder(inner, walk) }
    }
    case 'unit': {
      if (!place.scope.all || isSettings(name, place)) return { name }
      const same = place.earlier.map(folder => folder.files.get(name)).find(file => file?.oid === oid)
      return { name, file: same ?? (await renderFile(entry, { language: kind.language, place, walk })) }
    }
  }
}

async function renderFile(
  { name, oid }: TreeEntry,
  { language, place, walk }: { language: Language; place: FolderPlace; walk: Walk },
): Promise<RenderedFile> {
  const file = `${place.path}${name}`
  const unit = await walk.render({ oid, language })
  return {
    oid,
    unit,
    manifests: unit.manifests.map(({ object, line, column }) => ({ object, origin: { file, line, column } })),
    problems: inFile(unit.problems, file),
  }
}

export function inFile(problems: readonly PlacedProblem[], file: string): Problem[] {
  return problems.map(problem => Object.assign({ file }, problem))
}

export const settingsFile = 'gantry.yaml'

/** The cluster's own settings stand at the root of the branch and are no manifest. */
function isSettings(name: string, { path }: FolderPlace): boolean {
  return path === '' && name === settingsFile
}

async function rulesIn(
  entries: readonly TreeEntry[],
  { path, rules }: FolderPlace,
  { objects }: Walk,
): Promise<IgnoreRules> {
  const entry = entries.find(({ name, kind }) => name === ignoreFile && (kind === 'file' || kind === 'executable'))
  if (entry === undefined) return rules
  const text = new TextDecoder().decode(await objects.readBlob(entry.oid))
  return withIgnoreFile(rules, { base: path, oid: entry.oid, text })
}

function pathOf({ name, kind }: TreeEntry, folder: string): string {
  return kind === 'tree' ? `${folder}${name}/` : `${folder}${name}`
}
