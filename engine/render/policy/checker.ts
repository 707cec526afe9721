import type { Manifest } from '../../api/manifest.ts'
import type { Origin, Problem } from '../../api/problem.ts'
import { describeRef, refOf } from '../../api/reference.ts'
import { fieldText, type FieldPath } from '../../api/report.ts'
import type { ClusterPolicy } from '../../api/settings.ts'
import { isEmptyPolicy, type Finding } from '../../policy/policy.ts'
import { entryKind } from '../entry-kind.ts'
import { settingsFile } from '../folder.ts'
import type { CommitFiles } from '../commit-files.ts'
import type { Limits, Pool } from '../pool.ts'
import { Turnstile } from '../turnstile.ts'
import type { PolicyAnswer, PolicyRequest, Slowest } from './answer.ts'
import type { PlacesAnswer, PlacesRequest } from './places.ts'

/** So many policies are remembered with their answers: of the applied commit, and a few that were pushed. */
const remembered = 4
/** So many objects are judged at once: within the share of a unit's time that leaves the worker time to tell. */
const objectsAtOnce = 250
const requestShare = 2 / 3
/** All objects of a commit together have as long as so many units. */
const unitsForAll = 4
/** So many requests are in memory at once. */
const requestsAtOnce = 4

/** Judges manifests in workers, by rules that may loop or grow; a manifest that was judged by the same rules is not judged again. */
export class PolicyChecker {
  readonly #pool: Pick<Pool, 'run'>
  readonly #unitMilliseconds: number
  readonly #turnstile = new Turnstile(requestsAtOnce)
  #known: readonly { readonly id: string; readonly problems: WeakMap<Manifest, readonly Problem[]> }[] = []
  /** Counts the checks that came to no end, for a reason that may pass. */
  failures = 0

  constructor(pool: Pick<Pool, 'run'>, { unitMilliseconds }: Pick<Limits, 'unitMilliseconds'>) {
    this.#pool = pool
    this.#unitMilliseconds = unitMilliseconds
  }

  async check(
    manifests: readonly Manifest[],
    { policy, files }: { readonly policy: ClusterPolicy; readonly files: CommitFiles },
  ): Promise<readonly Problem[]> {
    if (isEmptyPolicy(policy)) return []
    const known = this.#answersOf(JSON.stringify(policy))
    const fresh = manifests.filter(manifest => !known.has(manifest))
    let failure: Problem | undefined
    const [ofAll, ofRequest] = [unitsForAll * this.#unitMilliseconds, requestShare * this.#unitMilliseconds]
    let left = ofAll
    await Promise.all(
      chunks(fresh).map(chunk =>
        this.#turnstile.run(async () => {
          // What does not end is not tried with the next objects too.
          if (failure !== undefined) return
          const milliseconds = Math.min(left, ofRequest)
          const request: PolicyRequest = { policy, objects: chunk.map(({ object }) => object), milliseconds }
          const answer = await this.#ask<PolicyAnswer>('policy', request)
          if ('failure' in answer) {
            failure ??= unfinished(answer.failure)
          } else if ('findings' in answer.value) {
            left -= answer.value.milliseconds
            await this.#keep(chunk, { answer: answer.value.findings, known, files })
          } else {
            const limit =
              milliseconds < ofRequest
                ? { objects: fresh.length, milliseconds: ofAll }
                : { objects: chunk.length, milliseconds }
            failure ??= tooSlow(answer.value.slowest, limit)
          }
        }),
      ),
    )
    if (failure !== undefined) {
      this.failures += 1
      return [failure]
    }
    return manifests.flatMap(manifest => known.get(manifest) ?? [])
  }

  #answersOf(id: string): WeakMap<Manifest, readonly Problem[]> {
    const entry = this.#known.find(each => each.id === id) ?? { id, problems: new WeakMap() }
    this.#known = [entry, ...this.#known.filter(each => each !== entry)].slice(0, remembered)
    return entry.problems
  }

  async #keep(
    chunk: readonly Manifest[],
    {
      answer,
      known,
      files,
    }: { answer: readonly (readonly Finding[])[]; known: WeakMap<Manifest, readonly Problem[]>; files: CommitFiles },
  ): Promise<void> {
    const found = chunk.flatMap((manifest, index) => (answer[index] ?? []).map(finding => ({ manifest, finding })))
    const placed = await this.#place(found, files)
    for (const manifest of chunk) {
      known.set(
        manifest,
        placed.flatMap(each => (each.manifest === manifest ? each.problem : [])),
      )
    }
  }

  async #place(found: readonly Found[], files: CommitFiles): Promise<{ manifest: Manifest; problem: Problem }[]> {
    const names = new Set(found.map(({ manifest }) => manifest.origin.file))
    const placed = await Promise.all(
      [...names].map(async file => {
        const inFile = found.filter(({ manifest }) => manifest.origin.file === file)
        const places = await this.#placesIn(file, { found: inFile, files })
        return inFile.map(({ manifest, finding }, index) => ({
          manifest,
          problem: problemOf(finding, { manifest, place: places[index] ?? undefined }),
        }))
      }),
    )
    return placed.flat()
  }

  /** Reads the file again, since nobody keeps the places of fields that are in order. */
  async #placesIn(
    file: string,
    { found, files }: { found: readonly Found[]; files: CommitFiles },
  ): Promise<PlacesAnswer> {
    const entry = await files.entry(file)
    if (entry === undefined || entry.kind === 'tree' || found.every(({ finding }) => finding.path.length === 0))
      return []
    const kind = entryKind(entry)
    const request: PlacesRequest = {
      base64: (await files.objects.readBlob(entry.oid)).toString('base64'),
      language: kind.kind === 'unit' && kind.language === 'json' ? 'json' : 'yaml',
      fields: found.map(({ manifest: { object, origin }, finding: { path } }) => ({
        object: origin,
        path,
        value: valueAt(object, path),
      })),
    }
    const answer = await this.#ask<PlacesAnswer>('places', request)
    return 'failure' in answer ? [] : answer.value
  }

  async #ask<Answer>(
    language: 'policy' | 'places',
    request: PolicyRequest | PlacesRequest,
  ): Promise<{ readonly value: Answer } | { readonly failure: string }> {
    const result = await this.#pool.run(Buffer.from(JSON.stringify(request)), { language, validate: true })
    return 'failure' in result ? result : { value: JSON.parse(result.unit) }
  }
}

interface Found {
  readonly manifest: Manifest
  readonly finding: Finding
}

function problemOf(
  { path, message, remedy, severity, policy }: Finding,
  { manifest: { object, origin }, place }: { manifest: Manifest; place: Omit<Origin, 'file'> | undefined },
): Problem {
  return {
    ...origin,
    ...place,
    severity,
    message,
    ...(remedy === undefined ? {} : { remedy }),
    object: describeRef(refOf(object)),
    ...(path.length === 0 ? {} : { field: fieldText(path) }),
    ...(policy === undefined ? {} : { policy }),
  }
}

function tooSlow(
  slowest: Slowest | undefined,
  { objects, milliseconds }: { readonly objects: number; readonly milliseconds: number },
): Problem {
  const seconds = Math.round(milliseconds / 100) / 10
  const who = slowest === undefined ? '' : `; most of it took rule ${slowest.rule}, which was at ${slowest.object}`
  return unfinished(`takes more than ${seconds} s for ${objects === 1 ? 'an object' : `${objects} objects`}${who}`)
}

function unfinished(failure: string): Problem {
  return {
    file: settingsFile,
    line: 0,
    column: 0,
    severity: 'error',
    message: `the check by the rules of spec.policy ${failure}`,
    remedy: 'look for a rule that walks lists inside lists, or whose pattern repeats what repeats',
    field: 'spec.policy',
  }
}

function valueAt(object: unknown, path: FieldPath): unknown {
  return path.reduce<unknown>(
    (at, step) =>
      typeof at === 'object' && at !== null && Object.hasOwn(at, step) ? Reflect.get(at, step) : undefined,
    object,
  )
}

function chunks(manifests: readonly Manifest[]): Manifest[][] {
  return Array.from({ length: Math.ceil(manifests.length / objectsAtOnce) }, (_, index) =>
    manifests.slice(index * objectsAtOnce, (index + 1) * objectsAtOnce),
  )
}
