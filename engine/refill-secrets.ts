import { formatProblem } from './api/problem.ts'
import { describeRef, refOf } from './api/reference.ts'
import type { KubeObject } from './api/types.ts'
import type { Oid, Repository } from './git/repository.ts'
import { holdsDigests, matchesDigest } from './record/secret-digest.ts'
import type { DigestKey } from './record/secret-digest.ts'
import type { Renderer } from './render/renderer.ts'

export interface RefillOptions {
  readonly repository: Repository
  readonly renderer: Renderer
  readonly digestKey: DigestKey
  /** The applied commit. */
  readonly applied: Oid
  readonly paths: readonly string[] | undefined
}

/** A Secret that git no longer has may still serve old pods: so many commits are searched for it. */
const searched = 50

/**
 * Gives recorded Secrets their values again, from the newest commit whose Secret has the recorded digest. What is found
 * nowhere keeps its name and loses its data, so that a pod that needs it waits and says so. Rejects where the applied
 * commit itself cannot be read any more, as without the key of its encrypted files: running pods would lose their Secrets.
 */
export async function refillSecrets(objects: readonly KubeObject[], options: RefillOptions): Promise<KubeObject[]> {
  const { repository, renderer, digestKey, applied, paths } = options
  const missing = new Map(objects.flatMap(object => (holdsDigests(object) ? [[name(object), object] as const] : [])))
  const found = new Map<string, KubeObject>()
  for (const commit of await repository.log(applied, { limit: searched })) {
    if (missing.size === 0) break
    const rendered = await renderer.render(
      { objects: repository, tree: commit.tree, time: commit.committedAt },
      paths === undefined ? {} : { paths },
    )
    for (const { object } of rendered.manifests) {
      const recorded = missing.get(name(object))
      if (recorded === undefined || matchesDigest(object, recorded, { digestKey }) === 'changed') continue
      found.set(name(object), { ...recorded, data: object.data })
      missing.delete(name(object))
    }
    const problem = commit.oid === applied ? rendered.problems.find(({ severity }) => severity === 'error') : undefined
    if (missing.size === 0 || problem === undefined) continue
    throw new Error(
      `the Secrets of the applied commit ${applied.slice(0, 7)} cannot be read: ${formatProblem(problem)}`,
    )
  }
  return objects.map(object => found.get(name(object)) ?? (missing.has(name(object)) ? withoutData(object) : object))
}

function name(object: KubeObject): string {
  return describeRef(refOf(object))
}

function withoutData({ data: _, ...object }: KubeObject): KubeObject {
  return object
}
