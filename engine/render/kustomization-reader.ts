import type { ObjectReader, Oid, TreeEntry } from '../git/repository.ts'
import { kustomizationFiles } from './kustomize/kustomization.ts'
import type { KnownPath } from './known-paths.ts'
import type { BuildAnswer, BuildRequest, BuiltUnit } from './kustomize/answer.ts'
import type { Limits, Pool } from './pool.ts'

/** So many results of one folder are remembered: for the applied commit and a few that were pushed or reverted. */
const remembered = 4
/** Small neighbours of a file are handed over with it, so that a build need not ask for each. */
const smallBytes = 64 << 10
const neighbourBytes = 4 << 20
/** A build asks for folders one after the other; a chain of more is a mistake or an attack. */
const maxRounds = 500

export interface KustomizationReaderOptions {
  readonly pool: Pool
  readonly limits: Limits
  readonly validate: boolean
}

interface Remembered {
  /** What the build looked for, with the ids that it found; '' where nothing was. */
  readonly read: ReadonlyMap<string, string>
  readonly unit: BuiltUnit
}

/** Builds folders of a commit in workers, which see the files that a build asks for and nothing else. */
export class KustomizationReader {
  readonly #options: KustomizationReaderOptions
  readonly #known = new Map<string, readonly Remembered[]>()
  /** Counts the builds that gave nothing for a reason that may pass. */
  failures = 0

  constructor(options: KustomizationReaderOptions) {
    this.#options = options
  }

  async read(files: CommitFiles, folder: string): Promise<BuiltUnit> {
    const known = this.#known.get(folder) ?? []
    for (const each of known) if (await isUnchanged(each, files)) return each.unit
    const unit = await this.#build(files, folder)
    if ('failure' in unit) {
      this.failures += 1
      return failed(folder, unit.failure)
    }
    const read = new Map<string, string>()
    for (const path of unit.asked) read.set(path, await idOf(path, files))
    this.#known.set(folder, [{ read, unit }, ...known].slice(0, remembered))
    return unit
  }

  async #build(files: CommitFiles, folder: string): Promise<BuiltUnit | { readonly failure: string }> {
    const { pool, limits, validate } = this.#options
    const handed: Handed = { paths: new Map(), asked: 0, neighbours: 0 }
    let needs = folder === '' ? kustomizationFiles[0] : `${folder}/${kustomizationFiles[0]}`
    for (let round = 0; round < maxRounds; round++) {
      await handOver(handed, { path: needs, files, maxBytes: limits.fileBytes })
      if (handed.asked > limits.fileBytes) return { failure: `reads more than ${limits.fileBytes >> 20} MiB of files` }
      const request: BuildRequest = { folder, paths: Object.fromEntries(handed.paths) }
      const result = await pool.run(Buffer.from(JSON.stringify(request)), { language: 'kustomization', validate })
      if ('failure' in result) return result
      const answer: BuildAnswer = JSON.parse(result.unit)
      if (!('needs' in answer)) return answer
      needs = answer.needs
    }
    return { failure: `needed files ${maxRounds} times` }
  }
}

/** What a build was given so far, and its bytes. */
interface Handed {
  readonly paths: Map<string, KnownPath>
  asked: number
  neighbours: number
}

async function handOver(
  handed: Handed,
  { path, files, maxBytes }: { readonly path: string; readonly files: CommitFiles; readonly maxBytes: number },
): Promise<void> {
  const { folder } = partsOf(path)
  const prefix = folder === '' ? '' : `${folder}/`
  const entries = await files.entries(folder)
  for (const entry of entries) {
    const at = `${prefix}${entry.name}`
    if (handed.paths.has(at)) continue
    if (entry.kind === 'file' || entry.kind === 'executable') {
      const size = await files.objects.blobSize(entry.oid)
      const asked = at === path
      if (asked) handed.asked += size
      else if (size > smallBytes || handed.neighbours + size > neighbourBytes) continue
      else handed.neighbours += size
      if (handed.asked > maxBytes) return
      handed.paths.set(at, { base64: (await files.objects.readBlob(entry.oid)).toString('base64') })
    } else {
      handed.paths.set(at, entry.kind === 'tree' ? 'folder' : entry.kind)
    }
  }
  const names = new Set(entries.map(({ name }) => name))
  for (const name of [partsOf(path).name, ...kustomizationFiles]) {
    if (!names.has(name)) handed.paths.set(`${prefix}${name}`, 'nothing')
  }
}

function partsOf(path: string): { folder: string; name: string } {
  const slash = path.lastIndexOf('/')
  return { folder: slash < 0 ? '' : path.slice(0, slash), name: path.slice(slash + 1) }
}

async function isUnchanged({ read }: Remembered, files: CommitFiles): Promise<boolean> {
  for (const [path, id] of read) if ((await idOf(path, files)) !== id) return false
  return true
}

/** A folder's own id would change with every file in it: what counts is that it is one. */
async function idOf(path: string, files: CommitFiles): Promise<string> {
  const { folder, name } = partsOf(path)
  const entry = (await files.entries(folder)).find(each => each.name === name)
  if (entry === undefined) return ''
  return entry.kind === 'tree' ? 'folder' : `${entry.kind} ${entry.oid}`
}

function failed(folder: string, failure: string): BuiltUnit {
  return {
    manifests: [],
    problems: [
      {
        file: folder === '' ? '.' : folder,
        line: 0,
        column: 0,
        severity: 'error',
        message: `the kustomization ${failure}`,
        remedy: 'split it, or leave it out with .gantryignore',
      },
    ],
    asked: [],
    folders: [],
    isComponent: false,
  }
}

/** The tree of one commit, each of its folders read at most once. */
export class CommitFiles {
  readonly objects: ObjectReader
  readonly #tree: Oid
  readonly #entries = new Map<string, Promise<readonly TreeEntry[]>>()

  constructor({ objects, tree }: { readonly objects: ObjectReader; readonly tree: Oid }) {
    this.objects = objects
    this.#tree = tree
  }

  /** Nothing where there is no such folder. */
  entries(folder: string): Promise<readonly TreeEntry[]> {
    const known = this.#entries.get(folder) ?? this.#read(folder)
    this.#entries.set(folder, known)
    return known
  }

  async #read(folder: string): Promise<readonly TreeEntry[]> {
    if (folder === '') return this.objects.readTree(this.#tree)
    const { folder: above, name } = partsOf(folder)
    const entry = (await this.entries(above)).find(each => each.name === name)
    return entry?.kind === 'tree' ? this.objects.readTree(entry.oid) : []
  }
}
