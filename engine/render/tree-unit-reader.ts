import { pathId, type CommitFiles } from './commit-files.ts'
import { handOver, nothingHanded } from './hand-over.ts'
import type { Limits, Pool } from './pool.ts'
import type { TreeAnswer, WithPaths } from './tree-result.ts'
import type { RequestOf, ResultOf, TreeUnitKind, TreeUnitName } from './tree-unit.ts'

/** So many results of one unit are remembered: for the applied commit and a few that were pushed or reverted. */
const remembered = 4
/** A unit asks for folders one after the other; a chain of more is a mistake or an attack. */
const maxRounds = 500

export interface TreeUnitReaderOptions<Name extends TreeUnitName> {
  readonly kind: TreeUnitKind<Name>
  readonly pool: Pool
  readonly limits: Limits
  readonly validate: boolean
}

interface Remembered<Result> {
  /** What the unit looked for, with the ids that it found. */
  readonly read: ReadonlyMap<string, string>
  readonly result: Result
}

/** Renders units of one kind in workers, which see the files that a unit asks for and nothing else. */
export class TreeUnitReader<Name extends TreeUnitName> {
  readonly #options: TreeUnitReaderOptions<Name>
  readonly #known = new Map<string, readonly Remembered<ResultOf<Name>>[]>()
  /** Counts the units that gave nothing for a reason that may pass. */
  failures = 0

  constructor(options: TreeUnitReaderOptions<Name>) {
    this.#options = options
  }

  async read(files: CommitFiles, request: RequestOf<Name>): Promise<ResultOf<Name>> {
    const key = JSON.stringify(request)
    const known = this.#known.get(key) ?? []
    for (const each of known) if (await isUnchanged(each, files)) return each.result
    const rendered = await this.#render(files, request)
    if ('failure' in rendered) {
      this.failures += 1
      return this.#options.kind.failed(request, rendered.failure)
    }
    const { result } = rendered
    const read = new Map<string, string>()
    for (const path of result.asked) read.set(path, await pathId(files, path))
    this.#known.set(key, [{ read, result }, ...known].slice(0, remembered))
    return result
  }

  async #render(
    files: CommitFiles,
    request: RequestOf<Name>,
  ): Promise<{ readonly result: ResultOf<Name> } | { readonly failure: string }> {
    const { kind, pool, limits, validate } = this.#options
    const handed = nothingHanded()
    let path = kind.first(request)
    for (let round = 0; round < maxRounds; round++) {
      if (!(await handOver(handed, { path, files, maxBytes: limits.fileBytes }))) {
        return { failure: `reads more than ${limits.fileBytes >> 20} MiB of files` }
      }
      const given: WithPaths<RequestOf<Name>> = { ...request, paths: Object.fromEntries(handed.paths) }
      const answered = await pool.run(Buffer.from(JSON.stringify(given)), { language: kind.name, validate })
      if ('failure' in answered) return answered
      const answer: TreeAnswer<ResultOf<Name>> = JSON.parse(answered.unit)
      if (!('needs' in answer)) return { result: answer }
      path = answer.needs
    }
    return { failure: `needed files ${maxRounds} times` }
  }
}

async function isUnchanged({ read }: Remembered<unknown>, files: CommitFiles): Promise<boolean> {
  for (const [path, id] of read) if ((await pathId(files, path)) !== id) return false
  return true
}
