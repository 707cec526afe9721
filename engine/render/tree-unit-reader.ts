import { createHash } from 'node:crypto'
import { changedRanges } from '../api/changed-ranges.ts'
import { GitError } from '../git/repository.ts'
import { changedPaths, type TreeSource } from './changed-paths.ts'
import { pathId, type CommitFiles } from './commit-files.ts'
import type { DiskCache } from './disk-cache.ts'
import { FlatMap } from './flat-map.ts'
import { handAhead, handOver, nothingHanded } from './hand-over.ts'
import type { Limits, Pool } from './pool.ts'
import type { KeyRing } from './sops/key-ring.ts'
import type { TreeAnswer, TreeResult, WithPaths } from './tree-result.ts'
import type { RequestOf, ResultOf, TreeUnitKind, TreeUnitName } from './tree-unit.ts'
import { TreeUnitMemory, type Kept } from './tree-unit-memory.ts'
import type { OnUnit, UnitTrace } from './trace.ts'
import { Turnstile } from './turnstile.ts'

/** A unit asks for folders one after the other; a chain of more is a mistake or an attack. */
const maxRounds = 500
/** The files of so many units are held in memory while they wait to be rendered. */
const maxInFlight = 32
/** So many groups of units that are alike are known. */
const mostAlike = 1_000

export interface TreeUnitReaderOptions<Name extends TreeUnitName> {
  readonly kind: TreeUnitKind<Name>
  readonly pool: Pool
  readonly limits: Limits
  readonly disk: DiskCache | undefined
  readonly validate: boolean
  readonly onUnit: OnUnit | undefined
  readonly keyRing: KeyRing
}

/**
 * Renders units of one kind in workers, which see the files that a unit asks for and nothing else. Of a tree's units it
 * looks only into those that read what differs from the tree before: the cost follows the change.
 */
export class TreeUnitReader<Name extends TreeUnitName> {
  readonly #options: TreeUnitReaderOptions<Name>
  /** Of the tree that was rendered last; a unit that could not be rendered is not in it. */
  readonly #memory = new TreeUnitMemory<ResultOf<Name>>()
  #last: TreeSource | undefined
  #lastUnits: readonly Unit<Name>[] = []
  readonly #keyed = new FlatMap((request: RequestOf<Name>): Unit<Name>[] => [{ request, key: JSON.stringify(request) }])
  /** The files of the unit that was rendered last of those that are alike. */
  readonly #alike = new Map<string, readonly string[]>()
  /** Each tree is compared with the one before: one at a time. */
  readonly #oneTree = new Turnstile(1)
  readonly #units = new Turnstile(maxInFlight)
  /** Counts the units that gave nothing for a reason that may pass. */
  failures = 0

  constructor(options: TreeUnitReaderOptions<Name>) {
    this.#options = options
  }

  /** The results of all the units of this kind that a tree has, in the order of the requests. */
  readAll(files: CommitFiles, requests: readonly RequestOf<Name>[]): Promise<readonly ResultOf<Name>[]> {
    return this.#oneTree.run(() => this.#readAll(files, requests))
  }

  /** The keys under which the disk's cache is of use. */
  liveKeys(): readonly string[] {
    return [...this.#memory.keys()].map(key => this.#diskKey(key))
  }

  async #readAll(files: CommitFiles, requests: readonly RequestOf<Name>[]): Promise<readonly ResultOf<Name>[]> {
    const touched = await this.#touched(files)
    const units = this.#keyed.of(requests)
    const read = new Map<string, Found<Name>>()
    const isKnown = (key: string): boolean => this.#memory.get(key).length > 0 && !touched.has(key)
    await Promise.all(
      units
        .filter(({ key }) => !isKnown(key))
        .map(unit => this.#units.run(async () => read.set(unit.key, await this.#read(files, unit)))),
    )
    const results = units.flatMap(({ key }) => (read.get(key) ?? this.#memory.get(key)[0])?.result ?? [])
    this.#remember(read, units)
    this.#last = { objects: files.objects, tree: files.tree }
    return results
  }

  /** The keys of remembered units that must be looked into. */
  async #touched(files: CommitFiles): Promise<ReadonlySet<string>> {
    if (this.#last === undefined || this.#memory.size === 0) return new Set()
    try {
      return this.#memory.readersOf(await changedPaths(this.#last, files))
    } catch (error) {
      // Git has thrown away the tree before: no commit holds it any more.
      if (error instanceof GitError && error.code === 'ObjectMissing') return new Set(this.#memory.keys())
      throw error
    }
  }

  #remember(read: ReadonlyMap<string, Found<Name>>, units: readonly Unit<Name>[]): void {
    for (const [key, found] of read) {
      if (found.ids === undefined) this.#memory.forget(key)
      else this.#memory.put(key, found)
    }
    const ranges = [...changedRanges(this.#lastUnits, units)]
    const come = new Set(ranges.flatMap(({ newStart, newEnd }) => units.slice(newStart, newEnd).map(({ key }) => key)))
    const gone = ranges.flatMap(({ oldStart, oldEnd }) => this.#lastUnits.slice(oldStart, oldEnd))
    for (const { key } of gone) if (!come.has(key)) this.#memory.forget(key)
    this.#lastUnits = units
  }

  async #read(files: CommitFiles, { request, key }: Unit<Name>): Promise<Found<Name>> {
    for (const kept of this.#memory.get(key)) if (await isUnchanged(kept, files)) return this.#told(request, kept)
    const stored = await this.#options.disk?.get(this.#diskKey(key))
    if (stored !== undefined) {
      const kept: Kept<ResultOf<Name>> = JSON.parse(stored)
      if (await isUnchanged(kept, files)) return this.#told(request, kept)
    }
    const rendered = await this.#render(files, request)
    if ('failure' in rendered) {
      this.failures += 1
      return { result: this.#options.kind.failed(request, rendered.failure) }
    }
    const { result, text, milliseconds } = rendered
    const ids = await Promise.all(result.asked.map(path => pathId(files, path)))
    const kept = { result, ids }
    if (this.#alike.size >= mostAlike) this.#alike.clear()
    this.#alike.set(this.#options.kind.likeness(request), filesOf(kept))
    if (!result.secret) {
      this.#options.disk?.put(this.#diskKey(key), `{"ids":${JSON.stringify(ids)},"result":${text}}`)
    }
    return this.#told(request, kept, { cache: 'miss', milliseconds })
  }

  #told(
    request: RequestOf<Name>,
    kept: Kept<ResultOf<Name>>,
    how: Pick<UnitTrace, 'cache' | 'milliseconds'> = { cache: 'hit', milliseconds: 0 },
  ): Kept<ResultOf<Name>> {
    this.#options.onUnit?.({ unit: this.#options.kind.file(request), files: filesOf(kept), ...how })
    return kept
  }

  async #render(
    files: CommitFiles,
    request: RequestOf<Name>,
  ): Promise<
    | { readonly result: ResultOf<Name>; readonly text: string; readonly milliseconds: number }
    | { readonly failure: string }
  > {
    const { kind, pool, limits, validate } = this.#options
    const handed = nothingHanded()
    const source = { files, maxBytes: limits.fileBytes, open: this.#options }
    let path = kind.first(request)
    let milliseconds = 0
    await handAhead(handed, { paths: this.#alike.get(kind.likeness(request)) ?? [], ...source })
    for (let round = 0; round < maxRounds; round++) {
      if (!(await handOver(handed, { path, ...source }))) {
        return { failure: `reads more than ${limits.fileBytes >> 20} MiB of files` }
      }
      if (handed.failure !== undefined) return { failure: handed.failure }
      const given: WithPaths<RequestOf<Name>> = { ...request, paths: [...handed.paths] }
      const answered = await pool.run(Buffer.from(JSON.stringify(given)), { language: kind.name, validate })
      if ('failure' in answered) return answered
      milliseconds += answered.milliseconds
      const answer: TreeAnswer<ResultOf<Name>> = JSON.parse(answered.unit)
      if (!('needs' in answer)) return { result: answer, text: answered.unit, milliseconds }
      path = answer.needs
    }
    return { failure: `needed files ${maxRounds} times` }
  }

  #diskKey(key: string): string {
    const { kind, validate } = this.#options
    const hash = createHash('sha256').update(key).digest('hex')
    return `${kind.name}.${hash}${validate ? '' : '.unchecked'}`
  }
}

interface Unit<Name extends TreeUnitName> {
  readonly request: RequestOf<Name>
  readonly key: string
}

/** Without ids it may be another result when it is tried again. */
type Found<Name extends TreeUnitName> =
  | Kept<ResultOf<Name>>
  | { readonly result: ResultOf<Name>; readonly ids?: undefined }

/** Of all that it looked for what was a file. */
function filesOf({ result, ids }: Kept<TreeResult>): readonly string[] {
  return result.asked.filter((_, index) => /^(file|executable) /.test(ids[index] ?? ''))
}

async function isUnchanged({ result, ids }: Kept<TreeResult>, files: CommitFiles): Promise<boolean> {
  for (const [index, path] of result.asked.entries()) if ((await pathId(files, path)) !== ids[index]) return false
  return true
}
